"""Collective MPI calls that leave the cores to those who still work, and what happens when a rank fails."""

from __future__ import annotations

import pickle
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from hpcbip.messages import print_message

PAUSE = 0.01
NAME = 64  # bytes of a host's name


def wait(request: Any) -> None:
    """Wait for an MPI request without burning a core."""
    while not request.Test():
        time.sleep(PAUSE)


def broadcast(communicator: Any, value: Any = None) -> Any:
    """The value of rank 0, on all ranks."""
    content = pickle.dumps(value) if communicator.Get_rank() == 0 else b""
    size = np.array([len(content)], dtype=np.int64)
    wait(communicator.Ibcast(size, root=0))
    buffer = (
        np.frombuffer(content, dtype=np.uint8).copy() if content else np.empty(int(size[0]), dtype=np.uint8)
    )
    wait(communicator.Ibcast(buffer, root=0))
    return pickle.loads(buffer.tobytes())


def gather_names(communicator: Any, name: str) -> list[str]:
    """The names of all ranks, on rank 0; cut to what fits."""
    own = np.frombuffer(name.encode()[:NAME].ljust(NAME), dtype=np.uint8)
    leads = communicator.Get_rank() == 0
    names = np.zeros((communicator.Get_size() if leads else 0, NAME), dtype=np.uint8)
    wait(communicator.Igather(own, names, root=0))
    return [row.tobytes().decode(errors="replace").strip() for row in names]


def is_loss(error: Any) -> bool:
    """Whether an exception is MPI's word that a rank is lost."""
    from mpi4py import MPI

    names = ("ERR_PROC_FAILED", "ERR_PROC_FAILED_PENDING", "ERR_REVOKED")
    classes = [getattr(MPI, name) for name in names if hasattr(MPI, name)]
    return isinstance(error, MPI.Exception) and error.Get_error_class() in classes


def abort_on_error(communicator: Any, tell: Callable[[int], None]) -> None:
    """Make an uncaught exception in any rank end the whole job, with its traceback, instead of leaving the
    others to wait. Where a rank is lost while nobody can do without it, it ends without one, to be gone on
    with. `tell` is called with the exit status."""

    def hook(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        status = 3 if is_loss(error) else 1
        if status == 1:
            print_message(f"hpcbip: rank {communicator.Get_rank()} failed")
            print_message("".join(traceback.format_exception(kind, error, trace)))
        tell(status)
        communicator.Abort(status)

    sys.excepthook = hook
