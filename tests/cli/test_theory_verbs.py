"""`hpcbip theory ...` as a user meets it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hpcbip.cli import commands
from hpcbip.errors import InputError
from hpcbip.theory.eliashberg.equations import critical_temperature


def output_of(*arguments: object) -> str:
    done = CliRunner().invoke(commands, ["theory", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_eliashberg(tmp_path: Path) -> None:
    rows = json.loads(
        output_of("eliashberg", "--lambda", "0.5,1", "--format", "json", "--figure", tmp_path / "me.png")
    )
    assert [row["lambda_me"] for row in rows] == [0.5, 1.0]
    assert (
        rows[1]["tc_over_omega"]
        == critical_temperature(1.0, 0.12).tc_over_omega
        == pytest.approx(0.0645, abs=1e-4)
    )
    assert rows[1]["mass"] == 2.0 and rows[1]["mu_star"] == 0.12
    drawn = list(csv.DictReader((tmp_path / "me.csv").open()))
    mcmillan = [row["mcmillan"] for row in rows]
    assert [float(row["mcmillan"]) for row in drawn] == pytest.approx(mcmillan, rel=1e-9)
    assert (tmp_path / "me.pdf").is_file() and "tc_over_omega" in output_of(
        "eliashberg", "--lambda", "0.5:1:0.25"
    )


@pytest.mark.parametrize("words", [["--lambda", "x"], ["--lambda", "1:2:0"], ["--lambda", "-1"]])
def test_eliashberg_refuses(words: list[str]) -> None:
    done = CliRunner().invoke(commands, ["theory", "eliashberg", *words])
    assert isinstance(done.exception, InputError) and "\n" not in str(done.exception)


def test_pair() -> None:
    rows = json.loads(output_of("pair", "--lattice", "square", "--U", "-8", "--V", "0", "--format", "json"))
    assert rows[0]["channel"] == "s" and rows[0]["E"] == pytest.approx(-10.091756333672, abs=1e-10)
    assert {"binding_energy", "mass", "pair_distance2"} <= set(rows[0])
    assert all(row["E"] is None and row["status"] != "bound" for row in rows[1:])
    limits = json.loads(output_of("pair", "--lattice", "cubic", "--thresholds", "0", "--format", "json"))
    assert limits[0]["threshold"] == pytest.approx(-7.91355, abs=5e-6)


def test_named_models_and_tc() -> None:
    """Models a and b are one problem; the hop's sign exchanges s and d; Tc of pairs in a plane is BKT's."""
    energies = set()
    for model, hop, channel in (("a", "-1", "d"), ("b", "-1", "dxy"), ("a", "1", "s"), ("b", "1", "s")):
        words = ("pair", "--model", model, "--t", hop, "--U", "inf", "--V", "-6", "--tc", "--format", "json")
        lowest = min(json.loads(output_of(*words)), key=lambda row: row["E"] or 0.0)
        assert lowest["channel"] == channel and lowest["flags"] == []
        assert lowest["tc"] == pytest.approx(1.84 * lowest["density"] / lowest["mass_geometric"])
        energies.add(round(lowest["E"], 10))
    assert len(energies) == 1


def test_ring_exchanges_s_and_d() -> None:
    """Hole-like hopping has a d ground state, electron-like an s one."""
    for amplitude, channels in ((1.0, ["d", "p", "s"]), (-1.0, ["s", "p", "d"])):
        rows = json.loads(output_of("ring", "--amplitude", amplitude, "--format", "json"))
        assert [row["channel"] for row in rows] == channels
        assert [row["E"] for row in rows] == pytest.approx([-2.0, 0.0, 2.0])


def test_instanton(tmp_path: Path) -> None:
    words = ["--coupling", "holstein", "--size", "6", "--lambda", "2,3,5,8", "--points", "9"]
    out = output_of("instanton", *words, "--figure", tmp_path / "instanton.png")
    assert "s ~ lambda^p: p = 1.0" in out and (tmp_path / "instanton.png").stat().st_size > 10_000
    rows = json.loads(output_of("instanton", *words[:4], "--lambda", "3", "--format", "json"))
    assert rows[0]["lambda"] == 3.0 and rows[0]["action"] > 10.0


def test_exact() -> None:
    rows = json.loads(output_of("exact", "--g", "1", "--states", "20000", "--format", "json"))
    assert rows[0]["E"] == pytest.approx(-2.469684, abs=1e-6) and rows[0]["mass"] == pytest.approx(
        1.35049, abs=1e-5
    )
    words = "--coupling site-peierls --omega 3 --lambda 1 --U 4 --electrons 2 --states 1500 --format json"
    pair = json.loads(output_of("exact", *words.split()))[0]
    keys = "E E_err mass mass_err pair_distance2 phonons weight K basis_size E2"
    assert set(keys.split()) <= set(pair) and pair["mass"] == pytest.approx(0.891, abs=0.01)
    critical = json.loads(
        output_of("exact", "--critical", "--omega", "3", "--states", "2000", "--format", "json")
    )[0]
    assert critical["lambda"] == pytest.approx(0.6819, abs=2e-4)


REFUSED = [
    "instanton --lattice cubic",
    "instanton --lambda -1",
    "pair --lattice kagome",
    "pair --U x",
    "ring --model c",
    "pair --model c",
    "pair --model a --lattice square",
    "pair --model a --t 0",
    "pair --t 0",
    "pair --K 1 --K 1 --tc",
    "pair --thresholds 1 --tc",
    "d-wave --U -1",
    "exact --lambda 1 --g 1",
    "exact --g 1 --lattice kagom",
    "antiadiabatic --lattice honeycom",
    "antiadiabatic --lattice lieb --levels 1 --terms",
    "fermi-surface --lattice kagome",
    "instanton --lattice honeycomb",
    "pair --lattice lieb",
    "exact --g -x",
    "exact --g 1 --coupling none",
]


@pytest.mark.parametrize("words", REFUSED)
def test_bad_input_is_one_line(words: str) -> None:
    done = CliRunner().invoke(commands, ["theory", *words.split()])
    assert isinstance(done.exception, InputError) and "\n" not in str(done.exception)


def test_the_frequency_of_the_sites_follows_that_of_the_bonds() -> None:
    """`--coupling bond+holstein` alone was refused by a default of 0."""
    words = (
        "exact",
        "--coupling",
        "bond+holstein",
        "--g-holstein",
        "0.3",
        "--lambda",
        "0.2",
        "--states",
        "50",
    )
    words = (*words, "--omega", "2", "--format", "json")
    assert output_of(*words) == output_of(*words, "--omega-holstein", "2")
    assert output_of(*words) != output_of(*words, "--omega-holstein", "1")
