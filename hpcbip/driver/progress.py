"""Progress with time left: a bar on a terminal, plain lines in a batch log."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

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


def summary(master: Master, deadline: Deadline) -> str:
    """Describe the points done, the largest error against its target, blocks per second, time left."""
    scheduler, plan = master.scheduler, master.plan
    done = [all(scheduler.ensembles[key].done for key in point.ensembles.values()) for point in plan.points]
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


class ProgressDisplay:
    """Shows how far a run is.

    Args:
        deadline: of the run.
        under_mpirun: whether mpirun stands between this process and the user's terminal.
    """

    def __init__(self, deadline: Deadline, under_mpirun: bool) -> None:
        # mpirun hides the terminal, or makes one up for its ranks: there only `hpcbip run -n` knows
        forced = settings.at_terminal() if under_mpirun else None
        console = Console(force_terminal=forced)
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
