"""Which bins count: all that are there while an ensemble is on its way, exactly those up to its last
milestone once it is done.

Of many bins the means of their blocks are analysed (`analysed`): they say the same in a fraction of the time.

Ranks that would be idle begin blocks beyond a milestone (`scheduler`); how many depends on the timing. These
lie in the files, and are used if the campaign is extended, but a finished result must not depend on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.campaign.plan import SampleSize
from hpcbip.files import write_atomically
from hpcbip.store.store import Means, Rows, Store
from hpcbip.version import __version__

FILE = "progress.json"
ENOUGH = 400  # blocks of an ensemble from which on their means are analysed
LONG = 32  # rows of the longest chain, at least


@dataclass(frozen=True)
class Verdict:
    """What the scheduler knows of an ensemble and its bins alone do not tell.

    Attributes:
        chains, blocks: its last milestone.
        done: whether it is over; then exactly the bins of that milestone count.
        failed: why it was given up, or "".
        errors: milestone "chains,blocks" -> relative errors there, by observable; None: not resolved.
        seconds: of sampling that went into it, as far as they were noted.
    """

    chains: int
    blocks: int
    done: bool = False
    failed: str = ""
    errors: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Verdicts:
    """DIR/progress.json: a verdict per ensemble, and how the run goes. All of it can be worked out again."""

    ensembles: Mapping[str, Verdict] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: Path) -> Verdicts:
        """What the last run left; nothing if there is no such file, or if it is damaged."""
        try:
            content = json.loads((directory / FILE).read_text(encoding="utf-8"))
            verdicts = {key: Verdict(**entry) for key, entry in content["ensembles"].items()}
            known = content.get("version") == __version__  # another version may find other errors
            if not known:
                verdicts = {key: replace(v, errors={}) for key, v in verdicts.items()}
            return cls(verdicts, content["run"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def write(self, directory: Path) -> None:
        """Leave them in the directory.

        Raises:
            OSError: if the disk refuses.
        """
        ensembles = {key: asdict(verdict) for key, verdict in self.ensembles.items()}
        text = json.dumps({"version": __version__, "run": self.run, "ensembles": ensembles})
        write_atomically(directory / FILE, text)

    def numbers(self, store: Store, identity: str, size: int) -> list[int]:
        """How many bins of every chain of an ensemble count, in blocks of `size`, and are there."""
        counts = self.settled(identity, size)
        if counts is None:
            return there(store, identity)
        return [len(store.sums(identity, chain, number)) for chain, number in enumerate(counts)]

    def settled(self, identity: str, size: int) -> list[int] | None:
        """How many of every chain count if all are there; None: all there are, the ensemble is not done."""
        verdict = self.ensembles.get(identity)
        if verdict is None or not verdict.done or verdict.failed:
            return None
        return [verdict.blocks * size] * verdict.chains


def there(store: Store, identity: str) -> list[int]:
    """How many bins of every chain there are."""
    return [len(store.sums(identity, chain)) for chain in range(store.chains(identity))]


@dataclass(frozen=True)
class Analysed:
    """Bins of an ensemble, or means of them.

    Attributes:
        chains: arrays (rows, columns).
        bins_per_row: bins that each row is the mean of.
        together: rows that are averaged before they are analysed.
    """

    chains: Sequence[Rows] | Sequence[Means]
    bins_per_row: int = 1
    together: int = 1

    @property
    def bins(self) -> list[int]:
        """Number of bins in each chain."""
        return [len(chain) * self.bins_per_row for chain in self.chains]


def numbers_at(milestone: SampleSize, size: int) -> list[int]:
    """How many bins of every chain belong to a milestone."""
    return [milestone.blocks * size] * milestone.chains


def bins_per_row(numbers: Sequence[int], size: int) -> int:
    """What is analysed of chains with these numbers of bins: 1 the bins, otherwise the means of so many of
    them, which is `size`, those of a block, times a power of two.

    With `ENOUGH` rows an error is known to 8 % (docs/statistics.md); more would be work for little. What does
    not fill a row is left out at the start of the chain, at most one part in `LONG`.
    """
    most = max(numbers, default=0) // (size * LONG)
    blocks = sum(number // size for number in numbers)
    if size == 1 or most < 1 or blocks < ENOUGH:
        return 1
    return size << min(blocks // ENOUGH, most).bit_length() - 1


def analysed(store: Store, identity: str, numbers: Sequence[int], size: int, verify: bool = True) -> Analysed:
    """What is analysed of the first `numbers[c]` bins of every chain c; `verify` as in `Store.read`."""
    step = bins_per_row(numbers, size)
    if step == 1:
        return Analysed([store.read(identity, chain, number, verify) for chain, number in enumerate(numbers)])
    means = store.means(identity, [number // size for number in numbers], size, verify)
    return Analysed(means, size, step // size)


def sums(store: Store, identity: str, numbers: Sequence[int], size: int) -> list[NDArray[np.uint32]]:
    """The stored checksums of what is analysed."""
    if bins_per_row(numbers, size) > 1:
        return store.mean_sums(identity, [number // size for number in numbers], size)
    return [store.sums(identity, chain, number) for chain, number in enumerate(numbers)]
