"""Figures of the papers that rest on theory, and the theories that were extended for them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcbip.models import Model, coupling_from_lambda, get_lattice
from hpcbip.report.papers.campaigns.actions import tabulated_actions
from hpcbip.report.papers.registry import find_figure
from hpcbip.report.papers.theories import distortion, pair_hopping, site_peierls
from hpcbip.report.papers.theories.lattice import Patch
from hpcbip.theory.eliashberg.equations import allen_dynes, critical_temperature
from hpcbip.theory.eliashberg.tables import eliashberg_line, fermi_surface_table, model_line
from hpcbip.theory.instanton.scaling import fit_mass_exponent
from hpcbip.theory.instanton.surface import AdiabaticSurface
from hpcbip.theory.instanton.tunnelling import find_instanton


def test_ceiling() -> None:
    picture = find_figure("1").draw([])
    assert {row["mu_star"] for row in picture.rows} == {0.0, 0.12} and "Shaded" in picture.caption
    assert min(row["lambda_me"] for row in picture.rows) < 0.4 < max(row["lambda_me"] for row in picture.rows)


def test_line_of_tc_is_the_inverse_of_the_search_for_tc() -> None:
    (row,) = eliashberg_line([0.05], 0.12)
    assert critical_temperature(row["lambda_me"], 0.12).tc_over_omega == pytest.approx(0.05, rel=1e-9)
    assert row["allen_dynes"] == pytest.approx(float(allen_dynes(row["lambda_me"], 0.12)))


def test_line_of_a_model_goes_through_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpcbip.theory.eliashberg.fermi_surface.DIVISIONS", {1: 512, 2: 64, 3: 16})
    low, high = model_line("square", "holstein", 0.5, [0.0005, 0.05])
    assert low["confirmed"] and not high["confirmed"]
    g = coupling_from_lambda(get_lattice("square"), "holstein", high["lambda"], 0.2, 1.0)
    (row,) = fermi_surface_table([Model("square", "holstein", 1.0, 0.2, g)], [0.5])
    assert row["lambda_me"] == pytest.approx(high["lambda_me"], rel=1e-9)
    assert row["tc_over_omega"] == pytest.approx(0.05, rel=1e-9)


def test_every_bond_of_the_layer_has_arsenic_above_on_one_side_and_below_on_the_other() -> None:
    patch = Patch.of(get_lattice("square"), 4)
    assert (len(patch.sites), len(patch.bonds), len(patch.centres)) == (16, 24, 9)
    inner = 0
    for bond in patch.bonds:
        near = np.linalg.norm(patch.centres - bond.mean(axis=0), axis=1) < 0.6
        if near.sum() == 2:
            inner += 1
            assert sorted(patch.above[near].tolist()) == [False, True]
    assert inner == 12
    rows = find_figure("5").draw([]).rows
    assert [sum(row["kind"] == kind for row in rows) for kind in ("site, Fe", "oscillator", "As")] == [
        16,
        24,
        9,
    ]


def test_ring_has_s_below_d_for_electrons_and_above_for_holes() -> None:
    rows = find_figure("ring").draw([]).rows
    for model, d in (("a", "d"), ("b", "dxy")):
        for sign, order in ((-1.0, ["s", "p", d]), (1.0, [d, "p", "s"])):
            levels = [row for row in rows if (row["model"], row["amplitude"]) == (model, sign)]
            assert [row["channel"] for row in levels] == order
            assert [row["E"] for row in levels] == pytest.approx([-2.0, 0.0, 2.0])


def test_pair_hopping_approaches_the_effective_amplitude(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_hopping, "_FREQUENCIES", (50.0, 100.0))
    monkeypatch.setattr(pair_hopping, "_STATES", 3000)
    monkeypatch.setattr(pair_hopping, "_PAIR_EXTENT", 12)
    rows = find_figure("4").draw([]).rows
    second = [row for row in rows if row["order"] == 2]
    for row in second:
        assert row["amplitude"] == pytest.approx(0.5 / row["mass"])
    left = [row["amplitude_eff"] - row["amplitude"] for row in second]
    assert left[0] / left[1] == pytest.approx(2.0, rel=0.1)  # what order 2 leaves out falls as 1/Ω


def test_site_peierls_pairs_are_light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        site_peierls, "_CURVES", {("site-peierls", 0.0): (0.5, 0.6), ("holstein", 0.0): (0.4,)}
    )
    monkeypatch.setattr(site_peierls, "_STATES", 3000)
    picture = find_figure("3").draw([])
    light, _, heavy = picture.rows
    assert light["mass"] == pytest.approx(1.23, abs=0.03) and heavy["mass"] > 2.0
    assert "(0 points)" in picture.caption


def test_distortion(monkeypatch: pytest.MonkeyPatch) -> None:
    surfaces = tuple(
        (coupling, AdiabaticSurface(coupling=coupling, lam=2.0, size=4)) for coupling in ("bond", "holstein")
    )
    monkeypatch.setattr(distortion, "_SURFACES", surfaces)
    rows = find_figure("9a").draw([]).rows
    for coupling, surface in surfaces:
        density = [row["value"] for row in rows if row["kind"] == f"{coupling}: density"]
        assert sum(density) == pytest.approx(2.0) and len(density) == surface.sites
    change = sorted(abs(row["value"]) for row in rows if row["kind"] == "bond: change")
    assert change[-4] == pytest.approx(change[-1], rel=1e-3) and change[-5] < 0.3 * change[-1]  # a star


@pytest.mark.parametrize(("coupling", "lam", "size"), [("bond", 1.0, 5), ("holstein", 0.5, 5)])
def test_tabulated_actions_are_found(coupling: str, lam: float, size: int) -> None:
    lams, actions = tabulated_actions(coupling, 0.0)
    found = find_instanton(AdiabaticSurface("square", coupling, lam, size=size), 9, False).least_action_path
    assert float(actions[lams == lam][0]) == pytest.approx(found.action, rel=1e-4)
    assert not len(tabulated_actions(coupling, 3.0)[0])


def test_exponent_and_its_error() -> None:
    """Pulls of p over many seeds have the width of the quoted error, and another power is found out."""
    rng, lams, error = np.random.default_rng(5), np.linspace(0.4, 2.0, 8), 0.03
    pulls = []
    for _ in range(120):
        y = 0.7 + 2.5 * np.sqrt(lams) + error * rng.standard_normal(len(lams))
        fit = fit_mass_exponent(lams.tolist(), y.tolist(), [error] * len(lams))
        assert fit is not None and fit.freedom == 5
        pulls.append((fit.p - 0.5) / fit.p_err)
    assert 0.65 < float(np.std(pulls)) < 1.15 and abs(float(np.mean(pulls))) < 0.3
    exact = fit_mass_exponent(lams.tolist(), (0.7 + 2.5 * lams**1.01).tolist(), [1e-4] * len(lams))
    assert exact is not None and exact.p == pytest.approx(1.01, abs=1e-4) and exact.p_err < 1e-3
    assert (exact.a, exact.b) == (pytest.approx(0.7, abs=1e-3), pytest.approx(2.5, abs=1e-3))
    assert fit_mass_exponent([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [0.1] * 3) is None
    flat = [1.0 + 0.5 * math.sin(9.0 * lam) for lam in lams]
    assert fit_mass_exponent(lams.tolist(), flat, [1.0] * len(lams)) is None
