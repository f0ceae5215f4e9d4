"""The master: hands out blocks, writes bins, has errors judged, watches the clock. It knows no MPI, only a
`Team`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from hpcbip.campaign.plan import ChainKey, Plan
from hpcbip.campaign.schema import Config
from hpcbip.driver.convergence import Judge, rules_of
from hpcbip.driver.scheduler import Scheduler, Task
from hpcbip.driver.worker import Result
from hpcbip.store.progress import CampaignProgress, EnsembleProgress
from hpcbip.store.store import Store

LOOK = 0.05  # seconds between looks at the clock and for requests to stop
HOLD = 0.1  # of a block's time that members may be idle before they begin what may not be needed
SYNC = 1.0  # seconds between syncs of the bins; until then the checkpoints hold them as well
NOTE = 5.0  # seconds between notes for the status
PAUSE = 0.008  # longest sleep while nothing happens, per second of a block: half of it is lost; a wake-up costs 100 µs


class Team(Protocol):
    """Those who run tasks: this process, or the ranks of an MPI job."""

    @property
    def members(self) -> Iterable[int]:
        """Those that may be given tasks."""

    def send(self, member: int, task: Task) -> None:
        """Give a task to an idle member."""

    def poll(self) -> tuple[int, Result | None] | None:
        """A finished task and its member, if there is one; does not wait. None for the result: the member is
        lost."""


class Master:
    """One run of a campaign.

    Args:
        directory, config, plan: the campaign; the directory is prepared and locked.
        behind: (identity, chain) -> blocks done (`restore`); their bins are on the disk.
        store: its bins, for reading.
        writer: takes the bins of members that do not write themselves.
        log: takes one line for the run's log.
    """

    def __init__(
        self,
        directory: Path,
        config: Config,
        plan: Plan,
        behind: Mapping[ChainKey, int],
        store: Store,
        writer: Store,
        log: Callable[[str], None],
    ) -> None:
        self.config, self.plan = config, plan
        self._directory, self._log, self._writer = directory, log, writer
        known = CampaignProgress.read(directory).ensembles
        self._spent = {key: verdict.seconds for key, verdict in known.items()}
        self._judge = Judge(config, plan, store, known)
        rules = rules_of(config)
        self.scheduler = Scheduler(plan.ensembles, rules, behind, self._judge.targeted, self._judge.partners)
        self._durable = {key: self._bins(blocks) for key, blocks in behind.items()}
        self._fresh: dict[ChainKey, int] = {}  # bins handed to the operating system since the last sync
        self._syncing: tuple[Future[None], dict[ChainKey, int]] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sync")
        self._tasks: dict[int, Task] = {}
        self._last: dict[int, ChainKey] = {}
        self._slowest, self._next_sync = 0.0, time.time() + SYNC
        self.error = ""  # why the disk refused
        self.trace = ""  # traceback of a program error in a member
        self.members = 1
        self.begun = time.time()
        self.blocks = 0  # of this run
        self.seconds = 0.0  # that members spent on sampling them

    def close(self) -> None:
        """End the threads."""
        self._judge.close()
        self._thread.shutdown(wait=True)

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
            whether the campaign is finished: every ensemble has met its targets, come to its hard end, or
                failed.
        """
        idle = deque(team.members)
        self.members = len(idle)
        reason, pause, look, note = "", 0.0005, 0.0, time.time() + NOTE
        news = True  # something has happened since no task was to be had
        hungry = 0.0  # since when members are idle, or 0
        self._catch_up(stop)
        while True:
            now = time.time()
            if now >= look or self.error or self.trace:
                look = now + LOOK
                reason = reason or stop() or self.error or ("a program error" if self.trace else "")
                if not reason and deadline is not None and now + self._block_time() > deadline:
                    reason = "time limit"
                if not reason and not self.members:
                    reason = "no member is left"
                self._sync(now)
                report(self)
                if now >= note:
                    self._note()
                    note = now + NOTE
            if not reason:
                news = self._consult() or news
                # a judgement or another chain may settle within moments what a gamble would spend a block on
                gamble = hungry > 0.0 and now > hungry + max(LOOK, HOLD * self._slowest)
                while (news or gamble) and idle:
                    news = self._give(team, idle, gamble)
                    gamble = gamble and news
                hungry = (hungry or now) if idle else 0.0
            if not self._tasks and (reason or self.scheduler.finished):
                break
            finished = team.poll()
            if finished is None:
                if not (self._tasks or reason or self._judge.waiting or news):
                    raise RuntimeError(
                        "nothing is being done and nothing can be begun: the scheduler is stuck"
                    )
                time.sleep(pause)
                pause = min(2.0 * pause, PAUSE * min(3.0, max(1.0, self._slowest)))
                continue
            pause, news = 0.0005, True
            member, result = finished
            task = self._tasks.pop(member, None)
            if result is None:
                self._lose(member, task, idle)
            elif task is not None:  # otherwise it is the last word of a lost member
                idle.append(member)
                self._accept(result)
        if reason:
            self._log(f"stopped: {reason}")
        self._settle()
        report(self)
        return self.scheduler.finished

    def _catch_up(self, stop: Callable[[], str]) -> None:
        """Have judged what earlier runs left to be judged, before anything is begun: it may be done
        already."""
        self._consult()
        while self._judge.waiting and not stop():
            time.sleep(0.001)
            self._consult()

    def _give(self, team: Team, idle: deque[int], gamble: bool) -> bool:
        """Hand the next block to the member that has waited longest; returns False if there is none."""
        task = self.scheduler.next(self._last.get(idle[0]), gamble)
        if task is None:
            return False
        member = idle.popleft()
        key = task.identity, task.chain
        self._last[member] = key
        self._tasks[member] = replace(task, durable=self._durable.get(key, 0))
        team.send(member, self._tasks[member])
        return True

    def _lose(self, member: int, task: Task | None, idle: deque[int]) -> None:
        self.members -= 1
        self._log(f"lost: member {member}: {'its block is run again by another' if task else 'it was idle'}")
        if task:
            self.scheduler.abandon(task)
        else:
            idle.remove(member)

    def _consult(self) -> bool:
        """Have due ensembles judged and take the answers; returns whether there were any."""
        for identity, milestone in self.scheduler.due():
            self._judge.ask(identity, milestone)
        judged = False
        for identity, ratio in self._judge.answers():
            self.scheduler.judge(identity, ratio)
            judged = True
        return judged

    def _bins(self, blocks: int) -> int:
        sampling = self.config.sampling
        return max(0, blocks - sampling.thermal_blocks) * sampling.bins_per_block

    def _accept(self, result: Result) -> None:
        task, error = result.task, result.error
        key = task.identity, task.chain
        if result.failure:
            record = self.plan.ensembles[task.identity]
            self.scheduler.fail(task, result.failure)
            whole = (
                ""
                if self.scheduler.ensembles[task.identity].failed
                else " (begun ahead: it may not be needed)"
            )
            self._log(
                f"failed: {record.sector} {task.identity[:12]} chain {task.chain}: {result.failure}{whole}"
            )
            return
        if not error and not result.trace and len(result.rows):
            try:
                self._writer.write(*key, self._bins(task.block), result.rows)
                self._fresh[key] = self._bins(task.block + 1)
            except OSError as failure:
                error = f"{self._directory}: {failure}"
        if result.written:
            self._durable[key] = self._bins(task.block + 1)
        if error or result.trace:
            self.error = self.error or error
            self.trace = self.trace or result.trace
            if result.trace:
                self._log(f"program error in {task}\n{result.trace}")
            self.scheduler.abandon(task)
            return
        self._slowest = max(0.98 * self._slowest, result.seconds)
        self.blocks += 1
        self.seconds += result.kernel
        self._spent[task.identity] = self._spent.get(task.identity, 0.0) + result.kernel
        self.scheduler.complete(task, result.seconds)

    def _sync(self, now: float) -> None:
        """Bring fresh bins to the disk, in a thread; the chains' next checkpoints then need not hold them."""
        if self._syncing is not None and self._syncing[0].done():
            failure = self._syncing[0].exception()
            if failure is None:
                self._durable.update(self._syncing[1])
            else:
                self.error = self.error or f"{self._directory}: {failure}"
            self._syncing = None
        if self._syncing is None and self._fresh and now >= self._next_sync:
            self._next_sync = now + SYNC
            self._syncing = self._thread.submit(self._writer.sync), self._fresh
            self._fresh = {}

    def _settle(self) -> None:
        """At the end of a run: all bins on the disk, the progress of all ensembles noted."""
        self._thread.shutdown(wait=True)
        try:
            self._writer.sync()
        except OSError as failure:
            self.error = self.error or f"{self._directory}: {failure}"
        self._note()

    def _block_time(self) -> float:
        """A cautious guess at the seconds of one block."""
        return 1.3 * self._slowest + 0.5

    def seconds_left(self) -> float | None:
        """Expected seconds to all targets, or None before the first block has been timed."""
        return self.scheduler.seconds_left(self.members)

    def rate(self) -> float:
        """Blocks per second of this run."""
        return self.blocks / max(1e-9, time.time() - self.begun)

    def _note(self) -> None:
        """Leave what the status needs beside the bins."""
        ensembles = {
            key: EnsembleProgress(
                e.milestone.chains,
                e.milestone.blocks,
                e.done,
                e.failed,
                self._judge.known(key),
                round(self._spent.get(key, 0.0), 3),
            )
            for key, e in self.scheduler.ensembles.items()
        }
        run = {
            "time": time.time(),
            "members": self.members,
            "blocks": self.blocks,
            "blocks_per_second": self.rate(),
            "seconds_left": self.seconds_left(),
        }
        try:
            CampaignProgress(ensembles, run).write(self._directory)
        except OSError as error:
            self.error = self.error or f"{error.filename or self._directory}: {error.strerror}"
