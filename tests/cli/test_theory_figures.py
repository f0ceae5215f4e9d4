"""The figures of `hpcbip theory`: PNG and PDF, and a CSV with the numbers that are drawn."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hpcbip.cli import commands
from hpcbip.report.figures.theory.exact import bound
from hpcbip.theory.instanton.surface import AdiabaticSurface, NotSelfTrapped
from hpcbip.theory.instanton.tunnelling import find_instanton
from tests.reduction.test_results import campaign


def draw_figure(folder: Path, words: str) -> tuple[str, list[dict[str, str]]]:
    """Run a verb with --figure; return its output and the rows of the CSV."""
    file = folder / "figure.png"
    done = CliRunner().invoke(
        commands, ["theory", *words.split(), "--figure", str(file)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    assert file.stat().st_size > 5_000 and file.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    return done.stdout, list(csv.DictReader(file.with_suffix(".csv").open()))


def test_exact(tmp_path: Path) -> None:
    words = (
        "exact --coupling site-peierls --coupling holstein --electrons 2 --omega 3 --U 0,4 --lambda 0.4,0.8"
    )
    out, rows = draw_figure(tmp_path, f"{words} --states 300")
    assert len(rows) == 8 and "Hollow" in out and "written:" in out
    assert {row["coupling"] for row in rows} == {"site-peierls", "holstein"}
    pair = {"electrons": 2, "binding_energy": 0.1, "binding_energy_err": 0.2}
    assert not bound(pair) and bound({**pair, "electrons": 1}) and bound({**pair, "binding_energy_err": 0.05})


@pytest.mark.slow
def test_critical(tmp_path: Path) -> None:
    out, rows = draw_figure(tmp_path, "exact --critical --omega 3 --states 2000")
    assert "leaves K = 0 at λ = 0.68" in out
    for row in rows:
        assert (float(row["K"]) == pytest.approx(0.0, abs=1e-3)) == (float(row["inverse_mass_0"]) > 0.0)


def test_pair_and_its_order_parameter(tmp_path: Path) -> None:
    out, rows = draw_figure(tmp_path, "pair --U 8 --V -8 --t-prime -0.4")
    assert "order parameter" in out and {row["channel"] for row in rows} == {"s", "p", "d"}
    gap = [row for row in rows if row["channel"] == "d" and row["kind"] == "order parameter"]
    on_diagonal = [float(row["value"]) for row in gap if row["x"] == row["y"]]
    assert len(on_diagonal) == 61 and max(map(abs, on_diagonal)) < 1e-9 < max(
        abs(float(row["value"])) for row in gap
    )
    psi = {
        (row["x"], row["y"]): float(row["value"])
        for row in rows
        if row["channel"] == "d" and row["kind"] == "psi"
    }
    assert psi["1.0", "0.0"] == pytest.approx(-psi["0.0", "1.0"])


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("--lattice chain --U -3", {"psi", "order parameter"}),
        ("--U 8 --V -8 --K 1 --K 0.3", {"psi"}),
        ("--lattice cubic --U 0 --V -12", {"psi", "order parameter"}),
        ("--U 8", set()),
    ],
)
def test_pairs_elsewhere(tmp_path: Path, words: str, kinds: set[str]) -> None:
    _, rows = draw_figure(tmp_path, f"pair {words}")
    assert {row["kind"] for row in rows} == kinds


def test_scan_of_pairs(tmp_path: Path) -> None:
    _, rows = draw_figure(tmp_path, "pair --U 8,inf --V=-4,-8 --t-prime=-0.3,0")
    assert len({(row["U"], row["V"], row["t_prime"]) for row in rows}) == 8
    words = ["theory", "pair", "--U", "8,inf", "--thresholds", "1", "--format", "json"]
    limits = CliRunner().invoke(commands, words)
    found = {(row["U"], row["channel"]): row["threshold"] for row in json.loads(limits.stdout)}
    assert found[8.0, "s"] == pytest.approx(-1.0) and found["inf", "s"] == pytest.approx(-2.0)


def test_d_wave(tmp_path: Path) -> None:
    out, rows = draw_figure(tmp_path, "d-wave --t-perp 0.5,1.3 --U inf")
    assert "order parameter" in out
    limits = {(row["t_perp"], row["channel"]): row["V_perp"] for row in rows if row["kind"] != "pair"}
    assert float(limits["0.5", "dxy"]) == 0.0 and not limits["0.5", "s = dxy"]
    assert float(limits["1.3", "s = dxy"]) < float(limits["1.3", "dxy"]) < float(limits["1.3", "s"])
    weak = {row["channel"]: float(row["V_perp"]) for row in rows if row.get("binding_energy") == "0.0001"}
    assert weak["s"] < weak["p"] < weak["fxyz"] < weak["dxy"] < 0.0


@pytest.mark.parametrize("model", ["a", "b"])
def test_ring(tmp_path: Path, model: str) -> None:
    _, rows = draw_figure(tmp_path, f"ring --amplitude 1.5 --attraction 4 --model {model}")
    levels = [row for row in rows if row["kind"] == "ring"]
    assert [float(row["E"]) for row in levels] == pytest.approx([-7.0, -4.0, -1.0] * 2)
    assert [row["channel"] for row in levels][0] == "s" and levels[3]["channel"] != "s"
    carriers = [row for row in rows if row["kind"] == "two carriers"]
    strong = {row["channel"]: row for row in carriers if float(row["V"]) == -60.0}
    assert len(strong) == 3
    if model == "b":  # near the ring's levels, 4, 0 and -4 above V
        for row in strong.values():
            assert float(row["E"]) == pytest.approx(float(row["E_ring"]), abs=0.3)


def test_conventional(tmp_path: Path) -> None:
    _, rows = draw_figure(tmp_path, "eliashberg --lambda 0.5,1 --mu-star 0,0.12")
    assert [(row["mu_star"], row["lambda_me"]) for row in rows] == [
        ("0.0", "0.5"),
        ("0.0", "1.0"),
        ("0.12", "0.5"),
        ("0.12", "1.0"),
    ]
    out, rows = draw_figure(tmp_path, "fermi-surface --filling 0.5,1 --lambda 0.1,0.2 --omega 0.1")
    assert "Points without a Tc (4)" in out and len(rows) == 8
    assert [row["flags"] for row in rows[:2]] == ["", "lambda_ME > 0.4: not confirmed"]
    assert float(rows[1]["tc_over_omega"]) > float(rows[3]["tc_over_omega"]) > 0.0


def test_instanton_with_few_couplings(tmp_path: Path) -> None:
    _, rows = draw_figure(tmp_path, "instanton --coupling holstein --size 4 --lambda 2,4 --points 9")
    assert {row["kind"].split(":")[0] for row in rows} >= {"minimum", "saddle", "least action", "action"}


@pytest.mark.slow
def test_instanton_beside_a_campaign(tmp_path: Path) -> None:
    campaign(tmp_path)  # square, bond, U = 8, t/omega = 2/3, lambda = 0.5 and 0.7
    words = f"instanton --lattice square --U 8 --size 4 --points 9 --campaign {tmp_path} --t-over-omega"
    refused = CliRunner().invoke(commands, ["theory", *words.split(), "3"])
    assert "no point" in str(refused.exception) and "t/omega there: 0.666667" in str(refused.exception)
    out, rows = draw_figure(tmp_path, f"{words} 0.6666666667")
    assert "slopes" in out and [float(row["lambda"]) for row in rows] == [0.5, 0.7]
    results = json.loads(CliRunner().invoke(commands, ["reduce", str(tmp_path), "--format", "json"]).stdout)
    for row, record in zip(rows, results, strict=True):
        assert float(row["mass"]) == pytest.approx(record["mass_bipolaron"])
        assert float(row["log_mass"]) == pytest.approx(np.log(record["mass_bipolaron"]))
        assert float(row["log_mass_err"]) == pytest.approx(
            record["mass_bipolaron_err"] / record["mass_bipolaron"]
        )
    assert rows[0]["action"] == ""  # not trapped at this coupling


def test_instanton_beside_polarons_of_a_campaign(tmp_path: Path) -> None:
    campaign(tmp_path)
    words = f"instanton --lattice square --sector polaron --campaign {tmp_path}"
    _, rows = draw_figure(tmp_path, f"{words} --t-over-omega {2 / 3}")
    assert [float(row["lambda"]) for row in rows] == [0.5, 0.7]
    assert all(float(row["log_mass_err"]) > 0.0 for row in rows)
    for row in rows:
        try:
            found = find_instanton(
                AdiabaticSurface("square", lam=float(row["lambda"]), sector="polaron", size=5),
                17,
                with_minimum_energy_path=False,
            )
        except NotSelfTrapped:
            assert row["action"] == ""
        else:
            assert float(row["action"]) == pytest.approx(found.least_action_path.action * 2 / 3)
