"""The chains of an ensemble that several campaigns have, and what of it counts in the joined one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hpcbip.campaign.plan import EnsembleKey
from hpcbip.errors import InputError
from hpcbip.store.progress import EnsembleProgress
from hpcbip.store.store import NO_ROWS
from hpcbip.store.transfer.origins import JoinedChain, Origin
from hpcbip.store.transfer.source import SourceCampaign, StoredChain


@dataclass
class Strand:
    """One chain of the joined campaign, and where it is found.

    Attributes:
        origin: of the chain.
        places: campaigns that have it, with its number there; `longest` are those that have most of it.
        blocks: that count in the campaign in which most do.
    """

    origin: Origin
    places: list[tuple[SourceCampaign, int]] = field(default_factory=list)
    longest: list[tuple[SourceCampaign, int]] = field(default_factory=list)
    blocks: int = 0

    @property
    def taken_from(self) -> tuple[SourceCampaign, int]:
        """The campaign from which it is taken, and its number there."""
        return self.longest[0]


def find_strands(identity: EnsembleKey, sources: Sequence[SourceCampaign], seed: int) -> dict[int, Strand]:
    """Find the chains of an ensemble, by the number that each gets.

    Those of the joined campaign's own seed keep theirs, so that one that begins later is none of them; the
    others get the numbers after these.

    Raises:
        InputError: if campaigns contradict each other: other columns, or other bins of the same chain.
    """
    found: dict[Origin, Strand] = {}
    for source in sources:
        counted = source.counted_blocks(identity)
        for number in source.chains(identity):
            strand = found.setdefault(origin := source.origin(identity, number), Strand(origin))
            strand.places.append((source, number))
            strand.blocks = max(strand.blocks, counted[number] if number < len(counted) else 0)
    _check_columns(identity, [source for source in sources if source.chains(identity)])
    for strand in found.values():
        _find_longest(identity, strand)
    own = {origin.number: strand for origin, strand in found.items() if origin.seed == seed}
    others = [strand for origin, strand in found.items() if origin.seed != seed]
    first = max(own, default=-1) + 1
    return dict(sorted(own.items())) | dict(enumerate(others, first))


def _check_columns(identity: EnsembleKey, sources: Sequence[SourceCampaign]) -> None:
    known = [(source, names) for source in sources if (names := _columns(source, identity))]
    for source, names in known[1:]:
        if names != known[0][1]:
            differ = ", ".join(sorted(set(names) ^ set(known[0][1]))[:3]) or "in another order"
            raise InputError(
                f"{source.directory}: {_name(source, identity)}: its bins have other columns than those of "
                f"{known[0][0].directory} ({differ}); allowed: campaigns of versions that measure the same"
            )


def _columns(source: SourceCampaign, identity: EnsembleKey) -> tuple[str, ...]:
    return source.store.column_names_and_lags(identity)[0]


def _find_longest(identity: EnsembleKey, strand: Strand) -> None:
    """Find who has most of a chain.

    Raises:
        InputError: if two of them differ in bins that both have.
    """
    if len(strand.places) == 1:
        strand.longest = strand.places
        return
    best = StoredChain(NO_ROWS, None)
    for source, number in strand.places:
        chain = source.read(identity, number)
        shared = min(len(chain.rows), len(best.rows))
        if chain.rows[:shared].tobytes() != best.rows[:shared].tobytes():
            first = strand.taken_from[0]
            raise InputError(
                f"{source.directory}: {_name(source, identity)}: chain {number} began with the same random "
                f"numbers (seed {strand.origin.seed}) as in {first.directory} but has other bins; allowed: "
                "another seed, or copies of one campaign"
            )
        if chain.length > best.length:
            strand.longest, best = [], chain
        if chain.length == best.length:
            strand.longest.append((source, number))


def _name(source: SourceCampaign, identity: EnsembleKey) -> str:
    return f"{source.plan.ensembles[identity].sector} {identity[:12]}"


def whole_source(strands: Mapping[int, Strand]) -> SourceCampaign | None:
    """Return the campaign that has all chains of an ensemble at their full length, if there is one."""
    chains = list(strands.values())
    for source, _ in chains[0].longest if chains else ():
        if all(any(place is source for place, _ in one.longest) for one in chains):
            return source
    return None


def joined_chains(
    identity: EnsembleKey, strands: Mapping[int, Strand], whole: SourceCampaign | None, seed: int
) -> list[JoinedChain] | None:
    """Return the origins of an ensemble's chains, with what counts of each in any case.

    Args:
        identity: of the ensemble.
        strands: its chains by their numbers.
        whole: the campaign from which all of them come: there its rule says what counts. None: what counted
            in the campaigns counts on.
        seed: of the joined campaign.

    Returns:
        None: they are the campaign's own, and its rule says what counts.
    """
    if whole is None:
        blocks = {number: strand.blocks for number, strand in strands.items()}
    else:
        before = {one.origin: one.blocks for one in whole.progress.origins.ensembles.get(identity, ())}
        blocks = {number: before.get(strand.origin, 0) for number, strand in strands.items()}
    own = all(strand.origin == (seed, number) for number, strand in strands.items())
    if own and not any(blocks.values()):
        return None
    return [
        JoinedChain(strands[number].origin, blocks[number])
        if number in strands
        else JoinedChain(Origin(seed, number), 0)  # it has not begun
        for number in range(max(strands, default=-1) + 1)
    ]


def joined_progress(
    identity: EnsembleKey, strands: Mapping[int, Strand], whole: SourceCampaign | None
) -> EnsembleProgress | None:
    """Return what is known of an ensemble; None where no campaign has noted anything.

    An ensemble to which several have given chains is done if it was in all of these.
    """
    if whole is not None:
        return whole.progress.ensembles.get(identity)
    givers: list[SourceCampaign] = []
    for strand in strands.values():
        if strand.taken_from[0] not in givers:
            givers.append(strand.taken_from[0])
    notes = [note for one in givers if (note := one.progress.ensembles.get(identity)) is not None]
    if not notes:
        return None
    return EnsembleProgress(
        chains=max(strands) + 1,
        blocks=min(strand.blocks for strand in strands.values()),
        done=len(notes) == len(givers) and all(note.done for note in notes),
        failed=next((note.failed for note in notes if note.failed), ""),
        seconds=sum(note.seconds for note in notes),
    )
