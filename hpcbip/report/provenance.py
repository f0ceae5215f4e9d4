"""Where the numbers of a campaign come from: its runs in words, and the digests of its bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcbip.errors import InputError
from hpcbip.messages import counted
from hpcbip.store.run_log import RunRecord, describe_ranks, describe_seed, describe_versions

MAX_ENSEMBLES = 500  # above, reading all bins once more only for their digests takes too long
MAX_LINES = 5000
MAX_SHOWN_EVENTS = 20


@dataclass(frozen=True)
class RunDescription:
    """One run of a campaign in words; "" for what is not known.

    Attributes:
        name: of its files.
        started, ended: times as they are in its log.
        outcome: "finished", "to go on", "program error", "at work", "no end noted" for a run that was killed,
            or a note that an older version has kept no record.
        work: blocks, seconds and share of sampling.
        ranks, versions, mpi, seed: as in the log.
        events: what was damaged, lost or failed, and why it stopped; the first `MAX_SHOWN_EVENTS`.
        more_events: how many are left out.
    """

    name: str
    started: str
    ended: str
    outcome: str
    work: str
    ranks: str
    versions: str
    mpi: str
    seed: str
    events: tuple[str, ...]
    more_events: int


def describe_run(run: RunRecord) -> RunDescription:
    """Put the record of a run into words."""
    work = counted(run.blocks, "block") if run.blocks is not None else ""
    if work and run.seconds is not None and run.sampling_share is not None:
        work += f" in {run.seconds:.2f} s, {run.sampling_share:.2%} sampling"
    events = [f"{event.kind}: {event.text}" if event.text else event.kind for event in run.events]
    return RunDescription(
        name=run.name,
        started=run.started,
        ended=run.ended,
        outcome=run.outcome,
        work=work,
        ranks=describe_ranks(run.ranks) if run.ranks else "",
        versions=f"{describe_versions(run.versions)}; {run.platform}" if run.versions else "",
        mpi=f"{run.mpi}; HDF5 written by {run.writer}" if run.mpi else "",
        seed=describe_seed(run.seed) if run.seed is not None else "",
        events=tuple(events[:MAX_SHOWN_EVENTS]),
        more_events=max(0, len(events) - MAX_SHOWN_EVENTS) + run.more_events,
    )


@dataclass(frozen=True)
class Digests:
    """SHA-256 of the bins of every chain, or why they are not there.

    Attributes:
        lines: of `hpcbip digest`; empty where they are left out.
        total: SHA-256 of these lines, as `hpcbip digest DIR | sha256sum` prints it.
        left_out: why there are no lines.
    """

    lines: tuple[str, ...] = ()
    total: str = ""
    left_out: str = ""


def read_digests(directory: Path, ensembles: int) -> Digests:
    """The digests of a campaign's bins; its lines are left out where there are too many of them.

    Args:
        directory: of the campaign.
        ensembles: how many there are in its plan.
    """
    from hpcbip.store.digest import digest_lines, sha256_of_lines  # here, because it loads HDF5

    if ensembles > MAX_ENSEMBLES:
        return Digests(left_out=f"{ensembles} ensembles are more than are listed here")
    try:
        lines = digest_lines(directory)
    except InputError as error:  # no reason to do without the rest of the report
        return Digests(left_out=str(error))
    if not lines:
        return Digests(left_out="no bins yet")
    total = sha256_of_lines(lines)
    if len(lines) > MAX_LINES:
        return Digests(total=total, left_out=f"{len(lines)} chains are more than are listed here")
    return Digests(tuple(lines), total)


def distinct(runs: Sequence[RunDescription], name: str) -> list[tuple[str, list[str]]]:
    """Collect what runs tell in an attribute `name`, each text once, with the names of its runs."""
    found: dict[str, list[str]] = {}
    for run in runs:
        if value := getattr(run, name):
            found.setdefault(value, []).append(run.name)
    return list(found.items())
