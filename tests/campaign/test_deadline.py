"""The deadline: --max-time and Slurm's limit, whichever comes first."""

from __future__ import annotations

import pytest

from hpcbip.campaign import deadline


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
    assert deadline.deadline(None, 100.0) == 1000.0 - deadline.SLURM_MARGIN
    assert deadline.deadline(50.0, 100.0) == 150.0


def test_slurm_is_asked_where_the_environment_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.delenv("SLURM_JOB_END_TIME", raising=False)
    monkeypatch.setenv("PATH", "")
    assert deadline.slurm_end() is None  # no squeue: no limit is known
