"""The atlas beside printed and exact numbers: which points are taken, and that z is what it says."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hpcbip.cli.atlas import atlas as atlas_verb
from hpcbip.report.papers import comparison
from hpcbip.report.papers.comparison import comparisons, write_page
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.system import System
from hpcbip.theory.exact.tables import exact_table
from tests.report.papers.pages import differences
from tests.report.papers.synthetic import record, scan

SILENT = (0.0, 0.0)

PAGE = Path(__file__).parents[3] / "docs" / "papers" / "comparison.md"


def rows_with(records: list[dict[str, Any]], observable: str, source: str) -> list[dict[str, Any]]:
    found = comparisons(records)
    return [row for row in found if row["observable"] == observable and source in row["source"]]


def test_a_printed_mass_is_compared_with_the_point_of_its_parameters() -> None:
    own = {"mass_bipolaron": 5.1, "mass_bipolaron_err": 0.4}
    right = record("square", "bond", 10 / 3, 0.5, 8.0, 0.0, SILENT) | own
    others = [
        record("square", "bond", 10 / 3, 0.5, 4.0, 0.0, SILENT),
        record("square", "bond", 2.0, 0.5, 8.0, 0.0, SILENT),
    ]
    for records, z in (([right, *others], -0.6), (others, None)):
        row = rows_with(records, "mass_bipolaron", "displacement")[0]
        assert row["z"] == (None if z is None else pytest.approx(z)), row


def test_maxima_are_those_of_domes() -> None:
    points = scan("square", "bond", 1.0, np.linspace(0.2, 1.2, 9).tolist())
    row = rows_with(points, "maximum of tc_over_omega", "text")[0]
    assert row["hpcbip"] is not None and 0.2 < row["at_lambda"] < 1.2
    expected = (row["hpcbip"] - 0.2) / math.hypot(row["hpcbip_err"], 0.06)
    assert row["z"] == pytest.approx(expected)


def test_what_a_flag_speaks_against_is_marked(tmp_path: Path) -> None:
    point = record("square", "bond", 10 / 3, 0.5, 8.0, 0.0, SILENT)
    doubtful = point | {"mass_bipolaron_verdict": "not"}
    for given, marked in ((point, False), (doubtful, True)):
        rows = comparisons([given])
        row = next(row for row in rows if row["source"].endswith("displacement (printed)"))
        assert row["flagged"] is marked
        write_page(tmp_path / "page.md", rows)
        assert ("!" in (tmp_path / "page.md").read_text(encoding="utf-8").split("source |")[1]) is marked


@pytest.mark.parametrize("off", [0.0, 3.0])
def test_chains_are_compared_with_exact_diagonalisation(off: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "STATES", 3000)
    point = record("chain", "holstein", 1.0, 0.15, 0.0, 0.0, SILENT)
    exact = exact_table([System(Geometry("chain", "holstein"), 1.0, 1.0, point["g"])], states=3000)[0]
    error = 1e-3
    point |= {"E_polaron": exact["E"] + off * error, "E_polaron_err": error}
    row = rows_with([point], "E_polaron", "exact")[0]
    assert row["z"] == pytest.approx(off, rel=0.01, abs=0.01)
    assert len(rows_with([point, dict(point)], "E_polaron", "exact")) == 1


def test_the_page_is_that_of_the_atlas(tmp_path: Path) -> None:
    """`hpcbip atlas compare --page docs/papers/comparison.md` was run after the last addition."""
    path = tmp_path / "page.md"
    result = CliRunner().invoke(atlas_verb, ["compare", "--page", str(path)])
    assert result.exit_code == 0, result.output
    assert not differences(PAGE.read_text(encoding="utf-8"), path.read_text(encoding="utf-8"))


def test_the_largest_difference_is_within_what_chance_allows() -> None:
    """Printed numbers and exact ones: |z| < 4. Readings of figures have no such error."""
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row[-1].endswith(("(printed) |", "exact diagonalisation |"))]
    known = [float(row[-2]) for row in rows if row[-2] != "-"]
    assert len(known) > 40 and all(abs(z) < 4.0 for z in known), known


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(comparison.InputError, match="the page cannot be written"):
        write_page(tmp_path / "file" / "page.md", [])
