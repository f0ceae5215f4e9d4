"""The results of a campaign, from its directory."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcbip.campaign.plan import Plan, make_plan
from hpcbip.campaign.schema import Config, load_config
from hpcbip.errors import InputError
from hpcbip.reduction.ensembles import TcSettings
from hpcbip.reduction.executor import ReducedEnsembles, bin_selections, reduce_campaign
from hpcbip.reduction.peaks import scan_points
from hpcbip.reduction.point_flags import flag_entries
from hpcbip.reduction.points import reduce_plan, state_records
from hpcbip.statistics.binning import Array
from hpcbip.store.progress import CampaignProgress, EnsembleProgress
from hpcbip.vocabulary.flags import CRASHED, GIVEN_UP_FLAG, TWO_STATES
from hpcbip.vocabulary.observables import TARGETS
from hpcbip.vocabulary.sectors import BIPOLARON, SECTORS

if TYPE_CHECKING:
    from hpcbip.superconductivity.peaks import Peak

MOST_BINNING = 50  # ensembles in binning.csv and its figure


@dataclass(frozen=True)
class Results:
    """A campaign, reduced.

    Attributes:
        directory, config, plan: the campaign.
        records: one flat dict per point, in the order of the plan (`hpcbip.reduction.points.reduce_point`).
        ensembles: reduced ensembles by identity; those without bins are absent.
        progress: goals, their errors, and CPU seconds by ensemble
            (`hpcbip.store.progress.EnsembleProgress`).
        tc: how Tc is worked out.
    """

    directory: Path
    config: Config
    plan: Plan
    records: list[dict[str, Any]]
    ensembles: ReducedEnsembles
    progress: Mapping[str, EnsembleProgress]
    tc: TcSettings

    @cached_property
    def replicates(self) -> dict[str, Array]:
        """Per point, by its identity, (blocks, 2) mass and R² of the pair without one block of bins each."""
        found = {}
        for point in self.plan.points:
            reduced = self.ensembles.get(point.ensembles[BIPOLARON.name])
            if reduced is not None and reduced.replicates is not None:
                found[point.identity] = reduced.replicates
        return found

    @cached_property
    def states(self) -> list[dict[str, Any]]:
        """Records of the states of the points whose chains sit in two
        (`hpcbip.reduction.points.state_records`)."""
        codes = {f"{sector}:{TWO_STATES.code}" for sector in SECTORS}
        points = {one["point"] for one in self.records if codes & set(one["flag_codes"])}
        return state_records(self.plan, self.ensembles, points, self.tc)

    @cached_property
    def peaks(self) -> list[Peak]:
        """Maxima of Tc along every curve of the scan that has enough points."""
        from hpcbip.superconductivity.peaks import find_peaks  # here, because not everybody needs it

        return find_peaks(scan_points(self.records, self.replicates))

    @property
    def cpu_seconds(self) -> float | None:
        """CPU seconds of sampling, of all ensembles; None if they were not noted."""
        return sum(one.seconds for one in self.progress.values()) or None

    @property
    def progress_rows(self) -> list[dict[str, Any]]:
        """Relative errors at the goals of every ensemble.

        Rows of ensemble, sector, label, observable, seconds (CPU, by the mean time of a block), error,
        target.
        """
        rows = []
        sampling = self.config.sampling
        for identity, progress in self.progress.items():
            record = self.plan.ensembles.get(identity)
            if record is None or not progress.seconds:
                continue
            per_block = progress.seconds / (progress.chains * (progress.blocks + sampling.thermal_blocks))
            label = (
                f"{record.sector}, omega = {record.parameters['omega']:g}, g = {record.parameters['g']:.4g}"
            )
            label += f", U = {record.parameters['U']:g}" if "U" in record.parameters else ""
            for at, errors in progress.errors.items():
                chains, blocks = map(int, at.split(","))
                seconds = per_block * chains * (blocks + sampling.thermal_blocks)
                for name, error in errors.items():
                    target = sampling.target.get(name)
                    if error is not None and target is not None and record.sector in TARGETS[name].sectors:
                        rows.append(
                            {
                                "ensemble": identity[:12],
                                "sector": record.sector,
                                "label": label,
                                "observable": name,
                                "seconds": seconds,
                                "error": error,
                                "target": target,
                            }
                        )
        return rows


def read_results(
    directory: Path,
    prefactor: float | str | None = None,
    density: float | None = None,
    write_cache: bool = True,
) -> Results:
    """Reduce a campaign; the bins of one ensemble are in memory at a time, and with many ensembles all cores
    are used.

    Ensembles whose bins are those of the last time are not reduced anew (`hpcbip.reduction.cache`).

    Args:
        directory: of the campaign.
        prefactor: of Tc, a number or "published"; None: as the configuration says.
        density: pairs per volume at which Tc is taken; None: as the configuration says.
        write_cache: keep what was reduced for the next time; nothing is written otherwise.

    Raises:
        InputError: if the directory is not a campaign, or has no bins yet.
    """
    if not (directory / "config.yaml").is_file():
        raise InputError(
            f"{directory}: not a campaign: no config.yaml in it; allowed: the --out of a `hpcbip run`"
        )
    config = load_config(directory / "config.yaml")
    plan, progress, wanted = make_plan(config), CampaignProgress.read(directory), config.tc
    tc = TcSettings(
        wanted.prefactor if prefactor is None else prefactor,
        wanted.omega_meV,
        wanted.density if density is None else density,
    )
    selections = bin_selections(config, plan, progress)
    ensembles = reduce_campaign(directory, selections, config.sampling.bins_per_block, tc)
    with without_collector():  # which would go through all records time and again as they become more
        records = reduce_plan(plan, ensembles, tc)  # while the ensembles are coming in
    if write_cache and prefactor is None and density is None:
        ensembles.write_cache(directory)
    if not ensembles:
        command = f"hpcbip run {directory / 'config.yaml'} --out {directory}"
        raise InputError(f"{directory}: no bins yet; go on with: {command}")
    for point, record in zip(plan.points, records, strict=True):
        for sector, key in point.ensembles.items():
            own = progress.ensembles.get(key)
            record[f"seconds_{sector}"] = own.seconds or None if own else None
            if own and own.failed:  # `hpcbip status` says why: what there is of it is a biased choice
                raised = [GIVEN_UP_FLAG, CRASHED] if own.crashed else [GIVEN_UP_FLAG]
                record |= flag_entries(record, [flag.raised(sector) for flag in raised])
    return Results(directory, config, plan, records, ensembles, progress.ensembles, tc)


@contextmanager
def without_collector() -> Iterator[None]:
    """Python's collector of cyclic garbage does not run."""
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()


def binning_rows(ensembles: ReducedEnsembles) -> list[dict[str, Any]]:
    """Error against bin size of the observables of every ensemble, one row per bin size; of more than
    `MOST_BINNING` ensembles those with the longest autocorrelation times.

    `plateau` is 1 at the bin size taken to be on the plateau; tau (in bins) is the Γ method's, and
    gamma_error the quoted error, which is the Γ method's with Student's t.
    """
    slowest = set(ensembles.slowest(MOST_BINNING))
    rows = []
    for identity in (identity for identity in ensembles if identity in slowest):
        reduced = ensembles[identity]
        if reduced.summary is None:
            continue
        binning, gamma, quoted = reduced.summary.binning, reduced.summary.gamma, reduced.summary.error
        shared = {"ensemble": identity[:12], "sector": reduced.sector}
        for i, name in enumerate(reduced.names):
            if not math.isfinite(reduced.values[i]):
                continue
            for level, size in enumerate(binning.size):
                rows.append(
                    {
                        **shared,
                        "observable": name,
                        "bin_size": int(size),
                        "bins": int(binning.bins[level]),
                        "error": float(binning.error[level, i]),
                        "error_error": float(binning.error_error[level, i]),
                        "plateau": int(level == binning.plateau[i]),
                        "gamma_error": float(quoted[i]),
                        "tau": float(gamma.tau[i]),
                        "tau_error": float(gamma.tau_error[i]),
                    }
                )
    return rows
