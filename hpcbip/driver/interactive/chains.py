"""Chains that are sampled in this process, on a few threads and in rounds of blocks.

The kernel holds no interpreter lock, so that threads use all cores. Unlike processes they need neither a
`__main__` that can be imported nor a kernel loaded once more, and see Ctrl-C at the end of a block.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hpcbip.campaign.identity import chain_seed
from hpcbip.campaign.plan import EnsembleRecord
from hpcbip.errors import InputError
from hpcbip.qmc import Chain

FIRST_CHECK = 8  # blocks after which errors are compared with their targets for the first time
GROWTH = 1.25  # of the bins between two comparisons
PAUSE = 0.1  # seconds between looks at the clock while blocks are running


@dataclass(frozen=True)
class Schedule:
    """What every chain does: thermal bins, then bins up to a number or without end (None), in blocks."""

    thermal_bins: int
    bins_per_block: int
    updates_per_bin: int
    bins: int | None


@dataclass
class SampledChain:
    """One chain, a function of the seed, its ensemble, its number and the block sizes alone.

    Attributes:
        record: its ensemble.
        number: of the chain, from 0.
        seed: as a campaign's.
        bins: number of bins so far. blocks: number of blocks so far, thermal ones included.
        seconds: that they took.
    """

    record: EnsembleRecord
    number: int
    seed: int
    schedule: Schedule
    bins: int = 0
    blocks: int = 0
    seconds: float = 0.0
    _thermal: int = 0  # thermal bins so far
    _chain: Chain | None = None
    _rows: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Tell whether the chain has all its bins."""
        return self.bins == self.schedule.bins

    @property
    def rows(self) -> NDArray[np.float64]:
        """Read the bins so far, shape (bins, columns)."""
        return np.concatenate(self._rows) if self._rows else np.empty((0, 0))

    def run_block(self) -> None:
        """Advance the chain by one block.

        Raises:
            InputError: if it cannot go on.
        """
        started, schedule = time.perf_counter(), self.schedule
        if self._chain is None:
            seed = chain_seed(self.seed, self.record.identity, self.number)
            self._chain = Chain.start(self.record.build(), seed)
        try:
            if self._thermal < schedule.thermal_bins:
                size = min(schedule.bins_per_block, schedule.thermal_bins - self._thermal)
                self._chain.thermalise(size * schedule.updates_per_bin)
                self._thermal += size
            else:
                left = schedule.bins_per_block if schedule.bins is None else schedule.bins - self.bins
                self._add(self._chain.run_block(min(schedule.bins_per_block, left), schedule.updates_per_bin))
        except OverflowError as error:  # the kernel's arrays have an end
            raise InputError(f"sample: {error}; allowed: a shorter beta, or other parameters") from None
        self.blocks += 1
        self.seconds += time.perf_counter() - started

    def _add(self, rows: NDArray[np.float64]) -> None:
        if not np.isfinite(rows).all():
            raise InputError("sample: model: its bins are not finite; allowed: other parameters")
        self._rows.append(rows)
        self.bins += len(rows)


@dataclass(frozen=True)
class Outcome:
    """How the sampling ended: why, and how many bins of each chain count (None: all that its ensemble's
    chains have in common)."""

    stopped_by: str
    bins: int | None = None


def sample_chains(
    chains: Sequence[SampledChain],
    cores: int,
    deadline: float | None,
    target_met: Callable[[int], bool] | None,
    show: Callable[[], None],
) -> Outcome:
    """Run blocks of the chains, the least advanced first, until all are finished or something ends it.

    Args:
        chains: of one ensemble or of several.
        cores: threads.
        deadline: `time.monotonic()` by which the last block has to end; None: no limit.
        target_met: tells of the first so many bins of every chain whether they suffice; None: no target.
        show: called often, to show progress.

    Raises:
        InputError: if a chain cannot go on.
    """
    running: dict[Future[None], SampledChain] = {}
    check = FIRST_CHECK * chains[0].schedule.bins_per_block
    stopped_by = ""
    with ThreadPoolExecutor(cores, thread_name_prefix="chain") as pool:
        try:
            while True:
                if deadline is not None and time.monotonic() + _block_time(chains) > deadline:
                    stopped_by = "seconds"
                if not stopped_by:
                    _fill(pool, running, chains, cores)
                if not running:
                    return Outcome(stopped_by or "bins")
                for future in wait(running, PAUSE, FIRST_COMPLETED).done:
                    running.pop(future)
                    future.result()
                show()
                if target_met is not None and check <= min(chain.bins for chain in chains):
                    if target_met(check):
                        return Outcome("target", check)
                    check = _next_check(check, chains[0].schedule)
        except KeyboardInterrupt:
            return Outcome("interrupt")  # leaving the pool waits for the blocks that are running


def _fill(
    pool: ThreadPoolExecutor,
    running: dict[Future[None], SampledChain],
    chains: Sequence[SampledChain],
    cores: int,
) -> None:
    """Give every idle thread a block of the least advanced chain that has none running."""
    busy = {id(chain) for chain in running.values()}
    idle = [chain for chain in chains if id(chain) not in busy and not chain.finished]
    for chain in sorted(idle, key=lambda chain: chain.blocks)[: cores - len(running)]:
        running[pool.submit(chain.run_block)] = chain


def _block_time(chains: Sequence[SampledChain]) -> float:
    """Seconds of a block of the slowest chain."""
    return max(chain.seconds / max(1, chain.blocks) for chain in chains)


def _next_check(bins: int, schedule: Schedule) -> int:
    """Bins at the next comparison with the targets: whole blocks, or where the chains end."""
    size = schedule.bins_per_block
    after = max(bins + size, int(GROWTH * bins) // size * size)
    return after if schedule.bins is None else max(bins + 1, min(after, schedule.bins))
