"""Figures and the data beside them."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from hpcbip.errors import InputError
from hpcbip.report.figures import dome_figure, plateau_figure
from tests.report.test_tables import record


def test_dome_is_drawn_with_its_data(tmp_path: Path) -> None:
    records = [record(0.5, 0.2), record(0.3, 0.1, tc_valid=False, flags=["not bound"]), record(0.4, None, U=4.0)]
    paths = dome_figure(records, tmp_path / "figures" / "dome.png")
    assert [path.name for path in paths] == ["dome.png", "dome.pdf", "dome.csv"]
    assert paths[0].read_bytes()[:4] == b"\x89PNG" and paths[1].read_bytes()[:5] == b"%PDF-"
    rows = list(csv.DictReader(paths[2].open()))
    assert [row["tc_over_omega"] for row in rows] == ["0.2", "0.1", ""]  # nothing is dropped from the data
    assert rows[1]["tc_valid"] == "False" and rows[1]["flags"] == "not bound"


def test_dome_without_any_tc_is_an_empty_figure(tmp_path: Path) -> None:
    assert dome_figure([record(0.4, None)], tmp_path / "dome.png")[0].stat().st_size > 1000


def test_plateau(tmp_path: Path) -> None:
    rows = [
        {"ensemble": e, "observable": o, "bin_size": b, "error": 0.1 * b**0.3, "error_error": 0.01, "plateau": b == 4,
         "gamma_error": 0.15}
        for e in ("aa", "bb") for o in ("E_polaron", "mass_bipolaron") for b in (1, 2, 4)
    ]  # fmt: skip
    assert plateau_figure(rows, tmp_path / "plateau.png")[0].read_bytes()[:4] == b"\x89PNG"


def test_unknown_format_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="dome.xyz"):
        dome_figure([record(0.4)], tmp_path / "dome.xyz")


def test_importing_reports_does_not_load_matplotlib() -> None:
    code = "import sys, hpcbip.report.results; sys.exit('matplotlib' in sys.modules or 'numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
