"""`hpcbip run -n N`: start mpirun with the settings its MPI needs, so that a user meets no MPI flag."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from hpcbip import settings
from hpcbip.driver.launch.implementations import find_mpirun, mpirun_settings, search_paths
from hpcbip.driver.signals import die_with_parent, stop_signals_handled_by
from hpcbip.exit_status import PROGRAM_ERROR, STOPPED
from hpcbip.store.stop_file import request_stop

SIGNAL_BASE = 128
"""Shells and mpirun return this plus the signal of a process that was killed."""

RANKS_END_WITHIN = 10.0
"""Seconds that ranks get to end after mpirun has; those that need longer are killed."""

THREAD_CAPS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

# Open MPI 5 names its folder of temporary files after its process number. One that was killed leaves it, and
# a later one that happens to get the same number refuses to start: so each has a folder of its own (on other
# nodes the usual).
PRIVATE_FOLDER = "PRTE_MCA_prte_local_tmpdir_base"


def cap_threads(environment: dict[str, str]) -> None:
    """Set one thread per rank, unless the user has said otherwise; to be called before numpy is imported."""
    for name in THREAD_CAPS:
        environment.setdefault(name, "1")


def launch(ranks: int, arguments: Sequence[str], directory: Path, started: float) -> int:
    """Run `hpcbip run` with these arguments on several ranks and return its exit status.

    SIGTERM, SIGINT and SIGUSR1 become a request to stop (the file DIR/stop): the ranks finish the blocks in
    hand and save.

    Raises:
        InputError: if there is no mpirun.
    """
    mpirun = find_mpirun()
    flags, variables = mpirun_settings(mpirun)
    environment = {**variables, **os.environ, **search_paths(variables), settings.STARTED: repr(started)}
    cap_threads(environment)
    if sys.stdout.isatty():
        environment[settings.TERMINAL] = "1"
    # Ranks that end with a status other than 0 make mpirun print a page about it, so the status goes through
    # a file.
    with tempfile.TemporaryDirectory(prefix="hpcbip-") as folder:
        environment.setdefault(PRIVATE_FOLDER, folder)
        status_file = Path(folder) / "status"
        environment[settings.STATUS_FILE] = str(status_file)
        command = [str(mpirun), "-n", str(ranks), *flags, sys.executable, "-m", "hpcbip", "run", *arguments]
        process = subprocess.Popen(
            command, env=environment, start_new_session=True, preexec_fn=die_with_parent
        )

        def ask_to_stop(_: int) -> None:
            if directory.is_dir():
                request_stop(directory)
            else:
                process.terminate()

        with stop_signals_handled_by(ask_to_stop):
            returned = process.wait()
            _end_session(process.pid)
        reported = int(status_file.read_text(encoding="utf-8")) if status_file.exists() else None
        return _exit_status(returned, reported)


def _end_session(session: int) -> None:
    """Wait until no process of a session is left, so that nobody still writes when the next run starts.

    mpirun may return before the ranks that it has killed are gone. Their process groups differ, their session
    is that of mpirun. Without /proc nothing can be seen, and nothing is done.

    Args:
        session: its number, which is the process number of mpirun.
    """
    if not _ends(session):
        for number in _processes_of_session(session):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        _ends(session)  # but nobody waits forever for a process that hangs in the kernel


def _ends(session: int) -> bool:
    deadline = time.monotonic() + RANKS_END_WITHIN
    while alive := bool(_processes_of_session(session)):
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return not alive


def _processes_of_session(session: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # after the name, which is in parentheses: state, parent, process group, session
            state, _, _, own, *_ = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            if int(own) == session and state not in "ZX":
                found.append(int(entry.name))
    return found


def _exit_status(returned: int, reported: int | None) -> int:
    """Work out the exit status of a job.

    Args:
        returned: what mpirun returned; negative: it was killed by that signal.
        reported: the status that the ranks have left, if they have.
    """
    was_killed = returned < 0 or returned - SIGNAL_BASE in signal.valid_signals()
    if returned and (reported == STOPPED or (reported is None and was_killed)):
        saved = "everything up to the last finished blocks is saved, run again to go on"
        print(f"hpcbip: the job was killed; {saved}", file=sys.stderr)
        return STOPPED
    return reported if reported is not None else returned or PROGRAM_ERROR
