"""Figures of points: what is drawn, what is hollow, and that the CSV beside a figure holds the numbers
drawn."""

from __future__ import annotations

import csv
import itertools
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpcbip.errors import InputError
from hpcbip.models import get_lattice
from hpcbip.report.figures import dome_figure
from hpcbip.report.figures.curves import chosen, curves, scan_axis, varying_axes
from hpcbip.report.figures.density import density, tc_of_density
from hpcbip.report.figures.dome import dome
from hpcbip.report.figures.observables import doubtful, observables
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import MAX_COLOURED
from hpcbip.superconductivity import closest_packing
from tests.report.flagged import flagged
from tests.report.test_tables import record as short_record

pytestmark = pytest.mark.filterwarnings("error")


def record(lam: float, tc: float | None = 0.2, **other: Any) -> dict[str, Any]:
    more = {
        "tc_prefactor": None,
        "phonons_bipolaron": 2.0,
        "phonons_bipolaron_err": 0.1,
        "phonons_bipolaron_verdict": "converged",
        "mass_bipolaron_tau": 0.8,
    }
    return short_record(lam, tc) | more | other


def peak(**other: Any) -> SimpleNamespace:
    known = {
        "axis": "lambda",
        "label": "square, t/Ω = 2, U = 8t",
        "position": 0.45,
        "position_err": 0.02,
        "height": 0.21,
        "height_err": 0.01,
        "height_sys": None,
        "limit": False,
        "flags": [],
        "flag_codes": [],
        "kind": "smooth",
    }
    return SimpleNamespace(**(known | other))


def markers(axes: Any, hollow: bool) -> list[tuple[float, float]]:
    """Points drawn in colour and with data (legend entries have none) whose face is white, or is not."""
    found = []
    for line in axes.get_lines():
        if line.get_marker() not in ("", "None", None, "_", "|") and len(line.get_xdata()):
            white = line.get_markerfacecolor() == "white"
            found += (
                [(float(x), float(y)) for x, y in zip(*line.get_data(), strict=True)]
                if white == hollow
                else []
            )
    return found


def pairs_of(picture: Picture, y: str, **where: Any) -> list[tuple[Any, Any]]:
    rows = [row for row in picture.rows if all(row.get(key) == value for key, value in where.items())]
    return [(row["x"], row[y]) for row in rows]


# --- saving


def test_dome_is_written_in_three_formats(tmp_path: Path) -> None:
    records = [
        record(0.5, 0.2),
        record(0.3, 0.1, tc_valid=False, **flagged("not_bound")),
        record(0.4, None, U=4.0),
    ]
    paths = dome_figure(records, tmp_path / "figures" / "dome.png")
    assert [path.name for path in paths] == ["dome.png", "dome.pdf", "dome.csv"]
    assert paths[0].read_bytes()[:4] == b"\x89PNG" and paths[1].read_bytes()[:5] == b"%PDF-"
    rows = [row for row in csv.DictReader(paths[2].read_text().splitlines()) if row["kind"] == "point"]
    assert [row["tc_over_omega"] for row in rows] == ["0.2", "0.1", ""]  # nothing is dropped from the data
    assert rows[1]["tc_valid"] == "False" and rows[1]["flags"] == "not bound"
    assert not list(tmp_path.glob("**/*.tmp"))


def test_same_data_give_the_same_files(tmp_path: Path) -> None:
    once, again = (dome_figure([record(0.5)], tmp_path / name / "dome") for name in "ab")
    assert once[0].name == "dome.png"
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


@pytest.mark.parametrize("name", ["dome.xyz", "file/dome.png"])
def test_what_cannot_be_written_is_an_input_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match=r"dome.*cannot be written"):
        dome_figure([record(0.4)], tmp_path / name)


def test_importing_reports_does_not_load_matplotlib() -> None:
    code = (
        "import sys, hpcbip.reduction.results as r; sys.exit(bool({'matplotlib', 'numba'} & {*sys.modules}))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode
        == 0
    )


# --- curves


def scan(**lists: list[float]) -> list[dict[str, Any]]:
    names = {"lam": [0.5], "omega": [0.5], "U": [8.0], **lists}
    product = itertools.product(*(names[name] for name in ("omega", "U", "lam")))
    return [record(lam, omega=omega, U=u) for omega, u, lam in product]


def test_axis_is_the_one_along_which_curves_are_longest() -> None:
    assert scan_axis(scan(lam=[0.3, 0.5, 0.7], U=[4.0, 8.0])) == "lambda"
    assert scan_axis(scan(lam=[0.3, 0.5], U=[2.0, 4.0, 8.0])) == "U"
    assert scan_axis(scan(omega=[0.3, 0.5, 1.0])) == "t/omega"
    assert varying_axes(scan()) == [] and scan_axis(scan()) == "lambda" and scan_axis([]) == "lambda"


def test_curves_have_short_labels_and_full_names() -> None:
    found = curves(scan(lam=[0.7, 0.3], U=[4.0, 8.0], omega=[0.5, 0.3]), "lambda")
    assert [curve.x for curve in found] == [(0.3, 0.7)] * 4
    assert found[3].label == r"$t/\Omega$ = 3.333, $U$ = 8$t$" and found[0].name == "square, t/Ω = 2, U = 4t"
    assert [curve.x for curve in curves([record(0.5, t=2.0, U=8.0)], "U")] == [
        (4.0,)
    ]  # energies in units of t


def test_the_best_of_every_curve_is_chosen_first() -> None:
    records = [
        record(0.3, 0.1),
        record(0.5, 0.2),
        record(0.3, 0.05, U=4.0),
        record(0.5, 0.3, U=4.0, tc_valid=False),
    ]
    assert chosen(records, 3) == [1, 2, 0]


# --- dome


def test_flagged_points_of_the_dome_are_hollow_and_all_are_in_the_csv() -> None:
    records = [record(0.3, 0.1, tc_valid=False, **flagged("not_bound")), record(0.5, 0.2), record(0.7, None)]
    picture = dome(records)
    axes = picture.figure.axes[0]
    assert markers(axes, hollow=True) == [(0.3, 0.1)] and markers(axes, hollow=False) == [(0.5, 0.2)]
    assert pairs_of(picture, "tc_over_omega", kind="point") == [(0.3, 0.1), (0.5, 0.2), (0.7, None)]
    assert "Points without a Tc (1) are in the CSV only" in picture.caption and "Hollow" in picture.caption


def test_inner_error_bar_is_statistical_and_outer_one_total() -> None:
    picture = dome([record(0.5, 0.2, tc_over_omega_err=0.03, tc_over_omega_sys=0.04), record(0.7, 0.1)])
    drawn = sorted(
        round(float(np.ptp(segment[:, 1])) / 2.0, 6)
        for bars in picture.figure.axes[0].collections
        for segment in bars.get_segments()
    )
    assert drawn == [0.01, 0.01, 0.03, 0.05]


def test_lines_of_comparison_and_ceilings() -> None:
    picture = dome([record(0.5)], lines=[("conventional, 0.05", 0.05), ("McMillan", 0.063)])
    heights = [
        line.get_ydata()[0] for line in picture.figure.axes[0].get_lines() if list(line.get_xdata()) == [0, 1]
    ]
    assert heights == [0.05, 0.1, 0.063]  # a ceiling is there once
    assert [row["tc_over_omega"] for row in picture.rows if row["kind"] == "comparison: McMillan"] == [0.063]


def test_peaks_are_crosses_and_ends_of_scans_arrows() -> None:
    records = scan(lam=[0.3, 0.5, 0.7])
    peaks = [
        peak(),
        peak(flags=["too few points"], position=0.5),
        peak(axis="U"),
        peak(limit=True, position=0.7),
    ]
    picture = dome(records, peaks=peaks)
    axes = picture.figure.axes[0]
    crosses = [line for line in axes.get_lines() if line.get_marker() == "X"]
    assert [line.get_markerfacecolor() for line in crosses] == ["#0072B2", "white"]
    assert [(text.xy, text.get_position()[0] > 0) for text in axes.texts] == [((0.7, 0.21), True)]
    kinds = [row["kind"] for row in picture.rows if "x_err" in row]
    assert kinds == ["peak", "peak", "edge of the scan"] and "An arrow marks" in picture.caption


def test_limited_peaks_are_diamonds_and_unbound_ones_no_marks() -> None:
    limited = {"kind": "binding", "flags": ["limited by binding"], "flag_codes": ["peak_limited_by_binding"]}
    flagged_too = {
        key: [*limited[key], more] for key, more in (("flags", "too few points"), ("flag_codes", "x"))
    }
    peaks = [peak(**limited), peak(**limited | flagged_too, position=0.5), peak(kind="unbound", position=0.6)]
    picture = dome(scan(lam=[0.3, 0.5, 0.7]), peaks=peaks)
    marks = [line for line in picture.figure.axes[0].get_lines() if line.get_marker() in ("D", "X")]
    assert [(*line.get_xdata(), line.get_markerfacecolor()) for line in marks] == [
        (0.45, "#0072B2"),
        (0.5, "white"),
    ]
    kinds = [row["kind"] for row in picture.rows if "x_err" in row]
    assert kinds == ["limited by binding", "limited by binding", "unbound"]
    assert "Diamonds mark" in picture.caption and "Crosses" not in picture.caption


def test_gas_band_is_a_shade_between_its_ends() -> None:
    band = [{"tc_over_omega_gas_low": 0.1 + lam, "tc_over_omega_gas_high": 0.2 + lam} for lam in (0.3, 0.5)]
    picture = dome([record(0.3, **band[0]), record(0.5, **band[1]), record(0.7)])
    (shade,) = [one for one in picture.figure.axes[0].collections if not hasattr(one, "get_segments")]
    corners = {(round(float(x), 6), round(float(y), 6)) for x, y in shade.get_paths()[0].vertices}
    assert corners == {(0.3, 0.4), (0.3, 0.5), (0.5, 0.6), (0.5, 0.7)}
    assert pairs_of(picture, "tc_over_omega_gas_low", kind="point") == [(0.3, 0.4), (0.5, 0.6), (0.7, None)]
    assert "Shades are Tc of an interacting gas" in picture.caption
    assert "Shades" not in dome([record(0.3, **band[0]), record(0.7)]).caption  # a single point has no width


def test_kelvin_axis_needs_one_factor() -> None:
    def axes_of(*kelvin: float | None) -> int:
        records = [record(0.3 + 0.1 * i, 0.1, tc_kelvin=value) for i, value in enumerate(kelvin)]
        picture = dome(records)
        return len(picture.figure.axes[0].child_axes)

    assert axes_of(35.0, 35.0) == 1
    assert axes_of(35.0, 36.0) == 0 and axes_of(35.0, None) == 0


def test_flagged_tc_far_above_the_others_is_off_the_scale_but_seen() -> None:
    picture = dome([record(0.3, 0.1), record(0.5, 50.0, tc_valid=False, **flagged("mass_not_resolved"))])
    axes = picture.figure.axes[0]
    assert axes.get_ylim()[1] < 0.5 and (0.5, 0.98) in markers(axes, hollow=True)
    assert "Points off the scale (1)" in picture.caption


def test_more_curves_than_colours_lie_in_grey_behind() -> None:
    records = [record(lam, 0.01 * u, U=u) for u in np.arange(1.0, 13.0) for lam in (0.3, 0.5)]
    picture = dome(records, "lambda")
    lines = [line for line in picture.figure.axes[0].get_lines() if line.get_color() == "0.78"]
    grey = [
        float(line.get_ydata()[0]) for line in lines if line.get_marker() == "None" and len(line.get_xdata())
    ]
    assert sorted(grey) == pytest.approx([0.01, 0.02, 0.03, 0.04])
    assert f"{MAX_COLOURED} curves with the highest Tc are coloured, the 4 others are grey" in picture.caption


def test_dome_without_any_tc_and_without_points() -> None:
    assert [row["x"] for row in dome([record(0.4, None)]).rows if row["kind"] == "point"] == [0.4]
    assert {row["kind"] for row in dome([]).rows} == {"ceiling"}


# --- observables


def test_observables_are_hollow_by_their_own_verdict_and_flags() -> None:
    good = record(0.5)
    assert not any(doubtful(good, name) for name in ("mass_bipolaron", "radius2", "binding_energy"))
    assert doubtful(record(0.5, radius2_verdict="maybe"), "radius2")
    for code, spoken_against in (
        ("not_bound", {"mass_bipolaron", "radius2", "binding_energy"}),
        ("no_tc_in_one_dimension", set()),
        ("polaron:few_bins", {"binding_energy"}),
        ("bipolaron:mass_fit_differs", {"mass_bipolaron"}),
    ):
        one = record(0.5, **flagged(code))
        hollow = {name for name in ("mass_bipolaron", "radius2", "binding_energy") if doubtful(one, name)}
        assert hollow == spoken_against


def test_observables_are_drawn_as_in_the_csv() -> None:
    records = [
        record(0.3, t=2.0, binding_energy=-0.5, mass_bipolaron=2.0, binding_energy_verdict="not"),
        record(0.5, t=2.0, mass_bipolaron=300.0),
        record(0.7, t=2.0, mass_bipolaron=-5.0, radius2=None),
    ]
    picture = observables(records)
    mass, radius, binding, _ = picture.figure.axes
    assert mass.get_yscale() == "log" and radius.get_yscale() == "linear"
    hollow = pairs_of(picture, "binding_energy", binding_energy_hollow=True)
    assert markers(binding, hollow=True) == [(0.3, -0.25)] == hollow
    assert markers(binding, hollow=False) == [(0.5, 0.4), (0.7, 0.4)]  # in units of t
    assert markers(mass, hollow=False) == [(0.3, 2.0), (0.5, 300.0)] and markers(mass, hollow=True) == [
        (0.7, 0.02)
    ]
    assert "Values off the scale (1)" in picture.caption
    assert pairs_of(picture, "radius2") == [(0.3, 1.5), (0.5, 1.5), (0.7, None)]
    assert observables([]).rows == []


# --- density


@pytest.mark.parametrize("lattice", ["square", "cubic"])
def test_tc_of_density_goes_through_the_point_and_ends_where_pairs_touch(lattice: str) -> None:
    d = get_lattice(lattice).dimension
    one = record(0.5, 0.2, lattice=lattice, radius2=3.0)
    touching = float(closest_packing(3.0, d))
    picture = density([one, record(0.7, None, lattice=lattice)])
    assert picture.rows[-1]["density"] == pytest.approx(touching) and picture.rows[-1]["touching"]
    assert picture.rows[-1]["tc_over_omega"] == pytest.approx(0.2)
    assert picture.rows[-1]["tc_over_omega_err"] == pytest.approx(0.01)
    ratio = tc_of_density(one, np.array([touching / 8.0]))[0] / 0.2
    assert ratio == pytest.approx(1.0 / 8.0 if d == 2 else 1.0 / 4.0)
    dilute = tc_of_density({**one, "density": 0.01}, np.array([0.01]))
    assert dilute[0] == pytest.approx(0.2)  # Tc of a record belongs to its density


def test_density_shows_eight_points_at_most_and_marks_flagged_ones() -> None:
    records = [
        record(0.1 * i, 0.01 * i, tc_valid=i != 11, **(flagged("not_bound") if i == 11 else {}))
        for i in range(1, 12)
    ]
    picture = density(records)
    assert len({row["point"] for row in picture.rows}) == 8 and "8 of the 11 points" in picture.caption
    assert markers(density(records[-1:]).figure.axes[0], hollow=True)
    assert density([record(0.5, 0.2, lattice="chain")]).rows == []
