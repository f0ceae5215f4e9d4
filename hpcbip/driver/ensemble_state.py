"""What the scheduler hands out, blocks of one chain, and what it knows of an ensemble."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hpcbip.campaign.plan import SampleSize


@dataclass(frozen=True)
class Task:
    """Blocks of one chain, one after the other.

    Attributes:
        identity, chain: the ensemble, and the number of its chain.
        block: number of the first block, from 0, thermal ones included.
        durable: bins of this chain that are known to be on the disk.
        suspect: processes have ended with this block in hand: it is tried in a child before.
        blocks: how many.
    """

    identity: str
    chain: int
    block: int
    durable: int = 0
    suspect: bool = False
    blocks: int = 1

    @property
    def end(self) -> int:
        """Number of the block after the last."""
        return self.block + self.blocks


@dataclass
class EnsembleState:
    """The state of one ensemble.

    Attributes:
        blocks_done: by chain, thermal blocks included.
        goal: sample size to reach now.
        likely_size: sample size that will be needed, as far as is known.
        speculative_size: sample size up to which blocks may be begun at all.
        expected_size: sample size at which the targets will be met, as far as is known.
        blocks_after_goal: blocks in sequence from the goal to the expected size.
        evaluated: the errors at the first goal are known.
        ratio: largest error over its target when last evaluated.
        chains_below_goal: number of chains that have not reached the goal.
        pending: its errors are due, or being worked out.
        done: nothing more is asked of it.
        failed: why it was given up, or "".
        failed_chains: chains that cannot go on, and why.
        running: chains with a block in the hands of a worker.
        block_seconds: running mean of a block's time; 0: unknown.
    """

    blocks_done: list[int]
    goal: SampleSize
    likely_size: SampleSize
    speculative_size: SampleSize
    expected_size: SampleSize
    blocks_after_goal: int = 0
    evaluated: bool = False
    ratio: float = math.inf
    chains_below_goal: int = 0
    pending: bool = False
    done: bool = False
    failed: str = ""
    failed_chains: dict[int, str] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    block_seconds: float = 0.0
