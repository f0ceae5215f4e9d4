"""A deliberately bad campaign is flagged for the right reason wherever its numbers appear."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import hpcbip
from hpcbip.campaign.identity import canonical_json
from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.cli import commands
from hpcbip.report.checks import run_checks
from hpcbip.store.store import Allocation, Store
from tests.store.synthetic import ERRORS, sector_bins

CONFIG = """
name: bad
seed: 1
model: {lattice: square, coupling: bond, t: 1.0}
grid: {omega: [1.5], lambda: [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], U: [8.0]}
sampling: {beta: 60}
"""

# The reason for each point, in the order of λ, and what makes it so: means, bins per chain, a drift of the
# diffusion. Binding 2 (-4.5) + 9.6 = 0.6; Tc about 0.16.
POINTS: dict[str, tuple[dict[str, float], int, float]] = {
    "": ({}, 400, 0.0),
    "bipolaron: too few bins": ({}, 2, 0.0),
    "beta short": ({"energy": -9.1}, 2000, 0.0),  # e^{-0.1 · 60/5} = 0.3
    "bipolaron: not thermalised": ({}, 400, 1.5),
    "not bound": ({"energy": -8.9}, 400, 0.0),
    "Tc >= binding energy": ({"energy": -9.4, "diffusion": 3.0}, 400, 0.0),
    "bipolaron: chains disagree": ({}, 400, -1.5),
}


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "config.yaml").write_text(CONFIG)
    plan = make_plan(load_config(folder / "config.yaml"))
    with Store(folder, writable=True) as store:
        for i, (means, bins, drift) in enumerate(POINTS.values()):
            for sector, identity in plan.points[i].ensembles.items():
                pair = sector == "bipolaron"
                data = sector_bins(
                    plan,
                    sector,
                    point=i,
                    seed=10 * i + pair,
                    bins=bins if pair else 400,
                    means=means if pair else None,
                )
                column = data.columns.index("diffusion")
                for number, chain in enumerate(data.chains):
                    if pair and drift > 0.0:
                        chain[: len(chain) // 2, column] += drift * ERRORS["diffusion"]
                    elif pair and number == 0:
                        chain[:, column] += drift * ERRORS["diffusion"]
                parameters = canonical_json(plan.ensembles[identity].parameters)
                store.allocate(
                    {identity: Allocation(4, 2000, data.columns, sector, parameters, list(data.lags))}
                )
                for number, chain in enumerate(data.chains):
                    store.write(identity, number, 0, chain)
    return folder


@cache
def said(*arguments: object) -> str:
    done = CliRunner().invoke(commands, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def check(records: list[dict[str, Any]]) -> None:
    for reason, record in zip(POINTS, records, strict=True):
        if not reason:
            assert record["flags"] == [] and record["tc_valid"]
            continue
        assert reason in record["flags"] and not record["tc_valid"]
        others = set(record["flags"]) & (set(POINTS) - {reason, ""})
        assert not others, (reason, others)  # for the right reason, and no other of them


def test_json_csv_and_data_set(bad: Path) -> None:
    check(json.loads(said("reduce", bad, "--format", "json")))
    check(json.loads(said("tc", bad, "--format", "json")))
    check(hpcbip.load(bad).to_dict("records"))
    said("reduce", bad)
    check(json.loads((bad / "results.json").read_text()))
    rows = list(csv.DictReader((bad / "results.csv").open()))
    for row in rows:
        row |= {
            "flags": [flag for flag in row["flags"].split("; ") if flag],
            "tc_valid": row["tc_valid"] == "True",
        }
    check(rows)


@pytest.mark.parametrize("verb", ["reduce", "tc"])
def test_tables_on_the_terminal(bad: Path, verb: str) -> None:
    lines = said(verb, bad).splitlines()
    for number, reason in enumerate(POINTS, 1):
        if reason:
            assert any(line.strip().startswith(f"{reason}: # {number}") for line in lines), reason
    body = [line for line in lines if line.count("│") > 4]
    assert ["!" in line for line in body] == [bool(reason) for reason in POINTS]


def test_statements_on_maxima_name_what_they_rest_on(bad: Path) -> None:
    """Of seven points six are flagged: a maximum among them is no statement that could be published."""
    out = said("tc", bad)
    peaks = [line for line in out.splitlines() if "peaks at" in line or "maximum" in line]
    assert all("flag" in line or "rests" in line or "end of the scan" in line for line in peaks)


def test_figures_draw_them_hollow(bad: Path, tmp_path: Path) -> None:
    said("tc", bad, "--figure", tmp_path / "dome.png")
    rows = [row for row in csv.DictReader((tmp_path / "dome.csv").open()) if row["kind"] == "point"]
    assert [row["tc_valid"] == "True" for row in rows] == [not reason for reason in POINTS]
    for reason, row in zip(POINTS, rows, strict=True):
        assert reason in row["flags"]


def test_report_says_why(bad: Path) -> None:
    said("report", bad)
    html = (bad / "report.html").read_text(encoding="utf-8")
    for reason in POINTS:
        assert reason in html or reason.replace(">", "&gt;") in html or reason.replace(">", "\\u003e") in html
    for reason, record in zip(POINTS, json.loads(said("tc", bad, "--format", "json")), strict=True):
        levels = {result.level for result in run_checks(record)}
        assert ("red" in levels) == bool(reason), reason
