"""`hpcbip theory ...` as a user meets it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hpcbip.cli import commands
from hpcbip.errors import InputError
from hpcbip.superconductivity.eliashberg import critical_temperature


def said(*arguments: object) -> str:
    done = CliRunner().invoke(commands, ["theory", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_eliashberg(tmp_path: Path) -> None:
    rows = json.loads(said("eliashberg", "--lambda", "0.5,1", "--format", "json", "--figure", tmp_path / "me.png"))
    assert [row["lambda_me"] for row in rows] == [0.5, 1.0]
    assert rows[1]["tc_over_omega"] == critical_temperature(1.0, 0.12).tc_over_omega == pytest.approx(0.0645, abs=1e-4)
    assert rows[1]["mass"] == 2.0
    drawn = list(csv.DictReader((tmp_path / "me.csv").open()))
    assert [float(row["mcmillan"]) for row in drawn] == [row["mcmillan"] for row in rows]
    assert (tmp_path / "me.pdf").is_file() and "tc_over_omega" in said("eliashberg", "--lambda", "0.5:1:0.25")


@pytest.mark.parametrize("words", [["--lambda", "x"], ["--lambda", "1:2:0"], ["--lambda", "-1"]])
def test_eliashberg_refuses(words: list[str]) -> None:
    done = CliRunner().invoke(commands, ["theory", "eliashberg", *words])
    assert isinstance(done.exception, InputError) and "\n" not in str(done.exception)
