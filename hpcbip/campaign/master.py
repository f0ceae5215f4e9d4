"""The master: restores what is there, hands out blocks, writes bins, watches the clock. It knows no MPI, only a
`Team`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from hpcbip.qmc import columns, lags

from .checkpoint import Checkpoints
from .config import TARGETS, Config
from .directory import write_atomically
from .identity import canonical_json
from .plan import Plan
from .reduction import target_errors
from .scheduler import Rules, Scheduler, Task
from .store import Room, Store
from .worker import Result


class Team(Protocol):
    """Those who run tasks: this process, or the ranks of an MPI job."""

    size: int

    def send(self, member: int, task: Task) -> None:
        """Give a task to an idle member."""

    def poll(self) -> tuple[int, Result] | None:
        """A finished task and its member, if there is one; does not wait."""


class Master:
    """One run of a campaign.

    Args:
        directory, config, plan: the campaign; the directory is prepared and locked.
        log: takes one line for the run's log.
    """

    def __init__(self, directory: Path, config: Config, plan: Plan, log: Callable[[str], None]) -> None:
        self._config, self._plan, self._log = config, plan, log
        self._directory = directory
        self._store = Store(directory, writable=True)
        sampling = config.sampling
        self._store.make_room(self._rooms())
        for path in self._store.damaged:
            log(f"damaged: {path.name}: set aside, its bins are computed again")
        behind = self._restore(Checkpoints(directory))
        self.scheduler = Scheduler(
            plan.ensembles,
            Rules(sampling.chains, sampling.thermal_blocks, sampling.min_blocks, sampling.max_blocks),
            behind,
            [key for key, record in plan.ensembles.items() if self._targets(record.sector)],
            self._partners(),
            self._evaluate,
        )
        self.error = ""
        self.members = 1
        self._last: dict[int, tuple[str, int]] = {}
        self._seconds: list[float] = []

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _rooms(self) -> Mapping[str, Room]:
        sampling = self._config.sampling
        rooms = {}
        for key, record in self._plan.ensembles.items():
            ensemble = record.build()
            rooms[key] = Room(
                sampling.chains, sampling.max_blocks * sampling.bins_per_block, columns(ensemble), record.sector,
                canonical_json(record.parameters), lags(ensemble).tolist(),
            )  # fmt: skip
        return rooms

    def _restore(self, checkpoints: Checkpoints) -> dict[tuple[str, int], int]:
        """Blocks behind every chain: by its newest checkpoint whose earlier bins are all in the store.

        The bins of the checkpoint's own block are written again, in case the last run died in between.
        """
        sampling = self._config.sampling
        behind = {}
        for key, record in self._plan.ensembles.items():
            for chain in range(sampling.chains):
                bins = len(self._store.read(key, chain))
                for checkpoint in checkpoints.candidates(key, chain, canonical_json(record.parameters)):
                    first = (checkpoint.blocks - 1 - sampling.thermal_blocks) * sampling.bins_per_block
                    if bins < first or len(checkpoint.rows) not in (0, sampling.bins_per_block):
                        continue
                    if len(checkpoint.rows) and bins < first + len(checkpoint.rows):
                        self._store.write(key, chain, first, checkpoint.rows)
                    behind[key, chain] = checkpoint.blocks
                    break
        for path in checkpoints.damaged:
            self._log(f"damaged: {path.name}: set aside, the chain goes on from the one before")
        return behind

    def _targets(self, sector: str) -> dict[str, float]:
        return {name: error for name, error in self._config.sampling.target.items() if sector in TARGETS[name]}

    def _partners(self) -> dict[str, list[str]]:
        if "binding_energy" not in self._config.sampling.target:
            return {}
        partners: dict[str, list[str]] = {}
        for point in self._plan.points:
            one, two = point.ensembles.values()
            partners.setdefault(one, []).append(two)
            partners.setdefault(two, []).append(one)
        return partners

    def _bins(self, identity: str, blocks: int) -> list[np.ndarray]:
        rows = blocks * self._config.sampling.bins_per_block
        return [self._store.read(identity, chain)[:rows] for chain in range(self._config.sampling.chains)]

    def _evaluate(self, identity: str, blocks: int) -> float:
        """Largest error over target. The other sector enters the binding energy with its first milestone only, so that
        the outcome does not depend on how far it happens to be."""
        targets = self._targets(self._plan.ensembles[identity].sector)
        others = self._partners().get(identity, ())
        partners = {other: self._bins(other, self._config.sampling.min_blocks) for other in others}
        errors = target_errors(self._plan, identity, self._bins(identity, blocks), partners)
        return max(errors[name] / target for name, target in targets.items())

    def run(
        self, team: Team, stop: Callable[[], str], deadline: float | None, report: Callable[[Master], None]
    ) -> bool:
        """Hand out blocks until all is done, a stop is asked for, or none would end before the deadline.

        Args:
            team: who runs the blocks.
            stop: returns the reason to stop, or "".
            deadline: `time.time()` at which everything must be saved.
            report: called often, with this master, to show progress.

        Returns:
            whether the campaign is finished.
        """
        self.members = team.size
        idle = set(range(team.size))
        reason, pause = "", 0.001
        while True:
            reason = reason or stop() or self.error
            if not reason and deadline is not None and time.time() + self._block_time() > deadline:
                reason = "time limit"
            if not reason:
                for member in sorted(idle):
                    task = self.scheduler.next(self._last.get(member))
                    if task is None:
                        break
                    team.send(member, task)
                    idle.discard(member)
                    self._last[member] = (task.identity, task.chain)
            report(self)
            if len(idle) == team.size:
                if reason:
                    self._log(f"stopped: {reason}")
                self._write_progress()
                return self.scheduler.finished
            finished = team.poll()
            if finished is None:
                # waiting ranks must not burn the cores of working ones
                time.sleep(pause)
                pause = min(2 * pause, 0.02)
                continue
            pause = 0.001
            idle.add(finished[0])
            self._accept(finished[1])

    def _accept(self, result: Result) -> None:
        if not result.error and len(result.rows):
            sampling = self._config.sampling
            first = (result.task.block - sampling.thermal_blocks) * sampling.bins_per_block
            try:
                self._store.write(result.task.identity, result.task.chain, first, result.rows)
            except OSError as error:
                result = Result(result.task, result.rows, result.seconds, f"{self._directory}: {error}")
        if result.error:
            self.error = self.error or result.error
            return
        self._seconds = [*self._seconds[-63:], result.seconds]
        self.scheduler.complete(result.task)

    def _block_time(self) -> float:
        """A cautious guess at the seconds of one block."""
        return 1.3 * max(self._seconds, default=0.0) + 0.5

    def seconds_left(self) -> float | None:
        """Seconds to the present milestones, or None before the first block has been timed."""
        if not self._seconds:
            return None
        left = self.scheduler.blocks_known - self.scheduler.blocks_done
        return left * float(np.mean(self._seconds)) / self.members

    def _write_progress(self) -> None:
        """Leave what the status needs beside the bins; bins alone tell everything but the scheduler's verdicts."""
        ensembles = {
            key: {"milestone": e.milestone, "done": e.done, "ratio": e.ratio if np.isfinite(e.ratio) else None}
            for key, e in self.scheduler.ensembles.items()
        }
        try:
            write_atomically(self._directory / "progress.json", json.dumps({"ensembles": ensembles}))
        except OSError as error:
            self.error = self.error or f"{error.filename or self._directory}: {error.strerror}"
