"""The deadline: --max-time and Slurm's limit, whichever comes first."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from hpcbip.driver import deadline


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "SLURM_RETRY_PAUSE", 0.0)
    for name in ("SLURM_JOB_END_TIME", "HPCBIP_SLURM_MARGIN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Job 17, and a script to be filled in for its squeue."""
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    path = tmp_path / "squeue"
    path.touch(mode=0o755)
    return path


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1:30", 90), ("59", 59), ("2:00:05\n", 7205), ("3-01:00:00", 262800), ("UNLIMITED", None), ("", None)],
)
def test_times_as_slurm_writes_them(text: str, seconds: float | None) -> None:
    assert deadline.parse_time_left(text) == seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The time of day, and the clock that nobody sets."""
    now = {"time": 100.0, "monotonic": 5.0}
    monkeypatch.setattr(deadline.time, "time", lambda: now["time"])
    monkeypatch.setattr(deadline.time, "monotonic", lambda: now["monotonic"])
    return now


def test_the_earlier_limit_counts(monkeypatch: pytest.MonkeyPatch, clocks: dict[str, float]) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert deadline.deadline(None, 5.0).seconds_left == math.inf
    assert deadline.deadline(50.0, 3.0).seconds_left == 48.0
    assert deadline.deadline(50.0, 1e9).seconds_left == 50.0  # a start that is still to come is none
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_JOB_END_TIME", "1000")
    assert deadline.deadline(None, 5.0).seconds_left == 900.0 - deadline.DEFAULT_SLURM_MARGIN
    assert deadline.deadline(50.0, 5.0).seconds_left == 50.0


def test_who_sets_the_clock_moves_the_end_of_the_slurm_job_only(
    monkeypatch: pytest.MonkeyPatch, clocks: dict[str, float]
) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    own = deadline.deadline(50.0, 5.0)
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_JOB_END_TIME", "160")
    slurms = deadline.deadline(None, 5.0)
    assert (own.seconds_left, slurms.seconds_left) == (50.0, 45.0)
    clocks["time"] -= 3600.0
    assert (own.seconds_left, slurms.seconds_left) == (50.0, 3645.0)
    clocks["monotonic"] += 20.0
    assert (own.seconds_left, slurms.seconds_left) == (30.0, 3645.0)


def test_the_margin_leaves_a_short_job_most_of_its_time(
    monkeypatch: pytest.MonkeyPatch, clocks: dict[str, float]
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_JOB_END_TIME", "160")
    limit = deadline.deadline(None, 5.0)
    assert limit.seconds_left == 45.0
    assert limit.seconds_left_in_hand == 52.5  # half of the margin is for blocks that take longer
    clocks["time"] = 200.0
    assert deadline.deadline(None, 5.0).seconds_left == -40.0  # over already
    clocks["time"] = 100.0
    monkeypatch.setenv("HPCBIP_SLURM_MARGIN", "30")
    assert deadline.deadline(None, 5.0).seconds_left == 30.0


def test_a_margin_that_is_none_is_told_and_ignored(
    monkeypatch: pytest.MonkeyPatch, clocks: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_JOB_END_TIME", "1000")
    monkeypatch.setenv("HPCBIP_SLURM_MARGIN", "-5 s")
    assert deadline.deadline(None, 5.0).seconds_left == 900.0 - deadline.DEFAULT_SLURM_MARGIN
    assert "HPCBIP_SLURM_MARGIN" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("printed", "seconds"),
    [
        ("17 2:00:00", 7200),
        ("17 UNLIMITED", None),
        ("17 INVALID", None),
        ("16 1:00\n17 2:00\n18 3:00", 120),  # the last task of an array has the number of the array
        ("", None),
    ],
)
def test_slurm_is_asked_where_the_environment_does_not_say(
    squeue: Path, printed: str, seconds: float | None, capsys: pytest.CaptureFixture[str]
) -> None:
    squeue.write_text(f"#!/bin/sh\necho '{printed}'\n", encoding="utf-8")
    end = deadline.slurm_end()
    if seconds is None:
        assert end is None
    else:
        assert end is not None and abs(end - time.time() - seconds) < 30
    told = capsys.readouterr().err
    assert (told == "") == (seconds is not None or "UNLIMITED" in printed), told


def test_slurm_is_asked_again_when_it_does_not_answer(squeue: Path) -> None:
    asked = squeue.with_name("asked")
    squeue.write_text(
        f"#!/bin/sh\n[ -e {asked} ] && echo 17 5:00 || {{ : >{asked}; exit 1; }}\n", encoding="utf-8"
    )
    end = deadline.slurm_end()
    assert end is not None and abs(end - time.time() - 300) < 30


def test_no_squeue_means_no_limit_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("PATH", "")
    assert deadline.slurm_end() is None
    assert "--max-time" in capsys.readouterr().err
