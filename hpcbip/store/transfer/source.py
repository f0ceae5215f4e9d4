"""A campaign that is read to be joined with others; nothing of it is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from hpcbip.campaign.identity import canonical_json
from hpcbip.campaign.plan import EnsembleKey, Plan
from hpcbip.campaign.schema import Config
from hpcbip.store.checkpoints import Checkpoint, Checkpoints
from hpcbip.store.digest import digest_lines, sha256_of_lines
from hpcbip.store.directory import no_run_at_work, open_campaign
from hpcbip.store.progress import CampaignProgress
from hpcbip.store.selection import counted_bins
from hpcbip.store.store import Rows, Store
from hpcbip.store.transfer.origins import Origin


@dataclass(frozen=True)
class StoredChain:
    """A chain as a run would find it.

    Attributes:
        rows: its bins, those that only the checkpoint holds included.
        checkpoint: from which it goes on; None: it would be computed from the beginning.
    """

    rows: Rows
    checkpoint: Checkpoint | None

    @property
    def length(self) -> tuple[int, int]:
        """Bins, and blocks that it has run: of two chains with the same beginning the longer one counts."""
        return len(self.rows), self.checkpoint.blocks if self.checkpoint else 0


@dataclass(frozen=True, eq=False)
class SourceCampaign:
    """A campaign, opened for reading (`open_source`)."""

    directory: Path
    config: Config
    plan: Plan
    progress: CampaignProgress
    store: Store

    @cached_property
    def _checkpoints(self) -> Checkpoints:
        return Checkpoints(self.directory)

    @cached_property
    def _checkpointed(self) -> dict[EnsembleKey, list[int]]:
        found: dict[EnsembleKey, list[int]] = {}
        for identity, number in self._checkpoints.chains():
            found.setdefault(identity, []).append(number)
        return found

    @property
    def path(self) -> Path:
        """Its configuration file."""
        return self.directory / "config.yaml"

    def chains(self, identity: EnsembleKey) -> list[int]:
        """List the numbers of the chains of an ensemble that have begun."""
        if identity not in self.plan.ensembles:
            return []
        stored = [n for n in range(self.store.chains(identity)) if len(self.store.sums(identity, n, 1))]
        return sorted({*stored, *self._checkpointed.get(identity, ())})

    def origin(self, identity: EnsembleKey, number: int) -> Origin:
        """Return where a chain comes from."""
        return self.progress.origins.of((identity, number), self.config.seed)

    def counted_blocks(self, identity: EnsembleKey) -> list[int]:
        """Return how many blocks of every chain count."""
        size = self.config.sampling.bins_per_block
        return [bins // size for bins in counted_bins(self.progress, self.store, identity, size)]

    def most_bins(self, identity: EnsembleKey, number: int) -> int:
        """Return how many bins a chain has at most, without reading them."""
        path = self._checkpoints.path(identity, number)
        found = [self._checkpoints.read(name) for name in (path, path.with_suffix(".previous"))]
        blocks = max((checkpoint.blocks for checkpoint in found if checkpoint), default=0)
        return max(len(self.store.sums(identity, number)), self.config.sampling.bins_after(blocks))

    def read(self, identity: EnsembleKey, number: int) -> StoredChain:
        """Read a chain, as `hpcbip.store.recovery` would restore it."""
        rows = self.store.read(identity, number)
        parameters = canonical_json(self.plan.ensembles[identity].parameters)
        path = self._checkpoints.path(identity, number)
        for name in (path, path.with_suffix(".previous")):
            checkpoint = self._checkpoints.read(name)
            if checkpoint is None or checkpoint.parameters != parameters:
                continue
            bins = self.config.sampling.bins_after(checkpoint.blocks)
            first = bins - len(checkpoint.rows)
            if not 0 <= first <= len(rows):
                continue
            if len(rows) < bins:
                rows = np.concatenate([rows[:first], checkpoint.rows]) if first else checkpoint.rows
            return StoredChain(rows, checkpoint)
        return StoredChain(rows, None)

    def note(self) -> dict[str, object]:
        """Describe it for the record of the joined campaign."""
        digest = sha256_of_lines(digest_lines(self.directory))
        return {
            "directory": self.directory.name,
            "name": self.config.name,
            "seed": self.config.seed,
            "digest": digest,
        }


@contextmanager
def open_source(directory: Path) -> Iterator[SourceCampaign]:
    """Open a campaign for reading, and keep runs out of it meanwhile.

    Raises:
        InputError: if the directory is not a campaign, or a run is at work in it.
    """
    config, plan = open_campaign(directory)
    with no_run_at_work(directory), Store(directory) as store:
        yield SourceCampaign(directory.resolve(), config, plan, CampaignProgress.read(directory), store)
