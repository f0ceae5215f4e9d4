"""MPI: the rank of this process, how MPI is started, calls that leave the cores to those who still work, and
what happens when a rank fails."""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from hpcbip import settings
from hpcbip.driver.launch.implementations import cannot_load, set_defaults
from hpcbip.driver.signals import die_with_parent
from hpcbip.errors import InputError
from hpcbip.exit_status import PROGRAM_ERROR, STOPPED
from hpcbip.messages import print_message

RANK_VARIABLES = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "MPI_LOCALRANKID", "SLURM_PROCID")
"""Variables in which launchers tell a process its rank."""

_OWN_MPIRUN = "the mpirun of this MPI, or hpcbip run -n, which finds it"
SIZE_VARIABLES = {
    "srun": (
        "SLURM_STEP_NUM_TASKS",
        "srun --mpi=pmix or --mpi=pmi2, whichever this MPI was built for, or mpirun",
    ),
    "mpirun (Open MPI)": ("OMPI_COMM_WORLD_SIZE", _OWN_MPIRUN),
    "mpirun (MPICH, Intel MPI or a relative)": ("PMI_SIZE", _OWN_MPIRUN),
}
"""Variables in which launchers tell how many processes they have started, and what to do where MPI has not
heard of it."""

COLLECTIVE_PAUSE = 0.01
"""Seconds between two tests of a request."""

MAX_NAME = 64
"""Bytes of a host's name."""

LOSS_CLASSES = ("ERR_PROC_FAILED", "ERR_PROC_FAILED_PENDING", "ERR_REVOKED")
"""Classes of MPI errors that mean the loss of a rank (ULFM)."""


def mpi_rank() -> int | None:
    """Read the rank that the launcher gave this process, without starting MPI; None outside of an MPI job."""
    under_srun = int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1
    for name in RANK_VARIABLES:
        if name in os.environ and (under_srun or not name.startswith("SLURM")):
            return int(os.environ[name])
    return None


def start_mpi(report_status: Callable[[int], None]) -> Any:
    """Start MPI and return COMM_WORLD; None outside of an MPI job, where MPI is not started.

    Args:
        report_status: takes the exit status of a job that an uncaught exception ends.

    Raises:
        InputError: if there is no library of MPI; if a launcher has started several processes that MPI does
            not bring together.
    """
    if mpi_rank() is None:
        return None
    # Python is not asked while MPI starts, and a rank whose mpirun is killed then may become a job of its
    # own.
    die_with_parent(signal.SIGKILL)
    # A rank that dies while MPI starts leaves the others waiting in it for ever where MPI could live on
    # without it.
    previous = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(settings.mpi_patience())
    set_defaults(os.environ)
    try:
        with warnings.catch_warnings():  # of another launcher the check below tells, in one line
            warnings.filterwarnings("ignore", "suspicious MPI execution environment")
            from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise cannot_load(error) from None

    communicator = MPI.COMM_WORLD
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)
    die_with_parent(0)
    if _nobody_listens():  # the launcher had died before anybody looked
        os._exit(STOPPED)
    if communicator.Get_size() == 1:
        _check_launcher(communicator)
    abort_on_error(communicator, report_status)
    return communicator


def _check_launcher(communicator: Any) -> None:
    """See to it that a rank that is alone was started alone.

    Raises:
        InputError: if the launcher belongs to another MPI; or has died, but then nobody reads it.
    """
    for launcher, (name, allowed) in SIZE_VARIABLES.items():
        text = os.environ.get(name, "")
        if text.isdecimal() and int(text) > 1:
            raise InputError(
                f"{launcher} started {text} tasks but MPI sees one: it is not that of this MPI "
                f"({library_version(communicator)}); allowed: {allowed}"
            )


def _nobody_listens() -> bool:
    """Tell whether whoever reads the output of this process is gone: in an MPI job that is its launcher."""
    poll = select.poll()
    outputs = (1, 2)
    for number in outputs:
        poll.register(number, 0)
    return len([state for _, state in poll.poll(0) if state & (select.POLLERR | select.POLLHUP)]) == len(
        outputs
    )


def library_version(communicator: Any) -> str:
    """Name the MPI library and its version; "none" without MPI."""
    if communicator is None:
        return "none"
    from mpi4py import MPI

    return str(MPI.Get_library_version()).split("\n")[0].split(", package")[0].strip("\0 ")


def wait(request: Any) -> None:
    """Wait for an MPI request without burning a core."""
    while not request.Test():
        time.sleep(COLLECTIVE_PAUSE)


def broadcast(communicator: Any, value: Any = None) -> Any:
    """Return the value of rank 0 on all ranks."""
    content = pickle.dumps(value) if communicator.Get_rank() == 0 else b""
    size = np.array([len(content)], dtype=np.int64)
    wait(communicator.Ibcast(size, root=0))
    buffer = (
        np.frombuffer(content, dtype=np.uint8).copy() if content else np.empty(int(size[0]), dtype=np.uint8)
    )
    wait(communicator.Ibcast(buffer, root=0))
    return pickle.loads(buffer.tobytes())


def gather_names(communicator: Any, name: str) -> list[str]:
    """Return the names of all ranks on rank 0; cut to `MAX_NAME` bytes."""
    own = np.frombuffer(name.encode()[:MAX_NAME].ljust(MAX_NAME), dtype=np.uint8)
    is_master = communicator.Get_rank() == 0
    names = np.zeros((communicator.Get_size() if is_master else 0, MAX_NAME), dtype=np.uint8)
    wait(communicator.Igather(own, names, root=0))
    return [row.tobytes().decode(errors="replace").strip() for row in names]


def is_loss(error: BaseException) -> bool:
    """Tell whether an exception is MPI's word that a rank is lost."""
    from mpi4py import MPI

    classes = [getattr(MPI, name) for name in LOSS_CLASSES if hasattr(MPI, name)]
    return isinstance(error, MPI.Exception) and error.Get_error_class() in classes


def failed_ranks(communicator: Any) -> set[int]:
    """Return the ranks that are lost, as far as this one knows; from now on MPI goes on without them."""
    communicator.Ack_failed()
    failed = communicator.Get_failed()
    return set(failed.Translate_ranks(list(range(failed.Get_size())), communicator.Get_group()))


def synchronise_survivors(communicator: Any) -> None:
    """Wait until all ranks that are left have come here.

    MPI cannot be ended in order any more (it would wait for the lost ranks), so that each has to leave its
    process at once after this.
    """
    wait(communicator.Shrink().Ibarrier())


def abort_on_error(communicator: Any, report_status: Callable[[int], None]) -> None:
    """Make an uncaught exception in any rank end the whole job, with its traceback.

    The others would otherwise wait for ever. Where a rank is lost that the others cannot do without, the job
    ends without a traceback and can be continued. `report_status` is called with the exit status.
    """

    def hook(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        status = STOPPED if is_loss(error) else PROGRAM_ERROR
        if status == PROGRAM_ERROR:
            print_message(f"hpcbip: rank {communicator.Get_rank()} failed")
            print_message("".join(traceback.format_exception(kind, error, trace)))
        report_status(status)
        communicator.Abort(status)

    sys.excepthook = hook
