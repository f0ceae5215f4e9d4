"""Who runs the blocks: a thread of this process, and the other ranks of an MPI job.

Rank 0 is the master. In small jobs it works too: its blocks run in a thread (the kernel holds no interpreter
lock), so that no core is spent on waiting, and only the main thread talks MPI. Messages are probed for with
pauses: a blocked MPI call would burn a core.

Where MPI can live on without a rank (ULFM), the loss of a worker costs the block in its hands and nothing
else.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from hpcbip.driver.mpi import is_loss
from hpcbip.driver.scheduler import Task
from hpcbip.driver.worker import Result, Worker

TASK, RESULT, END = 1, 2, 3
MASTER_WORKS_BELOW = (
    32  # ranks; above, a rank that only leads costs less than one whose answers wait for the kernel
)
PAUSE = 0.008  # longest sleep of a rank that waits


class LocalTeam:
    """One member: a thread of this process."""

    def __init__(self, worker: Worker) -> None:
        self.members = [0]
        self._worker = worker
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        # daemon: a process that ends in an error does not wait for the block in hand
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._results.put(self._worker.execute(self._tasks.get()))

    def send(self, member: int, task: Task) -> None:
        """Queue a task."""
        self._tasks.put(task)

    def poll(self) -> tuple[int, Result | None] | None:
        """The finished task, if there is one."""
        try:
            return 0, self._results.get_nowait()
        except queue.Empty:
            return None


class MpiTeam:
    """Member r is rank r; member 0, in small jobs, a thread of the master's rank.

    Args:
        communicator: of all ranks; this one is rank 0.
        worker: runs the blocks of member 0.
    """

    def __init__(self, communicator: Any, worker: Worker) -> None:
        from mpi4py import MPI

        self._mpi, self._comm = MPI, communicator
        self._status = MPI.Status()
        size = communicator.Get_size()
        self._local = LocalTeam(worker) if size < MASTER_WORKS_BELOW else None
        self.members = list(range(0 if self._local else 1, size))
        self.lost: set[int] = set()
        self._mourned: set[int] = set()

    def send(self, member: int, task: Task) -> None:
        """Give a task to a member; if it is lost, `poll` will say so."""
        if member == 0 and self._local:
            self._local.send(0, task)
            return
        try:
            self._comm.send(task, dest=member, tag=TASK)
        except self._mpi.Exception as error:
            self._take_note_of(error)

    def poll(self) -> tuple[int, Result | None] | None:
        """A finished task and its member, if there is one; without a result for a member that is lost."""
        try:
            message = self._comm.improbe(tag=RESULT, status=self._status)
            if message is not None:
                return self._status.Get_source(), message.recv()
        except self._mpi.Exception as error:
            self._take_note_of(error)
        for member in self.lost - self._mourned:
            self._mourned.add(member)
            return member, None
        return self._local.poll() if self._local else None

    def _take_note_of(self, error: Any) -> None:
        """Find out who is lost, and make MPI go on without them.

        Raises:
            MPI.Exception: the error itself, if it is something else.
        """
        if not is_loss(error):
            raise error
        self.lost |= failed_ranks(self._comm)

    def dismiss(self, status: int) -> None:
        """Tell the other ranks that there is no more work, and how it ended."""
        for member in range(1, self._comm.Get_size()):
            if member not in self.lost:
                try:
                    self._comm.send((status, bool(self.lost)), dest=member, tag=END)
                except self._mpi.Exception as error:
                    self._take_note_of(error)
        if self.lost:
            leave_without_the_lost(self._comm)


def leave_without_the_lost(communicator: Any) -> None:
    """Come together with those that are left. MPI cannot be ended in order any more (it would wait for the
    lost ones), so that each has to leave its process at once after this."""
    rest = communicator.Shrink()
    request = rest.Ibarrier()
    while not request.Test():
        time.sleep(PAUSE)


def serve(communicator: Any, worker: Worker, orphaned: Callable[[], bool]) -> tuple[int, bool]:
    """What the other ranks do: run tasks until the master dismisses them; returns the status that it
    tells, and whether ranks were lost.

    If mpirun or the master is gone the process ends at once: its chains are saved after every block.
    """
    from mpi4py import MPI

    status, pause = MPI.Status(), 0.0005
    while True:
        try:
            message = communicator.improbe(source=0, status=status)
            if message is None:
                if orphaned():
                    communicator.Abort(3)
                time.sleep(pause)
                pause = min(2 * pause, PAUSE)
                continue
            pause = 0.0005
            content = message.recv()
            if status.Get_tag() == END:
                code, lost = content
                break
            communicator.send(worker.execute(content), dest=0, tag=RESULT)
        except MPI.Exception as error:
            if not is_loss(error):
                raise
            if 0 in failed_ranks(communicator):
                os._exit(3)
    if lost:
        leave_without_the_lost(communicator)
    return int(code), bool(lost)


def failed_ranks(communicator: Any) -> set[int]:
    """Ranks that are lost, as far as this one knows; from now on MPI goes on without them."""
    communicator.Ack_failed()
    failed = communicator.Get_failed()
    return set(failed.Translate_ranks(list(range(failed.Get_size())), communicator.Get_group()))
