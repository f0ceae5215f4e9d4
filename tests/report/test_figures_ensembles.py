"""Figures of ensembles and of whole campaigns: pairs, displacement curves, errors, and `draw_all`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpcbip.models import get_lattice
from hpcbip.reduction.cache import CacheEntry, serialize
from hpcbip.reduction.ensembles import Reduced
from hpcbip.reduction.executor import ReducedEnsembles
from hpcbip.report.figures import draw_all
from hpcbip.report.figures.autocorrelation import autocorrelation
from hpcbip.report.figures.curves import ensemble_names
from hpcbip.report.figures.displacement import displacement
from hpcbip.report.figures.pair import pair
from hpcbip.report.figures.plateaus import plateaus
from hpcbip.report.figures.progress import progress
from hpcbip.statistics import fit_line_past_transient, summarise
from tests.report.test_figures import markers, peak, record
from tests.statistics.ar1 import ar1

pytestmark = pytest.mark.filterwarnings("error")


def reduced(sector: str = "bipolaron", lattice: str = "square", seed: int = 1, **other: Any) -> Reduced:
    rng = np.random.default_rng(seed)
    lags = 1.25 * np.arange(1, 25)
    covariance = 4e-4 * np.minimum.outer(lags, lags)
    curve = 0.4 * lags + 0.7 * (1.0 - np.exp(-lags)) + rng.multivariate_normal(np.zeros(24), covariance)
    d = get_lattice(lattice).dimension
    half = {1: 8, 2: 3, 3: 2}[d]
    names = (f"E_{sector}", f"mass_{sector}")
    parameters = {
        "lattice": lattice,
        "coupling": "bond",
        "t": 1.0,
        "omega": 0.5,
        "g": 1.0 + 0.1 * seed,
        "beta": 50.0,
    }
    weight = rng.uniform(0.5, 1.0, (2 * half + 1,) * d) if sector == "bipolaron" else None
    return replace(
        Reduced(names, np.ones(2), summarise(ar1(rng, 2.0, 4, 200, 2))),
        sector=sector,
        parameters=parameters | ({"U": 8.0, "V": 0.0} if sector == "bipolaron" else {}),
        fit=fit_line_past_transient(lags[:12], curve[:12], covariance[:12, :12], 500),
        lags=lags[:12],
        curve_lags=lags,
        curve=curve,
        curve_err=np.sqrt(np.diag(covariance)),
        slope_lags=lags[[3, 23]],
        mass_discrepancy=float(seed),
        pair_weight=weight,
        pair_weight_err=None if weight is None else 0.1 * weight,
        **other,
    )


@pytest.mark.parametrize(
    "lattice,sites,shells", [("chain", 17, 0), ("square", 45, 0), ("triangular", 37, 0), ("bcc", 13, 7)]
)
def test_pair_is_drawn_where_its_sites_are(lattice: str, sites: int, shells: int) -> None:
    one = reduced(lattice=lattice)
    picture = pair([record(0.5, None if lattice == "chain" else 0.2, lattice=lattice)], [one])
    rows = [row for row in picture.rows if row["kind"] == "site"]
    assert len(rows) == sites and len(picture.rows) - sites == shells
    assert one.pair_weight is not None
    first = np.array(get_lattice(lattice).primitive[0])  # lattice coordinates 1, 0, ...
    if lattice != "bcc":  # there it is not in the plane
        at = next(row for row in rows if np.allclose([row[x] for x in "xy"[: len(first)]], first))
        half = one.pair_weight.shape[0] // 2
        weight = one.pair_weight[(half + 1, *(half,) * (len(first) - 1))]
        assert (at["weight"], at["weight_err"]) == (weight, 0.1 * weight)
    if lattice != "chain":
        discs = next(c for c in picture.figure.axes[0].collections if hasattr(c, "get_widths"))
        area = np.asarray(discs.get_widths()) ** 2
        weights = np.array([row["weight"] for row in rows])
        np.testing.assert_allclose(area / area.max(), weights / weights.max())
        np.testing.assert_allclose(discs.get_offsets(), [(row["x"], row["y"]) for row in rows])


@pytest.mark.parametrize(
    "lattice", ["square", "triangular", '{"vectors":[[1,0],[1,2]],"bonds":[[1,0],[0,1]]}']
)
def test_shells_of_the_pair_are_whole(lattice: str) -> None:
    rows = pair([record(0.5, lattice=lattice)], [reduced(lattice=lattice)]).rows
    sites = np.array(list(itertools.product(range(-9, 10), repeat=2))) @ np.array(
        get_lattice(lattice).primitive
    )
    reach = max(row["distance"] for row in rows)
    assert len(rows) == np.count_nonzero(np.linalg.norm(sites, axis=1) <= reach + 1e-9) > 9


def test_at_most_twelve_pairs_and_none_without_weights() -> None:
    records = [record(0.1 * i, 0.1) for i in range(1, 16)]
    picture = pair(records, [reduced(seed=i) for i in range(15)])
    assert len({row["point"] for row in picture.rows}) == 12 and "12 of 15 points" in picture.caption
    assert pair(records[:2], [None, replace(reduced(), pair_weight=None)]).rows == []


def test_displacement_shows_the_worst_six_and_their_windows() -> None:
    ensembles = [reduced(seed=i) for i in range(8)]
    picture = displacement(ensembles, [f"bipolaron: {i}" for i in range(8)])
    shown = list(dict.fromkeys(row["ensemble"] for row in picture.rows))
    assert shown == [f"bipolaron: {i}" for i in range(7, 1, -1)] and "6 of 8 ensembles" in picture.caption
    fit, upper, lower = ensembles[7].fit, picture.figure.axes[0], picture.figure.axes[3]
    assert fit is not None
    drawn = [line.get_data() for line in upper.get_lines() if len(line.get_xdata()) == 24]
    assert np.array_equal(drawn[0][1], ensembles[7].curve)
    rows = [row for row in picture.rows if row["ensemble"] == shown[0]]
    windows = [row for row in rows if row["kind"] == "window"]
    assert [row["value"] for row in windows] == fit.windows.slope.tolist()
    poor = [(row["lag_t"], row["value"]) for row in windows if not row["p_value"] >= 0.05]
    assert poor and markers(lower, hollow=True) == poor
    line = next(row for row in rows if row["kind"] == "fit")
    assert (line["value"], line["systematic"]) == (fit.slope, fit.slope_systematic)
    quoted = next(row for row in rows if row["kind"] == "quoted")
    assert quoted["value"] == pytest.approx((ensembles[7].curve[23] - ensembles[7].curve[3]) / 25.0)
    assert displacement([replace(reduced(), fit=None)], ["x"]).rows == []


def binning_rows(ensembles: int) -> list[dict[str, Any]]:
    return [
        {
            "ensemble": f"e{e}",
            "observable": o,
            "bin_size": b,
            "error": 0.1 * b ** (0.1 * e),
            "error_error": 0.01,
            "plateau": b == 4,
            "gamma_error": 0.15 + 0.01 * e,
        }
        for e in range(ensembles)
        for o in ("E_polaron", "mass_bipolaron", "contact")
        for b in (1, 2, 4)
    ]


def test_plateaus_mark_the_plateau_and_the_slowest() -> None:
    picture = plateaus(binning_rows(10), {"e9": "slow"})
    assert len(picture.rows) == 60 and "the other 2 grey" in picture.caption  # contact has no panel
    assert [text.get_text() for text in picture.figure.legends[0].get_texts()][-3:-1] == ["slow", "2 more"]
    axes = picture.figure.axes[0]
    assert {x for x, _ in markers(axes, hollow=False)} == {4}
    assert plateaus([]).rows == []
    assert "those 10 of 300 ensembles" in plateaus(binning_rows(10), of=300).caption


def test_plateau_figure_has_its_data_beside_it(tmp_path: Path) -> None:
    files = plateaus(binning_rows(2)).save(tmp_path / "plateau.png")
    assert [file.name for file in files] == ["plateau.png", "plateau.pdf", "plateau.csv"]


@pytest.mark.parametrize("points,numbers", [(3, 3), (41, 0)])
def test_map_of_autocorrelation_times(points: int, numbers: int) -> None:
    records = [record(0.1 * i, E_bipolaron_tau=None, binding_energy_tau=0.5 * (i + 1)) for i in range(points)]
    picture = autocorrelation(records)
    axes = picture.figure.axes[0]
    image = axes.get_images()[0].get_array()
    assert image.shape == (points, 2) and image[1, 1] == pytest.approx(np.log10(1.0))
    assert len(axes.texts) == 2 * numbers and picture.rows[1]["binding_energy_tau"] == 1.0
    assert autocorrelation([]).rows == []


def progress_rows(ensembles: int) -> list[dict[str, Any]]:
    return [
        {
            "ensemble": f"e{e}",
            "sector": "bipolaron",
            "label": f"point {e}",
            "observable": "tc_over_omega",
            "seconds": s,
            "error": error,
            "target": 0.03,
        }
        for e in range(ensembles)
        for s, error in ((1.0, None), (4.0, 0.1 + e), (16.0, 0.05 + 0.5 * e))
    ]


def test_progress_draws_errors_target_and_law() -> None:
    picture = progress(progress_rows(1))
    axes = picture.figure.axes[0]
    assert markers(axes, hollow=False) == [(4.0, 0.1), (16.0, 0.05)]  # what is not known is not drawn
    law = next(line for line in axes.get_lines() if line.get_linestyle() == "--" and len(line.get_xdata()))
    x, y = law.get_data()
    np.testing.assert_allclose(y * np.sqrt(x), 0.05 * 4.0)
    assert any(list(line.get_ydata()) == [0.03, 0.03] for line in axes.get_lines())
    assert "furthest from their targets" in progress(progress_rows(12)).caption and progress([]).rows == []


def results(records: list[dict[str, Any]], bins: bool = True, **other: Any) -> Any:
    """What `draw_all` needs of `hpcbip.reduction.results.Results`."""
    count: Iterator[int] = itertools.count()
    ensembles, points = {}, []
    for one in records:
        keys = {sector: f"{next(count):064d}"[::-1] for sector in ("polaron", "bipolaron")}
        points.append(SimpleNamespace(ensembles=keys))
        for seed, (sector, key) in enumerate(keys.items()):
            ensembles[key] = reduced(sector, one["lattice"], 1 + 2 * len(points) + seed)
    known = {"records": records, "directory": Path("runs/x"), "peaks": [], "progress_rows": []}
    return SimpleNamespace(
        plan=SimpleNamespace(points=points), ensembles=analyses(ensembles if bins else {}), **(known | other)
    )


def analyses(ensembles: dict[str, Reduced]) -> ReducedEnsembles:
    coming = ((key, CacheEntry(b"", serialize(one), True, True, 1.0)) for key, one in ensembles.items())
    return ReducedEnsembles(coming, ensembles.get)


@pytest.mark.slow  # eight figures with PDFs: 5 CPU seconds
def test_all_figures_of_a_scan(tmp_path: Path) -> None:
    rows = progress_rows(1)
    drawn = draw_all(results([record(0.3), record(0.5)], peaks=[peak()], progress_rows=rows), tmp_path)
    assert [figure.name for figure in drawn] == [
        "dome-lambda",
        "observables-lambda",
        "density",
        "pair",
        "displacement",
        "plateaus",
        "autocorrelation",
        "progress",
    ]
    for figure in drawn:
        assert [file.name for file in figure.files] == [
            f"{figure.name}.{end}" for end in ("png", "pdf", "csv")
        ]
        assert all(file.stat().st_size for file in figure.files)
        assert figure.title and "Made by `hpcbip report x`" in figure.caption
        assert "ollow" in figure.caption or figure.name in ("plateaus", "autocorrelation", "progress")


def test_figures_that_make_no_sense_are_left_out(tmp_path: Path) -> None:
    bare = results([record(0.5)], bins=False)
    assert [figure.name for figure in draw_all(bare, tmp_path)] == [
        "dome-lambda",
        "density",
        "autocorrelation",
    ]
    chain = results([record(0.5, None, lattice="chain", mass_bipolaron_tau=None)], bins=False)
    assert draw_all(chain, tmp_path) == []


def test_names_of_ensembles() -> None:
    found = ensemble_names({"a": reduced("polaron"), "b": reduced(seed=1), "c": reduced(seed=2)}, tex=False)
    assert found == {
        "a": "polaron: t/Ω = 2, λ = 1.21",
        "b": "bipolaron: λ = 1.21",
        "c": "bipolaron: λ = 1.44",
    }
