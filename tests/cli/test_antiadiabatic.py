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


def test_families_mean_what_they_mean_to_the_exact_diagonalisation() -> None:
    """At the first Ω; beyond it Ω_f and g_f² grow with Ω."""
    more = ["--lambda", "0.2", "--U", "-2", "--V", "0.3", "--states", "400", "--format", "json"]
    more += ["--phonons", '[{"where":"sites","omega":25,"lambda":0.1,"profile":[1,0.5]}]']
    rows = json.loads(output_of("--omega 10,40 --order 2", *more))
    exact = ["theory", "exact", "--coupling", "bond", "--electrons", "2", "--omega", "10", *more]
    (row,) = json.loads(CliRunner().invoke(commands, exact, catch_exceptions=False).stdout)
    for name in ("E", "mass", "g", "V"):
        assert rows[0][name] == pytest.approx(row[name], rel=1e-9), name
    assert rows[0]["families"] == row["families"]
    (first,), (second,) = (json.loads(row["families"]) for row in rows)
    assert (first["omega"], second["omega"]) == (25.0, 100.0)
    assert (first["g"] ** 2, second["g"] ** 2) == pytest.approx((0.1 * 4.0 * 25.0, 0.1 * 4.0 * 100.0))


def test_amplitudes_between_sites_of_the_cell() -> None:
    """λ = 0.3 on the Lieb lattice, z = 8/3 on average: g²/Ω = 0.4t per bond; pairs hop by twice that."""
    rows = json.loads(
        output_of("--lattice lieb --terms --lambda 0.3 --levels 0,1,1 --omega 30 --order 2 --format json")
    )
    found = {(row["moves"], row["from"], row["to"], row["displacement"]): row["amplitude"] for row in rows}
    expected = {
        "electron": {("Cu", "Cu"): -1.6, ("Ox", "Ox"): 0.2, ("Oy", "Oy"): 0.2, "hop": -1.0},
        "pair on one site": {("Cu", "Cu"): -3.2, ("Ox", "Ox"): 0.4, ("Oy", "Oy"): 0.4, "hop": -0.8},
    }
    for (moves, *ends, _), amplitude in found.items():
        assert amplitude == pytest.approx(expected[moves].get(tuple(ends), expected[moves]["hop"])), ends
    assert len(found) == 2 * (3 + 4) and ("electron", "Cu", "Ox", "-1 0") in found


REFUSED = [
    "--lattice kagom",
    "--lattice honeycomb --coupling site-peierls",
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
    "--coupling bond --omega-holstein 20",
    "--coupling bond --profile 1,0.5",
    "--lattice lieb --levels 0,1",
    "--V inf",
    "--V 1e5",
    "--phonon-hopping 5",
    "--phonons x",
    '--phonons [{"where":"bonds","omega":0.5,"g":1}]',
    '--phonons [{"where":"bonds","omega":20,"g":1,"places":[1]}]',
    '--phonon-hopping 0.1 --phonons [{"where":"bonds","omega":20,"g":1}]',
]


@pytest.mark.parametrize("words", REFUSED)
def test_bad_input_is_one_line(words: str) -> None:
    done = CliRunner().invoke(commands, ["theory", "antiadiabatic", *words.split()], standalone_mode=False)
    assert isinstance(done.exception, InputError | ClickException) and "\n" not in str(done.exception)
