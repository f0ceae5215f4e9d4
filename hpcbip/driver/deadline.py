"""The time at which a run has to be over: by --max-time, and by Slurm's end of the job."""

from __future__ import annotations

import math
import os
import re
import subprocess
import time
from dataclasses import dataclass

from hpcbip import settings
from hpcbip.messages import print_message

DEFAULT_SLURM_MARGIN = 60.0
"""Seconds before Slurm's own limit at which everything is saved; HPCBIP_SLURM_MARGIN changes it."""

MAX_MARGIN_SHARE = 0.25
"""Largest part of a job's time that the margin takes."""

RESERVE_SHARE = 0.5
"""Part of the margin in which blocks in hand may still end; the rest is for saving."""

TRIES, SLURM_RETRY_PAUSE = 3, 5.0
"""Attempts to ask Slurm, and seconds between them: a busy slurmctld does not always answer at once."""

SQUEUE_TIMEOUT = 60.0
"""Seconds that squeue may take to answer."""


@dataclass(frozen=True)
class Deadline:
    """The time at which everything has to be saved.

    A duration is measured by a clock that nobody sets. Slurm ends jobs by the time of day.

    Attributes:
        monotonic: `time.monotonic()` of the end by --max-time; infinite without.
        wall: `time.time()` of the end by Slurm, less a margin; infinite without.
        reserve: seconds after `wall` in which blocks in hand may still come to their end.
    """

    monotonic: float = math.inf
    wall: float = math.inf
    reserve: float = 0.0

    @property
    def seconds_left(self) -> float:
        """Seconds from now within which blocks that are begun now have to end; infinite without a limit."""
        return min(self.monotonic - time.monotonic(), self.wall - time.time())

    @property
    def seconds_left_in_hand(self) -> float:
        """Seconds from now within which blocks in hand have to end."""
        return min(self.monotonic - time.monotonic(), self.wall + self.reserve - time.time())


def deadline(max_time: float | None, started: float) -> Deadline:
    """Find the deadline of a run.

    Args:
        max_time: seconds after `started`, or None.
        started: `time.monotonic()` of the start.
    """
    began = min(started, time.monotonic())
    monotonic = math.inf if max_time is None else began + max_time
    end = slurm_end()
    if end is None:
        return Deadline(monotonic)
    margin = _margin(end - time.time() + time.monotonic() - began)
    return Deadline(monotonic, end - margin, RESERVE_SHARE * margin)


def _margin(length: float) -> float:
    """Return the seconds to keep free at the end of a job of `length` seconds."""
    margin = settings.slurm_margin()
    if margin is not None:
        return margin
    return max(0.0, min(DEFAULT_SLURM_MARGIN, MAX_MARGIN_SHARE * length))


def slurm_end() -> float | None:
    """Find the end of this Slurm job as `time.time()`, from its environment or from Slurm.

    None outside of Slurm, in a job without a limit, and where Slurm does not answer; the latter is told on
    stderr.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        return None
    stated = os.environ.get("SLURM_JOB_END_TIME", "")
    if re.fullmatch("[0-9]+", stated):  # UTC epoch; newer versions of Slurm only
        return float(stated)
    # The number of one task of an array is that of the whole array too: %A tells which line is this job's
    # own.
    command = ["squeue", "--noheader", "--job", job, "--format", "%A %L"]
    for attempt in range(TRIES):
        try:
            lines = subprocess.run(
                command, capture_output=True, text=True, timeout=SQUEUE_TIMEOUT, check=True
            ).stdout.splitlines()
        except FileNotFoundError:
            break
        except (OSError, subprocess.SubprocessError):
            if attempt + 1 < TRIES:
                time.sleep(SLURM_RETRY_PAUSE)
            continue
        left = [words[1] for line in lines if (words := line.split())[:1] == [job] and len(words) == 2]
        if left == ["UNLIMITED"]:
            return None
        seconds = parse_time_left(left[0]) if left else None
        if seconds is None:
            break
        return time.time() + seconds
    print_message(
        "hpcbip: squeue does not tell the end of this job: it may be cut off without notice; "
        "--max-time stops it"
    )
    return None


def parse_time_left(text: str) -> float | None:
    """Read Slurm's [days-][[hours:]minutes:]seconds, in seconds; None for UNLIMITED and what is no time."""
    match = re.fullmatch(r"(?:(\d{1,9})-)?(?:(?:(\d{1,9}):)?(\d{1,9}):)?(\d{1,9})", text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
