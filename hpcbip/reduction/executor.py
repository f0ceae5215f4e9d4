"""The analyses of all ensembles of a campaign: on all cores, a few ensembles at a time, and no analysis
twice."""

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

from hpcbip.reduction.cache import Kept, closed, keep, key_of, opened
from hpcbip.reduction.ensembles import EnsembleBins, Reduced, TcSettings
from hpcbip.reduction.estimates import reduce_ensemble, reduce_ensembles

if TYPE_CHECKING:
    from hpcbip.campaign.plan import Plan
    from hpcbip.campaign.schema import Config
    from hpcbip.store.selection import Verdicts

MANY = 64  # ensembles from which on all cores work
TOGETHER = 16  # ensembles that go through the statistics together: of many more the arrays leave the cache


@dataclass(frozen=True)
class Source:
    """An ensemble to analyse: so many bins of each chain, or all there are."""

    identity: str
    sector: str
    parameters: Mapping[str, Any]
    numbers: list[int] | None


def sources(config: Config, plan: Plan, verdicts: Verdicts) -> list[Source]:
    """All ensembles of a campaign."""
    size = config.sampling.bins_per_block
    return [
        Source(identity, record.sector, record.parameters, verdicts.settled(identity, size))
        for identity, record in plan.ensembles.items()
    ]


@dataclass(frozen=True)
class Found:
    """The analysis of an ensemble (`kept`): its key and content, whether it is new, whether all bins went in,
    and the longest autocorrelation time of energy, mass and size in bins."""

    key: bytes
    content: bytes
    new: bool
    whole: bool
    time: float


class Analyses(Mapping[str, Reduced]):
    """Analyses by ensemble. They may still be coming in: whoever asks for one waits for it. Each is opened
    when it is looked at; closed, many of them find room in memory.

    Args:
        coming: all ensembles, in any order, with their analysis; None of those that have no bins yet.
        again: analyses one in detail.
    """

    def __init__(
        self, coming: Iterable[tuple[str, Found | None]], again: Callable[[str], Reduced | None]
    ) -> None:
        self._coming, self.detailed = iter(coming), again
        self._found: dict[str, Found | None] = {}

    def _take(self, up_to: str | None = None) -> None:
        while up_to is None or up_to not in self._found:
            try:
                identity, self._found[identity] = next(self._coming)
            except StopIteration:
                return

    @property
    def found(self) -> dict[str, Found]:
        """All of them, once they are there."""
        self._take()
        return self._with_bins

    @cached_property
    def _with_bins(self) -> dict[str, Found]:
        return {identity: one for identity, one in self._found.items() if one is not None}

    def __getitem__(self, identity: str) -> Reduced:
        self._take(identity)
        if (one := self._found.get(identity)) is None:
            raise KeyError(identity)
        return opened(one.content)

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def slowest(self, number: int) -> list[str]:
        """Those with the longest autocorrelation times."""
        found = self.found
        return heapq.nlargest(number, found, key=lambda identity: found[identity].time)

    def keep(self, directory: Path) -> None:
        """Keep what is new for the next time."""
        if any(one.new for one in self.found.values()):
            # what is damaged, or being written, will change without its checksums
            keep(directory, {key: (one.key, one.content) for key, one in self.found.items() if one.whole})


def analyse(directory: Path, wanted: Sequence[Source], size: int, tc: TcSettings) -> Analyses:
    """The analyses of all ensembles that have bins; what was kept is taken.

    Args:
        directory: of the campaign, which may be running.
        wanted: its ensembles.
        size: bins per block.
        tc: how Tc is worked out.
    """
    by_identity = {source.identity: source for source in wanted}

    @cache
    def analyst() -> Analyst:
        return Analyst(directory, size, tc)

    def again(identity: str) -> Reduced | None:
        return analyst().detailed(by_identity[identity])

    return Analyses(zip(by_identity, _look_at_all(directory, wanted, size, tc), strict=True), again)


def _look_at_all(
    directory: Path, wanted: Sequence[Source], size: int, tc: TcSettings
) -> Iterable[Found | None]:
    parts = [wanted[k : k + TOGETHER] for k in range(0, len(wanted), TOGETHER)]
    if len(wanted) < MANY:
        yield from chain.from_iterable(map(Analyst(directory, size, tc).look, parts))
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    spawn = multiprocessing.get_context("spawn")
    # one more than there are cores: while one waits for the disk
    with ProcessPoolExecutor(cores + 1, spawn, _begin, (directory, size, tc)) as pool:
        yield from chain.from_iterable(pool.map(_look, parts))


_analyst: Analyst  # of a process of the pool


def _begin(directory: Path, size: int, tc: TcSettings) -> None:
    global _analyst
    _hold_memory()
    gc.disable()  # there is nothing for it to find
    _analyst = Analyst(directory, size, tc)


def _look(wanted: Sequence[Source]) -> list[Found | None]:
    return _analyst.look(wanted)


def _hold_memory() -> None:
    """Have the C library keep what arrays give back: new pages for each of them cost a quarter of the
    time."""
    M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, most = -1, -3, 1 << 28
    with suppress(OSError, AttributeError):  # not the GNU library
        library = ctypes.CDLL(None)
        library.mallopt(M_TRIM_THRESHOLD, most)
        library.mallopt(M_MMAP_THRESHOLD, most)


class Analyst:
    """Analyses ensembles, or finds what was kept of them.

    Args:
        directory: of the campaign, which may be running.
        size: bins per block.
        tc: how Tc is worked out.
    """

    def __init__(self, directory: Path, size: int, tc: TcSettings) -> None:
        from hpcbip.store.store import Store  # here, because it loads HDF5

        self._store, self._size, self._tc, self._kept = Store(directory), size, tc, Kept(directory)

    def look(self, wanted: Sequence[Source]) -> list[Found | None]:
        """The analyses of some ensembles; None of those that have no bins yet."""
        found: dict[str, Found] = {}
        new: dict[str, tuple[EnsembleBins, bytes, bool]] = {}
        for source in wanted:
            numbers, key = self.key(source)
            if (known := self._kept.get(source.identity, key)) is not None:
                found[source.identity] = Found(key, known[0], False, True, _longest(known[1]))
            elif (data := self.read(source, numbers)) is not None:
                step = data.bins_per_sample
                new[source.identity] = (
                    data,
                    key,
                    data.bins == sum(number // step * step for number in numbers),
                )
        analyses = reduce_ensembles([data for data, _, _ in new.values()], self._tc)
        for (identity, (_, key, whole)), reduced in zip(new.items(), analyses, strict=True):
            found[identity] = Found(key, closed(reduced), True, whole, _longest(reduced))
        return [found.get(source.identity) for source in wanted]

    def detailed(self, source: Source) -> Reduced | None:
        """The analysis of an ensemble with its displacement curve and P(r)."""
        data = self.read(source, self.key(source)[0])
        return None if data is None else reduce_ensemble(data, self._tc, details=True)

    def key(self, source: Source) -> tuple[list[int], bytes]:
        """How many bins of each chain are analysed, and the key of that, from their stored checksums."""
        from hpcbip.store.selection import sums, there

        numbers = there(self._store, source.identity) if source.numbers is None else source.numbers
        return numbers, key_of(self._tc, sums(self._store, source.identity, numbers, self._size))

    def read(self, source: Source, numbers: Sequence[int]) -> EnsembleBins | None:
        """What is analysed of an ensemble (`hpcbip.store.selection.analysed`); None if there are no bins
        yet."""
        from hpcbip.store.selection import analysed

        bins = analysed(self._store, source.identity, numbers, self._size)
        if not any(bins.bins):
            return None
        columns, lags = self._store.column_names_and_lags(source.identity)
        return EnsembleBins(
            source.sector, source.parameters, columns, bins.chains, lags, bins.bins_per_row, bins.together
        )


def _longest(reduced: Reduced) -> float:
    if reduced.summary is None:
        return 0.0
    return max(
        (float(tau) for tau in reduced.summary.tau[list(reduced.judged)] if math.isfinite(tau)), default=0.0
    )
