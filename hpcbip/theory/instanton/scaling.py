"""Scaling of the semiclassical mass, ln m* ≃ S(λ) = (t/Ω) s(λ): powers of λ, and S beside Monte Carlo masses.

Fluctuations around the instanton and the power of t/Ω in front are left out, so m* itself is not given, only
how its logarithm grows (PRB 109, L220502).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from hpcbip.errors import InputError
from hpcbip.messages import counted
from hpcbip.theory.instanton.surface import AdiabaticSurface, NotSelfTrapped
from hpcbip.theory.instanton.tunnelling import Instanton, find_instanton
from hpcbip.vocabulary.parameters import COUPLING, LAMBDA, LATTICE, U

POINTS_OF_POWER_LAW = 4  # smallest number of points from which a power law is fitted
EXPONENT_RANGE = (0.05, 5.0)  # in which the power of λ in ln m* is sought


@dataclass(frozen=True)
class PowerLaw:
    """A fitted power law s = c λ^p.

    Attributes:
        p: the exponent.
        p_err: standard error of the fit and half the difference between the two halves' slopes, in
            quadrature. It says how far the curve is from a pure power, and is no statistical error.
        c: s at λ = 1 on the fitted line.
        lam_from, lam_to: smallest and largest λ of the fit.
    """

    p: float
    p_err: float
    c: float
    lam_from: float
    lam_to: float


@dataclass(frozen=True)
class MonteCarloMass:
    """One Monte Carlo mass.

    Attributes:
        lam: λ.
        mass, mass_err: m* and its error, in m0 (pair) or m_e (polaron).
        flags: reasons against the mass.
    """

    lam: float
    mass: float
    mass_err: float
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class MassComparison:
    """One Monte Carlo mass beside the action.

    Attributes:
        mass: the Monte Carlo mass.
        log_mass, log_mass_err: ln m* and its error.
        action: S = (t/Ω) s, None where there is no self-trapped minimum.
    """

    mass: MonteCarloMass
    log_mass: float
    log_mass_err: float
    action: float | None


def scan_coupling(surface: AdiabaticSurface, lams: Iterable[float], points: int = 25) -> list[Instanton]:
    """Find the path of least action for each λ, without the minimum-energy paths.

    Raises:
        InputError: as in `find_instanton`.
    """
    return [
        find_instanton(replace(surface, lam=float(lam)), points, with_minimum_energy_path=False)
        for lam in lams
    ]


def fit_power_law(lams: Sequence[float], actions: Sequence[float]) -> PowerLaw:
    """Fit the power of λ in s by least squares in the logarithms.

    Raises:
        InputError: for fewer than four points, or values that are not positive.
    """
    if len(lams) != len(actions) or len(lams) < POINTS_OF_POWER_LAW or min(*lams, *actions) <= 0.0:
        raise InputError(
            f"{counted(len(lams), 'lambda')}, {counted(len(actions), 'action')}: "
            f"allowed are {POINTS_OF_POWER_LAW} or more, all positive"
        )
    x, y = np.log(lams), np.log(actions)
    order = np.argsort(x)
    x, y = x[order], y[order]
    (p, c), rest = np.polyfit(x, y, 1, full=True)[:2]
    error2 = float(rest[0]) / (len(x) - 2) / float(((x - x.mean()) ** 2).sum()) if rest.size else 0.0
    half = (len(x) + 1) // 2
    low, high = np.polyfit(x[:half], y[:half], 1)[0], np.polyfit(x[-half:], y[-half:], 1)[0]
    error = float(np.sqrt(error2 + 0.25 * (high - low) ** 2))
    return PowerLaw(float(p), error, float(np.exp(c)), float(np.exp(x[0])), float(np.exp(x[-1])))


@dataclass(frozen=True)
class MassExponent:
    """A fit ln m* = a + b λ^p.

    Attributes:
        p, p_err: the exponent and its error; that of the masses, times √(χ²/degrees of freedom) if above 1.
        a, b: the other coefficients at this p.
        chi2: χ² of the fit.
        freedom: degrees of freedom, number of masses less three.
    """

    p: float
    p_err: float
    a: float
    b: float
    chi2: float
    freedom: int


def fit_mass_exponent(
    lams: Sequence[float], log_masses: Sequence[float], errors: Sequence[float]
) -> MassExponent | None:
    """Fit the power of λ in ln m* by weighted least squares, with a prefactor of m* that is constant in λ.

    The other two coefficients are linear, so that χ² is minimised over p alone; the error is the distance at
    which it has grown by 1.

    Returns:
        the fit; None for fewer than `POINTS_OF_POWER_LAW` different λ, and where p is not determined within
        `EXPONENT_RANGE`.
    """
    x, y, sigma = (np.asarray(values, float) for values in (lams, log_masses, errors))
    if len(np.unique(x)) < POINTS_OF_POWER_LAW:
        return None

    def solve(p: float) -> tuple[float, NDArray[np.float64]]:
        design = np.stack([np.ones_like(x), x**p], axis=1) / sigma[:, None]
        coefficients = np.linalg.lstsq(design, y / sigma, rcond=None)[0]
        return float((((y / sigma) - design @ coefficients) ** 2).sum()), coefficients

    low, high = EXPONENT_RANGE
    best = float(minimize_scalar(lambda p: solve(p)[0], bounds=EXPONENT_RANGE, method="bounded").x)
    chi2, (a, b) = solve(best)
    freedom = len(x) - 3
    step = max(1.0, chi2 / freedom)  # as if the errors of the masses were larger by √(χ²/freedom)

    def excess(p: float) -> float:
        return solve(p)[0] - chi2 - step

    if excess(low) < 0.0 or excess(high) < 0.0:
        return None
    width = 0.5 * float(brentq(excess, best, high) - brentq(excess, low, best))
    return MassExponent(best, width, float(a), float(b), chi2, freedom)


def power_law_chi2(
    lams: Sequence[float], log_masses: Sequence[float], errors: Sequence[float], p: float
) -> float:
    """Return χ² of the best ln m* = a + b λ^p at a given p, with two degrees of freedom less than masses."""
    x, y, sigma = (np.asarray(values, float) for values in (lams, log_masses, errors))
    design = np.stack([np.ones_like(x), x**p], axis=1) / sigma[:, None]
    coefficients = np.linalg.lstsq(design, y / sigma, rcond=None)[0]
    return float((((y / sigma) - design @ coefficients) ** 2).sum())


def compare_masses(
    surface: AdiabaticSurface, masses: Iterable[MonteCarloMass], t_over_omega: float, points: int = 25
) -> list[MassComparison]:
    """Compare ln m* with S at the same λ; the surface gives all parameters but λ.

    Raises:
        InputError: for a mass or t/Ω that is not positive, or an error below zero.
    """
    if not t_over_omega > 0.0:
        raise InputError(f"t/Omega = {t_over_omega}: allowed are values above 0")
    given = list(masses)
    for one in given:
        if not (one.mass > 0.0 and one.mass_err >= 0.0):
            where = f"mass {one.mass} +- {one.mass_err} at lambda = {one.lam}"
            raise InputError(f"{where}: allowed are masses above 0, errors from 0 on")
    actions = {lam: _action(replace(surface, lam=lam), points) for lam in {one.lam for one in given}}
    return [
        MassComparison(
            one, float(np.log(one.mass)), one.mass_err / one.mass, None if s is None else t_over_omega * s
        )
        for one in given
        for s in [actions[one.lam]]
    ]


def _action(surface: AdiabaticSurface, points: int) -> float | None:
    try:
        return find_instanton(surface, points, with_minimum_energy_path=False).least_action_path.action
    except NotSelfTrapped:  # the mass stands; the theory gives no action where the carriers are not trapped
        return None


def manifold_spread(surface: AdiabaticSurface, number: int = 200, seed: int = 1) -> tuple[float, float]:
    """Find the smallest and largest v/Λ on the degenerate manifold of strong bond coupling.

    Draws random weights with ½ in all on each side of a star, or of a plaquette on the square lattice, with
    the fields that follow them. Both tend to -1 (polaron) or -4 (pair) as Λ grows: the spread is of order t,
    v of order Λt.

    Raises:
        InputError: for Holstein coupling, which has no such manifold.
    """
    if surface.coupling != "bond":
        raise InputError("coupling 'holstein': the degenerate manifold belongs to bond coupling")
    rng = np.random.default_rng(seed)
    steps = [tuple(int(a == b) for b in range(surface.dimension)) for a in range(surface.dimension)]
    corner = (0,) * surface.dimension
    sides: list[list[list[tuple[int, ...]]]] = [
        [[corner], [tuple(sign * c for c in step) for step in steps for sign in (1, -1)]]
    ]
    if surface.dimension == 2:
        sides.append([[(0, 0), (1, 1)], [(0, 1), (1, 0)]])
    fields = []
    for k in range(number):
        weights = np.zeros(surface.shape[1:])
        for side in sides[k % len(sides)]:
            for site, share in zip(side, rng.dirichlet(np.ones(len(side))), strict=True):
                weights[site] = 0.5 * share
        fields.append(surface.equilibrium_field(weights))
    v = surface.energy(np.array(fields))[0] / surface.strength
    return float(v.min()), float(v.max())


def instanton_table(found: Iterable[Instanton]) -> list[dict[str, Any]]:
    """Tabulate instantons, a row each."""
    return [
        {
            LATTICE.name: i.surface.lattice,
            COUPLING.name: i.surface.coupling,
            "sector": i.surface.sector,
            U.name: i.surface.U,
            LAMBDA.name: i.surface.lam,
            "size": i.surface.size,
            "minimum": i.minimum.start,
            "energy": i.minimum.energy,
            "sites": i.minimum.sites,
            "trapped": i.minimum.trapped,
            "barrier": i.barrier,
            "negative": i.saddle.negative,
            "action": i.least_action_path.action,
            "barrier_least": i.least_action_path.barrier,
            "action_lowest": i.minimum_energy_path.action if i.minimum_energy_path else None,
            "force": i.force,
        }
        for i in found
    ]


def mass_comparison_table(found: Iterable[MassComparison]) -> list[dict[str, Any]]:
    """Tabulate Monte Carlo masses beside the action, a row each."""
    return [
        {
            LAMBDA.name: c.mass.lam,
            "mass": c.mass.mass,
            "mass_err": c.mass.mass_err,
            "log_mass": c.log_mass,
            "log_mass_err": c.log_mass_err,
            "action": c.action,
            "flags": list(c.mass.flags),
        }
        for c in found
    ]
