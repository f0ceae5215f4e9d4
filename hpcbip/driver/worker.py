"""What a rank does with a task: load the chain, run one block, save it, hand back its bins."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpcbip.campaign.identity import canonical_json, chain_seed
from hpcbip.campaign.plan import Plan
from hpcbip.campaign.schema import Config
from hpcbip.driver.scheduler import Task
from hpcbip.qmc import Chain
from hpcbip.store.checkpoints import Checkpoint, Checkpoints
from hpcbip.store.store import NO_ROWS, Rows, Store


@dataclass(frozen=True)
class Result:
    """A finished task.

    Attributes:
        task: what was asked for.
        rows: its bins; none if it was thermal, or if `written`.
        seconds: what it took; kernel: what of that was sampling.
        written: the worker has put its bins into the store itself, and they are on the disk.
        failure: why this chain cannot go on; all others can.
        error: why the disk refused to save it.
        trace: a traceback: the program is wrong.
    """

    task: Task
    rows: Rows
    seconds: float
    kernel: float = 0.0
    written: bool = False
    failure: str = ""
    error: str = ""
    trace: str = ""


class ChainFailure(Exception):
    """A chain that cannot go on, and why; the others can."""


@dataclass
class _Held:
    """A chain in memory after `block` blocks, and its last bins, which may not be on the disk yet."""

    identity: str
    number: int
    block: int
    chain: Chain
    tail: Rows


class Worker:
    """Runs tasks one after the other; keeps the chain of the last one in memory.

    Args:
        directory, config, plan: the campaign.
        shared: the store that all ranks write to; None: the bins go back to the master.
    """

    def __init__(self, directory: Path, config: Config, plan: Plan, shared: Store | None = None) -> None:
        self._sampling, self._seed, self._plan = config.sampling, config.seed, plan
        self._checkpoints = Checkpoints(directory)
        self._shared = shared
        self._held: _Held | None = None

    def execute(self, task: Task) -> Result:
        """Run one block and save the chain; only then is the block done. Whatever goes wrong is in the
        result."""
        started = time.perf_counter()
        held, self._held = self._held, None
        try:
            if held is None or (held.identity, held.number, held.block) != (
                task.identity,
                task.chain,
                task.block,
            ):
                held = None  # the memory of the old chain goes before the new one comes
                held = self._load(task)
            sampling = time.perf_counter()
            rows = self._run_block(held)
            sampling = time.perf_counter() - sampling
            written = self._save(held, rows, task.durable)
        except (ChainFailure, MemoryError) as failure:
            why = str(failure) or "out of memory"
            return Result(task, NO_ROWS, time.perf_counter() - started, failure=why)
        except OSError as error:
            why = f"{error.filename or self._checkpoints.directory}: {error.strerror or error}"
            return Result(task, NO_ROWS, time.perf_counter() - started, error=why)
        except Exception:
            return Result(task, NO_ROWS, time.perf_counter() - started, trace=traceback.format_exc())
        self._held = held
        return Result(task, NO_ROWS if written else rows, time.perf_counter() - started, sampling, written)

    def _run_block(self, held: _Held) -> Rows:
        sampling = self._sampling
        rows = NO_ROWS
        try:
            if held.block < sampling.thermal_blocks:
                held.chain.thermalise(sampling.bins_per_block * sampling.updates_per_bin)
            else:
                rows = held.chain.run_block(sampling.bins_per_block, sampling.updates_per_bin)
        except OverflowError as error:  # the kernel's arrays have an end
            raise ChainFailure(f"{error}; allowed: a shorter sampling.beta, or without this point") from None
        if not np.isfinite(rows).all():
            raise ChainFailure("its bins are not finite; allowed: other parameters, or without this point")
        held.block += 1
        return rows

    def _save(self, held: _Held, rows: Rows, durable: int) -> bool:
        """Make the block safe; returns whether its bins are in the store already."""
        sampling = self._sampling
        behind = max(0, held.block - sampling.thermal_blocks) * sampling.bins_per_block
        written = self._shared is not None and len(rows) > 0
        if self._shared is not None and written:
            self._shared.write(held.identity, held.number, behind - len(rows), rows)
            self._shared.sync()
            durable = behind - len(rows)
        together = _joined(held.tail, rows)
        keep = max(len(rows), behind - durable)
        held.tail = together[max(0, len(together) - keep) :]
        parameters = canonical_json(self._plan.ensembles[held.identity].parameters)
        checkpoint = Checkpoint(held.block, parameters, held.tail, held.chain.to_arrays())
        self._checkpoints.save(held.identity, held.number, checkpoint)
        return written

    def _load(self, task: Task) -> _Held:
        """The chain before the block of a task: from its newest good checkpoint, the rest computed again."""
        record = self._plan.ensembles[task.identity]
        held = None
        for checkpoint in self._checkpoints.candidates(
            task.identity, task.chain, canonical_json(record.parameters)
        ):
            if checkpoint.blocks <= task.block:
                chain = Chain.from_arrays(record.build(), checkpoint.arrays)
                held = _Held(task.identity, task.chain, checkpoint.blocks, chain, checkpoint.rows)
                break
        if held is None:
            chain = Chain.start(record.build(), chain_seed(self._seed, task.identity, task.chain))
            held = _Held(task.identity, task.chain, 0, chain, NO_ROWS)
        while held.block < task.block:
            held.tail = _joined(held.tail, self._run_block(held))
        return held


def _joined(one: Rows, two: Rows) -> Rows:
    return np.concatenate([one, two]) if len(one) and len(two) else one if len(one) else two
