"""One run of the campaign of a search, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hpcbip.driver.signals import die_with_parent, stop_signals_forwarded_to
from hpcbip.exit_status import STOPPED

REPORT_INTERVAL = 5.0
"""Seconds between reports of the time spent."""


def run_in_process(
    source: Path, directory: Path, ranks: int, seconds: float, spent: Callable[[float], None]
) -> int:
    """Run `hpcbip run`; SIGTERM, SIGINT and SIGUSR1 become requests to stop it.

    Args:
        source: the configuration file.
        directory: of the campaign.
        ranks: number of MPI ranks.
        seconds: time after which the run ends with everything saved.
        spent: called from time to time with the seconds that have gone by since the last call.

    Returns:
        the exit status of the run; `STOPPED` after a signal.
    """
    command = [sys.executable, "-m", "hpcbip", "run", str(source), "--out", str(directory), "-n", str(ranks)]
    command += ["--max-time", f"{seconds:.3f}"]
    reported = time.monotonic()
    process = subprocess.Popen(command, start_new_session=True, preexec_fn=die_with_parent)
    with stop_signals_forwarded_to(process) as signals:
        while True:
            try:
                status = process.wait(REPORT_INTERVAL)
            except subprocess.TimeoutExpired:
                status = None
            now = time.monotonic()
            spent(now - reported)
            reported = now
            if status is not None:
                return STOPPED if signals else status
