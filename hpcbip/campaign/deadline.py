"""When a run has to be over: by --max-time, and by Slurm's end of the job."""

from __future__ import annotations

import os
import re
import subprocess
import time

SLURM_MARGIN = 60.0  # seconds before Slurm's own limit at which everything is saved


def deadline(max_time: float | None, started: float) -> float | None:
    """`time.time()` at which everything has to be saved; None without a limit.

    Args:
        max_time: seconds after `started`, or None.
        started: `time.time()` of the start.
    """
    limits = [] if max_time is None else [started + max_time]
    end = slurm_end()
    if end is not None:
        limits.append(end - SLURM_MARGIN)
    return min(limits, default=None)


def slurm_end() -> float | None:
    """The end of this Slurm job as `time.time()`: from its environment, or asked of Slurm; None outside of Slurm."""
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        return None
    stated = os.environ.get("SLURM_JOB_END_TIME", "")
    if stated.isdigit():  # UTC epoch; newer versions of Slurm only
        return float(stated)
    try:
        command = ["squeue", "--noheader", "--job", job, "--format", "%L"]
        left = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    seconds = parse_time_left(left)
    return None if seconds is None else time.time() + seconds


def parse_time_left(text: str) -> float | None:
    """Seconds of Slurm's [days-][[hours:]minutes:]seconds; None for UNLIMITED and whatever else is not a time."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(?:(\d+):)?(\d+):)?(\d+)", text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
