"""Tables: value(error), strict JSON, CSV, marks and footnotes."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
from rich.console import Console

from hpcbip.reduction.export import to_csv, to_json
from hpcbip.report.summary import convergence, highest
from hpcbip.report.tables import (
    print_rows,
    print_table,
)
from hpcbip.vocabulary.displays import TC_TABLE
from tests.report.flagged import flagged


def record(lam: float, tc: float | None = 0.2, **other: object) -> dict:
    base = {
        "lattice": "square",
        "coupling": "bond",
        "t": 1.0,
        "omega": 0.5,
        "g": 1.0,
        "lambda": lam,
        "U": 8.0,
        "V": 0.0,
        "beta": 40.0,
        "binding_energy": 0.8,
        "binding_energy_err": 0.0123,
        "binding_energy_verdict": "converged",
        "mass_bipolaron": 5.4,
        "mass_bipolaron_err": 0.13,
        "mass_bipolaron_verdict": "converged",
        "radius2": 1.5,
        "radius2_err": 0.03,
        "radius2_verdict": "converged",
        "tc_over_omega": tc,
        "tc_over_omega_err": 0.01,
        "tc_over_omega_verdict": "converged",
        "tc_kelvin": None,
        "tc_kelvin_err": None,
        "tc_valid": True,
        **flagged(),
    }
    return base | other


def text(records: list[dict]) -> str:
    out = io.StringIO()
    print_table(records, TC_TABLE, Console(file=out))
    return out.getvalue()


def test_of_very_many_points_the_first_are_printed() -> None:
    records = [record(0.2, **(flagged("beta_short") if k > 200 else {})) for k in range(300)]
    assert "the first 200 of 300 points; --format csv prints all" in text(records)
    assert "beta short" not in text(records) and text(records).count("0.200(10)") == 200
    assert "the first" not in text(records[:200])


def test_json_is_strict() -> None:
    records = [
        {"a": math.nan, "b": np.float64(1.5), "c": math.inf, "d": None, "e": True, "flags": ["x"], "s": "y"}
    ]

    def refuse(word: str) -> None:
        raise AssertionError(word)

    parsed = json.loads(to_json(records), parse_constant=refuse)
    assert parsed == [{"a": None, "b": 1.5, "c": None, "d": None, "e": True, "flags": ["x"], "s": "y"}]


def test_csv_reads_back_to_the_same_bits() -> None:
    written = to_csv([record(0.1), record(0.3, None, **flagged("not_bound", "beta_short"))])
    rows = list(csv.DictReader(io.StringIO(written)))
    assert float(rows[0]["lambda"]) == 0.1 and rows[1]["tc_over_omega"] == ""
    assert rows[1]["flags"] == "not bound; beta short"


def test_marks_and_footnotes() -> None:
    out = text(
        [
            record(0.3),
            record(0.5, mass_bipolaron_verdict="maybe"),
            record(0.7, tc_valid=False, **flagged("tc_above_binding"), tc_over_omega_verdict="not"),
            record(0.9, None, tc_valid=False, **flagged("tc_above_binding", "not_bound")),
        ]
    )
    lines = out.splitlines()
    body = {line.split("│")[1].strip(): line for line in lines if "│" in line}
    assert "5.40(13)?" in body["2"] and "?" not in body["1"] and "!" not in body["1"]
    assert "0.200(10)!??" in body["3"]
    assert "Tc >= binding energy: # 3, 4" in out and "not bound: # 4" in out
    assert "lattice = square" in out and "…" not in out  # nothing is cut off in a log file


def test_clean_table_has_no_legend() -> None:
    assert "not converged" not in text([record(0.3)])


def test_convergence_sentence() -> None:
    records = [
        record(0.3),
        record(0.5, mass_bipolaron_err=0.54),
        record(0.7, mass_bipolaron_err=0.054, **flagged("not_bound")),
    ]
    records[0]["radius2_verdict"] = "maybe"
    sentence = convergence(records)
    assert "m* 2.4 % (worst 10.0 %)" in sentence and "Tc 5.0 % (worst 5.0 %)" in sentence
    assert "converged at 2 of 3 points, 1 flagged" in sentence
    assert "no errors yet" in convergence([record(0.3, None, mass_bipolaron=None)])


def test_highest_of_each_dome() -> None:
    scan = [record(0.3, 0.1), record(0.5, 0.25), record(0.7, 0.2), record(0.9, 0.9, tc_valid=False)]
    lines = highest([*scan, record(0.5, 0.4, omega=1.0)])  # a single point is no dome
    assert lines == ["square, t/omega = 2, U = 8t: highest Tc/omega = 0.250(10) at lambda = 0.5"]
    assert highest(scan[:2])[0].endswith("lambda = 0.5, the end of the scan")


def rows_text(rows: list[dict], width: int | None = None) -> str:
    out = io.StringIO()
    print_rows(rows, Console(file=out, width=width, force_terminal=width is not None, color_system=None))
    return out.getvalue()


def test_rows_share_what_is_the_same_and_lose_no_digit() -> None:
    rows = [
        {"t": 1.0, "U": 4.0 * k, "E": -1.23456789, "E_err": 1e-8, "flags": ["hm"], "none": None}
        for k in range(2)
    ]
    first, *table = rows_text(rows).splitlines()
    assert first == "t = 1, flags = hm" and "none" not in first
    assert sum("-1.2345679(10)" in line or "-1.234567890(10)" in line for line in table) == 2
    narrow = rows_text(
        [row | {f"column{k}": k + 0.123456 + row["U"] for k in range(9)} for row in rows], width=60
    )
    assert "…" not in narrow
    single = rows_text(rows[:1])
    assert "│ U" in single and "│ 0" in single and len(single.splitlines()) == 6
