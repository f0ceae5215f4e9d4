"""Bins with known answers through to masses, binding energies and Tc."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from hpcbip.campaign.plan import Plan, make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.reduction.ensembles import EnsembleBins, TcSettings
from hpcbip.reduction.estimates import reduce_ensemble
from hpcbip.reduction.points import reduce_plan, reduce_point
from hpcbip.superconductivity import BKT_PREFACTOR, prefactor, transition_temperature
from hpcbip.vocabulary.observables import OBSERVABLES
from tests.store.synthetic import BIPOLARON, ERRORS, POLARON, sector_bins

CONFIG = """
name: synthetic
seed: 1
model: {{lattice: {lattice}, coupling: bond, t: {t}}}
grid: {{omega: [1.5], lambda: [0.5], U: [4.0, 8.0]}}
sampling: {{beta: {beta}}}
"""


def make(folder: Path, lattice: str = "square", t: float = 1.0, beta: float = 60.0) -> Plan:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(lattice=lattice, t=t, beta=beta))
    return make_plan(load_config(path))


def point(plan: Plan, polaron: EnsembleBins | None, bipolaron: EnsembleBins | None, **tc: float) -> dict:
    settings = TcSettings(**tc)
    parts = [data and reduce_ensemble(data, settings) for data in (polaron, bipolaron)]
    return reduce_point(plan.points[0].parameters, *parts, settings)


def exact_means(data: EnsembleBins) -> dict[str, float]:
    return dict(zip(data.columns, np.concatenate(data.chains).mean(axis=0), strict=True))


@pytest.mark.parametrize("t", [1.0, 0.05])
def test_values_follow_from_the_means(tmp_path: Path, t: float) -> None:
    plan = make(tmp_path, t=t)
    one, two = sector_bins(plan, "polaron"), sector_bins(plan, "bipolaron", seed=2)
    a, b = exact_means(one), exact_means(two)
    record = point(plan, one, two, omega_meV=30.0)
    assert record["E_polaron"] == pytest.approx(a["energy"])
    assert record["mass_polaron"] == pytest.approx(2.0 * t * 2 / a["diffusion"])  # in m_e = 1/(2t), d = 2
    assert record["mass_bipolaron"] == pytest.approx(t * 2 / b["diffusion"])  # in m0 = 1/t
    assert record["binding_energy"] == pytest.approx(2 * a["energy"] - b["energy"])
    assert record["radius2"] == pytest.approx(b["pair_distance2"] / 4)
    tc = BKT_PREFACTOR / (2 / b["diffusion"] * b["pair_distance2"] / 4)  # the absolute mass: no t in it
    assert record["tc_over_omega"] == pytest.approx(tc / 1.5)
    assert record["tc_kelvin"] == pytest.approx(11.6045 * 30.0 * tc / 1.5)
    assert record["contact"] == pytest.approx(b["pair_weight[0,0]"])
    assert record["potential"] == pytest.approx(b["potential"])
    assert record["phonons_polaron"] == pytest.approx(a["phonons"])
    assert record["assisted_hops_bipolaron"] == pytest.approx(b["assisted_hops"])
    assert record["lambda"] == 0.5 and record["bins_polaron"] == 256 and record["chains_bipolaron"] == 4
    half = point(plan, one, two, prefactor="published")
    assert (
        half["tc_over_omega"] == pytest.approx(0.5 / BKT_PREFACTOR * tc / 1.5) and half["tc_kelvin"] is None
    )


def test_tc_error_against_propagation_over_correlated_columns(tmp_path: Path) -> None:
    """Tc ∝ diffusion/⟨r²⟩: their covariance counts, so adding errors in quadrature would be wrong by a
    factor."""
    plan = make(tmp_path)
    data = sector_bins(plan, "bipolaron", bins=1000)
    i, j = data.columns.index("diffusion"), data.columns.index("pair_distance2")
    for chain in data.chains:  # relative fluctuations 10 % and 9 %, and 15 % shared
        shared = np.random.default_rng(len(chain) + int(1e6 * abs(chain[0, 0]))).normal(size=len(chain))
        chain[:, i] += 0.4 * 0.15 * shared
        chain[:, j] += 6.0 * 0.15 * shared
    record = point(plan, None, data)
    a, b = ERRORS["diffusion"] / 0.4, ERRORS["pair_distance2"] / 6.0
    expected = record["tc_over_omega"] * math.hypot(a, b) / math.sqrt(4000)
    assert record["tc_over_omega_err"] == pytest.approx(expected, rel=0.08)
    assert math.hypot(math.hypot(a, 0.15), math.hypot(b, 0.15)) > 1.5 * math.hypot(a, b)


def test_binding_energy_across_sectors(tmp_path: Path) -> None:
    plan = make(tmp_path)
    one = sector_bins(plan, "polaron", bins=1000, tau=3.0)
    two = sector_bins(plan, "bipolaron", bins=1000, chains=2, seed=2)
    record = point(plan, one, two)
    variances = 4 * 0.2**2 * 2 * 3.0 / 4000, 0.2**2 / 2000
    assert record["binding_energy_err"] == pytest.approx(math.sqrt(sum(variances)), rel=0.1)
    tau = 0.5 * sum(variances) / (variances[0] / 6.0 + variances[1])
    assert record["binding_energy_tau"] == pytest.approx(tau, rel=0.2)
    assert (
        record["E_polaron_tau"] == pytest.approx(3.0, rel=0.2) and record["E_polaron_verdict"] == "converged"
    )


def test_one_sigma_intervals_of_tc_and_mass_cover(tmp_path: Path) -> None:
    """150 campaigns of 4 x 48 correlated bins: 68.3 % ± 4 standard deviations, both sides."""
    plan, campaigns = make(tmp_path), 150
    truth = {"mass_bipolaron": 5.0, "tc_over_omega": BKT_PREFACTOR / 7.5 / 1.5, "radius2": 1.5}
    inside = dict.fromkeys(truth, 0)
    for seed in range(campaigns):
        reduced = reduce_ensemble(sector_bins(plan, "bipolaron", bins=48, tau=1.5, seed=1000 + seed))
        assert reduced.summary is not None
        for name, value in truth.items():
            i = reduced.names.index(name)
            inside[name] += abs(reduced.values[i] - value) < reduced.summary.error[i]
    for name, count in inside.items():
        assert abs(count - 0.6827 * campaigns) < 4 * math.sqrt(campaigns * 0.6827 * 0.3173), name


def test_fitted_mass_avoids_the_transient(tmp_path: Path) -> None:
    plan = make(tmp_path)
    data = sector_bins(plan, "bipolaron", bins=200)
    record = point(plan, None, data)
    z = (record["mass_bipolaron_fit"] - 5.0) / record["mass_bipolaron_fit_err"]
    assert abs(z) < 3.5 and record["mass_bipolaron_fit_err"] < 0.25
    assert (
        record["mass_bipolaron_fit_from"] > 1.5 and record["mass_bipolaron_fit_to"] == 18.0
    )  # lags 1.5, 3.0, ...
    assert 0.0 < record["mass_bipolaron_fit_p"] <= 1.0


def test_disagreeing_mass_estimators_are_flagged(tmp_path: Path) -> None:
    plan = make(tmp_path)
    data = sector_bins(plan, "bipolaron", bins=200)
    i = data.columns.index("diffusion")
    for chain in data.chains:
        chain[:, i] *= 1.5
    assert any("mass_bipolaron_fit differs" in flag for flag in point(plan, None, data)["flags"])
    assert not any(
        "differs" in f for f in point(plan, None, sector_bins(plan, "bipolaron", bins=200))["flags"]
    )


def test_a_good_point_has_no_flags(tmp_path: Path) -> None:
    plan = make(tmp_path)
    record = point(
        plan, sector_bins(plan, "polaron", bins=200), sector_bins(plan, "bipolaron", bins=200, seed=2)
    )
    assert record["flags"] == [] and record["tc_valid"]
    verdicts = {name: record[f"{name}_verdict"] for name in OBSERVABLES if record[name] is not None}
    assert set(verdicts.values()) == {"converged"}, verdicts


@pytest.mark.parametrize(
    "flag,means,beta,bins",
    [
        ("beta short", {"energy": -9.1}, 60.0, 3000),  # binding 0.1: exp(-0.1 · 60/4) = 0.22
        ("not bound", {"energy": -8.9}, 60.0, 100),
        ("Tc >= binding energy", {"energy": -9.4, "diffusion": 3.0}, 60.0, 1000),
        ("mass not resolved", {"diffusion": -0.01}, 60.0, 100),
        ("statistics not converged", {}, 60.0, 2),
        ("bipolaron: too few bins", {}, 60.0, 2),
    ],
)
def test_flags(tmp_path: Path, flag: str, means: dict[str, float], beta: float, bins: int) -> None:
    plan = make(tmp_path, beta=beta)
    one, two = (
        sector_bins(plan, "polaron", bins=bins),
        sector_bins(plan, "bipolaron", bins=bins, seed=2, means=means),
    )
    record = point(plan, one, two)
    assert flag in record["flags"] and not record["tc_valid"]
    assert record["tc_over_omega"] is not None  # flagged, never dropped


@pytest.mark.parametrize("flag", ["not thermalised", "chains disagree"])
def test_chains_that_drift_or_disagree_are_flagged(tmp_path: Path, flag: str) -> None:
    """A transient of 1.5 standard deviations of a bin over the first half, or one chain elsewhere by as
    much."""
    plan = make(tmp_path)
    one, two = sector_bins(plan, "polaron", bins=200), sector_bins(plan, "bipolaron", bins=200, seed=2)
    i = two.columns.index("diffusion")
    for chain in two.chains if flag == "not thermalised" else two.chains[:1]:
        chain[: 100 if flag == "not thermalised" else None, i] += 1.5 * ERRORS["diffusion"]
    record = point(plan, one, two)
    assert f"bipolaron: {flag}" in record["flags"] and not record["tc_valid"]
    assert not [text for text in record["flags"] if text.startswith("polaron")]


def test_systematic_errors_and_what_follows_from_mass_and_size(tmp_path: Path) -> None:
    plan = make(tmp_path)
    one, two = sector_bins(plan, "polaron", bins=400), sector_bins(plan, "bipolaron", bins=400, seed=2)
    record = point(plan, one, two, omega_meV=30.0)
    binding, tc = record["binding_energy"], record["tc_over_omega"]
    assert record["radius"] == pytest.approx(math.sqrt(record["radius2"]))
    assert record["density"] == pytest.approx(1.0 / (math.pi * record["radius2"]))  # touching pairs
    assert record["tc_over_binding"] == pytest.approx(tc * 1.5 / binding)
    assert record["beta_weight"] == pytest.approx(math.exp(-60.0 * binding / 5.0))  # the bulk begins at β/5
    window = record["mass_bipolaron_sys"] / record["mass_bipolaron"]
    left = 2.0 / (36.0 * binding) * (math.exp(-12.0 * binding) - math.exp(-48.0 * binding))
    assert record["tc_over_omega_sys"] == pytest.approx(tc * math.hypot(window, left))
    assert record["tc_kelvin_sys"] / record["tc_kelvin"] == pytest.approx(record["tc_over_omega_sys"] / tc)
    assert abs(record["mass_radius_correlation"]) < 0.6  # independent noise, 48 blocks
    assert record["independent_bipolaron"] > 500 and record["r_hat_bipolaron"] == pytest.approx(1.0, abs=0.02)


def test_the_error_of_the_size_counts_where_the_density_saturates(tmp_path: Path) -> None:
    """R² = 1 within its error: the branch below 1 has no error of R² in it, and would be quoted too
    precisely."""
    plan = make(tmp_path)

    def relative(distance2: float) -> tuple[float, float]:
        data = sector_bins(plan, "bipolaron", bins=400, means={"pair_distance2": distance2})
        column = data.columns.index("pair_distance2")
        mean = np.concatenate(data.chains)[:, column].mean()
        for chain in data.chains:
            chain[:, column] *= distance2 / mean
        record = point(plan, None, data)
        return record["tc_over_omega_err"] / record["tc_over_omega"], record["radius2_err"] / record[
            "radius2"
        ]

    (below, _), (at, size), (above, _) = relative(3.8), relative(3.999), relative(4.2)
    assert below == pytest.approx(0.1 / 40.0, rel=0.15)  # the mass alone
    assert at == pytest.approx(above, rel=0.1) == pytest.approx(math.hypot(below, size), rel=0.1)


def test_tc_at_a_given_density(tmp_path: Path) -> None:
    """Tc = 1.84 ρ/m* in two dimensions, whatever the size; beyond touching the pairs overlap."""
    plan = make(tmp_path)
    two = sector_bins(plan, "bipolaron", bins=400)
    dilute, dense = point(plan, None, two, density=0.05), point(plan, None, two, density=0.8)
    assert dilute["tc_over_omega"] == pytest.approx(1.84 * 0.05 / dilute["mass_bipolaron"] / 1.5)
    assert dilute["density"] == 0.05 and "pairs overlap" not in dilute["flags"]
    assert "pairs overlap" in dense["flags"]


def test_replicates_give_the_errors_of_mass_and_size(tmp_path: Path) -> None:
    plan = make(tmp_path)
    reduced = reduce_ensemble(sector_bins(plan, "bipolaron", bins=480, chains=4), details=True)
    assert reduced.replicates is not None and reduced.summary is not None
    number = len(reduced.replicates)
    assert 40 <= number <= 60
    errors = np.sqrt((number - 1) * reduced.replicates.var(axis=0))
    quoted = [reduced.summary.error[reduced.names.index(name)] for name in ("mass_bipolaron", "radius2")]
    assert errors == pytest.approx(quoted, rel=0.4)  # 48 blocks: 10 % each, four standard deviations
    assert len(reduced.curve) == len(reduced.curve_lags) == len(reduced.curve_err)
    assert reduced.pair_weight is not None and reduced.pair_weight.ndim == 2


def test_bins_that_are_not_there_yet(tmp_path: Path) -> None:
    plan = make(tmp_path)
    two = sector_bins(plan, "bipolaron")
    empty = EnsembleBins(
        two.sector, two.parameters, two.columns, [chain[:0] for chain in two.chains], two.lags
    )
    full = point(plan, sector_bins(plan, "polaron"), two)
    for record in (
        point(plan, None, None),
        point(plan, None, two),
        point(plan, sector_bins(plan, "polaron"), empty),
    ):
        assert list(record) == list(full)  # the same keys whatever is known
        assert record["binding_energy"] is None and not record["tc_valid"]
        json.dumps(record, allow_nan=False)
    one_chain_only = EnsembleBins(
        two.sector, two.parameters, two.columns, [two.chains[0], two.chains[1][:0]], two.lags
    )
    assert point(plan, None, one_chain_only)["mass_bipolaron_err"] > 0.0


def test_a_chain_has_masses_but_no_tc(tmp_path: Path) -> None:
    plan = make(tmp_path, lattice="chain")
    means = {"pair_weight[0]": 0.1}
    record = point(plan, sector_bins(plan, "polaron"), sector_bins(plan, "bipolaron", seed=2, means=means))
    assert record["mass_bipolaron"] == pytest.approx(1 / 0.4, rel=0.05)  # d = 1
    assert record["tc_over_omega"] is None and record["tc_over_omega_verdict"] is None
    assert record["flags"] == ["no Tc in one dimension"]
    json.dumps(record, allow_nan=False)


def test_points_share_their_polaron(tmp_path: Path) -> None:
    plan = make(tmp_path)
    keys = [p.ensembles for p in plan.points]
    assert keys[0]["polaron"] == keys[1]["polaron"]
    data = {
        keys[0]["polaron"]: sector_bins(plan, "polaron"),
        keys[0]["bipolaron"]: sector_bins(plan, "bipolaron", seed=2),
        keys[1]["bipolaron"]: sector_bins(plan, "bipolaron", seed=3, point=1, means={"energy": -9.2}),
    }
    records = reduce_plan(plan, {key: reduce_ensemble(bins) for key, bins in data.items()})
    assert [r["U"] for r in records] == [4.0, 8.0]
    assert records[0]["E_polaron"] == records[1]["E_polaron"]
    assert records[0]["binding_energy"] - records[1]["binding_energy"] == pytest.approx(0.4, abs=0.1)
    assert [r["point"] for r in records] == [p.identity for p in plan.points]


def test_synthetic_means_are_those_of_the_kernel_columns(tmp_path: Path) -> None:
    """The names used here exist in the kernel: a renamed column fails this test, not a user's campaign."""
    plan = make(tmp_path)
    assert set(POLARON) <= set(sector_bins(plan, "polaron", bins=2).columns)
    assert set(BIPOLARON) <= set(sector_bins(plan, "bipolaron", bins=2).columns)


def test_dispersion_and_its_mass(tmp_path: Path) -> None:
    """Waves that decay with known energies; one that has decayed into the noise is not converged."""
    plan = make(tmp_path)
    lags = sector_bins(plan, "bipolaron").lags
    energies = [0.05, 0.15, 0.4]
    means = {
        f"wave[{k},{lag}]": 0.9 * np.exp(-e * lags[lag - 1]) for k, e in enumerate(energies) for lag in (3, 6)
    }
    record = point(plan, None, sector_bins(plan, "bipolaron", bins=400, means=means))
    for k, energy in enumerate(energies[:2]):
        name = f"dispersion_bipolaron[{k + 1}]"
        assert abs(record[name] - energy) < 4.0 * record[f"{name}_err"] < 0.02
        assert record[f"{name}_verdict"] == "converged"
    assert all(record[f"dispersion_bipolaron[{k}]_verdict"] in ("not", None) for k in (4, 5, 6))
    mass = (1.0 - np.cos(2 * np.pi / 16)) / 0.05  # square lattice, t = 1
    assert (
        abs(record["mass_bipolaron_dispersion"] - mass) < 4.0 * record["mass_bipolaron_dispersion_err"] < 0.1
    )


def test_anisotropic_masses_and_their_mean(tmp_path: Path) -> None:
    path = tmp_path / "layered.yaml"
    text = CONFIG.format(lattice="cubic", t=1.0, beta=60.0).replace(
        "coupling: bond,", "coupling: bond, t_factors: [1, 1, 0.1],"
    )
    path.write_text(text)
    plan = make_plan(load_config(path))
    parts = {"diffusion[0]": 0.4, "diffusion[1]": 0.4, "diffusion[2]": 0.05}
    means = {**parts, "diffusion": sum(parts.values()), "pair_weight[0,0,0]": 0.1}
    record = point(plan, None, sector_bins(plan, "bipolaron", bins=400, means=means))
    assert record["mass_bipolaron"] == pytest.approx(3 / 0.85, rel=0.02)
    masses = [record[f"mass_bipolaron[{a}]"] for a in (1, 2, 3)]
    assert masses == pytest.approx([2.5, 2.5, 20.0], rel=0.05)
    r2 = BIPOLARON["pair_distance2"] / 4
    expected = transition_temperature(np.prod(masses) ** (1 / 3), r2, 3, prefactor(None, 3)) / record["omega"]
    assert record["tc_over_omega"] == pytest.approx(float(expected), rel=0.02)
