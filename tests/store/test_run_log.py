"""The record of a run: what it tells, what a kill leaves of it, and runs of older versions."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from hpcbip import __version__
from hpcbip.campaign.schema import load_config
from hpcbip.store.directory import locked
from hpcbip.store.run_log import (
    AT_WORK,
    FINISHED,
    MAX_RECORDED_EVENTS,
    NO_END,
    OLDER_VERSION,
    PROGRAM_ERROR,
    TO_GO_ON,
    RunLog,
    read_runs,
)
from tests.kills import killed_at_rename

CONFIG = """\
name: small
seed: 7
model: {lattice: square, coupling: bond}
points: [{omega: 1.0, lambda: 0.5, U: 8.0}]
"""
OLD_LOG = """\
2026-11-21T14:45:42+0000 started: config.yaml in runs/x
2026-11-21T14:45:43+0000 ranks: 2 on node1 × 1, node2 × 1
2026-11-21T14:46:19+0000 program error
Traceback (most recent call last):
  some line
"""


def run_once(directory: Path, finished: bool = True) -> RunLog:
    """Write what a run writes, with two events."""
    (directory / "c.yaml").write_text(CONFIG, encoding="utf-8")
    log = RunLog(directory)
    log("started: c.yaml in somewhere")
    log("damaged: bins-0001.h5: set aside, its bins are computed again")
    log.begin(
        load_config(directory / "c.yaml"), ["node1", "node1", "node2"], "Open MPI v5.0.11", "the master"
    )
    log("stopped: time limit")
    log.end(finished, 208, 37.341, 0.93672)
    return log


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    log = run_once(tmp_path)
    (run,) = read_runs(tmp_path)
    assert run == log.record
    assert (run.name, run.outcome, run.blocks, run.seconds) == ("run-0001", FINISHED, 208, 37.34)
    assert run.sampling_share == 0.9367 and run.ranks == {"node1": 2, "node2": 1}
    assert run.versions["hpcbip"] == __version__ and "numpy" in run.versions
    assert (run.mpi, run.seed, run.writer) == ("Open MPI v5.0.11", 7, "the master")
    assert run.configuration["name"] == "small" and run.configuration["points"][0]["lambda"] == 0.5
    assert [(event.kind, event.text) for event in run.events] == [
        ("damaged", "bins-0001.h5: set aside, its bins are computed again"),
        ("stopped", "time limit"),
    ]
    text = log.path.read_text(encoding="utf-8")
    for line in (
        "ranks: 3 on node1 × 2, node2 × 1",
        "MPI: Open MPI v5.0.11; HDF5 written by the master",
        "ended: finished: 208 blocks in 37.34 s, 93.67% sampling",
    ):
        assert line in text
    run_once(tmp_path, finished=False)
    assert [(run.number, run.outcome) for run in read_runs(tmp_path)] == [(1, FINISHED), (2, TO_GO_ON)]


def test_a_run_without_an_end_was_killed_or_is_at_work(tmp_path: Path) -> None:
    RunLog(tmp_path)("started: c.yaml")
    RunLog(tmp_path)("started: c.yaml")
    assert [run.outcome for run in read_runs(tmp_path)] == [NO_END, NO_END]
    with locked(tmp_path):
        assert [run.outcome for run in read_runs(tmp_path)] == [NO_END, AT_WORK]


def test_a_program_error_is_the_outcome(tmp_path: Path) -> None:
    RunLog(tmp_path)("program error\nTraceback (most recent call last):\n  some line")
    (run,) = read_runs(tmp_path)
    assert run.outcome == PROGRAM_ERROR and [event.text for event in run.events] == [""]


def test_many_events_are_counted(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    for number in range(MAX_RECORDED_EVENTS + 7):
        log(f"damaged: file {number}")
    log.end(False, 0, 1.0, 0.0)
    (run,) = read_runs(tmp_path)
    assert len(run.events) == MAX_RECORDED_EVENTS and run.more_events == 7


def test_a_kill_at_any_moment_leaves_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the first, second, ... file is renamed, until a run comes to its end."""
    for call in range(1, 20):
        directory = tmp_path / str(call)
        directory.mkdir()
        if not killed_at_rename(call, monkeypatch, partial(run_once, directory)):
            assert call > 4, "a run replaces its record several times"
            return
        for path in directory.glob("logs/*.json"):
            json.loads(path.read_text(encoding="utf-8"))
        assert [run.outcome for run in read_runs(directory)] == [NO_END] * (call > 1)
    pytest.fail("no run came to its end")


def test_runs_of_older_versions_are_listed_with_their_times(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "run-0001.log").write_text(OLD_LOG, encoding="utf-8")
    (tmp_path / "logs" / "run-0002.log").write_text("", encoding="utf-8")
    run_once(tmp_path)
    first, empty, new = read_runs(tmp_path)
    assert (first.outcome, empty.outcome, new.outcome) == (OLDER_VERSION, OLDER_VERSION, FINISHED)
    assert (first.started, first.ended) == ("2026-11-21T14:45:42+0000", "2026-11-21T14:46:19+0000")
    assert (empty.name, empty.started, new.number) == ("run-0002", "", 3)


def test_a_damaged_record_is_as_good_as_none(tmp_path: Path) -> None:
    run_once(tmp_path)
    for text in ("", "[]", '{"number": 1, "unknown": 2, "events": [3]}'):
        (tmp_path / "logs" / "run-0001.json").write_text(text, encoding="utf-8")
        (run,) = read_runs(tmp_path)
        assert run.outcome == OLDER_VERSION and run.started


def test_there_are_no_runs_in_an_empty_directory(tmp_path: Path) -> None:
    assert read_runs(tmp_path) == []
