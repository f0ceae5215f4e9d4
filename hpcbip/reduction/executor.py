"""Reduction of all ensembles of a campaign: on all cores, a few ensembles at a time, none of them twice."""

from __future__ import annotations

import ctypes
import gc
import heapq
import math
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcbip.reduction.cache import (
    CacheEntry,
    ReductionCache,
    cache_key,
    deserialize,
    serialize,
    write_cache,
)
from hpcbip.reduction.ensembles import EnsembleBins, Reduced, TcSettings
from hpcbip.reduction.estimates import reduce_ensemble, reduce_ensembles

if TYPE_CHECKING:
    from hpcbip.campaign.plan import Plan
    from hpcbip.campaign.schema import Config
    from hpcbip.store.progress import CampaignProgress

MANY = 64  # ensembles from which on all cores work
BATCH = 16  # ensembles that go through the statistics at once: of many more the arrays leave the cache


@dataclass(frozen=True)
class BinSelection:
    """The bins of an ensemble that count: so many of each chain, or all that are stored."""

    identity: str
    sector: str
    parameters: Mapping[str, Any]
    counts: list[int] | None


def bin_selections(config: Config, plan: Plan, progress: CampaignProgress) -> list[BinSelection]:
    """Return which bins count of all ensembles of a campaign."""
    size = config.sampling.bins_per_block
    return [
        BinSelection(identity, record.sector, record.parameters, progress.settled(identity, size))
        for identity, record in plan.ensembles.items()
    ]


class ReducedEnsembles(Mapping[str, Reduced]):
    """Reduced ensembles by identity, which may still be being computed: whoever asks for one waits for it.

    Each is deserialized when it is asked for; serialized, many of them find room in memory.

    Args:
        coming: all ensembles, in any order; None for those that have no bins yet.
        detailed: reduces one with its displacement curve and P(r).
    """

    def __init__(
        self, coming: Iterable[tuple[str, CacheEntry | None]], detailed: Callable[[str], Reduced | None]
    ) -> None:
        self._coming, self.detailed = iter(coming), detailed
        self._received: dict[str, CacheEntry | None] = {}

    def _receive(self, up_to: str | None = None) -> None:
        while up_to is None or up_to not in self._received:
            try:
                identity, self._received[identity] = next(self._coming)
            except StopIteration:
                return

    @property
    def entries(self) -> dict[str, CacheEntry]:
        """The entries of all ensembles that have bins; waits for the last one."""
        self._receive()
        return self._with_bins

    @cached_property
    def _with_bins(self) -> dict[str, CacheEntry]:
        return {identity: entry for identity, entry in self._received.items() if entry is not None}

    def __getitem__(self, identity: str) -> Reduced:
        self._receive(identity)
        if (entry := self._received.get(identity)) is None:
            raise KeyError(identity)
        return deserialize(entry.content)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def slowest(self, number: int) -> list[str]:
        """Return the ensembles with the longest autocorrelation times."""
        entries = self.entries
        return heapq.nlargest(number, entries, key=lambda identity: entries[identity].time)

    def write_cache(self, directory: Path) -> None:
        """Store what has been computed for the next time."""
        if any(entry.new for entry in self.entries.values()):
            write_cache(directory, self.entries)


def reduce_campaign(
    directory: Path, selections: Sequence[BinSelection], bins_per_block: int, tc: TcSettings
) -> ReducedEnsembles:
    """Reduce all ensembles that have bins; those in the cache are taken from there.

    Args:
        directory: of the campaign, which may be running.
        selections: its ensembles.
        bins_per_block: of its configuration.
        tc: how Tc is worked out.
    """
    by_identity = {selection.identity: selection for selection in selections}

    @cache
    def reducer() -> EnsembleReducer:
        return EnsembleReducer(directory, bins_per_block, tc)

    def detailed(identity: str) -> Reduced | None:
        return reducer().detailed(by_identity[identity])

    entries = _all_entries(directory, selections, bins_per_block, tc)
    return ReducedEnsembles(zip(by_identity, entries, strict=True), detailed)


def _all_entries(
    directory: Path, selections: Sequence[BinSelection], bins_per_block: int, tc: TcSettings
) -> Iterable[CacheEntry | None]:
    batches = [selections[k : k + BATCH] for k in range(0, len(selections), BATCH)]
    if len(selections) < MANY:
        reducer = EnsembleReducer(directory, bins_per_block, tc)
        yield from chain.from_iterable(map(reducer.entries, batches))
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    spawn = multiprocessing.get_context("spawn")
    # one more than there are cores: while one waits for the disk
    with ProcessPoolExecutor(cores + 1, spawn, _start_process, (directory, bins_per_block, tc)) as pool:
        yield from chain.from_iterable(pool.map(_entries_in_process, batches))


_reducer: EnsembleReducer  # of a process of the pool


def _start_process(directory: Path, bins_per_block: int, tc: TcSettings) -> None:
    global _reducer
    _hold_memory()
    gc.disable()  # there is nothing for it to find
    _reducer = EnsembleReducer(directory, bins_per_block, tc)


def _entries_in_process(selections: Sequence[BinSelection]) -> list[CacheEntry | None]:
    return _reducer.entries(selections)


def _hold_memory() -> None:
    """Have the C library hold what arrays give back: new pages for each of them cost a quarter of the
    time."""
    M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, most = -1, -3, 1 << 28
    with suppress(OSError, AttributeError):  # not the GNU library
        library = ctypes.CDLL(None)
        library.mallopt(M_TRIM_THRESHOLD, most)
        library.mallopt(M_MMAP_THRESHOLD, most)


class EnsembleReducer:
    """Reduces ensembles, or finds them in the cache.

    Args:
        directory: of the campaign, which may be running.
        bins_per_block: of its configuration.
        tc: how Tc is worked out.
    """

    def __init__(self, directory: Path, bins_per_block: int, tc: TcSettings) -> None:
        from hpcbip.store.store import Store  # here, because it loads HDF5

        self._store, self._cache = Store(directory), ReductionCache(directory)
        self._size, self._tc = bins_per_block, tc

    def entries(self, selections: Sequence[BinSelection]) -> list[CacheEntry | None]:
        """Reduce some ensembles; None for those that have no bins yet."""
        entries: dict[str, CacheEntry] = {}
        new: dict[str, tuple[EnsembleBins, bytes, bool]] = {}
        for selection in selections:
            counts, key = self.key(selection)
            if (cached := self._cache.get(selection.identity, key)) is not None:
                content, reduced = cached
                entries[selection.identity] = CacheEntry(key, content, False, True, longest_time(reduced))
            elif (data := self.read(selection, counts)) is not None:
                step = data.bins_per_sample
                complete = data.bins == sum(number // step * step for number in counts)
                new[selection.identity] = (data, key, complete)
        results = reduce_ensembles([data for data, _, _ in new.values()], self._tc)
        for (identity, (_, key, complete)), reduced in zip(new.items(), results, strict=True):
            entries[identity] = CacheEntry(key, serialize(reduced), True, complete, longest_time(reduced))
        return [entries.get(selection.identity) for selection in selections]

    def detailed(self, selection: BinSelection) -> Reduced | None:
        """Reduce an ensemble with its displacement curve and P(r); None if it has no bins yet."""
        data = self.read(selection, self.key(selection)[0])
        return None if data is None else reduce_ensemble(data, self._tc, details=True)

    def key(self, selection: BinSelection) -> tuple[list[int], bytes]:
        """Return how many bins of each chain are reduced, and the key of that, from their stored
        checksums."""
        from hpcbip.store.selection import selected_checksums, stored_counts

        counts = selection.counts
        if counts is None:
            counts = stored_counts(self._store, selection.identity)
        checksums = selected_checksums(self._store, selection.identity, counts, self._size)
        return counts, cache_key(self._tc, checksums)

    def read(self, selection: BinSelection, counts: Sequence[int]) -> EnsembleBins | None:
        """Read the bins of an ensemble that are reduced; None if there are none yet."""
        from hpcbip.store.selection import select_bins

        bins = select_bins(self._store, selection.identity, counts, self._size)
        if not any(bins.bins):
            return None
        columns, lags = self._store.column_names_and_lags(selection.identity)
        return EnsembleBins(
            selection.sector,
            selection.parameters,
            columns,
            bins.chains,
            lags,
            bins.bins_per_row,
            bins.rows_per_sample,
        )


def longest_time(reduced: Reduced) -> float:
    """Return the longest autocorrelation time of energy, mass and size in bins."""
    if reduced.summary is None:
        return 0.0
    times = map(float, reduced.summary.tau[list(reduced.checked)])
    return max((tau for tau in times if math.isfinite(tau)), default=0.0)
