"""Where the numbers of a campaign come from: its runs as their logs tell them, and the digests of its
bins."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hpcbip.errors import InputError
from hpcbip.store.directory import is_locked

MAX_ENSEMBLES = 500  # above, reading all bins once more only for their digests takes too long
MAX_LINES = 5000
MAX_EVENTS = 20

_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) ([a-zA-Z ]+?)(?:: |(?= in )|$)(.*)")
_EVENTS = ("damaged", "lost", "failed", "stopped", "program error")


@dataclass(frozen=True)
class Run:
    """One run of a campaign, from DIR/logs/run-NNNN.log; "" for what its log does not say.

    Attributes:
        name: of the log file.
        started, ended: times as they are in the log; `ended` of its last line.
        outcome: "finished", "to go on", "program error", "at work", or "no end noted" for a run that was
            killed.
        work: blocks, seconds and share of sampling, in words.
        ranks, versions, mpi, seed: as in the log.
        events: what was damaged, lost or failed, and why it stopped; the first `MAX_EVENTS`.
        more_events: how many are left out.
    """

    name: str
    started: str = ""
    ended: str = ""
    outcome: str = ""
    work: str = ""
    ranks: str = ""
    versions: str = ""
    mpi: str = ""
    seed: str = ""
    events: tuple[str, ...] = ()
    more_events: int = 0


def read_runs(directory: Path) -> list[Run]:
    """The runs of a campaign, the first first; those whose log cannot be read are left out."""
    runs = []
    for path in sorted((directory / "logs").glob("run-[0-9]*.log")):
        try:
            runs.append(parse_log(path.stem, path.read_text(encoding="utf-8", errors="replace")))
        except OSError:
            continue
    if runs and runs[-1].outcome == "no end noted" and is_locked(directory):
        runs[-1] = replace(runs[-1], outcome="at work")
    return runs


def parse_log(name: str, text: str) -> Run:
    """A run from the text of its log (`hpcbip.store.run_log`); lines of another form, as in tracebacks, are
    skipped.

    Args:
        name: of the run.
        text: of the log.
    """
    said: dict[str, str] = {}
    times, events = [], []
    for match in filter(None, map(_LINE.match, text.splitlines())):
        time, word, rest = match.groups()
        times.append(time)
        said.setdefault(word, rest)
        if word.startswith(_EVENTS):
            events.append(f"{word}: {rest}" if rest else word)
    outcome, _, work = said.get("ended", "").partition(": ")
    if not outcome:
        outcome = "program error" if "program error" in said else "no end noted"
    return Run(
        name,
        times[0] if times else "",
        times[-1] if times else "",
        outcome,
        work,
        said.get("ranks", ""),
        said.get("versions", ""),
        said.get("MPI", ""),
        said.get("seed", ""),
        tuple(events[:MAX_EVENTS]),
        max(0, len(events) - MAX_EVENTS),
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
    from hpcbip.store.digest import digest_lines  # here, because it loads HDF5

    if ensembles > MAX_ENSEMBLES:
        return Digests(left_out=f"{ensembles} ensembles are more than are listed here")
    try:
        lines = digest_lines(directory)
    except InputError as error:  # no reason to do without the rest of the report
        return Digests(left_out=str(error))
    if not lines:
        return Digests(left_out="no bins yet")
    total = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    if len(lines) > MAX_LINES:
        return Digests(total=total, left_out=f"{len(lines)} chains are more than are listed here")
    return Digests(tuple(lines), total)


def distinct(runs: Sequence[Run], name: str) -> list[tuple[str, list[str]]]:
    """What the runs say of `name` (an attribute of `Run`), each once, with the names of the runs that say
    it."""
    found: dict[str, list[str]] = {}
    for run in runs:
        if value := getattr(run, name):
            found.setdefault(value, []).append(run.name)
    return list(found.items())
