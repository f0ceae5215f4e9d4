"""`hpcbip.run` on several ranks gives what it gives on one."""

from __future__ import annotations

from pathlib import Path

import pytest

import hpcbip

pytestmark = pytest.mark.mpi
CAMPAIGN = {
    "name": "small",
    "seed": 7,
    "model": {"lattice": "square", "coupling": "bond"},
    "grid": {"omega": [1.0], "lambda": [0.3, 0.5], "U": [2.0]},
    "sampling": {"beta": 4.0, "chains": 2, "updates_per_bin": 1000, "min_blocks": 2, "max_blocks": 4},
}


def test_ranks_do_not_matter(tmp_path: Path) -> None:
    one, two = (hpcbip.run(CAMPAIGN, tmp_path / str(cores), cores) for cores in (1, 2))
    times = ["seconds_polaron", "seconds_bipolaron"]
    assert two.attrs["finished"] and one.drop(columns=times).equals(two.drop(columns=times))
