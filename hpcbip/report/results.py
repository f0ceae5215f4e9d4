"""What the results of a campaign are: read bins ensemble by ensemble, reduce, leave files behind."""

from __future__ import annotations

import ctypes
import heapq
import math
import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.campaign.analysis import reduce_ensembles
from hpcbip.campaign.config import TARGETS, Config, load_config
from hpcbip.campaign.observables import EnsembleBins, Reduced, TcSettings
from hpcbip.campaign.plan import Plan, make_plan
from hpcbip.campaign.reduction import reduce_plan
from hpcbip.errors import InputError
from hpcbip.statistics.binning import Array

from .figures import PLATEAUS, plateaus
from .kept import Analyses, Kept, closed, keep, key_of
from .tables import to_csv, to_json

if TYPE_CHECKING:
    from hpcbip.superconductivity.domes import Peak

MANY = 64  # ensembles from which on all cores reduce
TOGETHER = 16  # ensembles that go through the statistics together: of many more the arrays leave the cache
MOST_BINNING = 50  # ensembles in binning.csv and its figure


@dataclass(frozen=True)
class Results:
    """A campaign, reduced.

    Attributes:
        directory, config, plan: the campaign.
        records: one flat dict per point, in the order of the plan (`hpcbip.campaign.reduction.reduce_point`).
        ensembles: reduced ensembles by identity; those without bins are absent.
        verdicts: milestones, their errors, and CPU seconds by ensemble (`hpcbip.campaign.bins.Verdict`).
    """

    directory: Path
    config: Config
    plan: Plan
    records: list[dict[str, Any]]
    ensembles: Mapping[str, Reduced]
    verdicts: Mapping[str, Any]

    @cached_property
    def replicates(self) -> dict[str, Array]:
        """Per point, by its identity, (blocks, 2) mass and R² of the pair without one block of bins each."""
        found = {}
        for point in self.plan.points:
            reduced = self.ensembles.get(point.ensembles["bipolaron"])
            if reduced is not None and reduced.replicates is not None:
                found[point.identity] = reduced.replicates
        return found

    @cached_property
    def peaks(self) -> list[Peak]:
        """Maxima of Tc along every curve of the scan that has enough points."""
        from hpcbip.superconductivity.domes import find_peaks  # here, because not everybody needs it

        return find_peaks(self.records, self.replicates)

    @property
    def cpu_seconds(self) -> float | None:
        """CPU seconds of sampling, of all ensembles; None if they were not noted."""
        return sum(verdict.seconds for verdict in self.verdicts.values()) or None

    @property
    def progress_rows(self) -> list[dict[str, Any]]:
        """Relative errors at the milestones of every ensemble.

        Rows of ensemble, sector, label, observable, seconds (CPU, by the mean time of a block), error, target.
        """
        rows = []
        sampling = self.config.sampling
        for identity, verdict in self.verdicts.items():
            record = self.plan.ensembles.get(identity)
            if record is None or not verdict.seconds:
                continue
            per_block = verdict.seconds / (verdict.chains * (verdict.blocks + sampling.thermal_blocks))
            label = f"{record.sector}, omega = {record.parameters['omega']:g}, g = {record.parameters['g']:.4g}"
            label += f", U = {record.parameters['U']:g}" if "U" in record.parameters else ""
            for at, errors in verdict.errors.items():
                chains, blocks = map(int, at.split(","))
                seconds = per_block * chains * (blocks + sampling.thermal_blocks)
                for name, error in errors.items():
                    target = sampling.target.get(name)
                    if error is not None and target is not None and record.sector in TARGETS[name]:
                        rows.append({
                            "ensemble": identity[:12], "sector": record.sector, "label": label, "observable": name,
                            "seconds": seconds, "error": error, "target": target,
                        })  # fmt: skip
        return rows


class Bins:
    """The bins of a campaign's ensembles, one at a time; a running campaign may be read as well.

    Args:
        directory: of the campaign.

    Raises:
        InputError: if it is not a campaign.
    """

    def __init__(self, directory: Path) -> None:
        from hpcbip.campaign.bins import Verdicts  # here, because these load HDF5
        from hpcbip.campaign.store import Store

        if not (directory / "config.yaml").is_file():
            raise InputError(f"{directory}: not a campaign: no config.yaml in it; allowed: the --out of a `hpcbip run`")
        self.directory = directory
        self.config = load_config(directory / "config.yaml")
        self.plan = make_plan(self.config)
        self.verdicts = Verdicts.read(directory)
        self._store = Store(directory)
        self._size = self.config.sampling.bins_per_block

    def read(self, identity: str) -> EnsembleBins | None:
        """What is analysed of an ensemble (`hpcbip.campaign.bins.analysed`); None if there are no bins yet."""
        from hpcbip.campaign.bins import analysed

        chains, bins_per_row = analysed(self._store, identity, self.numbers(identity), self._size)
        if not any(len(chain) for chain in chains):
            return None
        record = self.plan.ensembles[identity]
        columns, lags = self._store.columns(identity), self._store.lags(identity)
        return EnsembleBins(record.sector, record.parameters, columns, chains, lags, bins_per_row)

    def numbers(self, identity: str) -> list[int]:
        """How many bins of each chain count."""
        return self.verdicts.numbers(self._store, identity, self._size)

    def sums(self, identity: str) -> list[NDArray[np.uint32]]:
        """The stored checksums of what is analysed, by chain, in next to no time."""
        from hpcbip.campaign.bins import sums

        return sums(self._store, identity, self.numbers(identity), self._size)


@dataclass(frozen=True)
class _Found:
    """The analysis of an ensemble (`kept`): its key and content, whether it is new, and whether all bins went in."""

    key: bytes
    content: bytes
    new: bool
    whole: bool


class _Analyst:
    """Analyses ensembles, or finds what was kept of them."""

    def __init__(self, bins: Bins, tc: TcSettings) -> None:
        self._bins, self._tc, self._kept = bins, tc, Kept(bins.directory)

    def look(self, identities: Sequence[str]) -> list[_Found | None]:
        """The analyses of some ensembles; None of those that have no bins yet."""
        found: dict[str, _Found] = {}
        keys = {identity: key_of(self._tc, self._bins.sums(identity)) for identity in identities}
        for identity, key in keys.items():
            if (content := self._kept.get(identity, key)) is not None:
                found[identity] = _Found(key, content, False, True)
        data = {i: part for i in keys if i not in found and (part := self._bins.read(i)) is not None}
        analyses = reduce_ensembles(list(data.values()), self._tc, details=True)
        for (identity, part), reduced in zip(data.items(), analyses, strict=True):
            step = part.bins_per_row
            whole = part.bins == sum(number // step * step for number in self._bins.numbers(identity))
            found[identity] = _Found(keys[identity], closed(reduced), True, whole)
        return [found.get(identity) for identity in identities]


_analyst: _Analyst  # of a process of the pool


def _begin(directory: Path, tc: TcSettings) -> None:
    global _analyst
    _keep_memory()
    _analyst = _Analyst(Bins(directory), tc)


def _keep_memory() -> None:
    """Have the C library hold on to what arrays give back: new pages for each of them cost a quarter of the time."""
    M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, most = -1, -3, 1 << 28
    with suppress(OSError, AttributeError):  # not the GNU library
        library = ctypes.CDLL(None)
        library.mallopt(M_TRIM_THRESHOLD, most)
        library.mallopt(M_MMAP_THRESHOLD, most)


def _look(identities: Sequence[str]) -> list[_Found | None]:
    return _analyst.look(identities)


def _look_at_all(bins: Bins, tc: TcSettings) -> Iterator[_Found | None]:
    identities = list(bins.plan.ensembles)
    parts = [identities[k : k + TOGETHER] for k in range(0, len(identities), TOGETHER)]
    if len(identities) < MANY:
        yield from chain.from_iterable(map(_Analyst(bins, tc).look, parts))
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    spawn = multiprocessing.get_context("spawn")
    # one more than there are cores: while one waits for the disk
    with ProcessPoolExecutor(cores, spawn, _begin, (bins.directory, tc)) as pool:
        yield from chain.from_iterable(pool.map(_look, parts))


def _analyses(bins: Bins, tc: TcSettings, usual: bool) -> Analyses:
    """Those of all ensembles with bins; what was kept is taken, what is new is kept if it is the usual Tc."""
    everything = zip(bins.plan.ensembles, _look_at_all(bins, tc), strict=True)
    found = {identity: one for identity, one in everything if one is not None}
    if usual and any(one.new for one in found.values()):
        # what is damaged, or being written, will change without its checksums
        keep(bins.directory, {i: (one.key, one.content) for i, one in found.items() if one.whole})
    return Analyses({identity: one.content for identity, one in found.items()})


def read_results(directory: Path, prefactor: float | str | None = None, density: float | None = None) -> Results:
    """Reduce a campaign; the bins of one ensemble are in memory at a time, and with many ensembles all cores are used.

    Ensembles whose bins are those of the last time are not analysed again (`hpcbip.report.kept`).

    Args:
        directory: of the campaign.
        prefactor: of Tc, a number or "published"; None: as the configuration says.
        density: pairs per volume at which Tc is taken; None: as the configuration says.

    Raises:
        InputError: if the directory is not a campaign, or has no bins yet.
    """
    bins = Bins(directory)
    wanted = bins.config.tc
    tc = TcSettings(
        wanted.prefactor if prefactor is None else prefactor, wanted.omega_meV,
        wanted.density if density is None else density,
    )  # fmt: skip
    ensembles = _analyses(bins, tc, usual=prefactor is None and density is None)
    if not ensembles:
        again = f"hpcbip run {directory / 'config.yaml'} --out {directory}"
        raise InputError(f"{directory}: no bins yet; go on with: {again}")
    records = reduce_plan(bins.plan, ensembles, tc)
    verdicts = bins.verdicts.ensembles
    for point, record in zip(bins.plan.points, records, strict=True):
        for sector, key in point.ensembles.items():
            verdict = verdicts.get(key)
            record[f"seconds_{sector}"] = verdict.seconds or None if verdict else None
            if verdict and verdict.failed:  # `hpcbip status` says why: what there is of it is a biased choice
                record["flags"] = [*record["flags"], f"{sector} failed"]
                record["tc_valid"] = False
    return Results(directory, bins.config, bins.plan, records, ensembles, verdicts)


def reduce_and_write(directory: Path) -> tuple[list[dict[str, Any]], list[Path]]:
    """As `read_results`; writes results.json, results.csv, binning.csv and plateau.png into the directory.

    Returns:
        the records of all points, and the files.

    Raises:
        InputError: if the directory is not a campaign, has no bins yet, or cannot be written to.
    """
    results = read_results(directory)
    rows = binning_rows(results.ensembles)
    records = results.records
    texts = {"results.json": to_json(records), "results.csv": to_csv(records), "binning.csv": to_csv(rows)}
    written = [write_text(directory / name, text) for name, text in texts.items()]
    return records, written + plateaus(rows, of=len(results.ensembles)).save(directory / "plateau.png")


def write_text(path: Path, text: str) -> Path:
    """Write a file aside and rename it; returns its path.

    Raises:
        InputError: if it cannot be written.
    """
    aside = path.with_suffix(".tmp")
    try:
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def binning_rows(ensembles: Mapping[str, Reduced]) -> list[dict[str, Any]]:
    """Error against bin size of the observables of every ensemble, one row per bin size; of more than `MOST_BINNING`
    ensembles those with the longest autocorrelation times.

    `plateau` is 1 at the bin size taken to be on the plateau; tau (in bins) is the Γ method's, and gamma_error the
    quoted error, which is the Γ method's with Student's t.
    """
    known = {identity: reduced for identity, reduced in ensembles.items() if reduced.summary is not None}
    slowest = set(heapq.nlargest(MOST_BINNING, known, key=lambda identity: _longest(known[identity])))
    rows = []
    for identity, reduced in known.items():
        if identity not in slowest or reduced.summary is None:
            continue
        binning, gamma, quoted = reduced.summary.binning, reduced.summary.gamma, reduced.summary.error
        shared = {"ensemble": identity[:12], "sector": reduced.sector}
        for i, name in enumerate(reduced.names):
            if not math.isfinite(reduced.values[i]):
                continue
            for level, size in enumerate(binning.size):
                rows.append({
                    **shared, "observable": name, "bin_size": int(size), "bins": int(binning.bins[level]),
                    "error": float(binning.error[level, i]), "error_error": float(binning.error_error[level, i]),
                    "plateau": int(level == binning.plateau[i]), "gamma_error": float(quoted[i]),
                    "tau": float(gamma.tau[i]), "tau_error": float(gamma.tau_error[i]),
                })  # fmt: skip
    return rows


def _longest(reduced: Reduced) -> float:
    """The longest autocorrelation time in bins that the plateau figure shows."""
    assert reduced.summary is not None
    times = [reduced.summary.tau[reduced.names.index(name)] for name in PLATEAUS if name in reduced.names]
    return max((float(tau) for tau in times if math.isfinite(tau)), default=0.0)
