"""The master hands out blocks, takes in bins, has errors evaluated, and watches the clock.

It knows no MPI, only an `Executor`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from hpcbip.campaign.plan import ChainKey, Plan
from hpcbip.campaign.schema import Config
from hpcbip.driver.convergence import ConvergenceMonitor
from hpcbip.driver.deadline import Deadline
from hpcbip.driver.ensemble_state import Task
from hpcbip.driver.executors import MIN_PAUSE, Executor
from hpcbip.driver.run_state import PROGRESS_INTERVAL, RunState
from hpcbip.driver.scheduler import Scheduler
from hpcbip.driver.signals import StopRequests
from hpcbip.driver.stopping_rule import StoppingRule
from hpcbip.driver.worker import CRASH, BlockResult
from hpcbip.store.bin_writer import BinWriter
from hpcbip.store.progress import CampaignProgress, EnsembleProgress
from hpcbip.store.room import Room
from hpcbip.store.running.blocks_in_hand import BlocksInHand
from hpcbip.store.store import Store

CHECK_INTERVAL = 0.05
"""Seconds between checks of the clock and of requests to stop."""

SPECULATION_DELAY = 0.1
"""Part of a block's time that workers may be idle before they begin blocks that may not be needed."""

MAX_PAUSE = 0.008
"""Longest sleep while nothing happens, per second of a block: half of it is lost; a wake-up costs 100 µs."""

EVALUATION_PAUSE = 0.001
"""Seconds between checks for the evaluations that a start waits for."""


class Master:
    """One run of a campaign.

    Args:
        directory, config, plan: the campaign, prepared and locked.
        blocks_done: (identity, chain) -> blocks done (`hpcbip.store.recovery`); their bins are on the disk.
        store: its bins, for reading.
        writer, room: take the bins of workers that do not write themselves, and make room for all.
        in_hand: keeps account of the blocks in hand.
        log: takes one line for the run's log.

    Attributes:
        error, traceback: why the disk refused; of a program error in a worker; or "".
        workers: how many there are.
        started: `time.monotonic()` of the start.
        blocks: blocks of this run.
        sampling_seconds: time that workers spent on sampling them.
    """

    def __init__(
        self,
        directory: Path,
        config: Config,
        plan: Plan,
        blocks_done: Mapping[ChainKey, int],
        store: Store,
        writer: Store,
        room: Room,
        in_hand: BlocksInHand,
        log: Callable[[str], None],
    ) -> None:
        self.config, self.plan = config, plan
        self._directory, self._in_hand, self._log = directory, in_hand, log
        self._crashed: set[str] = set()
        known = CampaignProgress.read(directory).ensembles
        self._ensemble_seconds = {key: progress.seconds for key, progress in known.items()}
        self._monitor = ConvergenceMonitor(config, plan, store, known)
        rule = StoppingRule.from_config(config)
        targeted, partners = self._monitor.targeted, self._monitor.partners
        self.scheduler = Scheduler(plan.ensembles, rule, blocks_done, targeted, partners)
        durable = {key: config.sampling.bins_after(blocks) for key, blocks in blocks_done.items()}
        self._bins = BinWriter(writer, durable, room, store if store is not writer else None)
        self._tasks: dict[int, Task] = {}
        self._last_chain: dict[int, ChainKey] = {}
        self._slowest_block = 0.0
        self.error = self.traceback = ""
        self.workers = 1
        self.started = time.monotonic()
        self.blocks = 0
        self.sampling_seconds = 0.0

    def close(self) -> None:
        """End the threads."""
        self._monitor.close()
        self._bins.close()
        self._in_hand.close()

    def run(
        self,
        executor: Executor,
        stop: StopRequests,
        deadline: Deadline,
        report: Callable[[Master], None],
    ) -> bool:
        """Hand out blocks until all is done, a stop is asked for, or none would end before the deadline.

        Args:
            executor: runs the blocks.
            stop: asks for a stop.
            deadline: when everything must be saved.
            report: called often, with this master, to show progress.

        Returns:
            whether the campaign is finished: every ensemble has met its targets, come to its last goal, or
                failed.
        """
        state = RunState(executor, stop, deadline, report, deque(executor.workers))
        self.workers = len(state.idle)
        self._evaluate_earlier_runs(stop)
        while True:
            self._check_clock(state)
            if not state.stop_reason:
                self._hand_out_blocks(state)
            if not self._tasks and (state.stop_reason or self.scheduler.finished):
                break
            finished = executor.poll()
            if finished is None:
                self._sleep(state)
            else:
                self._take_in(state, *finished)
        if state.stop_reason:
            self._log(f"stopped: {state.stop_reason}{state.remark}")
        self._save_everything()
        report(self)
        return self.scheduler.finished

    def _evaluate_earlier_runs(self, stop: Callable[[], str]) -> None:
        """Evaluate the errors that earlier runs left due before anything is begun: all may be done."""
        self._exchange_evaluations()
        while self._monitor.has_pending and not stop():
            time.sleep(EVALUATION_PAUSE)
            self._exchange_evaluations()

    def _check_clock(self, state: RunState) -> None:
        """Look for reasons to stop, sync bins, show and write the progress, every `CHECK_INTERVAL`."""
        now = time.monotonic()
        if now < state.next_check and not self.error and not self.traceback:
            return
        state.next_check = now + CHECK_INTERVAL
        if not state.stop_reason and (reason := state.stop() or self._own_reason_to_stop(state.deadline)):
            asked = not (self.error or self.traceback)  # these have a line of their own
            state.begin_to_stop(reason, len(self._tasks) if asked else 0, self._slowest_block)
        if self._tasks:
            state.give_up_if_late(len(self._tasks))
        self._note_disk_error(self._bins.sync_when_due(now))
        state.report(self)
        if now >= state.next_progress:
            self._write_progress()
            state.next_progress = now + PROGRESS_INTERVAL

    def _own_reason_to_stop(self, deadline: Deadline) -> str:
        if self.error:
            return self.error
        if self.traceback:
            return "a program error"
        if deadline.seconds_left < self._block_seconds():
            return "time limit"
        return "" if self.workers else "no member is left"

    def _hand_out_blocks(self, state: RunState) -> None:
        """Give tasks to idle workers as long as the scheduler has any."""
        now = time.monotonic()
        state.changed = self._exchange_evaluations() or state.changed
        # an evaluation or another chain may settle within moments what a speculative block would be spent on
        patience = max(CHECK_INTERVAL, SPECULATION_DELAY * self._slowest_block)
        speculative = state.idle_since > 0.0 and now > state.idle_since + patience
        while (state.changed or speculative) and state.idle:
            state.changed = self._assign_next_block(state, speculative)
            speculative = speculative and state.changed
        state.idle_since = (state.idle_since or now) if state.idle else 0.0

    def _assign_next_block(self, state: RunState, speculative: bool) -> bool:
        """Hand the next block to the worker that has waited longest; returns False if there is none."""
        task = self.scheduler.next_task(self._last_chain.get(state.idle[0]), speculative, self.workers)
        if task is None:
            return False
        key, bins = (task.identity, task.chain), self.config.sampling.bins_after(task.end)
        if refusal := self._bins.make_room(key, bins, self.scheduler.unfinished):
            self._note_disk_error(refusal)
            self.scheduler.abandon(task)
            return False
        worker = state.idle.popleft()
        self._last_chain[worker] = key
        block = (*key, task.block)
        self._in_hand.hand_out(worker, block)
        suspect = self._in_hand.is_suspect(block)
        self._tasks[worker] = replace(task, durable=self._bins.durable(key), suspect=suspect)
        state.executor.send(worker, self._tasks[worker])
        return True

    def _sleep(self, state: RunState) -> None:
        """Wait a little for results, longer from time to time.

        Raises:
            RuntimeError: if there is nothing to wait for.
        """
        if not (self._tasks or state.stop_reason or self._monitor.has_pending or state.changed):
            raise RuntimeError("nothing is being done and nothing can be begun: the scheduler is stuck")
        time.sleep(state.pause)
        state.pause = min(2.0 * state.pause, MAX_PAUSE * min(3.0, max(1.0, self._slowest_block)))

    def _take_in(self, state: RunState, worker: int, result: BlockResult | None) -> None:
        """Take what the executor reports: a result, or the loss of a worker (None)."""
        state.pause, state.changed = MIN_PAUSE, True
        task = self._tasks.pop(worker, None)
        self._in_hand.hand_back(worker)
        if result is None:
            self._handle_lost_worker(state, worker, task)
        elif task is not None:  # otherwise it is the last message of a lost worker
            state.idle.append(worker)
            self._accept(result)

    def _handle_lost_worker(self, state: RunState, worker: int, task: Task | None) -> None:
        self.workers -= 1
        self._log(f"lost: member {worker}: {'its block was in hand' if task else 'it was idle'}")
        if task is None:
            state.idle.remove(worker)
            return
        try:
            guilty = self._in_hand.note_loss((task.identity, task.chain, task.block))
        except OSError as failure:
            guilty = False
            self._note_disk_error(str(failure))
        if guilty:
            self._accept_chain_failure(task, CRASH.format(how="members are lost with it"), crashed=True)
        else:
            self.scheduler.abandon(task)

    def _exchange_evaluations(self) -> bool:
        """Have due ensembles evaluated and take the ratios that are ready; returns whether there were any."""
        for identity, goal in self.scheduler.take_due():
            self._monitor.submit(identity, goal)
        any_ready = False
        for identity, ratio in self._monitor.take_ratios():
            self.scheduler.record_ratio(identity, ratio)
            any_ready = True
        return any_ready

    def _accept(self, result: BlockResult) -> None:
        """Write the bins of a result, and tell the scheduler how its task ended."""
        task = result.task
        if result.chain_failure:
            self._accept_chain_failure(task, result.chain_failure, result.crashed)
            return
        if result.given_up:
            self.scheduler.abandon(task)
            return
        disk_error = result.disk_error or self._write_bins(result)
        if result.written:
            bins = self.config.sampling.bins_after(task.end)
            self._bins.mark_durable((task.identity, task.chain), bins)
        if disk_error or result.traceback:
            self.error = self.error or disk_error
            self.traceback = self.traceback or result.traceback
            if result.traceback:
                self._log(f"program error in {task}\n{result.traceback}")
            self.scheduler.abandon(task)
            return
        self._slowest_block = max(0.98 * self._slowest_block, result.seconds)
        self.blocks += task.blocks
        self.sampling_seconds += result.sampling_seconds
        self._ensemble_seconds.setdefault(task.identity, 0.0)
        self._ensemble_seconds[task.identity] += result.cpu_seconds
        self.scheduler.complete(task, result.seconds)

    def _accept_chain_failure(self, task: Task, reason: str, crashed: bool) -> None:
        if crashed:
            self._crashed.add(task.identity)
        sector = self.plan.ensembles[task.identity].sector
        self.scheduler.fail(task, reason)
        is_given_up = bool(self.scheduler.ensembles[task.identity].failed)
        remark = "" if is_given_up else " (begun ahead: it may not be needed)"
        self._log(f"failed: {sector} {task.identity[:12]} chain {task.chain}: {reason}{remark}")

    def _write_bins(self, result: BlockResult) -> str:
        """Write the bins of a worker that has not done so itself; returns why the disk refused, or ""."""
        if result.traceback or not len(result.rows):
            return ""
        task, sampling = result.task, self.config.sampling
        first, bins = sampling.bins_after(task.block), sampling.bins_after(task.end)
        try:
            self._bins.write((task.identity, task.chain), first, result.rows, bins)
        except OSError as failure:
            return f"{self._directory}: {failure}"
        return ""

    def _save_everything(self) -> None:
        """Bring all bins to the disk and write the progress, at the end of a run."""
        try:
            self._bins.finish()
        except OSError as failure:
            self._note_disk_error(str(failure))
        self._write_progress()

    def _note_disk_error(self, reason: str) -> None:
        """Keep the first reason; "" is none."""
        if reason:
            self.error = self.error or f"{self._directory}: {reason}"

    def _block_seconds(self) -> float:
        """Estimate the seconds of one block, cautiously."""
        return 1.3 * self._slowest_block + 0.5

    def seconds_left(self) -> float | None:
        """Estimate the seconds to all targets; None before a block has been timed."""
        return self.scheduler.seconds_left(self.workers)

    def blocks_per_second(self) -> float:
        """Return the blocks per second since this run began."""
        return self.blocks / max(1e-9, time.monotonic() - self.started)

    def _write_progress(self) -> None:
        """Write progress.json: the state of all ensembles, and how the run goes."""
        ensembles = {
            key: EnsembleProgress(
                e.goal.chains,
                e.goal.blocks,
                e.done,
                e.failed,
                self._monitor.known_errors(key),
                round(self._ensemble_seconds.get(key, 0.0), 3),
                bool(e.failed) and key in self._crashed,
            )
            for key, e in self.scheduler.ensembles.items()
        }
        run = {
            "time": time.time(),
            "members": self.workers,
            "blocks": self.blocks,
            "blocks_per_second": self.blocks_per_second(),
            "seconds_left": self.seconds_left(),
        }
        try:
            CampaignProgress(ensembles, run).write(self._directory)
        except OSError as error:
            self.error = self.error or f"{error.filename or self._directory}: {error.strerror}"
