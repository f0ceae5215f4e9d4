"""Memory, disk, wall time and ranks of a campaign, from what its ensembles are expected to take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpcbip.campaign.schema import Config
from hpcbip.driver.executors import MASTER_WORKS_BELOW
from hpcbip.driver.forecast.ensembles import EnsembleForecast
from hpcbip.driver.forecast.regression import Estimate
from hpcbip.qmc import columns
from hpcbip.qmc.kernel.path import EVENT
from hpcbip.store.allocation import Allocation, Extent

RANK_MEMORY = 240 << 20
"""Bytes of a rank with the kernel and its libraries loaded."""

MASTER_MEMORY = 300 << 20
"""Bytes that the master has beyond that, without bins."""

EVENTS_PER_TIME = 1.3
"""Events of a path per unit of β z t of each electron and per phonon of β Ω, roughly: what a checkpoint
holds."""

COMMON_SPREAD = 0.25
"""Standard deviation of the logarithm of what all ensembles have in common: the processor, and the model."""

SENSIBLE_EFFICIENCY = 0.8
"""Part of the time of the ranks that has to be sampling with the most ranks that make sense."""

SHIFT = 24 * 3600.0
"""Seconds within which the fewest ranks that make sense are done."""

TIME_MARGIN = 1.2
"""Factor by which a limit exceeds the upper end of the wall time."""

START_SECONDS = 90.0
"""To load or compile the kernel, and to make room for the bins."""


@dataclass(frozen=True)
class Resources:
    """What a campaign takes.

    Attributes:
        seconds: CPU seconds of sampling.
        longest: wall seconds of the longest sequence of blocks, which no number of ranks makes shorter.
        chains: that can be at work at once.
        memory, master_memory: bytes of a rank, and of the master.
        disk: bytes of bins and checkpoints.
    """

    seconds: Estimate
    longest: Estimate
    chains: int
    memory: int
    master_memory: int
    disk: int

    def wall_seconds(self, ranks: int) -> Estimate:
        """Return the wall time on so many ranks."""
        workers = ranks if ranks < MASTER_WORKS_BELOW else ranks - 1
        busy = self.seconds.times(1.0 / min(workers, self.chains))
        found = busy if busy.value > self.longest.value else self.longest
        value = found.value + START_SECONDS
        return Estimate(value, found.spread * found.value / value)

    @property
    def most_ranks(self) -> int:
        """The most ranks of which `SENSIBLE_EFFICIENCY` of the time is sampling."""
        most = self.seconds.value / (SENSIBLE_EFFICIENCY * self.longest.value)
        return max(1, min(self.chains, math.floor(most)))

    @property
    def fewest_ranks(self) -> int:
        """The fewest ranks that are done within a day, at the upper end of the estimate; at most
        `most_ranks`."""
        needed = math.ceil(self.seconds.high / SHIFT)
        return max(1, min(self.most_ranks, needed))

    def time_limit(self, ranks: int) -> float:
        """Return a sensible limit of a job, in seconds: rounded up, at most a day, as a job goes on after."""
        needed = TIME_MARGIN * self.wall_seconds(ranks).high
        steps = (600.0, 1800.0, 3600.0)
        step = next((one for one in steps if needed <= 6.0 * one), steps[-1])
        return min(SHIFT, math.ceil(needed / step) * step)


def resources(config: Config, ensembles: Sequence[EnsembleForecast]) -> Resources:
    """Add up what the ensembles of a campaign take."""
    total = sum(one.seconds.value for one in ensembles)
    own = math.sqrt(sum((one.seconds.value * one.seconds.spread) ** 2 for one in ensembles)) / total
    chain_block = config.sampling.bins_per_block * config.sampling.updates_per_bin
    longest = max(
        (
            Estimate(
                one.blocks_in_sequence * chain_block * one.update_seconds.value,
                math.hypot(one.seconds.spread, COMMON_SPREAD),
            )
            for one in ensembles
        ),
        key=lambda one: one.value,
    )
    paths = [_path_bytes(one) for one in ensembles]
    examples = {one.record.sector: one.record.build() for one in ensembles}
    widths = {sector: columns(ensemble) for sector, ensemble in examples.items()}
    rows = [_bin_bytes(config, one, widths[one.record.sector]) for one in ensembles]
    return Resources(
        Estimate(total, math.hypot(own, COMMON_SPREAD)),
        longest,
        sum(one.size.chains for one in ensembles),
        RANK_MEMORY + 4 * max(paths),
        RANK_MEMORY + MASTER_MEMORY + max(rows) + 4 * max(paths),
        sum(rows) + sum(one.size.chains * path for one, path in zip(ensembles, paths, strict=True)),
    )


def _bin_bytes(config: Config, one: EnsembleForecast, names: Sequence[str]) -> int:
    """Count the bytes of the bins of an ensemble, with columns of these names, at its end."""
    sampling = config.sampling
    rows = one.size.blocks * sampling.bins_per_block
    need = Allocation(one.size.chains, rows, names, one.record.sector, "", (), sampling.bins_per_block)
    return need.bytes(Extent(0, 0, one.size.chains, rows))


def _path_bytes(one: EnsembleForecast) -> int:
    """Estimate the bytes of the path of a chain."""
    ensemble = one.record.build()
    p = one.record.parameters
    hops = p["beta"] * ensemble.electrons * ensemble.lattice.coordination * p["t"]
    events = EVENTS_PER_TIME * (hops + ensemble.electrons * 2.0 * p["beta"] * p["g"] ** 2 / p["omega"])
    return round(events) * EVENT.itemsize
