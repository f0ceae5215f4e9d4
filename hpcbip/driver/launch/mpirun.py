"""`hpcbip run -n N`: start mpirun with the settings its MPI needs, so that a user meets no MPI flag."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hpcbip import settings
from hpcbip.driver.launch.folders import launch_folder
from hpcbip.driver.launch.implementations import find_mpirun, mpirun_settings, search_paths
from hpcbip.driver.signals import (
    ORDERLY_END,
    SignalSequence,
    die_with_parent,
    stop_signals_handled_by,
    tell_of_signal,
)
from hpcbip.exit_status import DONE, PROGRAM_ERROR, STOPPED
from hpcbip.messages import counted, print_message
from hpcbip.store.running.stop_file import request_stop

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


class Launch:
    """The ranks of a run, as their launcher sees them.

    Args:
        folder: of the launcher, for the files by which it speaks with its ranks.
        lock: descriptor of the folder's lock, which mpirun holds as well.
    """

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder, self._lock = folder, lock
        self._signals = SignalSequence()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def status_file(self) -> Path:
        """The file in which the ranks leave the exit status; there is one as soon as they are at work."""
        return self.folder / "status"

    def handle_signal(self, number: int) -> None:
        """Ask the ranks to finish the blocks in hand and save; at a second signal, not to finish them.

        Ranks that are not at work yet have nothing to lose, and are ended.
        """
        repeated, at_work = self._signals.is_repeated(number), self.status_file.exists()
        tell_of_signal(number, repeated or not at_work)
        try:
            request_stop(self.folder, signal.Signals(number).name)
            if repeated:
                request_stop(self.folder, at_once=True)
        except OSError:  # the disk of the temporary folder is full
            at_work = False
        if not at_work:
            self._terminate()
        elif repeated:
            _after(ORDERLY_END, self._terminate)

    def _terminate(self) -> None:
        """End mpirun, which ends the ranks; if it does not, it is killed."""
        if self._process is not None:
            self._process.terminate()
            _after(RANKS_END_WITHIN, self._process.kill)

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, int | None]:
        """Run mpirun to its end; returns its exit status, and the one that the ranks have left, if any."""
        if self._signals.has_begun:
            return DONE, STOPPED
        self._process = process = subprocess.Popen(
            command,
            env=environment,
            start_new_session=True,
            preexec_fn=die_with_parent,
            pass_fds=(self._lock,),
        )
        if self._signals.has_begun:  # while it was being started
            self._terminate()
        returned = process.wait()
        _end_session(process.pid)
        try:
            return returned, int(self.status_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return (DONE, STOPPED) if self._signals.has_begun else (returned, None)


def launch(ranks: int, arguments: Sequence[str], started: float, old_request: str) -> int:
    """Run `hpcbip run` with these arguments on several ranks and return its exit status.

    SIGTERM, SIGINT and SIGUSR1 become a request to stop: the ranks finish the blocks in hand and save. A
    second signal lets them do without these blocks.

    Args:
        ranks: number of ranks.
        arguments: of `hpcbip run`.
        started: `time.monotonic()` at which the user's command began.
        old_request: stamp of the request to stop that lay in the campaign's directory then.

    Raises:
        InputError: if there is no mpirun.
    """
    mpirun = find_mpirun()
    flags, variables = mpirun_settings(mpirun)
    environment = {**variables, **os.environ, **search_paths(variables), settings.STARTED: repr(started)}
    environment[settings.OLD_REQUEST] = old_request
    print_message(f"starting {counted(ranks, 'rank')}", sys.stdout)
    cap_threads(environment)
    if sys.stdout.isatty():
        environment[settings.TERMINAL] = "1"
    with launch_folder() as (folder, lock):
        launched = Launch(folder, lock)
        environment.setdefault(PRIVATE_FOLDER, str(folder))
        environment[settings.LAUNCH_FOLDER] = str(folder)
        # Ranks that end with a status other than 0 make mpirun print a page about it, so the status goes
        # through a file.
        environment[settings.STATUS_FILE] = str(launched.status_file)
        command = [str(mpirun), "-n", str(ranks), *flags, sys.executable, "-m", "hpcbip", "run", *arguments]
        with stop_signals_handled_by(launched.handle_signal):
            return _exit_status(*launched.run(command, environment))


def _after(seconds: float, action: Callable[[], object]) -> None:
    """Call a function some seconds from now, from a thread that nobody waits for."""
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()


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
