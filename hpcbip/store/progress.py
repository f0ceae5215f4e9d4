"""DIR/progress.json: how far every ensemble has come, as its bins alone do not tell, and how the run goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hpcbip.campaign.plan import SampleSize
from hpcbip.files import write_atomically
from hpcbip.store.transfer.origins import Origins
from hpcbip.version import __version__

PROGRESS_FILE = "progress.json"


@dataclass(frozen=True)
class EnsembleProgress:
    """What the scheduler knows of an ensemble and its bins alone do not tell.

    Attributes:
        chains, blocks: its last goal.
        done: whether it is over; then exactly the bins of that sample size count.
        failed: why it was given up, or "".
        crashed: it was given up because one of its blocks ends the process that runs it.
        errors: goal "chains,blocks" -> relative errors there, by observable; None: not resolved.
        seconds: of sampling that went into it, as far as they were noted.
    """

    chains: int
    blocks: int
    done: bool = False
    failed: str = ""
    errors: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    seconds: float = 0.0
    crashed: bool = False


@dataclass(frozen=True)
class CampaignProgress:
    """The content of progress.json; all of it can be worked out again.

    Attributes:
        ensembles: the progress of each ensemble, by identity.
        run: notes of the run at work, or of the last one.
        origins: of the chains, which have a file of their own.
    """

    ensembles: Mapping[str, EnsembleProgress] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    origins: Origins = field(default_factory=Origins)

    @classmethod
    def read(cls, directory: Path) -> CampaignProgress:
        """Read what the last run left; nothing if there is no such file, or if it is damaged.

        Raises:
            InputError: if the file of the origins cannot be read.
        """
        origins = Origins.read(directory)
        try:
            content = json.loads((directory / PROGRESS_FILE).read_text(encoding="utf-8"))
            ensembles = {key: EnsembleProgress(**entry) for key, entry in content["ensembles"].items()}
            if content.get("version") != __version__:  # another version may find other errors
                ensembles = {key: replace(one, errors={}) for key, one in ensembles.items()}
            return cls(ensembles, content["run"], origins)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(origins=origins)

    def write(self, directory: Path) -> None:
        """Write the file; that of the origins stays as it is.

        Raises:
            OSError: if the disk refuses.
        """
        ensembles = {key: asdict(one) for key, one in self.ensembles.items()}
        text = json.dumps({"version": __version__, "run": self.run, "ensembles": ensembles})
        write_atomically(directory / PROGRESS_FILE, text)

    def settled(self, identity: str, bins_per_block: int) -> list[int] | None:
        """Return how many bins of every chain of an ensemble count once it is done.

        Returns:
            None: the ensemble is not done, all its bins count.
        """
        own = self.ensembles.get(identity)
        if own is None or not own.done or own.failed:
            return None
        return self.origins.counts_at(identity, SampleSize(own.chains, own.blocks), bins_per_block)
