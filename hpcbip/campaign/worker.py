"""What a rank does with a task: load the chain, run one block, save it, hand back its bins."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hpcbip.qmc import Chain

from .checkpoint import Checkpoint, Checkpoints
from .config import Config
from .identity import canonical_json, chain_seed
from .plan import Plan
from .scheduler import Task


@dataclass(frozen=True)
class Result:
    """A finished task: its bins (none if thermal) and what it took; `error` if the disk refused."""

    task: Task
    rows: NDArray[np.float64]
    seconds: float
    error: str = ""


class Worker:
    """Runs tasks one after the other; keeps the chain of the last one in memory."""

    def __init__(self, directory: Path, config: Config, plan: Plan) -> None:
        self._sampling, self._seed, self._plan = config.sampling, config.seed, plan
        self._checkpoints = Checkpoints(directory)
        self._held: tuple[Task, Chain] | None = None

    def execute(self, task: Task) -> Result:
        """Run one block and save the chain; only then is the block done."""
        started = time.perf_counter()
        record = self._plan.ensembles[task.identity]
        chain = self._chain(task)
        sampling = self._sampling
        rows = np.empty((0, 0))
        try:
            if task.block < sampling.thermal_blocks:
                chain.thermalise(sampling.bins_per_block * sampling.updates_per_bin)
            else:
                rows = chain.run_block(sampling.bins_per_block, sampling.updates_per_bin)
        except OverflowError as error:  # the kernel's arrays have an end
            self._held = None
            why = f"{task.identity[:12]}: {error}; allowed: a shorter sampling.beta, or without this point"
            return Result(task, rows, time.perf_counter() - started, why)
        parameters = canonical_json(record.parameters)
        try:
            checkpoint = Checkpoint(task.block + 1, parameters, rows, chain.to_arrays())
            self._checkpoints.save(task.identity, task.chain, checkpoint)
        except OSError as error:
            self._held = None
            where = error.filename or self._checkpoints.directory
            return Result(task, rows, time.perf_counter() - started, f"{where}: {error.strerror}")
        self._held = Task(task.identity, task.chain, task.block + 1), chain
        return Result(task, rows, time.perf_counter() - started)

    def _chain(self, task: Task) -> Chain:
        if self._held is not None and self._held[0] == task:
            return self._held[1]
        record = self._plan.ensembles[task.identity]
        if task.block == 0:
            return Chain.start(record.build(), chain_seed(self._seed, task.identity, task.chain))
        for checkpoint in self._checkpoints.candidates(task.identity, task.chain, canonical_json(record.parameters)):
            if checkpoint.blocks == task.block:
                return Chain.from_arrays(record.build(), checkpoint.arrays)
        raise RuntimeError(f"no checkpoint of {task}: was it deleted while the campaign ran?")
