"""When a run has to be over: by --max-time, and by Slurm's end of the job."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

from hpcbip import settings

SLURM_MARGIN = (
    60.0  # seconds before Slurm's own limit at which everything is saved; HPCBIP_SLURM_MARGIN changes it
)
SHORT_JOB = 0.25  # of the time of a job that is too short for that margin
TRIES, PAUSE = 3, 5.0  # a busy slurmctld does not always answer at once


def deadline(max_time: float | None, started: float) -> float | None:
    """`time.time()` at which everything has to be saved; None without a limit.

    Args:
        max_time: seconds after `started`, or None.
        started: `time.time()` of the start.
    """
    limits = [] if max_time is None else [started + max_time]
    end = slurm_end()
    if end is not None:
        limits.append(end - _margin(end - started))
    return min(limits, default=None)


def _margin(length: float) -> float:
    """Seconds to keep free at the end of a job of `length` seconds."""
    margin = settings.slurm_margin()
    if margin is not None:
        return margin
    return max(0.0, min(SLURM_MARGIN, SHORT_JOB * length))


def slurm_end() -> float | None:
    """The end of this Slurm job as `time.time()`: from its environment, or asked of Slurm.

    None outside of Slurm, in a job without a limit, and where Slurm does not answer; the latter is told on
    stderr.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        return None
    stated = os.environ.get("SLURM_JOB_END_TIME", "")
    if stated.isdigit():  # UTC epoch; newer versions of Slurm only
        return float(stated)
    # The number of one task of an array is that of the whole array too: %A tells which line is this job's
    # own.
    command = ["squeue", "--noheader", "--job", job, "--format", "%A %L"]
    for attempt in range(TRIES):
        try:
            lines = subprocess.run(
                command, capture_output=True, text=True, timeout=60, check=True
            ).stdout.splitlines()
        except FileNotFoundError:
            break
        except (OSError, subprocess.SubprocessError):
            if attempt + 1 < TRIES:
                time.sleep(PAUSE)
            continue
        left = [words[1] for line in lines if (words := line.split())[:1] == [job] and len(words) == 2]
        if left == ["UNLIMITED"]:
            return None
        seconds = parse_time_left(left[0]) if left else None
        if seconds is None:
            break
        return time.time() + seconds
    message = "hpcbip: squeue does not tell the end of this job: it may be cut off without notice; --max-time stops it"
    print(message, file=sys.stderr, flush=True)
    return None


def parse_time_left(text: str) -> float | None:
    """Seconds of Slurm's [days-][[hours:]minutes:]seconds; None for UNLIMITED and whatever else is not a
    time."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(?:(\d+):)?(\d+):)?(\d+)", text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
