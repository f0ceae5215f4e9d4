"""The status of a campaign that is at work, live on a terminal (`hpcbip status --watch`).

Only files are read, so that the campaign may run elsewhere, on a file system that both see. What costs time
is done anew only when the files of the campaign have changed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hpcbip.errors import InputError
from hpcbip.reduction.results import read_results
from hpcbip.reduction.status import status_of_run, status_records
from hpcbip.report.checks import Level, run_checks, worst
from hpcbip.report.status_table import run_line
from hpcbip.report.tables import console_for, number_text, varying_parameters
from hpcbip.store.directory import open_campaign
from hpcbip.store.progress import PROGRESS_FILE
from hpcbip.store.run_log import NO_END, read_runs
from hpcbip.vocabulary.sectors import SECTORS

LEVEL_COLOURS: Mapping[Level, str] = {"none": "dim", "green": "green", "yellow": "yellow", "red": "red"}
"""Colours of the traffic lights."""

OVER = ("met", "ended", "failed")
"""States of ensembles that are not worked on any more."""

RESERVED_LINES = 8
"""Lines of the terminal that are not rows of the table."""

NOTE_COUNTS = 60.0
"""Seconds for which a note of a run's progress tells that it is at work; it is made every five."""

READING_SHARE = 5.0
"""Pause between two looks, in times of what a look takes."""


@dataclass(frozen=True)
class PointStatus:
    """The status of one point.

    Attributes:
        record: of the point, reduced; without bins its parameters alone.
        level: of its checks, as in the report.
        ensembles: status of its ensembles by sector (`hpcbip.reduction.status.status_records`).
    """

    record: Mapping[str, Any]
    level: Level
    ensembles: Mapping[str, Mapping[str, Any]]

    @property
    def over(self) -> bool:
        """Whether no more work goes into it."""
        return all(one["state"] in OVER for one in self.ensembles.values())


@dataclass(frozen=True)
class Snapshot:
    """The state of a campaign at one time.

    Attributes:
        points: in the order of the plan.
        targets: relative errors that are asked for, by observable.
    """

    points: Sequence[PointStatus]
    targets: Mapping[str, float]

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do."""
        return all(point.over for point in self.points)


def read_snapshot(directory: Path) -> Snapshot:
    """Read the state of a campaign; writes nothing.

    Raises:
        InputError: if the directory is not a campaign.
    """
    config, plan = open_campaign(directory)
    ensembles = {record["ensemble"]: record for record in status_records(directory)}
    reduced: Sequence[Mapping[str, Any]] = ()
    if any(record["bins_max"] for record in ensembles.values()):
        reduced = read_results(directory, write_cache=False).records
    points = []
    for number, point in enumerate(plan.points):
        own = {sector: ensembles[key[:12]] for sector, key in point.ensembles.items()}
        record = reduced[number] if reduced else point.parameters
        points.append(PointStatus(record, worst(run_checks(record)) if reduced else "none", own))
    return Snapshot(points, config.sampling.target)


@dataclass
class StatusView:
    """Makes the table, and remembers the errors that it has shown.

    Attributes:
        known: errors at the last change, by ensemble and observable.
        arrows: whether they have fallen or risen at their last change.
    """

    known: dict[tuple[str, str], float] = field(default_factory=dict)
    arrows: dict[tuple[str, str], str] = field(default_factory=dict)

    def render(self, snapshot: Snapshot, run: Mapping[str, Any], height: int | None = None) -> RenderableType:
        """Show points as rows, unfinished ones first where there is no room for all.

        Args:
            snapshot: what is shown.
            run: of the run at work, or the last one (`hpcbip.reduction.status.status_of_run`).
            height: lines of the terminal; None: all points are shown.
        """
        points = list(snapshot.points)
        room = len(points) if height is None else max(1, height - RESERVED_LINES)
        if len(points) > room:
            points.sort(key=lambda point: point.over)
        varying = varying_parameters([point.record for point in snapshot.points])
        table = Table(header_style="bold")
        for title in ("", *varying, *SECTORS, *(f"{name} / {e:g}" for name, e in snapshot.targets.items())):
            table.add_column(title, justify="center" if not title else "right", no_wrap=True)
        table.add_column("flags")
        for point in points[:room]:
            table.add_row(*self._row(point, varying, snapshot.targets))
        lines: list[RenderableType] = [table]
        if len(points) > room:
            lines.append(Text(f"and {len(points) - room} more"))
        counts = Counter(one["state"] for point in points for one in point.ensembles.values())
        lines.append(Text(", ".join(f"{number} {state}" for state, number in counts.items())))
        return Group(*lines, Text(run_line(run)))

    def _row(
        self, point: PointStatus, varying: Sequence[str], targets: Mapping[str, float]
    ) -> list[RenderableType]:
        sectors = [point.ensembles.get(sector) for sector in SECTORS]
        return [
            Text("●", style=LEVEL_COLOURS[point.level]),
            *(Text(number_text(point.record.get(name))) for name in varying),
            *(Text(f"{one['bins_min']} {one['state']}" if one else "-") for one in sectors),
            *(self._error(point, name, target) for name, target in targets.items()),
            Text("; ".join(point.record.get("flags") or ())),
        ]

    def _error(self, point: PointStatus, name: str, target: float) -> Text:
        """Show an error, with an arrow for its last change, green where it meets its target."""
        cells = []
        for record in point.ensembles.values():
            if f"{name}_target" not in record:
                continue
            error = record[f"{name}_relative_error"]
            if error is None:
                cells.append(Text("-", style="dim"))
                continue
            key = (record["ensemble"], name)
            if error != (before := self.known.get(key, error)):
                self.arrows[key] = " ↓" if error < before else " ↑"
            self.known[key] = error
            text = f"{error:.2g}{self.arrows.get(key, '')}"
            cells.append(Text(text, style="green" if error <= target else ""))
        return Text(", ").join(cells) if cells else Text("-", style="dim")


def run_at_work(directory: Path) -> dict[str, Any]:
    """Describe the run at work, or the last one, as `status_of_run` does, also if it works elsewhere.

    Not every file system tells other machines of a lock. There a run counts as at work that has noted its
    progress within `NOTE_COUNTS` seconds, and no end.
    """
    run = status_of_run(directory)
    recent = run["noted"] is not None and run["noted"] < NOTE_COUNTS
    if recent and not run["running"]:
        records = read_runs(directory)
        run["running"] = bool(records) and records[-1].outcome == NO_END
    return run


def watch(
    directory: Path,
    period: float,
    console: Console | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Show the status of a campaign until it is over and no run is at work, or until Ctrl-C.

    On a terminal the table stays in its place; elsewhere one is printed at every change.

    Args:
        directory: of the campaign.
        period: seconds between two looks, at least.
        console: to show it on; None: the terminal.
        pause: waits so many seconds.

    Raises:
        InputError: if the directory is not a campaign.
    """
    console = console_for(console)
    files, snapshot, view = _files(directory), read_snapshot(directory), StatusView()
    with suppress(KeyboardInterrupt), Live(console=console, auto_refresh=False) as live:
        changed, seconds = True, 0.0
        while True:
            run = run_at_work(directory)
            if console.is_terminal:
                live.update(view.render(snapshot, run, console.height), refresh=True)
            elif changed:
                console.print(view.render(snapshot, run))
            if snapshot.over and not run["running"]:
                return
            pause(max(period, READING_SHARE * seconds))
            if changed := (found := _files(directory)) != files:
                begun = time.monotonic()
                with suppress(InputError, OSError):  # a file may be replaced at this moment: the next time
                    snapshot, files = read_snapshot(directory), found
                seconds = time.monotonic() - begun


def _files(directory: Path) -> dict[str, tuple[int, int]]:
    """Return time and size of the files that tell how far a campaign is."""
    found = {}
    for path in (directory / PROGRESS_FILE, directory / "config.yaml", *sorted(directory.glob("bins-*.h5"))):
        with suppress(OSError):
            status = path.stat()
            found[path.name] = (status.st_mtime_ns, status.st_size)
    return found
