"""What a user who waits sees: a bar on a terminal, plain lines in a batch log."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hpcbip import settings
from hpcbip.driver.deadline import Deadline
from hpcbip.messages import counted, print_message

if TYPE_CHECKING:
    from hpcbip.driver.master import Master

LINE_INTERVAL = 10.0
"""Seconds between plain lines."""

BAR_INTERVAL = 0.2
"""Seconds between changes of the bar."""


def duration(seconds: float | None) -> str:
    """Put seconds into words short enough for a progress line."""
    if seconds is None:
        return "unknown"
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return (
        f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
    )


COMPILING = "compiling the kernel, once per machine"
"""What is said while the kernel is compiled."""

COMPILATION_TIME = "about 20 s"
"""How long that takes on two cores."""


def points_done(master: Master) -> list[bool]:
    """Tell of every point whether all its ensembles are done."""
    ensembles = master.scheduler.ensembles
    return [all(ensembles[key].done for key in point.ensembles.values()) for point in master.plan.points]


def summary(master: Master, deadline: Deadline) -> str:
    """Describe the points done, the largest error against its target, blocks per second, time left."""
    scheduler, done = master.scheduler, points_done(master)
    parts = [f"{sum(done)} of {counted(len(done), 'point')} done"]
    ratios = [
        e.ratio for e in scheduler.ensembles.values() if e.evaluated and not e.done and math.isfinite(e.ratio)
    ]
    if ratios:
        parts.append(f"largest error {max(ratios):.2g} × target")
    if scheduler.failures:
        parts.append(counted(len(scheduler.failures), "ensemble failed", "ensembles failed"))
    if not scheduler.finished:
        if master.blocks:
            parts.append(f"{master.blocks_per_second():.3g} blocks/s")
            parts.append(f"about {duration(master.seconds_left())} left")
        if math.isfinite(left := deadline.seconds_left):
            parts.append(f"{duration(left)} to the time limit")
    return ", ".join(parts)


def _console(under_mpirun: bool) -> Console:
    """Return the console of the user.

    mpirun hides the terminal, or makes one up for its ranks: there only `hpcbip run -n` knows.
    """
    return Console(force_terminal=settings.at_terminal() if under_mpirun else None)


class CompilationDisplay:
    """Shows that the kernel is being compiled, and how far that is; nothing where it is not.

    Args:
        under_mpirun: whether mpirun stands between this process and the user's terminal.
    """

    def __init__(self, under_mpirun: bool) -> None:
        self._console = _console(under_mpirun)
        self._bar: Progress | None = None
        self._begun = self._next = 0.0

    def __enter__(self) -> CompilationDisplay:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()
        if self._begun:
            print_message(f"the kernel is compiled: {duration(time.monotonic() - self._begun)}", sys.stdout)

    def show(self, done: int, of: int) -> None:
        """Show how many functions are compiled, of how many."""
        now = time.monotonic()
        if not self._begun:
            self._begun, self._next = now, now + LINE_INTERVAL
            self._begin(of)
        if self._bar:
            self._bar.update(self._task, completed=done)
        elif now >= self._next:
            self._next = now + LINE_INTERVAL
            print_message(f"compiling the kernel: {done} of {of} functions", sys.stdout)

    def _begin(self, of: int) -> None:
        if not self._console.is_terminal:
            print_message(f"{COMPILING}: {COMPILATION_TIME}", sys.stdout)
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, TextColumn(f"of {COMPILATION_TIME}"), console=self._console)
        self._task = self._bar.add_task(COMPILING, total=of)
        self._bar.start()


class ProgressDisplay:
    """Shows how far a run is.

    Args:
        deadline: of the run.
        under_mpirun: whether mpirun stands between this process and the user's terminal.
    """

    def __init__(self, deadline: Deadline, under_mpirun: bool) -> None:
        console = _console(under_mpirun)
        self._deadline = deadline
        self._bar = None
        if console.is_terminal:
            columns = (
                TextColumn("blocks"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[note]}"),
            )
            self._bar = Progress(*columns, console=console)
            self._task = self._bar.add_task("blocks", total=None, note="")
        self._next = 0.0

    def __enter__(self) -> ProgressDisplay:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, master: Master) -> None:
        """Show the present state, if it is time to."""
        now = time.monotonic()
        finished = master.scheduler.finished
        if now < self._next and not finished:
            return
        scheduler = master.scheduler
        if self._bar:
            note = summary(master, self._deadline)
            self._bar.update(
                self._task, completed=scheduler.blocks_done, total=scheduler.blocks_planned, note=note
            )
            self._next = now + BAR_INTERVAL
        else:
            note = summary(master, self._deadline)
            print_message(f"{scheduler.blocks_done}/{scheduler.blocks_planned} blocks, {note}", sys.stdout)
            self._next = now + LINE_INTERVAL
