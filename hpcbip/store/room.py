"""Room for bins: how much of it there is in the files, and when more is made.

Files have room for what is likely, not for all that a configuration allows: a copy without holes is about as
large as the bins. A campaign begins with room for the first goal of every ensemble. Where the next
block of a chain finds none, its ensemble gets twice the rows, or twice the chains; and so that their number
stays small, a new segment is not smaller than `SHARE` of what there is: other ensembles that go on get more
room with it, those with the least first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hpcbip.campaign.plan import ChainKey
from hpcbip.store.allocation import Allocation
from hpcbip.store.store import Store

LEAST_ROOM = 4 << 20
"""Bytes up to which room is made at once, and of which a new segment has at least as many."""

SHARE = 1 / 4
"""Least size of a new segment, as a part of all segments."""


class Room:
    """The room that the ensembles of a campaign have, and may come to need.

    Args:
        most: all that each ensemble may come to need.
        chains, rows: what each begins with.
    """

    def __init__(self, most: Mapping[str, Allocation], chains: int, rows: int) -> None:
        self._most = most
        self._first = {i: (min(chains, need.chains), min(rows, need.rows)) for i, need in most.items()}

    def begin(self, store: Store) -> None:
        """Make room for the beginning; of a new small campaign for more, up to all.

        Raises:
            OSError: if a file cannot be written.
        """
        needs = {identity: self._need(identity, *size) for identity, size in self._first.items()}
        while not store.bytes:
            larger = {i: self._need(i, 2 * need.chains, 2 * need.rows) for i, need in needs.items()}
            if (
                larger == needs
                or sum(store.bytes_missing(i, need) for i, need in larger.items()) > LEAST_ROOM
            ):
                break
            needs = larger
        store.allocate(needs)

    def ensure(self, store: Store, chain: ChainKey, rows: int, others: Iterable[str]) -> bool:
        """Make room for so many rows of a chain if there is none; returns whether a segment was made.

        Args:
            store: takes the bins.
            chain: its ensemble and number.
            rows: so many have to find room.
            others: ensembles that go on, asked for only where room is made.

        Raises:
            OSError: if a file cannot be written.
        """
        identity, number = chain
        if store.capacity(identity, number) >= rows:
            return False
        chains, capacity = store.chains(identity), store.capacity(identity, 0)
        new_size = self._size(identity, max(chains, number + 1), max(capacity, rows))
        needs = {identity: self._need(identity, *new_size)}
        size, least = store.bytes_missing(identity, needs[identity]), max(LEAST_ROOM, SHARE * store.bytes)
        sizes = {other: (store.chains(other), store.capacity(other, 0)) for other in others}
        sizes.pop(identity, None)
        for other in sorted(sizes, key=lambda other: sizes[other][0] * sizes[other][1]):
            if size >= least:
                break
            chains, capacity = sizes[other]
            need = self._need(other, chains, 2 * capacity)
            if need.rows == capacity:
                need = self._need(other, 2 * chains, capacity)
            size += store.bytes_missing(other, need)
            needs[other] = need
        store.allocate(needs)
        return True

    def _size(self, identity: str, chains: int, rows: int) -> tuple[int, int]:
        """Round chains and rows up to what the ensemble began with times powers of two."""
        first_chains, first_rows = self._first[identity]
        return _doubled(first_chains, chains), _doubled(first_rows, rows)

    def _need(self, identity: str, chains: int, rows: int) -> Allocation:
        most = self._most[identity]
        return replace(most, chains=min(chains, most.chains), rows=min(rows, most.rows))


def _doubled(first: int, least: int) -> int:
    """Return the smallest first × 2^k that is at least `least`."""
    while first < least:
        first *= 2
    return first
