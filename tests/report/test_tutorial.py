"""The tutorial runs, and its data set is the table that `hpcbip reduce` prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hpcbip
from hpcbip.errors import InputError
from hpcbip.reduction.results import read_results
from tests.reduction.test_results import campaign

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorials" / "own_figure.py"


def test_the_tutorial_runs(tmp_path: Path) -> None:
    campaign(tmp_path / "run")
    done = subprocess.run(
        [sys.executable, str(TUTORIAL), "run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "synthetic: 2 points" in done.stdout and "m*(pair) / 2 m*(polaron) = " in done.stdout
    assert (tmp_path / "mass-against-size.png").stat().st_size > 10_000


def test_the_data_set_is_the_records(tmp_path: Path) -> None:
    campaign(tmp_path, points=1)  # the second point is not known yet
    frame, records = hpcbip.load(tmp_path), read_results(tmp_path).records
    assert list(frame.index) == [record["point"] for record in records]
    assert frame["mass_bipolaron"].iloc[0] == records[0]["mass_bipolaron"]
    assert frame["mass_bipolaron"].isna().iloc[1] and frame["mass_bipolaron"].dtype == float
    assert frame["tc_valid"].dtype == bool and frame["flags"].iloc[1] == records[1]["flags"]
    assert set(frame.columns) == set(records[0]) - {"point"}
    assert frame.attrs["name"] == "synthetic" and frame.attrs["seed"] == 1


def test_what_is_not_a_campaign(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a campaign"):
        hpcbip.load(tmp_path)
