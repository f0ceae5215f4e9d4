"""Which block comes next: a plain state machine, without MPI, files or clocks.

Every chain of an ensemble first runs its thermal blocks, then blocks of bins up to the milestone of its ensemble:
min_blocks, then one and a half times as many, and so on, up to max_blocks. When all chains of an ensemble stand at the
milestone its errors are compared with their targets, from exactly the bins up to there, and the ensemble is done or
gets the next milestone. The number of bins of every chain is therefore a function of the configuration and the seed
alone, whatever the number of ranks, the timing and the kills.

Which of the possible blocks is handed out first is free: chains before their first milestone, the least advanced first;
then those of the ensemble furthest from its target.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

Evaluate = Callable[[str, int], float]
"""(identity, blocks) -> largest ratio of an error to its target, from the bins of the first `blocks` blocks of all its
chains."""


@dataclass(frozen=True)
class Rules:
    """The numbers that govern the length of the chains (the `sampling` section of the configuration)."""

    chains: int
    thermal_blocks: int
    min_blocks: int
    max_blocks: int


@dataclass(frozen=True)
class Task:
    """One block of one chain: number `block` (from 0, thermal ones included)."""

    identity: str
    chain: int
    block: int


@dataclass
class EnsembleProgress:
    """Where one ensemble stands."""

    blocks: list[int]  # behind each chain, thermal ones included
    milestone: int  # blocks of bins per chain to reach now
    ratio: float = math.inf  # error over target at the last milestone
    done: bool = False
    busy: set[int] = field(default_factory=set)


class Scheduler:
    """Hands out tasks; knows what is done.

    Args:
        identities: the ensembles.
        rules: how long chains are.
        behind: (identity, chain) -> blocks already done; absent: none.
        targeted: ensembles that have a target; if none has one, all run to max_blocks, otherwise the others stop at
        min_blocks. partners: identity -> ensembles whose first milestone its evaluation needs.
        evaluate: see `Evaluate`.
    """

    def __init__(
        self,
        identities: Iterable[str],
        rules: Rules,
        behind: Mapping[tuple[str, int], int],
        targeted: Iterable[str],
        partners: Mapping[str, Iterable[str]],
        evaluate: Evaluate,
    ) -> None:
        self.rules, self._evaluate = rules, evaluate
        self._targeted, self._partners = set(targeted), partners
        first = rules.min_blocks if self._targeted else rules.max_blocks
        self.ensembles = {
            identity: EnsembleProgress([behind.get((identity, c), 0) for c in range(rules.chains)], first)
            for identity in identities
        }
        self._advance_all()

    @property
    def finished(self) -> bool:
        """Whether every ensemble has met its targets or run to its hard end."""
        return all(e.done for e in self.ensembles.values())

    @property
    def blocks_done(self) -> int:
        """Blocks behind all chains."""
        return sum(sum(e.blocks) for e in self.ensembles.values())

    @property
    def blocks_known(self) -> int:
        """Blocks up to the present milestones: what is certain to be needed."""
        return sum(max(b, self._needed(e)) for e in self.ensembles.values() for b in e.blocks)

    def _needed(self, ensemble: EnsembleProgress) -> int:
        return self.rules.thermal_blocks + ensemble.milestone

    def next(self, prefer: tuple[str, int] | None = None) -> Task | None:
        """The next block to run, or None if nothing can be begun now; `prefer` (identity, chain) wins among equals."""
        best: tuple[tuple[float, float, bool], Task] | None = None
        for identity, ensemble in self.ensembles.items():
            if ensemble.done:
                continue
            needed = self._needed(ensemble)
            for chain, block in enumerate(ensemble.blocks):
                if block >= needed or chain in ensemble.busy:
                    continue
                first = ensemble.milestone <= self.rules.min_blocks
                urgency = math.inf if first else ensemble.ratio
                key = (-urgency, block / needed, (identity, chain) != prefer)
                if best is None or key < best[0]:
                    best = key, Task(identity, chain, block)
        if best is None:
            return None
        self.ensembles[best[1].identity].busy.add(best[1].chain)
        return best[1]

    def complete(self, task: Task) -> None:
        """The block of `task` is done and safe."""
        ensemble = self.ensembles[task.identity]
        ensemble.busy.discard(task.chain)
        ensemble.blocks[task.chain] = task.block + 1
        if min(ensemble.blocks) >= self._needed(ensemble):
            self._advance_all()

    def _first_milestone_behind(self, identity: str) -> bool:
        return min(self.ensembles[identity].blocks) >= self.rules.thermal_blocks + self.rules.min_blocks

    def _advance_all(self) -> None:
        """Move on every ensemble whose chains all stand at its milestone; one may have waited for another's bins."""
        for identity, ensemble in self.ensembles.items():
            while not ensemble.done and min(ensemble.blocks) >= self._needed(ensemble):
                if not all(map(self._first_milestone_behind, self._partners.get(identity, ()))):
                    break
                if identity in self._targeted:
                    ensemble.ratio = self._evaluate(identity, ensemble.milestone)
                    ensemble.done = ensemble.ratio <= 1.0
                else:
                    ensemble.done = True
                if ensemble.milestone >= self.rules.max_blocks:
                    ensemble.done = True
                if not ensemble.done:
                    ensemble.milestone = min(self.rules.max_blocks, math.ceil(1.5 * ensemble.milestone))
