"""What the master keeps in mind while it runs a campaign."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpcbip.driver.deadline import Deadline
from hpcbip.driver.executors import MIN_PAUSE, Executor
from hpcbip.driver.signals import StopRequests
from hpcbip.messages import counted, print_message

if TYPE_CHECKING:
    from hpcbip.driver.master import Master

PROGRESS_INTERVAL = 5.0
"""Seconds between two writings of progress.json."""


@dataclass
class RunState:
    """One call of `Master.run`. All times are of `time.monotonic()`.

    Attributes:
        executor: runs the blocks.
        stop: asks for a stop.
        deadline: when everything must be saved.
        report: called often, with the master, to show progress.
        idle: workers without a task, the one that has waited longest first.
        stop_reason: why no more blocks are handed out, or "".
        given_up: blocks in hand that the workers were told to leave unfinished.
        changed: something has happened since the scheduler had no task.
        idle_since: since when workers are idle; 0: none is.
        next_check, next_progress: the next look at the clock, and the next progress.json.
        pause: seconds of the next sleep.
    """

    executor: Executor
    stop: StopRequests
    deadline: Deadline
    report: Callable[[Master], None]
    idle: deque[int] = field(default_factory=deque)
    stop_reason: str = ""
    given_up: int = 0
    changed: bool = True
    idle_since: float = 0.0
    next_check: float = 0.0
    next_progress: float = field(default_factory=lambda: time.monotonic() + PROGRESS_INTERVAL)
    pause: float = MIN_PAUSE

    @property
    def remark(self) -> str:
        """What to add to the reason of the stop."""
        return f"; left unfinished: {counted(self.given_up, 'block')} in hand" if self.given_up else ""

    def begin_to_stop(self, reason: str, blocks: int, seconds: float) -> None:
        """Hand out no more blocks, and say what is awaited.

        Args:
            reason: why.
            blocks: number of blocks in hand.
            seconds: that a block takes at most, as far as is known; 0: it is not.
        """
        self.stop_reason = reason
        if blocks:
            each = f"at most {seconds:.2g} s each" if seconds else "none has been timed yet"
            print_message(f"hpcbip: {reason}: waits for {counted(blocks, 'block')} in hand ({each})")

    def give_up_if_late(self, blocks: int) -> None:
        """Have the blocks in hand left unfinished if a run that is to stop has no time for them."""
        late = self.stop.at_once or self.deadline.seconds_left_in_hand <= 0.0
        if self.stop_reason and late and not self.given_up:
            self.given_up = blocks
            self.executor.give_up_blocks()
