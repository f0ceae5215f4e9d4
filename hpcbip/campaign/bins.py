"""Which bins count: all that are there while an ensemble is on its way, exactly those up to its last milestone once it
is done.

Ranks that would be idle begin blocks beyond a milestone (`scheduler`); how many depends on the timing. These lie in the
files, and are used if the campaign is extended, but a finished result must not depend on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip import __version__

from .directory import write_atomically
from .milestones import Milestone
from .store import Rows, Store

FILE = "progress.json"


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

    def counting(self, store: Store, identity: str, bins_per_block: int) -> list[Rows]:
        """The bins of every chain of an ensemble that count."""
        chains, rows = self._extent(store, identity, bins_per_block)
        return [store.read(identity, chain, rows) for chain in range(chains)]

    def sums(self, store: Store, identity: str, bins_per_block: int) -> list[NDArray[np.uint32]]:
        """The stored checksums of these bins."""
        chains, rows = self._extent(store, identity, bins_per_block)
        return [store.sums(identity, chain, rows) for chain in range(chains)]

    def _extent(self, store: Store, identity: str, bins_per_block: int) -> tuple[int, int | None]:
        verdict = self.ensembles.get(identity)
        if verdict is None or not verdict.done or verdict.failed:
            return store.chains(identity), None
        return verdict.chains, verdict.blocks * bins_per_block


def read_up_to(
    store: Store, identity: str, milestone: Milestone, bins_per_block: int, verify: bool = True
) -> list[Rows]:
    """The bins of the chains of a milestone, no more than belong to it; `verify` as in `Store.read`."""
    rows = milestone.blocks * bins_per_block
    return [store.read(identity, chain, rows, verify) for chain in range(milestone.chains)]
