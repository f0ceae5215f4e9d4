"""Which block comes next: a plain state machine, without MPI, files or clocks.

Every chain of an ensemble runs its thermal blocks, then blocks of bins up to the goal of its ensemble, a
sample size (`hpcbip.driver.stopping_rule`). When all chains have reached it the errors are compared with the
targets, from exactly the bins up to there, and the ensemble is done or gets the next goal. What counts in the
end is therefore a function of the configuration and the seed alone, whatever the number of ranks, the timing
and the kills.

Which of the possible blocks is handed out first is free, and decides how soon all is done. The priorities:

1. ensembles before their first goal, the least advanced chains first: nothing is known of these;
2. chains below their goal, or that will be needed beyond it as far as the last errors tell: those with the
   longest expected time to the targets first (blocks left, in sequence, times the seconds of a block there);
3. so that no rank is idle: speculative blocks beyond a goal whose evaluation is pending, which the next goal
   will need if the targets are missed. If they are met these bins lie in the files, but do not count.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from hpcbip.campaign.plan import ChainKey, SampleSize
from hpcbip.driver.ensemble_state import EnsembleState, Task
from hpcbip.driver.stopping_rule import MAX_GROWTH, MIN_GROWTH, StoppingRule

FIRST_GOAL, REQUIRED, LIKELY, SPECULATIVE = 0, 1, 2, 3
"""Levels of priority, the most urgent first."""

LIKELY_SHARE = 0.8
"""Part of the bins expected to be needed that counts as likely; the rest is speculative."""

EXPECTED_GROWTH = 4.0
"""Growth from the goal to the targets that is expected while no error is known."""

KEEP_CHAIN = 0.8
"""A worker keeps its chain unless another has this much longer to go: changing costs a checkpoint."""

KEEP_CHAIN_BLOCKS = 3.0
"""Before the first goal a worker keeps its chain up to so many blocks ahead of the least advanced one."""

REQUEST_SECONDS = 0.0006
"""Mean time between two requests that the master has to serve, at least: twice what it takes for one. Where
blocks are shorter than this times the workers, several are handed out together."""

ENSEMBLE_WEIGHT, OVERALL_WEIGHT = 0.2, 0.02
"""Weights of a new block in the running means of a block's seconds, of an ensemble and of all of them."""


class Priority(NamedTuple):
    """Urgency of a chain; the smallest is handed out first.

    Attributes:
        level: one of `FIRST_GOAL`, `REQUIRED`, `LIKELY` and `SPECULATIVE`.
        order: within a level: blocks done before the first goal, otherwise minus the expected seconds left.
    """

    level: int
    order: float


class QueueEntry(NamedTuple):
    """A chain in the queue; outdated if the chain's priority is another by now."""

    priority: Priority
    identity: str
    chain: int


class Scheduler:
    """Hands out tasks and keeps account of what is done.

    Args:
        identities: the ensembles.
        rule: how long chains are.
        blocks_done: (identity, chain) -> blocks already done; absent: none.
        targeted: ensembles that have a target; if none has one, all run to the last goal, otherwise the
            others stop at the first goal.
        partners: identity -> ensembles whose bins of the first goal its errors need.
    """

    def __init__(
        self,
        identities: Iterable[str],
        rule: StoppingRule,
        blocks_done: Mapping[ChainKey, int],
        targeted: Iterable[str],
        partners: Mapping[str, Iterable[str]],
    ) -> None:
        self.rule = rule
        self._targeted = set(targeted)
        self._partners = {key: tuple(others) for key, others in partners.items()}
        self._dependents: dict[str, list[str]] = {}
        for key, others in self._partners.items():
            for other in others:
                self._dependents.setdefault(other, []).append(key)
        first = rule.first_goal if self._targeted else rule.last_goal
        self.ensembles = {i: EnsembleState([], first, first, first, first) for i in identities}
        self.blocks_done = 0
        self._unfinished = len(self.ensembles)
        self._block_seconds = 0.0  # running mean over all ensembles
        self._priorities: dict[ChainKey, Priority] = {}  # of every chain that may be handed out
        self._queue: list[QueueEntry] = []  # a heap of the same, and of outdated entries
        self._due: list[tuple[str, SampleSize]] = []
        for (identity, chain), blocks in blocks_done.items():
            if identity in self.ensembles and blocks:
                known = self.ensembles[identity].blocks_done
                known.extend([0] * (chain + 1 - len(known)))
                known[chain] = blocks
                self.blocks_done += blocks
        for identity in self.ensembles:
            self._set_goal(identity, first)
        for identity in self.ensembles:
            self._update_due(identity)

    @property
    def finished(self) -> bool:
        """Whether every ensemble has met its targets, run to its last goal, or failed."""
        return self._unfinished == 0

    @property
    def unfinished(self) -> Iterator[str]:
        """The ensembles that are not over."""
        return (identity for identity, e in self.ensembles.items() if not e.done)

    @property
    def failures(self) -> dict[str, str]:
        """Why ensembles were given up, by identity."""
        return {identity: e.failed for identity, e in self.ensembles.items() if e.failed}

    @property
    def blocks_planned(self) -> int:
        """Blocks done and blocks up to the present goals: what is certain to be needed."""
        return self.blocks_done + sum(
            max(0, self._blocks_at_goal(e) - blocks)
            for e in self.ensembles.values()
            if not e.done
            for blocks in e.blocks_done[: e.goal.chains]
        )

    def seconds_left(self, workers: int) -> float | None:
        """Estimate the time to all targets on so many workers; None while nothing is known."""
        if not self._block_seconds:
            return None
        total = longest = 0.0
        for e in self.ensembles.values():
            if not e.done:
                seconds = e.block_seconds or self._block_seconds
                length = self.rule.thermal_blocks + e.expected_size.blocks
                left = [max(0, length - blocks) for blocks in e.blocks_done[: e.expected_size.chains]]
                left += [length] * (e.expected_size.chains - len(left))
                total += seconds * sum(left)
                longest = max(longest, seconds * max(left))
        return max(longest, total / max(1, workers))

    def next_task(
        self, preferred: ChainKey | None = None, speculative: bool = True, workers: int = 0
    ) -> Task | None:
        """Hand out the next block, or blocks, of a chain, or None if nothing can be begun now.

        Args:
            preferred: the chain that the worker has in memory; it wins unless another is more urgent.
            speculative: whether blocks may be handed out that may turn out not to be needed.
            workers: how many there are; of many, each gets several short blocks together.
        """
        while self._queue and self._is_outdated(self._queue[0]):
            heapq.heappop(self._queue)
        if not self._queue:
            return None
        best, identity, chain = self._queue[0]
        if best.level == SPECULATIVE and not speculative:
            return None
        own = self._priorities.get(preferred) if preferred else None
        if (
            preferred
            and own
            and own.level == best.level
            and own.order <= best.order + self._switching_threshold(best)
        ):
            identity, chain = preferred
        del self._priorities[identity, chain]
        ensemble = self.ensembles[identity]
        ensemble.running.add(chain)
        blocks = self._batch(ensemble, chain, workers)
        return Task(identity, chain, ensemble.blocks_done[chain], blocks=blocks)

    def complete(self, task: Task, seconds: float = 1.0) -> None:
        """Record that the blocks of `task` are done and safe; they took so many seconds."""
        e = self.ensembles[task.identity]
        e.running.discard(task.chain)
        e.blocks_done[task.chain] = task.end
        self.blocks_done += task.blocks
        seconds /= task.blocks
        e.block_seconds = _running_mean(e.block_seconds, seconds, ENSEMBLE_WEIGHT)
        self._block_seconds = _running_mean(self._block_seconds, seconds, OVERALL_WEIGHT)
        if e.done:
            return
        if task.chain < e.goal.chains and task.block < self._blocks_at_goal(e) <= task.end:
            e.chains_below_goal -= 1
            self._update_due(task.identity)
        self._update_priority(task.identity, task.chain)

    def abandon(self, task: Task) -> None:
        """Take back a task whose worker is lost: another one may run the block."""
        self.ensembles[task.identity].running.discard(task.chain)
        self._update_priority(task.identity, task.chain)

    def fail(self, task: Task, reason: str) -> None:
        """Record that the chain of `task` cannot go on.

        The other chains alone would be a biased choice, so its whole ensemble is given up if the goal needs
        the block; if the block was speculative, as soon as a goal does. All other ensembles go on.
        """
        e = self.ensembles[task.identity]
        e.running.discard(task.chain)
        e.failed_chains[task.chain] = reason
        self._priorities.pop((task.identity, task.chain), None)
        self._fail_if_goal_is_unreachable(task.identity)

    def take_due(self) -> list[tuple[str, SampleSize]]:
        """Return the ensembles that have reached their goal and wait for `record_ratio`; each only once."""
        due, self._due = self._due, []
        return due

    def record_ratio(self, identity: str, ratio: float) -> None:
        """Record the largest ratio of an error to its target, from exactly the bins of the present goal."""
        e = self.ensembles[identity]
        e.pending, e.evaluated, e.ratio = False, True, ratio
        if identity not in self._targeted or self.rule.is_met(e.goal, ratio):
            self._finish(identity)
        elif not e.failed:
            self._set_goal(identity, self.rule.next_goal(e.goal, ratio))
        self._update_due(identity)

    def _is_outdated(self, entry: QueueEntry) -> bool:
        return self._priorities.get((entry.identity, entry.chain)) != entry.priority

    @staticmethod
    def _switching_threshold(best: Priority) -> float:
        return KEEP_CHAIN_BLOCKS if best.level == FIRST_GOAL else (1.0 - KEEP_CHAIN) * abs(best.order)

    def _blocks_at_goal(self, e: EnsembleState) -> int:
        return self.rule.thermal_blocks + e.goal.blocks

    def _batch(self, e: EnsembleState, chain: int, workers: int) -> int:
        """Count the blocks to hand out together: as many as are needed, of speculative ones one."""
        seconds = e.block_seconds or self._block_seconds
        if seconds >= workers * REQUEST_SECONDS or not seconds:
            return 1
        ends = (self.rule.thermal_blocks + s.blocks for s in (e.goal, e.likely_size) if chain < s.chains)
        left = next((end - e.blocks_done[chain] for end in ends if end > e.blocks_done[chain]), 1)
        return min(left, math.ceil(workers * REQUEST_SECONDS / seconds))

    def _fail_if_goal_is_unreachable(self, identity: str) -> None:
        e = self.ensembles[identity]
        for chain, reason in e.failed_chains.items():
            if not e.done and chain < e.goal.chains and e.blocks_done[chain] < self._blocks_at_goal(e):
                e.failed = f"chain {chain}: {reason}"
                self._finish(identity)
                self._update_due(identity)

    def _finish(self, identity: str) -> None:
        e = self.ensembles[identity]
        if not e.done:
            e.done = True
            self._unfinished -= 1
            for chain in range(len(e.blocks_done)):
                self._priorities.pop((identity, chain), None)

    def _is_past_first_goal(self, identity: str) -> bool:
        """Tell whether the bins of the first goal exist, or never will."""
        e = self.ensembles[identity]
        return bool(e.failed) or e.evaluated or e.chains_below_goal == 0

    def _update_due(self, identity: str) -> None:
        """Find what is due once an ensemble has come to a goal, or never will: it, or its dependents."""
        for candidate in (identity, *self._dependents.get(identity, ())):
            e = self.ensembles[candidate]
            if not (e.done or e.pending or e.chains_below_goal):
                partners = self._partners.get(candidate, ())
                e.pending = all(map(self._is_past_first_goal, partners))
                if e.pending:
                    self._due.append((candidate, e.goal))

    def _set_goal(self, identity: str, goal: SampleSize) -> None:
        """Give an ensemble its next goal, and work out what is likely to be needed beyond it."""
        e, rule = self.ensembles[identity], self.rule
        previous, e.goal = e.goal, goal
        is_last = not self._targeted or goal == rule.last_goal or identity not in self._targeted
        e.blocks_after_goal = 0
        if is_last:
            e.likely_size = e.speculative_size = e.expected_size = goal
        elif not e.evaluated or math.isinf(e.ratio):
            e.likely_size = goal
            e.speculative_size = rule.grow(goal, MIN_GROWTH)
            e.expected_size = rule.grow(goal, EXPECTED_GROWTH)
        else:
            need = e.ratio**2 * previous.total / goal.total  # expected (error/target)² at the goal
            e.likely_size = rule.grow(goal, min(MAX_GROWTH, max(1.0, LIKELY_SHARE * need)))
            e.speculative_size = rule.next_goal(goal, max(1.0, math.sqrt(need)))
            e.expected_size = rule.grow(goal, max(1.0, need))
            e.blocks_after_goal = rule.blocks_in_sequence(goal, math.sqrt(need))
        chains = max(e.likely_size.chains, e.speculative_size.chains)
        e.blocks_done.extend([0] * (chains - len(e.blocks_done)))
        e.chains_below_goal = sum(b < self._blocks_at_goal(e) for b in e.blocks_done[: goal.chains])
        for chain in range(len(e.blocks_done)):
            self._update_priority(identity, chain)
        self._fail_if_goal_is_unreachable(identity)

    def _update_priority(self, identity: str, chain: int) -> None:
        """Queue a chain with its present priority if it may be handed out, otherwise withdraw it."""
        self._priorities.pop((identity, chain), None)
        priority = self._priority(self.ensembles[identity], chain)
        if priority is None:
            return
        self._priorities[identity, chain] = priority
        heapq.heappush(self._queue, QueueEntry(priority, identity, chain))
        if len(self._queue) > 4 * len(self._priorities) + 1000:  # mostly outdated entries
            self._queue = [QueueEntry(priority, *key) for key, priority in self._priorities.items()]
            heapq.heapify(self._queue)

    def _priority(self, e: EnsembleState, chain: int) -> Priority | None:
        """Work out how urgent the next block of a chain is; None: it must not be begun."""
        blocks, thermal = e.blocks_done[chain], self.rule.thermal_blocks
        if e.done or chain in e.running or chain in e.failed_chains:
            return None

        def is_below(size: SampleSize) -> bool:
            return chain < size.chains and blocks < thermal + size.blocks

        if is_below(e.goal):
            level = REQUIRED if e.evaluated or not self._targeted else FIRST_GOAL
        elif is_below(e.likely_size):
            level = LIKELY
        elif is_below(e.speculative_size):
            level = SPECULATIVE
        else:
            return None
        if level == FIRST_GOAL:
            return Priority(level, blocks)
        left = thermal + e.goal.blocks - blocks + e.blocks_after_goal
        return Priority(level, -max(1, left) * (e.block_seconds or self._block_seconds or 1.0))


def _running_mean(mean: float, value: float, weight: float) -> float:
    """Take a value into a running mean; a mean of 0 stands for none yet."""
    return (1.0 - weight) * mean + weight * value if mean else value
