"""The record of every run of a campaign: all that is needed to reproduce its numbers, and what went wrong.

    DIR/logs/run-0001.log     lines with their times, for people
    DIR/logs/run-0001.json    the same as data (`RunRecord`), replaced as a whole at every change

Versions up to 0.4 wrote the log only.
"""

from __future__ import annotations

import contextlib
import json
import platform
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hpcbip.campaign.schema import Config
from hpcbip.files import write_atomically
from hpcbip.messages import print_message
from hpcbip.store.directory import is_locked
from hpcbip.version import __version__

LIBRARIES = ("numpy", "numba", "llvmlite", "scipy", "h5py", "mpi4py")
TOLD_EVENTS = ("damaged", "lost", "failed", "stopped")
"""First words of the lines that are told on stderr as well."""

EVENTS = (*TOLD_EVENTS, "program error")
"""First words of the lines that enter the record as events."""

MAX_RECORDED_EVENTS = 100
"""Events kept in a record; the log has all of them."""

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%z"

FINISHED, TO_GO_ON, PROGRAM_ERROR = "finished", "to go on", "program error"
"""Outcomes of runs that came to their end, as the log has them."""

AT_WORK, NO_END, OLDER_VERSION = "at work", "no end noted", "recorded by an older version, see its log"
"""Outcomes that readers give: the run is at work, it was killed, or there is no record of it."""


@dataclass(frozen=True)
class Event:
    """Something that went wrong, or a stop.

    Attributes:
        time: when, as in the log.
        kind: one of `EVENTS`.
        text: what, on one line.
    """

    time: str
    kind: str
    text: str


@dataclass(frozen=True)
class RunRecord:
    """One run of a campaign; "" and empty for what is not known.

    Attributes:
        number: of the run, from 1.
        started, ended: times as in the log; `ended` is that of the last entry.
        outcome: "finished", "to go on", "program error", or "" as long as there is none; readers get
            "at work", "no end noted" for a run that was killed, or a note on older versions.
        blocks, seconds: blocks that were run, and what that took; None before the end.
        sampling_share: part of the workers' time that was sampling, 0 to 1.
        ranks: number of ranks by host.
        versions: of hpcbip, Python and libraries, by name.
        platform: operating system and processor.
        mpi: the MPI library, or "none".
        seed: of the campaign.
        writer: who wrote the bins: "the master" or "all ranks".
        configuration: the whole configuration, as in YAML.
        events: what was damaged, lost or failed, and why it stopped; the first `MAX_RECORDED_EVENTS`.
        more_events: how many are left out.
    """

    number: int
    started: str = ""
    ended: str = ""
    outcome: str = ""
    blocks: int | None = None
    seconds: float | None = None
    sampling_share: float | None = None
    ranks: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""
    mpi: str = ""
    seed: int | None = None
    writer: str = ""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    more_events: int = 0

    @property
    def name(self) -> str:
        """Name of the run's files, without their endings."""
        return f"run-{self.number:04d}"


class RunLog:
    """Takes lines for the log, and keeps the record. What is told by `TOLD_EVENTS` also goes to stderr.

    Args:
        directory: of the campaign.

    Raises:
        OSError: if the files cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        self._folder = directory / "logs"
        self._folder.mkdir(exist_ok=True)
        now = time.strftime(TIME_FORMAT)
        self.record = RunRecord(max(_run_numbers(self._folder), default=0) + 1, started=now, ended=now)
        self.path = self._folder / f"{self.record.name}.log"
        self._write_record()
        self.path.touch()

    def __call__(self, line: str) -> None:
        """Append a line; a full disk does not stop the run for that."""
        now = time.strftime(TIME_FORMAT)
        with contextlib.suppress(OSError), open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{now} {line}\n")
        if line.startswith(TOLD_EVENTS):
            print_message(f"hpcbip: {line}")
        kind = next((kind for kind in EVENTS if line.startswith(kind)), None)
        if kind is not None:
            self._record_event(Event(now, kind, line.split("\n")[0].removeprefix(kind).lstrip(": ")))

    def begin(self, config: Config, hosts: Sequence[str], mpi: str, writer: str) -> None:
        """Note versions, hosts, ranks, seed and the whole configuration."""
        configuration = config.model_dump(mode="json", by_alias=True, exclude_none=True)
        ranks, versions = dict(Counter(hosts)), _versions()
        self._update(
            ranks=ranks,
            versions=versions,
            platform=platform.platform(),
            mpi=mpi,
            seed=config.seed,
            writer=writer,
            configuration=configuration,
        )
        self(f"ranks: {describe_ranks(ranks)}")
        self(f"versions: {describe_versions(versions)}; {platform.platform()}")
        self(f"MPI: {mpi}; HDF5 written by {writer}")
        self(f"seed: {describe_seed(config.seed)}")
        self("configuration: " + json.dumps(configuration))

    def end(self, finished: bool, blocks: int, seconds: float, sampling_share: float) -> None:
        """Note how the run ended.

        Args:
            finished: whether the campaign is finished.
            blocks: how many were run.
            seconds: what that took.
            sampling_share: part of the workers' time that was sampling.
        """
        outcome = FINISHED if finished else TO_GO_ON
        self(f"ended: {outcome}: {blocks} blocks in {seconds:.2f} s, {sampling_share:.2%} sampling")
        self._update(
            outcome=outcome,
            blocks=blocks,
            seconds=round(seconds, 2),
            sampling_share=round(sampling_share, 4),
        )

    def _record_event(self, event: Event) -> None:
        if len(self.record.events) >= MAX_RECORDED_EVENTS:  # written with the end: the log has it already
            self.record = replace(self.record, more_events=self.record.more_events + 1)
            return
        outcome = PROGRAM_ERROR if event.kind == PROGRAM_ERROR else self.record.outcome
        self._update(events=(*self.record.events, event), outcome=outcome)

    def _update(self, **changes: Any) -> None:
        """Change the record on the disk; a full disk does not stop the run for that."""
        self.record = replace(self.record, ended=time.strftime(TIME_FORMAT), **changes)
        with contextlib.suppress(OSError):
            self._write_record()

    def _write_record(self) -> None:
        write_atomically(
            _record_path(self._folder, self.record.number), json.dumps(asdict(self.record), indent=1)
        )


def read_runs(directory: Path) -> list[RunRecord]:
    """Return the records of all runs of a campaign, the first first."""
    folder = directory / "logs"
    runs = [_read_run(folder, number) for number in sorted(_run_numbers(folder))]
    if runs and runs[-1].outcome == NO_END and is_locked(directory):
        runs[-1] = replace(runs[-1], outcome=AT_WORK)
    return runs


def copy_runs(directory: Path, sources: Sequence[Path]) -> None:
    """Copy the records and logs of the runs of other campaigns, in the order of their beginnings.

    Args:
        directory: of the campaign that gets them; the numbers go on from those that it has.
        sources: directories of the others.

    Raises:
        OSError: if they cannot be written.
    """
    folder = directory / "logs"
    folder.mkdir(exist_ok=True)
    first = max(_run_numbers(folder), default=0) + 1
    runs = [(run.started, source / "logs", run) for source in sources for run in read_runs(source)]
    for number, (_, origin, run) in enumerate(sorted(runs, key=lambda entry: entry[0]), first):
        copied = replace(run, number=number)
        write_atomically(_record_path(folder, number), json.dumps(asdict(copied), indent=1))
        with contextlib.suppress(FileNotFoundError):
            write_atomically(folder / f"{copied.name}.log", (origin / f"{run.name}.log").read_bytes())


def describe_ranks(ranks: Mapping[str, int]) -> str:
    """Write the numbers of ranks on hosts as the log does: `3 on node1 × 2, node2 × 1`."""
    return f"{sum(ranks.values())} on " + ", ".join(f"{host} × {number}" for host, number in ranks.items())


def describe_versions(versions: Mapping[str, str]) -> str:
    """Write names with versions as the log does: `hpcbip 0.5.0, Python 3.12.1`."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def describe_seed(seed: int) -> str:
    """Write how the random streams of all chains follow from a campaign's seed."""
    return f"{seed}; the stream of a chain: SeedSequence({seed}, (its ensemble's hash, number))"


def _read_run(folder: Path, number: int) -> RunRecord:
    """Read the record of a run; where there is none, or it is damaged, the times of its log."""
    try:
        content = json.loads(_record_path(folder, number).read_text(encoding="utf-8"))
        known = {entry.name for entry in fields(RunRecord)}
        record = RunRecord(**{key: value for key, value in content.items() if key in known})
        events = tuple(Event(**event) for event in record.events)  # type: ignore[arg-type]
        return replace(record, events=events, outcome=record.outcome or NO_END)
    except (OSError, ValueError, TypeError, AttributeError):
        return _run_of_older_version(folder, number)


def _run_of_older_version(folder: Path, number: int) -> RunRecord:
    """Read what the log of a run without a record tells: the times of its first and last line."""
    run = RunRecord(number, outcome=OLDER_VERSION)
    try:
        lines = (folder / f"{run.name}.log").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return run
    times = [first_word for line in lines if _is_time(first_word := line.partition(" ")[0])]
    return replace(run, started=times[0], ended=times[-1]) if times else run


def _is_time(word: str) -> bool:
    try:
        time.strptime(word, TIME_FORMAT)
    except ValueError:  # as in the lines of a traceback
        return False
    return True


def _record_path(folder: Path, number: int) -> Path:
    return folder / f"run-{number:04d}.json"


def _run_numbers(folder: Path) -> set[int]:
    """Find the numbers of all runs that have a log or a record."""
    numbers = [path.stem.removeprefix("run-") for path in folder.glob("run-[0-9]*.*")]
    return {int(number) for number in numbers if number.isdecimal()}


def _versions() -> dict[str, str]:
    """Collect the versions of hpcbip, Python and the libraries that are installed."""
    versions = {"hpcbip": __version__, "Python": platform.python_version()}
    for library in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            versions[library] = version(library)
    return versions
