"""`hpcbip theory antiadiabatic` as a user meets it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner

from hpcbip.cli import commands
from hpcbip.errors import InputError


def output_of(words: str, *more: object) -> str:
    done = CliRunner().invoke(
        commands, ["theory", "antiadiabatic", *words.split(), *map(str, more)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_rows_and_figure(tmp_path: Path) -> None:
    words = "--coupling bond --coupling holstein --lambda 0.5 --U -2 --states 20000"
    text = output_of(words, "--figure", tmp_path / "limit.png")
    assert "bond, order 2: difference ~ Omega^-p, p: E 0.9" in text and "holstein, order 4" in text
    assert (tmp_path / "limit.png").stat().st_size > 10_000 and (tmp_path / "limit.pdf").is_file()
    drawn = list(csv.DictReader((tmp_path / "limit.csv").open()))
    assert len(drawn) == 12 and {row["coupling"] for row in drawn} == {"bond", "holstein"}
    rows = json.loads(output_of("--lambda 0.5 --U -2 --states 5000 --omega 30 --order 2 --format json"))
    keys = (
        "omega order E_eff mass_eff pair_distance2_eff E E_err mass mass_err difference difference_err power"
    )
    assert len(rows) == 1 and set(keys.split()) <= set(rows[0])
    assert rows[0]["difference"] == rows[0]["E_eff"] - rows[0]["E"] and rows[0]["power"] is None
    assert output_of("--electrons 1 --omega 30 --states 500 --format csv").startswith(
        "lattice,coupling,electrons"
    )


def test_amplitudes() -> None:
    rows = json.loads(output_of("--terms --g2-over-omega 0.5 --omega 40 --U 3 --order 2 --format json"))
    found = {(row["moves"], row["displacement"]): row["amplitude"] for row in rows}
    assert found["pair on one site", "1"] == pytest.approx(-1.0) and found["electron", "0"] == pytest.approx(
        -1.0
    )
    assert found["pair on one site", "0"] == pytest.approx(1.0)


REFUSED = [
    "--lattice kagome",
    "--coupling phonons",
    "--lambda -1",
    "--lambda nan",
    "--lambda 1 --g2-over-omega 1",
    "--omega 0",
    "--omega x",
    "--omega 3:1:1",
    "--order 3",
    "--U inf",
    "--states 5",
    "--g2-over-omega inf",
    "--omega 1e-200",
    "--U -1e300",
    "--lambda 1e6",
    "--terms --figure x.png",
    "--lattice square --coupling site-peierls",
    "--coupling bond+holstein",
]


@pytest.mark.parametrize("words", REFUSED)
def test_bad_input_is_one_line(words: str) -> None:
    done = CliRunner().invoke(commands, ["theory", "antiadiabatic", *words.split()], standalone_mode=False)
    assert isinstance(done.exception, InputError | ClickException) and "\n" not in str(done.exception)
