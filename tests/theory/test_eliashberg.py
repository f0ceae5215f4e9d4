"""The Eliashberg solver against exact limits, bounds, published prefactors and a second method."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcbip.errors import InputError
from hpcbip.models import Model
from hpcbip.theory.eliashberg import references, tables
from hpcbip.theory.eliashberg.equations import (
    LOWEST_TC,
    STRONG_COUPLING,
    WEAK_COUPLING,
    _gauss_sum,
    allen_dynes,
    critical_coupling,
    critical_temperature,
    mcmillan,
    rescaled_mu_star,
)


def tc(lam: float, *args: float, **options: float) -> float:
    found = critical_temperature(lam, *args, **options)
    assert not found.reason
    return found.tc_over_omega


def whole_matrix(t: float, lam: float, mu_star: float, cutoff: float, reach: float) -> float:
    """Largest eigenvalue of πT |ω_n Z_n|^(-1/2) [λ(n-m) - μ*] |ω_m Z_m|^(-1/2): all frequencies up to `reach`
    of both signs, Z_n summed term by term as it stands in the equations; `mu_star` at the cutoff.
    """
    number = int(reach / (2.0 * np.pi * t))
    n = np.arange(-number, number)
    omega = np.pi * t * (2 * n + 1)
    index = np.where(n >= 0, n, -n - 1)
    line = lam / (1.0 + (2.0 * np.pi * t * np.arange(number)) ** 2)
    z_omega = np.abs(omega) + np.pi * t * (2.0 * np.cumsum(line) - line[0])[index]
    share = np.clip(cutoff / (2.0 * np.pi * t) - index, 0.0, 1.0)
    kernel = np.pi * t * (lam / (1.0 + (omega[:, None] - omega) ** 2) - mu_star * np.outer(share, share))
    root = 1.0 / np.sqrt(z_omega)
    return float(np.linalg.eigvalsh(root[:, None] * kernel * root)[-1])


@pytest.mark.parametrize(
    ("lam", "mu_star"),
    [(0.4, 0.0), (0.5, 0.1), (1.0, 0.0), (1.0, 0.12), (2.0, 0.2), (10.0, 0.12), (100.0, 0.0)],
)
def test_second_method_full_matrix(lam: float, mu_star: float) -> None:
    t, reach = tc(lam, mu_star, cutoff=10.0, quoted_at=10.0), 40.0
    for factor, sign in ((1.0 - 1e-5, 1.0), (1.0 + 1e-5, -1.0)):
        value = whole_matrix(factor * t, lam, mu_star, 10.0, max(reach, 40.0 * 2 * np.pi * t))
        assert sign * (value - 1.0) > 0.0, "Tc lies between T (1 - 1e-5) and T (1 + 1e-5)"


def test_strong_coupling_limit_and_bounds() -> None:
    assert tc(100.0) / 10.0 == pytest.approx(0.1827, rel=0.01)
    assert tc(1e8) / 1e4 == pytest.approx(STRONG_COUPLING, rel=1e-7)  # arXiv:2409.02121: 0.1827262477...
    for lam in (0.2, 0.5, 1.0, 1.5, 3.0, 10.0, 30.0, 300.0):
        assert tc(lam) < STRONG_COUPLING * math.sqrt(lam)  # the search for Tc starts there
        one_frequency = math.sqrt(max(lam - 1.0, 0.0)) / (
            2.0 * math.pi
        )  # n = m = 0 alone, a variational bound
        assert tc(lam) > one_frequency


def test_weak_coupling_limit() -> None:
    lam = [0.06, 0.08, 0.12, 0.16]
    prefactor = [tc(x) * math.exp((1.0 + x) / x) for x in lam]
    assert prefactor[0] == pytest.approx(WEAK_COUPLING, rel=0.03)
    at_zero = np.polyfit(lam, prefactor, 3)[-1]  # corrections up to λ³ taken away
    assert at_zero == pytest.approx(WEAK_COUPLING, rel=1e-5)


@pytest.mark.parametrize("lam", [0.23, 0.25, 0.38, 0.48])
def test_published_prefactor(lam: float) -> None:
    # Acta Phys. Sin. 30, 1693 (1981), abstract: Tc = a Ω exp(-(1+λ)/λ), a about 1/1.30 at these λ, Einstein,
    # μ* = 0
    assert tc(lam) * math.exp((1.0 + lam) / lam) == pytest.approx(1.0 / 1.30, rel=0.05)


@pytest.mark.parametrize("mu_star", [0.0, 0.1, 0.12])
@pytest.mark.parametrize("lam", [0.7, 1.0, 1.5, 2.0])
def test_formulas_of_mcmillan_and_allen_dynes(lam: float, mu_star: float) -> None:
    exact = tc(lam, mu_star)
    assert float(allen_dynes(lam, mu_star)) == pytest.approx(exact, rel=0.06)
    assert float(mcmillan(lam, mu_star)) == pytest.approx(exact, rel=0.2)
    if lam >= 1.0:  # Allen and Dynes 1975: McMillan's formula falls short at strong coupling
        assert float(mcmillan(lam, mu_star)) < exact


def test_formulas() -> None:
    assert float(mcmillan(1.0, 0.12)) == pytest.approx(math.exp(-2.08 / (1.0 - 0.12 * 1.62)) / 1.2)
    assert float(mcmillan(1.0, 0.12, 1.2 / 1.45)) == pytest.approx(
        0.052, abs=5e-4
    )  # docs/physics.md, Published numbers: 0.05
    assert np.array_equal(mcmillan([0.1, 0.0], 0.2), [0.0, 0.0])
    assert allen_dynes([1.0, 2.0], 0.1).shape == (2,)
    assert float(allen_dynes(1e6)) == pytest.approx(math.exp(-1.04) / 1.2 * math.sqrt(1e6 / 2.46), rel=1e-3)
    assert float(allen_dynes(1.0, 0.0, 1.0, 1.3)) > float(allen_dynes(1.0))
    assert float(allen_dynes(1.0, 0.1, 25.0)) == pytest.approx(25.0 * float(allen_dynes(1.0, 0.1)))


@pytest.mark.parametrize("lam", [0.1, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("mu_star", [0.0, 0.05])
def test_converged_in_the_reach(lam: float, mu_star: float) -> None:
    short, far = (critical_temperature(lam, mu_star, reach=reach).tc_over_omega for reach in (64.0, 128.0))
    assert short == pytest.approx(far, rel=1e-6)


def test_mu_star_and_its_cutoff() -> None:
    quoted = [tc(1.0, 0.12, cutoff=cutoff) for cutoff in (5.0, 10.0, 20.0, 40.0)]
    assert abs(quoted[2] - quoted[1]) < 0.25 * abs(quoted[1] - quoted[0])
    assert quoted[1] == pytest.approx(quoted[3], rel=0.005), "almost no matter where the sum ends"
    raw = [tc(1.0, 0.12, cutoff=cutoff, quoted_at=cutoff) for cutoff in (5.0, 10.0, 20.0)]
    assert raw[0] < raw[1] < raw[2] and raw[1] > 1.1 * quoted[1]
    assert tc(1.0, rescaled_mu_star(0.12, 1.0, 10.0), quoted_at=10.0) == pytest.approx(quoted[1])
    assert rescaled_mu_star(rescaled_mu_star(0.12, 1.0, 10.0), 10.0, 1.0) == pytest.approx(0.12)
    falling = [tc(1.0, mu_star) for mu_star in (0.0, 0.05, 0.1, 0.15, 0.2)]
    assert np.all(np.diff(falling) < 0.0)


def test_no_transition_says_why() -> None:
    for lam, mu_star, word in (
        (0.15, 0.15, "mu_star = 0.15"),
        (0.03, 0.0, "lambda = 0.03"),
        (0.0, 0.1, "no coupling"),
    ):
        found = critical_temperature(lam, mu_star)
        assert found.tc_over_omega == 0.0 and word in found.reason
    assert tc(0.0555) > LOWEST_TC


def test_continuous_and_rising() -> None:
    temperatures = np.exp(np.linspace(math.log(1e-3), math.log(3.0), 150))
    for mu_star in (0.0, 0.12):
        lam = np.array([critical_coupling(float(t), mu_star) for t in temperatures])
        assert np.all(np.diff(lam) > 0.0)
        assert np.abs(np.diff(np.log(lam), 2)).max() < 0.02, "no jumps where a frequency passes the cutoff"
    assert critical_coupling(tc(0.7, 0.1), 0.1) == pytest.approx(0.7, rel=1e-9)


@pytest.mark.parametrize("number", [5, 12, 13, 40, 1000, 10**9])
def test_gauss_rule_for_sums(number: int) -> None:
    nodes, weights = _gauss_sum(number)
    assert np.all(nodes > -1e-9) and np.all(nodes < number) and weights.sum() == pytest.approx(number)
    x = nodes / number - 0.5
    for power in (2, 6, 14, 22):
        if number <= 1000:
            exact = float(((np.arange(number) / number - 0.5) ** power).sum())
        else:
            exact = number * 0.5**power / (power + 1)
        assert float(weights @ x**power) == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: critical_temperature(-1.0), "lam"),
        (lambda: critical_temperature(math.nan), "lam"),
        (lambda: critical_temperature(1.0, -0.1), "mu_star"),
        (lambda: critical_temperature(1.0, 0.1, cutoff=0.0), "cutoff"),
        (lambda: critical_temperature(1.0, 0.1, reach=math.inf), "reach"),
        (lambda: critical_temperature(1.0, 0.5), "mu_star = 0.5"),
        (lambda: critical_coupling(0.0), "tc_over_omega"),
    ],
)
def test_bad_input(call: object, name: str) -> None:
    with pytest.raises(InputError, match=name):
        call()  # type: ignore[operator]


def test_comparison_lines() -> None:
    lines = dict(references.reference_lines())
    assert [lines[name] for name in list(lines)[:2]] == [0.05, 0.1]
    assert lines["McMillan, λ = 1, μ* = 0.12"] == pytest.approx(0.0630, abs=1e-4)
    assert lines["Migdal–Eliashberg, λ = 1, μ* = 0.12"] == pytest.approx(tc(1.0, 0.12))


def test_bounds_from_the_first_frequencies() -> None:
    """One Matsubara frequency alone gives Tc ≥ Ω √(λ-1)/2π, two the larger root of a quadratic equation:
    below Tc.
    """
    for lam in (1.5, 2.0, 10.0, 100.0):
        one = math.sqrt(lam - 1.0) / (2.0 * math.pi)
        assert one < tc(lam)
        a1, a2, a3 = (1.0 / (1.0 + (2.0 * math.pi * n * tc(lam)) ** 2) for n in (1, 2, 3))
        matrix = np.array(
            [[a1, (a1 + a2) / math.sqrt(3.0)], [(a1 + a2) / math.sqrt(3.0), (a3 - 2.0 * a1) / 3.0]]
        )
        two = 1.0 / float(np.linalg.eigvalsh(matrix)[-1])  # the λ that two frequencies need at this Tc
        assert lam < two < 1.0 / a1


def test_lattice_rows() -> None:
    g = math.sqrt(0.4 * 0.2)  # λ = g²/(2Ωt) = 0.2 on the square lattice
    models = [Model("square", "bond", 1.0, 0.2, g), Model("square", "holstein", 1.0, 0.2, g)]
    rows = tables.fermi_surface_table(models, [0.5, 1.0], 0.1)
    assert [(row["coupling"], row["filling"]) for row in rows] == [
        ("bond", 0.5),
        ("holstein", 0.5),
        ("bond", 1.0),
        ("holstein", 1.0),
    ]
    first = rows[0]
    assert first["lambda"] == pytest.approx(0.2) and first["mass_ratio"] == 1.0 + first["lambda_me"]
    assert first["lambda_me"] == pytest.approx(0.2 * 2.2495, rel=1e-4)
    assert (
        first["tc_over_omega"] == pytest.approx(tc(first["lambda_me"], 0.1))
        and 0.0 < first["tc_over_omega_err"]
    )
    assert first["flags"] == ["lambda_ME > 0.4: not confirmed"] and rows[1]["flags"] == []
    assert rows[2]["tc_over_omega"] is None and any("van Hove" in flag for flag in rows[2]["flags"])
    both = Model("square", "bond+holstein", 1.0, 0.2, g, g_holstein=g, omega_holstein=0.3)
    assert tables.fermi_surface_table([both], [0.5])[0]["tc_over_omega"] is None
