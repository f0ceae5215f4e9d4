"""Who runs the blocks: a thread of this process, and the other ranks of an MPI job.

Rank 0 is the master and works too: its blocks run in a thread (the kernel holds no interpreter lock), so that no core
is spent on waiting, and only the main thread talks MPI. Messages are probed for with pauses: a blocked MPI call would
burn a core.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from .scheduler import Task
from .worker import Result, Worker

TASK, RESULT, END = 1, 2, 3


class LocalTeam:
    """One member: a thread of this process."""

    size = 1

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Result | BaseException] = queue.SimpleQueue()
        # daemon: a process that ends in an error does not wait for the block in hand
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                self._results.put(self._worker.execute(self._tasks.get()))
            except BaseException as error:  # raised again in the main thread
                self._results.put(error)

    def send(self, member: int, task: Task) -> None:
        """Queue a task."""
        self._tasks.put(task)

    def poll(self) -> tuple[int, Result] | None:
        """The finished task, if there is one.

        Raises:
            Exception: whatever the worker raised.
        """
        try:
            result = self._results.get_nowait()
        except queue.Empty:
            return None
        if isinstance(result, BaseException):
            raise result
        return 0, result


class MpiTeam:
    """Member 0 is a thread of the master's rank, member r is rank r."""

    def __init__(self, communicator: Any, worker: Worker) -> None:
        self._comm, self._local = communicator, LocalTeam(worker)
        self.size = communicator.Get_size()

    def send(self, member: int, task: Task) -> None:
        """Give a task to a member."""
        if member == 0:
            self._local.send(0, task)
        else:
            self._comm.send(task, dest=member, tag=TASK)

    def poll(self) -> tuple[int, Result] | None:
        """A finished task and its member, if there is one."""
        from mpi4py import MPI

        status = MPI.Status()
        message = self._comm.improbe(tag=RESULT, status=status)
        if message is not None:
            return status.Get_source(), message.recv()
        return self._local.poll()

    def dismiss(self) -> None:
        """Tell the other ranks that there is no more work."""
        for member in range(1, self.size):
            self._comm.send(None, dest=member, tag=END)


def serve(communicator: Any, worker: Worker, orphaned: Callable[[], bool]) -> None:
    """What the other ranks do: run tasks until the master dismisses them, or until mpirun is gone."""
    pause = 0.001
    while True:
        message = communicator.improbe(source=0)
        if message is None:
            if orphaned():
                communicator.Abort(3)
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
            continue
        pause = 0.001
        task = message.recv()
        if task is None:
            return
        communicator.send(worker.execute(task), dest=0, tag=RESULT)


def abort_on_error(communicator: Any) -> None:
    """Make an uncaught exception in any rank end the whole job, with its traceback, instead of leaving the others to
    wait."""

    def hook(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        print(f"hpcbip: rank {communicator.Get_rank()} failed", file=sys.stderr)
        traceback.print_exception(kind, error, trace)
        sys.stderr.flush()
        communicator.Abort(1)

    sys.excepthook = hook
