"""`hpcbip search`: the maximum of Tc, found by running, looking, and adding what is missing.

    DIR/search.yaml    the campaign as it has grown so far: the one state of the search
    DIR/search.json    CPU seconds spent, settings, and what was found step by step

Each step runs the campaign of search.yaml to its targets, reduces it, and asks
`hpcbip.superconductivity.suggestions` what would pin down the maximum; that goes into search.yaml. Bins,
results and suggestions are functions of search.yaml alone, and it is replaced in one go: whenever the search
is stopped, the same command goes on where it was.
"""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpcbip.campaign.edit import POINT_KEYS, Extension, extend
from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import Config, load_config
from hpcbip.driver.launch.mpirun import die_with_parent
from hpcbip.errors import InputError
from hpcbip.exit_status import DONE, STOPPED
from hpcbip.files import write_atomically
from hpcbip.store.directory import check_directory, prepare_directory
from hpcbip.superconductivity.maximum import Summit, find_summit
from hpcbip.superconductivity.peaks import AXES, P_ALARM
from hpcbip.superconductivity.scans import Array, Record, Scan, scans
from hpcbip.superconductivity.suggestions import BOUNDS, TOLERANCE, Suggestion, suggest_for

FORMAT = 1
TARGET = "tc_over_omega"
NOTE_EVERY = 5.0  # seconds between notes of the time spent
LEAST = 1.0  # seconds of a run that are worth starting it
ENOUGH = {1: 5, 2: 8}  # points without which nothing counts as pinned down, by the number of axes
FORCED = 0.8  # factor of the target where a suggestion brings nothing new

Reduce = Callable[[Path], tuple[Sequence[Record], Mapping[str, Array] | None]]
"""Records and replicates of a campaign's directory."""

Runner = Callable[[Path, Path, int, float, Callable[[float], None]], int]
"""Runs a configuration in a directory on that many ranks, for so many seconds at most; tells from time to
time how many seconds have gone by since it last told; returns the exit status of `hpcbip run`."""


@dataclass(frozen=True)
class Goal:
    """What a search is after: axes, bounds of new points, and errors at which the maximum is pinned down."""

    axes: tuple[str, ...]
    bounds: Mapping[str, tuple[float, float]]
    tolerance: Mapping[str, float]

    @classmethod
    def of(
        cls,
        axes: tuple[str, ...],
        bounds: Mapping[str, tuple[float, float]] | None = None,
        tolerance: Mapping[str, float] | None = None,
    ) -> Goal:
        """With defaults where nothing is said (`BOUNDS` and `TOLERANCE` of
        `hpcbip.superconductivity.suggestions`).

        Raises:
            InputError: for unknown or repeated axes, empty bounds, and tolerances that are not positive.
        """
        if not 1 <= len(axes) <= 2 or len(set(axes)) < len(axes) or not set(axes) <= set(AXES):
            raise InputError(
                f"--axes: {','.join(axes)}: not one or two axes; allowed: one or two of {', '.join(AXES)}"
            )
        for axis, (low, high) in (bounds or {}).items():
            if axis not in axes:
                raise InputError(f"--bounds: {axis}: not an axis of this search; allowed: {', '.join(axes)}")
            if not (math.isfinite(low) and math.isfinite(high) and low < high) or (
                axis != "U" and low <= 0.0
            ):
                allowed = "LOW:HIGH, numbers with LOW < HIGH" + ("" if axis == "U" else ", LOW > 0")
                raise InputError(f"--bounds: {axis}={low:g}:{high:g}: no room between; allowed: {allowed}")
        for name, value in (tolerance or {}).items():
            if name not in ("height", *axes):
                raise InputError(f"--tolerance: {name}: unknown; allowed: height, {', '.join(axes)}")
            if not 0.0 < value < math.inf:
                raise InputError(f"--tolerance: {name}={value:g}: must be positive; allowed: a number > 0")
        return cls(axes, {**BOUNDS, **(bounds or {})}, {**TOLERANCE, **(tolerance or {})})

    @classmethod
    def parse(cls, axes: str, bounds: Sequence[str] = (), tolerance: str | None = None) -> Goal:
        """From the words of the command line: `lambda,U`; `lambda=0.1:1.2`; `height=0.02,lambda=0.02`.

        Raises:
            InputError: if they are not that.
        """
        limits = {}
        for text in bounds:
            name, numbers = _assignment("--bounds", text, 2, "AXIS=LOW:HIGH, such as lambda=0.1:1.2")
            limits[name] = (numbers[0], numbers[1])
        wanted = {}
        for text in tolerance.split(",") if tolerance else ():
            name, numbers = _assignment(
                "--tolerance", text, 1, "NAME=NUMBER, such as height=0.03,lambda=0.03"
            )
            wanted[name] = numbers[0]
        return cls.of(tuple(axis.strip() for axis in axes.split(",")), limits, wanted)


def _assignment(option: str, text: str, count: int, allowed: str) -> tuple[str, list[float]]:
    """A name and `count` numbers from NAME=NUMBER:NUMBER."""
    name, _, values = text.partition("=")
    try:
        numbers = [float(value) for value in values.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise InputError(f"{option}: {text}: cannot be read; allowed: {allowed}")
    return name.strip(), numbers


def search(
    config: Path,
    directory: Path,
    goal: Goal,
    cpu_hours: float,
    ranks: int,
    reduce: Reduce,
    report: Callable[[str], Any] = print,
    runner: Runner | None = None,
) -> int:
    """Look for the maximum of Tc until it is pinned down or the CPU time is spent; or go on with it.

    Args:
        config: where the search begins: one curve (surface) of one or more points, with a loose target for
            Tc.
        directory: where everything is kept.
        goal: axes, bounds, tolerances.
        cpu_hours: ranks times wall time of all runs in this directory, restarts included.
        ranks: MPI ranks of each run.
        reduce: reads the results of the directory.
        report: takes one line per step.
        runner: runs the campaign; None: `hpcbip run` in a process of its own.

    Returns:
        0 when the maximum is pinned down, 3 when the time is spent or a stop was asked for, otherwise the
        exit status of the run that failed.

    Raises:
        InputError: on bad input, and when Tc is highest at one of the bounds.
    """
    if not cpu_hours > 0.0 or ranks < 1:
        raise InputError(
            f"--cpu-hours: {cpu_hours:g} on {ranks} ranks: nothing to spend; allowed: numbers > 0"
        )
    source, ledger = begin(config, directory, goal)
    while True:
        left = 3600.0 * cpu_hours - ledger.cpu_seconds
        if left < LEAST * ranks:
            report(
                f"{ledger.cpu_seconds / 3600.0:.3g} CPU hours are spent; with more of them it goes on from here"
            )
            return STOPPED
        status = (runner or run)(
            source, directory, ranks, left / ranks, lambda seconds: ledger.spend(ranks * seconds)
        )
        if status not in (DONE, STOPPED):
            return status
        if status == STOPPED:
            if 3600.0 * cpu_hours - ledger.cpu_seconds >= LEAST * ranks:
                report("stopped; the same command goes on")
                return STOPPED
            with suppress(InputError):  # there may be no bins yet
                _look(source, directory, goal, ledger, reduce, report)
            continue
        scan, summit = _look(source, directory, goal, ledger, reduce, report)
        if summit is not None and pinned_down(summit, goal):
            report("pinned down")
            return DONE
        _add(
            source,
            suggest_for(scan, summit, 2 * len(goal.axes), goal.bounds, goal.tolerance),
            summit,
            goal,
            report,
        )


def begin(config: Path, directory: Path, goal: Goal) -> tuple[Path, Ledger]:
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
    found = _curves(settings, goal.axes)
    if found != 1:
        wrong = f"{found} curves along {', '.join(goal.axes)}" if found else "a chain has no Tc"
        raise InputError(
            f"{config}: grid: {wrong}; allowed: points that differ in {', '.join(goal.axes)} only"
        )
    source, ledger = directory / "search.yaml", Ledger(directory / "search.json")
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
    return source, ledger


class Ledger:
    """The file search.json: CPU seconds spent and the steps so far; written aside and renamed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cpu_seconds = 0.0
        self.steps: list[dict[str, Any]] = []

    def read(self) -> None:
        """Take over what is in the file, if there is one.

        Raises:
            InputError: if it is not a search's.
        """
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise ValueError
            self.cpu_seconds, self.steps = float(content["cpu_seconds"]), list(content["steps"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(
                f"{self.path}: cannot be read; allowed: the file that the search wrote"
            ) from None

    def write(self) -> None:
        """Write the file."""
        content = {"format": FORMAT, "cpu_seconds": self.cpu_seconds, "steps": self.steps}
        write_atomically(self.path, json.dumps(content, indent=1))

    def spend(self, seconds: float) -> None:
        """Note CPU seconds."""
        self.cpu_seconds += seconds
        self.write()

    def note(self, step: Mapping[str, Any]) -> None:
        """Note a step; one that was interrupted and comes again replaces itself."""
        entry = {**step, "cpu_seconds": self.cpu_seconds}
        again = bool(self.steps) and all(self.steps[-1].get(key) == step[key] for key in ("points", "target"))
        self.steps = [*self.steps[: -1 if again else None], entry]
        self.write()


def _look(
    source: Path, directory: Path, goal: Goal, ledger: Ledger, reduce: Reduce, report: Callable[[str], Any]
) -> tuple[Scan, Summit | None]:
    """The points so far and their maximum, told and noted."""
    records, replicates = reduce(directory)
    scan = scans(records, replicates, goal.axes)[0]
    summit = find_summit(scan) if scan.interpolates else None
    target = load_config(source).sampling.target[TARGET]
    entry: dict[str, Any] = {"points": len(records), "target": target}
    if summit is not None:
        entry |= {
            "position": list(summit.position),
            "position_err": list(summit.position_err),
            "height": summit.height,
            "height_err": summit.height_err,
        }
    ledger.note(entry)
    said = summit.statement if summit else f"{scan.label}: too few points for a maximum"
    report(f"{len(records)} points, target {target:g}, {ledger.cpu_seconds / 3600.0:.3g} CPU hours: {said}")
    return scan, summit


def _add(
    source: Path,
    suggestions: Sequence[Suggestion],
    summit: Summit | None,
    goal: Goal,
    report: Callable[[str], Any],
) -> None:
    """Put into search.yaml what is suggested; where that is nothing new the targets become tighter, so that
    every step of a search does something."""
    _refuse_bound(summit, suggestions, goal)
    added = apply(source, suggestions)
    if not added.points and not added.target:
        target = load_config(source).sampling.target[TARGET]
        added = extend(source, (), {TARGET: float(f"{FORCED * target:.2g}")})
    for point in added.points:
        report("  new point: " + ", ".join(f"{key} = {value:g}" for key, value in point.items()))
    for value in added.target.values():
        report(f"  new target: {value:g}")


def pinned_down(summit: Summit, goal: Goal) -> bool:
    """Whether the maximum is within the scan, known to the tolerances, and the curve describes enough
    points."""
    places = len(np.unique(summit.scan.x, axis=0))
    fits = not summit.scan.curves.p_value < P_ALARM
    return (
        not any(summit.ends)
        and summit.worst(goal.tolerance) <= 1.0
        and fits
        and places >= ENOUGH[len(goal.axes)]
    )


def apply(path: Path, suggestions: Sequence[Suggestion]) -> Extension:
    """Put suggestions into a configuration: of every curve the first one, and all others of its kind.

    Raises:
        InputError: if the points do not fit the configuration.
    """
    first: dict[str, str] = {}
    for suggestion in suggestions:
        first.setdefault(suggestion.label, suggestion.kind)
    chosen = [suggestion for suggestion in suggestions if suggestion.kind == first[suggestion.label]]
    targets = [suggestion.target for suggestion in chosen if suggestion.target is not None]
    points = [suggestion.parameters for suggestion in chosen if suggestion.target is None]
    return extend(path, points, {TARGET: min(targets)} if targets else None)


def _refuse_bound(summit: Summit | None, suggestions: Sequence[Suggestion], goal: Goal) -> None:
    """Say so if the bounds leave no room for a curve, or if Tc is highest at one of them and that is all
    there is to know."""
    outward = any(suggestion.kind == "extend" for suggestion in suggestions)
    at = [axis for axis, end in zip(goal.axes, summit.ends, strict=True) if end] if summit else goal.axes[:1]
    if not outward and at and (summit is None or summit.worst(goal.tolerance) <= 1.0):
        low, high = goal.bounds[at[0]]
        wrong = "Tc/Ω is highest at the bound" if summit else "no room for a curve"
        raise InputError(f"--bounds: {at[0]}={low:g}:{high:g}: {wrong}; allowed: wider bounds")


def _curves(config: Config, axes: tuple[str, ...]) -> int:
    return len(scans([dict(point.parameters) for point in make_plan(config).points], None, axes))


def run(source: Path, directory: Path, ranks: int, seconds: float, spent: Callable[[float], None]) -> int:
    """`hpcbip run` in a process of its own (a `Runner`); SIGTERM, SIGINT and SIGUSR1 become requests to stop
    it."""
    command = [sys.executable, "-m", "hpcbip", "run", str(source), "--out", str(directory), "-n", str(ranks)]
    command += ["--max-time", f"{seconds:.3f}"]
    noted = time.monotonic()
    process = subprocess.Popen(command, start_new_session=True, preexec_fn=die_with_parent)
    with _passed_on(process) as asked:
        while True:
            try:
                status = process.wait(NOTE_EVERY)
            except subprocess.TimeoutExpired:
                status = None
            now = time.monotonic()
            spent(now - noted)
            noted = now
            if status is not None:
                return STOPPED if asked else status


@contextmanager
def _passed_on(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    asked: list[int] = []

    def handler(number: int, _: Any) -> None:
        asked.append(number)
        process.send_signal(signal.SIGTERM)

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    old = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield asked
    finally:
        for number, action in old.items():
            signal.signal(number, action)
