"""Executors run the tasks of the master: a thread of this process, and the other ranks of an MPI job.

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
import traceback
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from hpcbip.driver.ensemble_state import Task
from hpcbip.driver.mpi import failed_ranks, is_loss, synchronise_survivors
from hpcbip.driver.worker import BlockResult, Worker
from hpcbip.exit_status import STOPPED
from hpcbip.store.store import NO_ROWS

TASK_TAG, RESULT_TAG, END_TAG, GIVE_UP_TAG = 1, 2, 3, 4
"""Tags of the messages between the master and its workers."""

MASTER_WORKS_BELOW = 32
"""Ranks; above, a rank that only leads costs less than one whose answers wait for the kernel."""

MIN_PAUSE, MAX_PAUSE = 0.0005, 0.008
"""Shortest and longest sleep of a rank that waits, in seconds."""


class Executor(Protocol):
    """Runs tasks on numbered workers."""

    @property
    def workers(self) -> Iterable[int]:
        """Numbers of the workers that may be given tasks."""

    def send(self, worker: int, task: Task) -> None:
        """Give a task to an idle worker."""

    def poll(self) -> tuple[int, BlockResult | None] | None:
        """Return a worker and the result of its task, if one is finished; does not wait.

        None for the result: the worker is lost.
        """

    def give_up_blocks(self) -> None:
        """Have all workers leave the blocks in hand unfinished; their results say so."""


class LocalExecutor:
    """One worker, number 0: a thread of this process.

    Args:
        runner: runs the blocks.
    """

    def __init__(self, runner: Worker) -> None:
        self.workers = [0]
        self._runner = runner
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[BlockResult] = queue.SimpleQueue()
        self._must_end = threading.Event()
        # daemon: a process that ends in an error does not wait for the block in hand
        threading.Thread(target=self._run_tasks, daemon=True).start()

    def _run_tasks(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                result = self._runner.execute(task, self._must_end.is_set)
            except Exception:  # or the master would wait for ever
                result = BlockResult(task, NO_ROWS, 0.0, traceback=traceback.format_exc())
            self._results.put(result)

    def send(self, worker: int, task: Task) -> None:
        """Queue a task."""
        self._tasks.put(task)

    def poll(self) -> tuple[int, BlockResult | None] | None:
        """Return the finished task, if there is one."""
        try:
            return 0, self._results.get_nowait()
        except queue.Empty:
            return None

    def give_up_blocks(self) -> None:
        """Have the block in hand left unfinished."""
        self._must_end.set()


class MpiExecutor:
    """A worker for every rank, with its number; worker 0, in small jobs, is a thread of the master's rank.

    Args:
        communicator: of all ranks; this one is rank 0.
        runner: runs the blocks of worker 0.

    Attributes:
        lost: ranks that are lost.
    """

    def __init__(self, communicator: Any, runner: Worker) -> None:
        from mpi4py import MPI

        self._mpi, self._comm = MPI, communicator
        self._status = MPI.Status()
        size = communicator.Get_size()
        self._local = LocalExecutor(runner) if size < MASTER_WORKS_BELOW else None
        self.workers = list(range(0 if self._local else 1, size))
        self.lost: set[int] = set()
        self._reported_lost: set[int] = set()

    def send(self, worker: int, task: Task) -> None:
        """Give a task to a worker; if it is lost, `poll` will say so."""
        if worker == 0 and self._local:
            self._local.send(0, task)
            return
        self._tell(worker, task, TASK_TAG)

    def poll(self) -> tuple[int, BlockResult | None] | None:
        """Return a worker and its result, if one is finished; without a result for a worker that is lost."""
        try:
            message = self._comm.improbe(tag=RESULT_TAG, status=self._status)
            if message is not None:
                return self._status.Get_source(), message.recv()
        except self._mpi.Exception as error:
            self._handle_loss(error)
        for worker in self.lost - self._reported_lost:
            self._reported_lost.add(worker)
            return worker, None
        return self._local.poll() if self._local else None

    def give_up_blocks(self) -> None:
        """Have all workers leave the blocks in hand unfinished."""
        if self._local:
            self._local.give_up_blocks()
        for rank in range(1, self._comm.Get_size()):
            if rank not in self.lost:
                self._tell(rank, None, GIVE_UP_TAG)

    def _tell(self, rank: int, content: Any, tag: int) -> None:
        """Send a message; the loss of its receiver is noted."""
        try:
            self._comm.send(content, dest=rank, tag=tag)
        except self._mpi.Exception as error:
            self._handle_loss(error)

    def _handle_loss(self, error: Any) -> None:
        """Find out which ranks are lost, and make MPI go on without them.

        Raises:
            MPI.Exception: the error itself, if it is something else.
        """
        if not is_loss(error):
            raise error
        self.lost |= failed_ranks(self._comm)

    def shut_down(self, status: int) -> None:
        """Tell the other ranks that there is no more work, and with which exit status to end."""
        for rank in range(1, self._comm.Get_size()):
            if rank not in self.lost:
                self._tell(rank, (status, bool(self.lost)), END_TAG)
        if self.lost:
            synchronise_survivors(self._comm)


def serve_tasks(communicator: Any, runner: Worker, is_orphaned: Callable[[], bool]) -> tuple[int, bool]:
    """Run the master's tasks on a rank other than 0 until it shuts down.

    If mpirun or the master is gone the process ends at once: its chains are saved after every block.

    Args:
        communicator: of all ranks.
        runner: runs the blocks.
        is_orphaned: tells whether the process that started this one has died.

    Returns:
        the exit status that the master tells, and whether ranks were lost.
    """
    from mpi4py import MPI

    def must_end() -> bool:
        """Tell whether the block in hand is to be left unfinished."""
        _leave_if_alone(communicator, is_orphaned)
        try:
            if not communicator.iprobe(source=0, tag=GIVE_UP_TAG):
                return False
            communicator.recv(source=0, tag=GIVE_UP_TAG)
        except MPI.Exception as error:
            _leave_without_master(communicator, error)
            return False
        return True

    status, pause = MPI.Status(), MIN_PAUSE
    while True:
        try:
            message = communicator.improbe(source=0, status=status)
            if message is None:
                _leave_if_alone(communicator, is_orphaned)
                time.sleep(pause)
                pause = min(2 * pause, MAX_PAUSE)
                continue
            pause, tag = MIN_PAUSE, status.Get_tag()
            content = message.recv()
            if tag == END_TAG:
                code, ranks_lost = content
                break
            if tag == TASK_TAG:  # otherwise a block was to be given up that is finished
                communicator.send(runner.execute(content, must_end), dest=0, tag=RESULT_TAG)
        except MPI.Exception as error:
            _leave_without_master(communicator, error)
    if ranks_lost:
        synchronise_survivors(communicator)
    return int(code), bool(ranks_lost)


def _leave_if_alone(communicator: Any, is_orphaned: Callable[[], bool]) -> None:
    """End the job if the process that started this one has died."""
    if is_orphaned():
        communicator.Abort(STOPPED)


def _leave_without_master(communicator: Any, error: Any) -> None:
    """End this process if an error of MPI means that the master is lost; other ranks are not missed.

    Raises:
        MPI.Exception: the error itself, if it is something else.
    """
    if not is_loss(error):
        raise error
    if 0 in failed_ranks(communicator):
        os._exit(STOPPED)
