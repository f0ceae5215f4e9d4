"""`hpcbip search`: the maximum of Tc, found by running a campaign, reducing it, and adding what is missing.

    DIR/search.yaml    the campaign as it has grown so far: the one state of the search
    DIR/search.json    CPU seconds spent, and what was found step by step (`SearchLedger`)

Each step runs the campaign of search.yaml to its targets, reduces it, and asks
`hpcbip.superconductivity.suggestions` what would pin down the maximum; that goes into search.yaml. Bins,
results and suggestions are functions of search.yaml alone, and it is replaced in one go: whenever the search
is stopped, the same command goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcbip.campaign.edit import Extension, check_extensible, extend
from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import Config, load_config
from hpcbip.driver.search.goal import SearchGoal, check_bounds, is_pinned_down
from hpcbip.driver.search.ledger import SearchLedger
from hpcbip.driver.search.process import run_in_process
from hpcbip.errors import InputError
from hpcbip.exit_status import DONE, STOPPED
from hpcbip.files import write_atomically
from hpcbip.messages import counted
from hpcbip.reduction.peaks import scan_points
from hpcbip.reduction.results import read_results
from hpcbip.store.directory import check_directory, prepare_directory
from hpcbip.superconductivity.maximum import Maximum, find_maximum
from hpcbip.superconductivity.scans import Scan, scans
from hpcbip.superconductivity.suggestions import Suggestion, suggest_for
from hpcbip.vocabulary.observables import TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import POINT_KEYS

TARGET = TC_OVER_OMEGA.name
"""Observable whose target error the search tightens."""

MIN_RUN_SECONDS = 1.0
"""Seconds of a run that are worth starting it."""

FORCED_TIGHTENING = 0.8
"""Factor of the target where a suggestion brings nothing new."""

SUGGESTIONS_PER_AXIS = 2
"""Suggestions that are asked for in every step."""

Runner = Callable[[Path, Path, int, float, Callable[[float], None]], int]
"""Runs a configuration in a directory, as `run_in_process`."""


@dataclass(frozen=True)
class SearchState:
    """A search as it stands.

    Attributes:
        source: search.yaml.
        directory: of the search and its campaign.
        goal: what it looks for.
        ledger: search.json.
        report: takes one line per step.
    """

    source: Path
    directory: Path
    goal: SearchGoal
    ledger: SearchLedger
    report: Callable[[str], Any]

    @property
    def cpu_hours(self) -> float:
        """CPU hours spent so far."""
        return self.ledger.cpu_seconds / 3600.0

    @property
    def target(self) -> float:
        """The present target error of Tc."""
        return load_config(self.source).sampling.target[TARGET]


def search(
    config: Path,
    directory: Path,
    goal: SearchGoal,
    cpu_hours: float,
    ranks: int,
    report: Callable[[str], Any] = print,
    runner: Runner = run_in_process,
) -> int:
    """Look for the maximum of Tc until it is pinned down or the CPU time is spent; or go on with it.

    Args:
        config: where the search begins: one curve (surface) of one or more points, with a loose target for
            Tc.
        directory: where everything is kept.
        goal: axes, bounds, tolerances.
        cpu_hours: ranks times wall time of all runs in this directory, restarts included.
        ranks: MPI ranks of each run.
        report: takes one line per step.
        runner: runs the campaign.

    Returns:
        0 when the maximum is pinned down, 3 when the time is spent or a stop was asked for, otherwise the
        exit status of the run that failed.

    Raises:
        InputError: on bad input, and when Tc is highest at one of the bounds.
    """
    if not cpu_hours > 0.0 or ranks < 1:
        raise InputError(
            f"--cpu-hours: {cpu_hours:g} on {counted(ranks, 'rank')}: nothing to spend; allowed: numbers > 0"
        )
    state = begin(config, directory, goal, report)
    ledger = state.ledger

    def cpu_seconds_left() -> float:
        return 3600.0 * cpu_hours - ledger.cpu_seconds

    while True:
        if cpu_seconds_left() < MIN_RUN_SECONDS * ranks:
            report(f"{state.cpu_hours:.3g} CPU hours are spent; with more of them it goes on from here")
            return STOPPED
        seconds = cpu_seconds_left() / ranks
        status = runner(
            state.source, directory, ranks, seconds, lambda spent: ledger.add_seconds(ranks * spent)
        )
        if status not in (DONE, STOPPED):
            return status
        if status == STOPPED:
            if cpu_seconds_left() >= MIN_RUN_SECONDS * ranks:
                report("stopped; the same command goes on")
                return STOPPED
            with suppress(InputError):  # there may be no bins yet
                _find_maximum(state)
            continue
        scan, maximum = _find_maximum(state)
        if maximum is not None and is_pinned_down(maximum, goal):
            report("pinned down")
            return DONE
        _extend_campaign(state, scan, maximum)


def begin(
    config: Path, directory: Path, goal: SearchGoal, report: Callable[[str], Any] = print
) -> SearchState:
    """Check everything and make the directory ready; points of the configuration that are new to it are
    added.

    Raises:
        InputError: if the configuration has no target for Tc, or more than one curve; if the directory is not
            this campaign's.
    """
    settings = load_config(config)
    if TARGET not in settings.sampling.target:
        allowed = "a relative error to begin with, such as 0.05"
        raise InputError(f"{config}: sampling.target.{TARGET}: required key is missing; allowed: {allowed}")
    curves = _count_curves(settings, goal.axes)
    if curves != 1:
        wrong = f"{curves} curves along {', '.join(goal.axes)}" if curves else "a chain has no Tc"
        raise InputError(
            f"{config}: grid: {wrong}; allowed: points that differ in {', '.join(goal.axes)} only"
        )
    check_extensible(config)  # now, not after the first campaign
    source, ledger = directory / "search.yaml", SearchLedger(directory / "search.json")
    if (directory / "campaign.json").exists() or not any(directory.glob("search.json*")):
        check_directory(directory, settings, str(config))  # otherwise a kill came between the first files
    directory.mkdir(parents=True, exist_ok=True)
    ledger.read()
    ledger.write()
    if not source.exists():
        prepare_directory(directory, settings, config)
        write_atomically(source, config.read_text(encoding="utf-8"))
    points = [point.model_dump(by_alias=True, exclude_none=True) for point in settings.all_points()]
    extend(source, [{key: point[key] for key in POINT_KEYS if key in point} for point in points])
    return SearchState(source, directory, goal, ledger, report)


def _count_curves(config: Config, axes: tuple[str, ...]) -> int:
    return len(scans(scan_points([point.parameters for point in make_plan(config).points]), axes))


def _find_maximum(state: SearchState) -> tuple[Scan, Maximum | None]:
    """Reduce the campaign and find the maximum of its points; report it and add it to the ledger."""
    results = read_results(state.directory)
    scan = scans(scan_points(results.records, results.replicates), state.goal.axes)[0]
    maximum = find_maximum(scan) if scan.interpolates else None
    points, target = len(results.records), state.target
    step: dict[str, Any] = {"points": points, "target": target}
    if maximum is not None:
        step |= {
            "position": list(maximum.position),
            "position_err": list(maximum.position_err),
            "height": maximum.height,
            "height_err": maximum.height_err,
        }
    state.ledger.add_step(step)
    statement = maximum.statement if maximum else f"{scan.label}: too few points for a maximum"
    state.report(
        f"{counted(points, 'point')}, target {target:g}, {state.cpu_hours:.3g} CPU hours: {statement}"
    )
    return scan, maximum


def _extend_campaign(state: SearchState, scan: Scan, maximum: Maximum | None) -> None:
    """Put into search.yaml what is suggested.

    Where that is nothing new the target becomes tighter, so that every step of a search does something.
    """
    goal = state.goal
    number = SUGGESTIONS_PER_AXIS * len(goal.axes)
    suggestions = suggest_for(scan, maximum, number, goal.bounds, goal.tolerance)
    check_bounds(maximum, suggestions, goal)
    added = apply_suggestions(state.source, suggestions)
    if not added.points and not added.target:
        added = extend(state.source, (), {TARGET: float(f"{FORCED_TIGHTENING * state.target:.2g}")})
    for point in added.points:
        state.report("  new point: " + ", ".join(f"{key} = {value:g}" for key, value in point.items()))
    for name, value in added.target.items():
        state.report("  new target" + ("" if name == TARGET else f" for {name}") + f": {value:g}")


def apply_suggestions(path: Path, suggestions: Sequence[Suggestion]) -> Extension:
    """Put suggestions into a configuration: of every curve the first one, and all others of its kind.

    Raises:
        InputError: if the points do not fit the configuration.
    """
    first_kind: dict[str, str] = {}
    for suggestion in suggestions:
        first_kind.setdefault(suggestion.label, suggestion.kind)
    chosen = [suggestion for suggestion in suggestions if suggestion.kind == first_kind[suggestion.label]]
    targets: dict[str, float] = {}
    for suggestion in chosen:
        if suggestion.target is not None:
            name = suggestion.observable
            targets[name] = min(suggestion.target, targets.get(name, suggestion.target))
    points = [suggestion.parameters for suggestion in chosen if suggestion.target is None]
    return extend(path, points, targets)
