"""Where the chains of a campaign come from that was joined from several.

    DIR/origins.json    sources, and by ensemble [seed, number, blocks] of every chain; absent: of no other

A chain follows from the seed and the number that it had in the campaign which began it, whatever its number
is in this one. What counted of it when the campaigns were joined counts on: errors are never those of fewer
bins than before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from hpcbip.campaign.plan import ChainKey, SampleSize
from hpcbip.errors import InputError
from hpcbip.files import write_atomically

ORIGINS_FILE = "origins.json"


class Origin(NamedTuple):
    """Which random stream a chain has: the seed of a campaign, and the chain's number there."""

    seed: int
    number: int


class JoinedChain(NamedTuple):
    """One chain of an ensemble that was joined.

    Attributes:
        origin: of the chain.
        blocks: of its bins that counted when it was joined.
    """

    origin: Origin
    blocks: int


@dataclass(frozen=True)
class Origins:
    """The content of origins.json.

    Attributes:
        ensembles: chains, in their order, of every ensemble whose chains are not all the campaign's own.
        sources: a note on every campaign that was joined.
    """

    ensembles: Mapping[str, Sequence[JoinedChain]] = field(default_factory=dict)
    sources: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def read(cls, directory: Path) -> Origins:
        """Read the file; nothing if there is none: the campaign was begun by `hpcbip run`.

        Raises:
            InputError: if it cannot be read, for then it is not known which chains those in the store are.
        """
        path = directory / ORIGINS_FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            ensembles = {
                key: [JoinedChain(Origin(seed, number), blocks) for seed, number, blocks in chains]
                for key, chains in content["ensembles"].items()
            }
            return cls(ensembles, content["sources"])
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{path}: cannot be read; allowed: the file that hpcbip merge wrote") from None

    def write(self, directory: Path) -> None:
        """Write the file.

        Raises:
            OSError: if the disk refuses.
        """
        ensembles = {
            key: [[*one.origin, one.blocks] for one in chains] for key, chains in self.ensembles.items()
        }
        text = json.dumps({"sources": list(self.sources), "ensembles": ensembles}, indent=1)
        write_atomically(directory / ORIGINS_FILE, text)

    def of(self, key: ChainKey, seed: int) -> Origin:
        """Return the origin of a chain of the campaign with this seed."""
        identity, number = key
        chains = self.ensembles.get(identity, ())
        return chains[number].origin if number < len(chains) else Origin(seed, number)

    def counts_at(self, identity: str, size: SampleSize, bins_per_block: int) -> list[int]:
        """Return how many bins of every chain of an ensemble count at a sample size: its blocks, and what
        has been joined."""
        joined = [one.blocks for one in self.ensembles.get(identity, ())]
        blocks = [size.blocks] * size.chains + [0] * (len(joined) - size.chains)
        joined += [0] * (len(blocks) - len(joined))
        return [max(pair) * bins_per_block for pair in zip(blocks, joined, strict=True)]
