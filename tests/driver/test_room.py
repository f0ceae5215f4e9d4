"""A campaign whose files grow while it runs: the same bins, and files about as large as these."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import hpcbip
from hpcbip.store import room
from hpcbip.store.digest import digest_lines
from tests.driver.test_sampling import CAMPAIGN

SAMPLING: dict[str, Any] = CAMPAIGN["sampling"]  # type: ignore[assignment]


def run(directory: Path, **sampling: Any) -> list[str]:
    hpcbip.run(CAMPAIGN | {"sampling": SAMPLING | sampling}, directory)
    return digest_lines(directory)


def sizes(directory: Path) -> list[int]:
    return [path.stat().st_size for path in directory.glob("bins-*.h5")]


def test_segments_that_are_made_on_the_way_change_no_bin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path / "whole", min_blocks=2)
    assert len(sizes(tmp_path / "whole")) == 1
    monkeypatch.setattr(room, "LEAST_ROOM", 0)
    monkeypatch.setattr(room, "SHARE", 0.0)
    assert run(tmp_path / "parts", min_blocks=2, max_blocks=5) != whole
    assert run(tmp_path / "parts", min_blocks=2) == whole
    assert len(sizes(tmp_path / "parts")) > 3


def test_chains_that_may_come_take_no_room(tmp_path: Path) -> None:
    """The fault of 0.4: a copy of a campaign of a megabyte with up to 512 chains was one of gigabytes."""
    run(
        tmp_path / "run",
        target={"E_polaron": 0.5},
        chains={"min": 2, "max": 512},
        max_blocks=1000,
        min_blocks=4,
    )
    assert sum(sizes(tmp_path / "run")) < 6e6
