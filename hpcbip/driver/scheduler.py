"""Which block comes next: a plain state machine, without MPI, files or clocks.

Every chain of an ensemble runs its thermal blocks, then blocks of bins up to the milestone of its ensemble
(`milestones`). When all chains stand there the errors are compared with the targets, from exactly the bins up
to there, and the ensemble is done or gets the next milestone. What counts in the end is therefore a function
of the configuration and the seed alone, whatever the number of ranks, the timing and the kills.

Which of the possible blocks is handed out first is free, and decides how soon all is done:

1. ensembles before their first milestone, the least advanced chains first: nothing is known of these;
2. chains that stand below the milestone, or that will be needed beyond it as far as the last errors tell:
   those with the longest expected time to the targets first (blocks left, in sequence, times the seconds of a
   block there);
3. so that no rank is idle: blocks beyond a milestone that is still waited for, which the next one will need
   if the targets are missed. If they are met these bins lie in the files, but do not count.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hpcbip.campaign.plan import ChainKey, SampleSize
from hpcbip.driver.stopping_rule import (
    LOOK_AGAIN,
    TRUST,
    Rules,
    following,
    grow,
    still_in_sequence,
)

UNKNOWN, NEEDED, PROBABLE, PERHAPS = 0, 1, 2, 3
_SURE = 0.8  # of the bins that are expected to be needed; the rest is a gamble
_KEEP = (
    0.8  # a rank stays with its chain unless another is this much more urgent: changing costs a checkpoint
)


@dataclass(frozen=True)
class Task:
    """One block of one chain: number `block` (from 0, thermal ones included)."""

    identity: str
    chain: int
    block: int
    durable: int = 0  # bins of this chain that are known to be on the disk


@dataclass
class EnsembleProgress:
    """Where one ensemble stands."""

    blocks: list[int]  # behind each chain, thermal ones included
    milestone: SampleSize  # to reach now
    sure: SampleSize  # what will be needed, as far as is known
    horizon: SampleSize  # up to which blocks may be begun at all
    expected: SampleSize  # where the targets will be met, as far as is known
    beyond: int = 0  # blocks in sequence from the milestone to there
    begun: bool = False  # the first milestone has been judged
    ratio: float = math.inf  # error over target when last judged
    short: int = 0  # chains below the milestone
    judging: bool = False  # its errors are being worked out
    done: bool = False
    failed: str = ""
    broken: dict[int, str] = field(default_factory=dict)  # chains that cannot go on, and why
    busy: set[int] = field(default_factory=set)
    seconds: float = 0.0  # of a block, a running mean; 0: unknown


class Scheduler:
    """Hands out tasks; knows what is done.

    Args:
        identities: the ensembles.
        rules: how long chains are.
        behind: (identity, chain) -> blocks already done; absent: none.
        targeted: ensembles that have a target; if none has one, all run to the hard end, otherwise the others
        stop at the first milestone. partners: identity -> ensembles whose first milestone its errors need.
    """

    def __init__(
        self,
        identities: Iterable[str],
        rules: Rules,
        behind: Mapping[ChainKey, int],
        targeted: Iterable[str],
        partners: Mapping[str, Iterable[str]],
    ) -> None:
        self.rules = rules
        self._targeted = set(targeted)
        self._partners = {key: tuple(others) for key, others in partners.items()}
        self._awaited_by: dict[str, list[str]] = {}
        for key, others in self._partners.items():
            for other in others:
                self._awaited_by.setdefault(other, []).append(key)
        first = rules.first if self._targeted else rules.end
        self.ensembles = {i: EnsembleProgress([], first, first, first, first) for i in identities}
        self.blocks_done = 0
        self._open = len(self.ensembles)
        self._seconds = 0.0  # of a block anywhere, a running mean
        self._keys: dict[ChainKey, tuple[float, ...]] = {}  # urgency of every chain that may be handed out
        self._heap: list[tuple[tuple[float, ...], str, int]] = []  # the same, and outdated entries
        self._due: list[tuple[str, SampleSize]] = []
        for (identity, chain), blocks in behind.items():
            if identity in self.ensembles and blocks:
                known = self.ensembles[identity].blocks
                known.extend([0] * (chain + 1 - len(known)))
                known[chain] = blocks
                self.blocks_done += blocks
        for identity in self.ensembles:
            self._head_for(identity, first)
        for identity in self.ensembles:
            self._stands(identity)

    @property
    def finished(self) -> bool:
        """Whether every ensemble has met its targets, run to its hard end, or failed."""
        return self._open == 0

    @property
    def failures(self) -> dict[str, str]:
        """What went wrong, by ensemble."""
        return {identity: e.failed for identity, e in self.ensembles.items() if e.failed}

    @property
    def blocks_known(self) -> int:
        """Blocks up to the present milestones: what is certain to be needed."""
        return self.blocks_done + sum(
            max(0, self._needed(e) - blocks)
            for e in self.ensembles.values()
            if not e.done
            for blocks in e.blocks[: e.milestone.chains]
        )

    def seconds_left(self, workers: int) -> float | None:
        """Expected time to all targets on so many workers; None while nothing is known."""
        if not self._seconds:
            return None
        total = longest = 0.0
        for e in self.ensembles.values():
            if not e.done:
                seconds = e.seconds or self._seconds
                length = self.rules.thermal_blocks + e.expected.blocks
                left = [max(0, length - b) for b in e.blocks[: e.expected.chains]]
                left += [length] * (e.expected.chains - len(left))
                total += seconds * sum(left)
                longest = max(longest, seconds * max(left))
        return max(longest, total / max(1, workers))

    def next(self, prefer: ChainKey | None = None, gamble: bool = True) -> Task | None:
        """The next block to run, or None if nothing can be begun now; `prefer` wins unless another is more
        urgent. Without `gamble` none that may turn out not to be needed."""
        while self._heap and self._keys.get(self._heap[0][1:]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        if not self._heap:
            return None
        best, identity, chain = self._heap[0]
        if best[0] == PERHAPS and not gamble:
            return None
        own = self._keys.get(prefer) if prefer else None
        if prefer and own and own[0] == best[0] and own[1] <= best[1] + self._patience(best):
            identity, chain = prefer
        del self._keys[identity, chain]
        ensemble = self.ensembles[identity]
        ensemble.busy.add(chain)
        return Task(identity, chain, ensemble.blocks[chain])

    @staticmethod
    def _patience(best: tuple[float, ...]) -> float:
        return 3.0 if best[0] == UNKNOWN else (1.0 - _KEEP) * abs(best[1])

    def complete(self, task: Task, seconds: float = 1.0) -> None:
        """The block of `task` is done and safe; it took so many seconds."""
        e = self.ensembles[task.identity]
        e.busy.discard(task.chain)
        e.blocks[task.chain] = task.block + 1
        self.blocks_done += 1
        e.seconds = 0.8 * e.seconds + 0.2 * seconds if e.seconds else seconds
        self._seconds = 0.98 * self._seconds + 0.02 * seconds if self._seconds else seconds
        if e.done:
            return
        if task.chain < e.milestone.chains and task.block + 1 == self._needed(e):
            e.short -= 1
            self._stands(task.identity)
        self._offer(task.identity, task.chain)

    def abandon(self, task: Task) -> None:
        """The worker of `task` is lost: another one may run the block."""
        self.ensembles[task.identity].busy.discard(task.chain)
        self._offer(task.identity, task.chain)

    def fail(self, task: Task, why: str) -> None:
        """The chain of `task` cannot go on. The other chains alone would be a biased choice, so its whole
        ensemble is given up if the milestone needs the block; if the block was begun ahead, as soon as a
        milestone does. All other ensembles go on."""
        e = self.ensembles[task.identity]
        e.busy.discard(task.chain)
        e.broken[task.chain] = why
        self._keys.pop((task.identity, task.chain), None)
        self._give_up_if_broken(task.identity)

    def due(self) -> list[tuple[str, SampleSize]]:
        """Ensembles that stand at their milestone and wait for `judge`; each is told once."""
        due, self._due = self._due, []
        return due

    def judge(self, identity: str, ratio: float) -> None:
        """The largest ratio of an error to its target, from exactly the bins of the present milestone, is
        `ratio`."""
        e = self.ensembles[identity]
        e.judging, e.begun, e.ratio = False, True, ratio
        if ratio <= 1.0 or e.milestone == self.rules.end or identity not in self._targeted:
            self._close(identity)
        elif not e.failed:
            self._head_for(identity, following(e.milestone, ratio, self.rules))
        self._stands(identity)

    def _needed(self, e: EnsembleProgress) -> int:
        return self.rules.thermal_blocks + e.milestone.blocks

    def _give_up_if_broken(self, identity: str) -> None:
        e = self.ensembles[identity]
        for chain, why in e.broken.items():
            if not e.done and chain < e.milestone.chains and e.blocks[chain] < self._needed(e):
                e.failed = f"chain {chain}: {why}"
                self._close(identity)
                self._stands(identity)

    def _close(self, identity: str) -> None:
        e = self.ensembles[identity]
        if not e.done:
            e.done = True
            self._open -= 1
            for chain in range(len(e.blocks)):
                self._keys.pop((identity, chain), None)

    def _at_first_milestone(self, identity: str) -> bool:
        """Whether the bins of the first milestone are there, or never will be."""
        e = self.ensembles[identity]
        return bool(e.failed) or e.begun or e.short == 0

    def _stands(self, identity: str) -> None:
        """An ensemble has come to a milestone, or never will: it, or those that waited for it, may be due."""
        for candidate in (identity, *self._awaited_by.get(identity, ())):
            e = self.ensembles[candidate]
            if not (e.done or e.judging or e.short):
                partners = self._partners.get(candidate, ())
                e.judging = all(map(self._at_first_milestone, partners))
                if e.judging:
                    self._due.append((candidate, e.milestone))

    def _head_for(self, identity: str, milestone: SampleSize) -> None:
        """Give an ensemble its next milestone, and work out how far one may go beyond and what is to be
        expected."""
        e, rules = self.ensembles[identity], self.rules
        before, e.milestone = e.milestone, milestone
        last = not self._targeted or milestone == rules.end or identity not in self._targeted
        e.beyond = 0
        if last:
            e.sure = e.horizon = e.expected = milestone
        elif not e.begun or math.isinf(e.ratio):
            e.sure, e.horizon, e.expected = (
                milestone,
                grow(milestone, LOOK_AGAIN, rules),
                grow(milestone, 4.0, rules),
            )
        else:
            need = e.ratio**2 * before.total / milestone.total  # expected (error/target)² at the milestone
            e.sure = grow(milestone, min(TRUST, max(1.0, _SURE * need)), rules)
            e.horizon = following(milestone, max(1.0, math.sqrt(need)), rules)
            e.expected = grow(milestone, max(1.0, need), rules)
            e.beyond = still_in_sequence(milestone, math.sqrt(need), rules)
        e.blocks.extend([0] * (max(e.sure.chains, e.horizon.chains) - len(e.blocks)))
        e.short = sum(blocks < self._needed(e) for blocks in e.blocks[: milestone.chains])
        for chain in range(len(e.blocks)):
            self._offer(identity, chain)
        self._give_up_if_broken(identity)

    def _offer(self, identity: str, chain: int) -> None:
        """Put a chain among those that may be handed out, if it is one."""
        e = self.ensembles[identity]
        self._keys.pop((identity, chain), None)
        blocks, thermal = e.blocks[chain], self.rules.thermal_blocks
        if e.done or chain in e.busy or chain in e.broken:
            return

        def up_to(goal: SampleSize) -> bool:
            return chain < goal.chains and blocks < thermal + goal.blocks

        below = up_to(e.milestone)
        sure = below or up_to(e.sure)
        if not sure and not up_to(e.horizon):
            return
        if below and not e.begun and self._targeted:
            key: tuple[float, ...] = (UNKNOWN, blocks)
        else:
            left = thermal + e.milestone.blocks - blocks + e.beyond
            seconds = e.seconds or self._seconds or 1.0
            key = (NEEDED if below else PROBABLE if sure else PERHAPS, -max(1, left) * seconds)
        self._keys[identity, chain] = key
        heapq.heappush(self._heap, (key, identity, chain))
        if len(self._heap) > 4 * len(self._keys) + 1000:
            self._heap = [(key, *where) for where, key in self._keys.items()]
            heapq.heapify(self._heap)
