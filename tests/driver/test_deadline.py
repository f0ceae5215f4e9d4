"""The deadline: --max-time and Slurm's limit, whichever comes first."""

from __future__ import annotations

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


def test_the_earlier_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert deadline.deadline(None, 100.0) is None
    assert deadline.deadline(50.0, 100.0) == 150.0
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_JOB_END_TIME", "1000")
    assert deadline.deadline(None, 100.0) == 1000.0 - deadline.DEFAULT_SLURM_MARGIN
    assert deadline.deadline(50.0, 100.0) == 150.0


def test_the_margin_leaves_a_short_job_most_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_JOB_END_TIME", "160")
    assert deadline.deadline(None, 100.0) == 145.0
    assert deadline.deadline(None, 200.0) == 160.0  # over already
    monkeypatch.setenv("HPCBIP_SLURM_MARGIN", "30")
    assert deadline.deadline(None, 100.0) == 130.0


def test_a_margin_that_is_none_is_told_and_ignored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_JOB_END_TIME", "1000")
    monkeypatch.setenv("HPCBIP_SLURM_MARGIN", "-5 s")
    assert deadline.deadline(None, 100.0) == 1000.0 - deadline.DEFAULT_SLURM_MARGIN
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
