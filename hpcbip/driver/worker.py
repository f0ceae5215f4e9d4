"""A worker runs a task: it loads the chain, runs its blocks, saves each, and hands back their bins."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hpcbip.campaign.identity import canonical_json, chain_seed
from hpcbip.campaign.plan import Plan
from hpcbip.campaign.schema import Config
from hpcbip.driver.ensemble_state import Task
from hpcbip.qmc import Chain, columns
from hpcbip.store.checkpoints import Checkpoint, Checkpoints
from hpcbip.store.store import NO_ROWS, Rows, Store
from hpcbip.store.transfer.origins import Origins

CRASH = "its block ends the process that runs it ({how}); allowed: without this point, or another version"

CHILD_PAUSE = 0.02
"""Seconds between two checks whether a child has ended."""


@dataclass(frozen=True)
class BlockResult:
    """The outcome of a task.

    Attributes:
        task: what was done; of several blocks, those before one that failed.
        rows: its bins; none if it was thermal, or if `written`.
        seconds: what it took.
        sampling_seconds: what of that was sampling.
        written: the worker has put its bins into the store itself, and they are on the disk.
        chain_failure: why this chain cannot go on; all others can.
        disk_error: why the disk refused to save it.
        crashed: what the chain cannot go on for is that its block ends the process that runs it.
        given_up: the block was left unfinished, for the run has to end.
        traceback: of a program error.
        cpu_seconds: time of a processor that sampling took, whoever else has used it meanwhile.
    """

    task: Task
    rows: Rows
    seconds: float
    sampling_seconds: float = 0.0
    written: bool = False
    chain_failure: str = ""
    disk_error: str = ""
    traceback: str = ""
    cpu_seconds: float = 0.0
    crashed: bool = False
    given_up: bool = False

    @property
    def failed(self) -> bool:
        """Whether a block was not done."""
        return bool(self.given_up or self.chain_failure or self.disk_error or self.traceback)

    def joined(self, following: BlockResult) -> BlockResult:
        """Return the outcome of these blocks and of those that follow them."""
        return BlockResult(
            replace(self.task, blocks=self.task.blocks + following.task.blocks),
            _join(self.rows, following.rows),
            self.seconds + following.seconds,
            self.sampling_seconds + following.sampling_seconds,
            self.written or following.written,
            cpu_seconds=self.cpu_seconds + following.cpu_seconds,
        )


class ChainFailure(Exception):
    """A chain that cannot go on, and why; the others can."""


class Crash(ChainFailure):
    """A chain whose next block ends the process that runs it."""


class GivenUp(Exception):
    """A block that is left unfinished."""


@dataclass
class LoadedChain:
    """A chain in memory.

    Attributes:
        identity, number: the ensemble, and the number of the chain.
        blocks_done: blocks that the chain has run, thermal ones included.
        chain: its state.
        last_rows: its last bins, which may not be on the disk yet.
    """

    identity: str
    number: int
    blocks_done: int
    chain: Chain
    last_rows: Rows

    def is_ready_for(self, task: Task) -> bool:
        """Tell whether the block of a task is the next one of this chain."""
        return (self.identity, self.number, self.blocks_done) == (task.identity, task.chain, task.block)


class Worker:
    """Runs tasks one after the other; keeps the chain of the last one in memory.

    Args:
        directory, config, plan: the campaign.
        stored_columns: names of the columns that are kept of ensembles begun by an earlier version; of all
            others everything is.
        shared: the store that all ranks write to; None: the bins go back to the master.
    """

    def __init__(
        self,
        directory: Path,
        config: Config,
        plan: Plan,
        stored_columns: Mapping[str, Sequence[str]] | None = None,
        shared: Store | None = None,
    ) -> None:
        self._sampling, self._seed, self._plan = config.sampling, config.seed, plan
        self._checkpoints = Checkpoints(directory)
        self._stored_columns = stored_columns or {}
        self._shared = shared
        self._origins = Origins.read(directory)
        self._loaded: LoadedChain | None = None
        self._must_end: Callable[[], bool] = lambda: False

    def execute(self, task: Task, must_end: Callable[[], bool] = lambda: False) -> BlockResult:
        """Run the blocks of a task, each as if it were the only one.

        Whatever goes wrong is in the result. A later block that fails is left out: it fails once more when it
        is asked for as the first.

        Args:
            task: what to do.
            must_end: asked several times a second whether the block in hand is to be left unfinished.
        """
        self._must_end = must_end
        result = self._done_before(task) or self._execute_block(replace(task, blocks=1))
        while not result.failed and result.task.end < task.end:
            following = self._execute_block(replace(task, block=result.task.end, blocks=1))
            if following.failed:
                break
            result = result.joined(following)
        return result

    def _done_before(self, task: Task) -> BlockResult | None:
        """Return blocks that a lost worker has done and saved, but not handed back; None if there are none.

        Of a single one nothing is known here: it is run once more, from the checkpoint before it.
        """
        if self._loaded is not None and self._loaded.is_ready_for(task):
            return None
        parameters = canonical_json(self._plan.ensembles[task.identity].parameters)
        newest = None
        with contextlib.suppress(OSError):  # which loading the chain will meet, and report
            newest = next(iter(self._checkpoints.candidates(task.identity, task.chain, parameters)), None)
        if newest is None or newest.blocks < task.block + 2:
            return None
        bins = self._sampling.bins_after(newest.blocks) - self._sampling.bins_after(task.block)
        done = replace(task, blocks=newest.blocks - task.block)
        if self._shared is not None:  # bins are there before their checkpoint
            return BlockResult(done, NO_ROWS, 0.0, written=bins > 0)
        if len(newest.rows) < bins:
            return None
        return BlockResult(done, newest.rows[len(newest.rows) - bins :], 0.0)

    def _execute_block(self, task: Task) -> BlockResult:
        """Run one block and save the chain; only then is the block done."""
        started = time.perf_counter()
        loaded, self._loaded = self._loaded, None
        try:
            if loaded is None or not loaded.is_ready_for(task):
                loaded = None  # the memory of the old chain goes before the new one comes
                loaded = self._load(task)
            if task.suspect:
                self._try_in_child(loaded)
            sampling, cpu = time.perf_counter(), time.thread_time()
            rows = self._run_block(loaded)
            sampling, cpu = time.perf_counter() - sampling, time.thread_time() - cpu
            written = self._save(loaded, rows, task.durable)
        except (ChainFailure, MemoryError) as failure:
            reason = str(failure) or "out of memory"
            crashed, seconds = isinstance(failure, Crash), time.perf_counter() - started
            return BlockResult(task, NO_ROWS, seconds, chain_failure=reason, crashed=crashed)
        except GivenUp:
            return BlockResult(task, NO_ROWS, time.perf_counter() - started, given_up=True)
        except OSError as error:
            reason = f"{error.filename or self._checkpoints.directory}: {error.strerror or error}"
            return BlockResult(task, NO_ROWS, time.perf_counter() - started, disk_error=reason)
        except Exception:
            seconds = time.perf_counter() - started
            return BlockResult(task, NO_ROWS, seconds, traceback=traceback.format_exc())
        self._loaded = loaded
        seconds = time.perf_counter() - started
        return BlockResult(task, NO_ROWS if written else rows, seconds, sampling, written, cpu_seconds=cpu)

    def _run_block(self, loaded: LoadedChain) -> Rows:
        """Run the next block of a chain; returns its bins, none if it was thermal.

        Raises:
            ChainFailure: if the kernel's arrays overflow, or a bin is not finite.
            GivenUp: if the block has to be left.
        """
        sampling = self._sampling
        bins, updates = sampling.bins_per_block, sampling.updates_per_bin
        rows = NO_ROWS
        try:
            if loaded.blocks_done < sampling.thermal_blocks:
                loaded.chain.thermalise(bins * updates, self._leave_if_asked)
            else:
                rows = loaded.chain.run_block(bins, updates, self._leave_if_asked)
        except OverflowError as error:  # the kernel's arrays have an end
            raise ChainFailure(f"{error}; allowed: a shorter sampling.beta, or without this point") from None
        if not np.isfinite(rows).all():
            raise ChainFailure("its bins are not finite; allowed: other parameters, or without this point")
        loaded.blocks_done += 1
        if len(rows) and (stored := self._stored_columns.get(loaded.identity)) is not None:
            measured = columns(loaded.chain.ensemble)
            rows = rows[:, [measured.index(name) for name in stored]]
        return rows

    def _leave_if_asked(self) -> None:
        if self._must_end():
            raise GivenUp

    def _try_in_child(self, loaded: LoadedChain) -> None:
        """Run the next block of a chain in a child process, which throws it away.

        Raises:
            Crash: if that ends the child.
            GivenUp: if the block has to be left.
        """
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            self._must_end = lambda: os.getppid() != parent
            with contextlib.suppress(BaseException):  # the block itself will find out
                self._run_block(loaded)
            os._exit(0)
        ended = status = 0
        while not ended:
            ended, status = os.waitpid(child, os.WNOHANG)
            if not ended and self._must_end():
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise GivenUp
            time.sleep(CHILD_PAUSE)
        if status:
            how = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "an exit"
            raise Crash(CRASH.format(how=how))

    def _save(self, loaded: LoadedChain, rows: Rows, durable: int) -> bool:
        """Make the block safe; returns whether its bins are in the store already."""
        sampling = self._sampling
        bins_done = sampling.bins_after(loaded.blocks_done)
        written = self._shared is not None and len(rows) > 0
        if self._shared is not None and written:
            self._shared.write(loaded.identity, loaded.number, bins_done - len(rows), rows)
            self._shared.sync()
            durable = bins_done - len(rows)
        joined = _join(loaded.last_rows, rows)
        not_durable = max(len(rows), bins_done - durable)
        loaded.last_rows = joined[max(0, len(joined) - not_durable) :]
        parameters = canonical_json(self._plan.ensembles[loaded.identity].parameters)
        checkpoint = Checkpoint(loaded.blocks_done, parameters, loaded.last_rows, loaded.chain.to_arrays())
        self._checkpoints.save(loaded.identity, loaded.number, checkpoint)
        return written

    def _load(self, task: Task) -> LoadedChain:
        """Load the chain before the block of a task: its newest good checkpoint, the rest computed anew."""
        record = self._plan.ensembles[task.identity]
        loaded = None
        for checkpoint in self._checkpoints.candidates(
            task.identity, task.chain, canonical_json(record.parameters)
        ):
            if checkpoint.blocks <= task.block:
                chain = Chain.from_arrays(record.build(), checkpoint.arrays)
                loaded = LoadedChain(task.identity, task.chain, checkpoint.blocks, chain, checkpoint.rows)
                break
        if loaded is None:
            seed, number = self._origins.of((task.identity, task.chain), self._seed)
            chain = Chain.start(record.build(), chain_seed(seed, task.identity, number))
            loaded = LoadedChain(task.identity, task.chain, 0, chain, NO_ROWS)
        while loaded.blocks_done < task.block:
            loaded.last_rows = _join(loaded.last_rows, self._run_block(loaded))
        return loaded


def _join(first: Rows, second: Rows) -> Rows:
    """Join rows one after the other; the columns of empty ones do not matter."""
    return np.concatenate([first, second]) if len(first) and len(second) else first if len(first) else second
