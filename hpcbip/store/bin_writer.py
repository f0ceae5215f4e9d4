"""The bins that the master writes for its workers, and what of them is on the disk."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from hpcbip.campaign.plan import ChainKey
from hpcbip.store.room import Room
from hpcbip.store.store import Rows, Store

SYNC_INTERVAL = 1.0
"""Seconds between syncs of the bins; until then the checkpoints hold them as well."""


class BinWriter:
    """Writes bins into a store, and brings them to the disk in a thread of its own.

    Args:
        store: takes the bins.
        durable: (identity, chain) -> bins that are on the disk.
        room: makes more of it.
        reader: of the same bins, if it is another one.
    """

    def __init__(
        self, store: Store, durable: Mapping[ChainKey, int], room: Room, reader: Store | None = None
    ) -> None:
        self._store, self._room, self._reader = store, room, reader
        self._durable = dict(durable)
        self._unsynced: dict[ChainKey, int] = {}  # bins handed to the operating system since the last sync
        self._sync: tuple[Future[None], dict[ChainKey, int]] | None = None
        self._next_sync = time.monotonic() + SYNC_INTERVAL
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sync")

    def make_room(self, key: ChainKey, bins: int, others: Iterable[str]) -> str:
        """See to it that so many bins of a chain find room, whoever writes them; `others` as in
        `Room.ensure`. Returns why the disk refused, or ""."""
        try:
            if self._room.ensure(self._store, key, bins, others) and self._reader is not None:
                self._reader.refresh()
        except OSError as failure:
            return str(failure)
        return ""

    def durable(self, key: ChainKey) -> int:
        """Count the bins of a chain that are known to be on the disk."""
        return self._durable.get(key, 0)

    def mark_durable(self, key: ChainKey, bins: int) -> None:
        """Note that the first bins of a chain are on the disk, for a worker has written them itself."""
        self._durable[key] = bins

    def write(self, key: ChainKey, first: int, rows: Rows, bins: int) -> None:
        """Write rows of one chain and hand them to the operating system.

        Args:
            key: of the chain.
            first: number of the first row.
            rows: the bins.
            bins: number of bins of the chain, these included.

        Raises:
            OSError: if the disk refuses.
        """
        identity, chain = key
        self._store.write(identity, chain, first, rows)
        self._unsynced[key] = bins

    def sync_when_due(self, now: float) -> str:
        """Start a sync every `SYNC_INTERVAL` if there are new bins; returns why the last one failed, or "".

        What is on the disk the chains' next checkpoints need not hold. `now` is `time.monotonic()`.
        """
        error = ""
        if self._sync is not None:
            sync, bins = self._sync
            if sync.done():
                failure = sync.exception()
                if failure is None:
                    self._durable.update(bins)
                else:
                    error = str(failure)
                self._sync = None
        if self._sync is None and self._unsynced and now >= self._next_sync:
            self._next_sync = now + SYNC_INTERVAL
            self._sync = self._thread.submit(self._store.sync), self._unsynced
            self._unsynced = {}
        return error

    def finish(self) -> None:
        """Bring all bins to the disk and end the thread.

        Raises:
            OSError: if the disk refuses.
        """
        self._thread.shutdown(wait=True)
        self._store.sync()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True)
