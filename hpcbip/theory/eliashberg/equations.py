"""Migdal–Eliashberg theory of one Einstein phonon: the Tc of a conventional superconductor with the same Ω.

The linearised isotropic equations on the Matsubara axis, ω_n = (2n+1)πT (Allen and Dynes, PRB 12, 905 (1975);
docs/physics.md, Companion theories):

    Z_n Δ_n = πT Σ_m [λ(n-m) - μ* θ(ω_c - |ω_m|)] Δ_m/|ω_m|,    Z_n = 1 + (πT/ω_n) Σ_m λ(n-m) sgn ω_m,
    λ(l) = λ a(l),    a(l) = ϖ²/(ϖ² + l²),    ϖ = Ω/2πT.

For an even gap, with y_n = Δ_n/|ω_n| and the term m = n, which cancels, left out on both sides, they read for
n ≥ 0

    [(2n+1) δ_nm + 2 μ* u_n u_m] y_m = λ [a(n-m) + a(n+m+1) - 2 δ_nm Σ_{l=1..n} a(l)] y_m    (a(0) left out).

The matrix on the left is positive; its inverse square root on both sides of the one on the right makes a
symmetric kernel, and Tc is where λ times the largest eigenvalue of that is 1. u_n ends the Coulomb repulsion
at ω_c: 1 below, 0 above, and for the frequency whose interval of 2πT holds ω_c the part of it below, so that
all is continuous in T.

The sum over m is cut into ranges that grow geometrically up to a width of 2Ω, each done by the Gauss rule for
sums over consecutive integers, up to ω = `MATSUBARA_REACH` Ω. So the size of the matrix grows with log(1/T)
only.

All temperatures are in units of Ω. docs/theory/eliashberg.md has accuracy, conventions and comparisons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh, eigh_tridiagonal
from scipy.optimize import brentq
from scipy.special import digamma

from hpcbip.errors import InputError

Array = NDArray[np.float64]

STRONG_COUPLING = 0.1827262477
"""C in Tc → C Ω √λ for λ → ∞ at μ* = 0, approached from below (0.1827: Allen and Dynes 1975; digits:
arXiv:2409.02121, abstract)."""

WEAK_COUPLING = 2.0 * math.exp(np.euler_gamma - 0.5) / math.pi
"""0.6877 in Tc → 0.6877 Ω exp(-(1+λ)/λ) for λ → 0 at μ* = 0: the 1.134 of BCS over √e (the 1/√e:
arXiv:1912.09460)."""

COULOMB_CUTOFF = 10.0
"""ω_c/Ω, where the Coulomb repulsion in the gap equation ends."""

MATSUBARA_REACH = 64.0
"""Matsubara frequencies up to this many Ω (2πT, if larger) are summed; the rest falls as the -4th power."""

LOWEST_TC = 1e-9
"""Tc/Ω below which the search for it is given up."""

_GAUSS_NODES = 12  # of the Gauss rule of one range of frequencies


@dataclass(frozen=True)
class EliashbergTc:
    """A transition temperature in units of Ω, 0 where there is none.

    Attributes:
        tc_over_omega: Tc/Ω.
        reason: why Tc is 0; empty if it is not.
    """

    tc_over_omega: float
    reason: str = ""


def rescaled_mu_star(mu_star: float, quoted_at: float, cutoff: float) -> float:
    """Rescale μ* to another cutoff: 1/μ*(ω_c) = 1/μ*(ω) - ln(ω_c/ω) (Allen and Dynes 1975).

    Args:
        mu_star: the pseudopotential μ* ≥ 0 at `quoted_at`.
        quoted_at, cutoff: the two cutoffs, in one unit.

    Raises:
        InputError: where no finite μ* at `cutoff` gives that value.
    """
    _check(mu_star=(mu_star, 0.0), quoted_at=(quoted_at, 1e-6), cutoff=(cutoff, 1e-6))
    screening = 1.0 - mu_star * math.log(cutoff / quoted_at)
    if screening <= 0.0:
        raise InputError(
            f"mu_star = {mu_star:g} at {quoted_at:g} Ω is beyond any repulsion with the cutoff {cutoff:g} Ω; "
            f"allowed: below {1.0 / math.log(cutoff / quoted_at):.3g}"
        )
    return mu_star / screening


def critical_coupling(
    tc_over_omega: float,
    mu_star: float = 0.0,
    cutoff: float = COULOMB_CUTOFF,
    quoted_at: float = 1.0,
    reach: float = MATSUBARA_REACH,
) -> float:
    """Compute the λ at which Tc/Ω has a given value: 1/λ is the largest eigenvalue of the kernel.

    Args:
        tc_over_omega: Tc/Ω, at least `LOWEST_TC`.
        mu_star: the pseudopotential as McMillan's formula means it, that of a cutoff at `quoted_at` Ω.
        cutoff: ω_c/Ω of the gap equation; μ* is rescaled from `quoted_at` to it (see `rescaled_mu_star`).
        quoted_at: frequency in units of Ω at which mu_star is given; `quoted_at=cutoff` takes it as it is.
        reach: see `MATSUBARA_REACH`; to be doubled in checks.

    Raises:
        InputError: for a value out of range.
    """
    _check(tc_over_omega=(tc_over_omega, LOWEST_TC), reach=(reach, 1.0))
    varpi = 1.0 / (2.0 * math.pi * tc_over_omega)
    repulsion = rescaled_mu_star(mu_star, quoted_at, cutoff)
    below = cutoff * varpi  # number of positive frequencies below the cutoff, as a real number
    x, weight = _frequencies(varpi, math.floor(below), reach)
    root = np.sqrt(weight)
    kernel = _lorentzian(x[:, None] - x, varpi) + _lorentzian(x[:, None] + x + 1.0, varpi)
    kernel *= root[:, None] * root
    # Z_n less its term m = n: Σ_{l=1..n} a(l) in closed form, good between the integers too
    own = 2.0 * varpi * (digamma(1.0 + 1j * varpi) - digamma(x + 1.0 + 1j * varpi)).imag
    np.fill_diagonal(kernel, weight - 1.0 + weight * _lorentzian(2.0 * x + 1.0, varpi) - own)
    scale = 1.0 / np.sqrt(2.0 * x + 1.0)
    kernel *= scale[:, None] * scale
    coulomb = scale * root * np.clip(below - x, 0.0, 1.0) if repulsion else np.zeros_like(x)
    strength = float(coulomb @ coulomb)
    if strength > 0.0:  # (1 + 2 μ* v vᵀ)^(-1/2) = 1 - c v vᵀ on both sides
        c = (1.0 - 1.0 / math.sqrt(1.0 + 2.0 * repulsion * strength)) / strength
        kernel -= c * np.outer(coulomb, coulomb @ kernel)
        kernel -= c * np.outer(kernel @ coulomb, coulomb)
    last = len(x) - 1
    return 1.0 / float(eigh(kernel, eigvals_only=True, subset_by_index=[last, last])[0])


def critical_temperature(
    lam: float,
    mu_star: float = 0.0,
    cutoff: float = COULOMB_CUTOFF,
    quoted_at: float = 1.0,
    reach: float = MATSUBARA_REACH,
) -> EliashbergTc:
    """Compute Tc/Ω from the linearised Eliashberg equations of an Einstein phonon.

    Args:
        lam: λ = λ_ME ≥ 0.
        mu_star, cutoff, quoted_at, reach: see `critical_coupling`.

    Returns:
        Tc/Ω, or 0 with the reason where it is below `LOWEST_TC`.

    Raises:
        InputError: for a value out of range.
    """
    _check(lam=(lam, 0.0))
    rescaled_mu_star(mu_star, quoted_at, cutoff)
    if lam == 0.0:
        return EliashbergTc(0.0, "no coupling")

    def excess(log_t: float) -> float:
        # nearly linear in log T at weak coupling, nearly a power of T at strong coupling
        return 1.0 / critical_coupling(math.exp(log_t), mu_star, cutoff, quoted_at, reach) - 1.0 / lam

    high = math.log(max(1.001 * STRONG_COUPLING * math.sqrt(lam), 2.0 * LOWEST_TC))
    low, floor, step = high, math.log(LOWEST_TC * 1.000001), 1.0
    while excess(low := max(low - step, floor)) < 0.0:
        if low == floor:
            why = (
                f"mu_star = {mu_star:g} leaves too little of lambda = {lam:g}"
                if mu_star
                else f"lambda = {lam:g}"
            )
            return EliashbergTc(0.0, f"{why}: no transition above {LOWEST_TC:g} Ω")
        high, step = low, 2.0 * step
    return EliashbergTc(math.exp(brentq(excess, low, high, xtol=1e-12, rtol=1e-12)))


def mcmillan(lam: ArrayLike, mu_star: ArrayLike = 0.0, omega_log: ArrayLike = 1.0) -> Array:
    """Compute Tc by McMillan's formula with the prefactor ω_log/1.2 of Allen and Dynes, PRB 12, 905 (1975).

    Tc = (ω_log/1.2) exp(-1.04 (1+λ)/(λ - μ* (1 + 0.62 λ))), 0 where the denominator is not positive.
    McMillan, Phys. Rev. 167, 331 (1968), has Θ_D/1.45 in place of ω_log/1.2.
    """
    x, mu = np.asarray(lam, dtype=float), np.asarray(mu_star, dtype=float)
    attraction = x - mu * (1.0 + 0.62 * x)
    exponent = np.divide(
        1.04 * (1.0 + x), attraction, out=np.full(attraction.shape, np.inf), where=attraction > 0.0
    )
    return np.asarray(np.asarray(omega_log, dtype=float) / 1.2 * np.exp(-exponent))


def allen_dynes(
    lam: ArrayLike, mu_star: ArrayLike = 0.0, omega_log: ArrayLike = 1.0, omega_2: ArrayLike | None = None
) -> Array:
    """Compute Tc by the formula of Allen and Dynes, PRB 12, 905 (1975): f1 f2 times `mcmillan`.

    f1 = [1 + (λ/Λ1)^{3/2}]^{1/3}, Λ1 = 2.46 (1 + 3.8 μ*); f2 = 1 + (ω̄2/ω_log - 1) λ²/(λ² + Λ2²),
    Λ2 = 1.82 (1 + 6.3 μ*) ω̄2/ω_log.

    Args:
        lam, mu_star: λ and μ*.
        omega_log: logarithmic average of the phonon frequencies; Tc is in its unit.
        omega_2: ω̄2 = √⟨ω²⟩; None for an Einstein phonon, where it equals omega_log and f2 = 1.
    """
    x, mu = np.asarray(lam, dtype=float), np.asarray(mu_star, dtype=float)
    ratio = 1.0 if omega_2 is None else np.asarray(omega_2, dtype=float) / np.asarray(omega_log, dtype=float)
    f1 = np.cbrt(1.0 + (x / (2.46 * (1.0 + 3.8 * mu))) ** 1.5)
    f2 = 1.0 + (ratio - 1.0) * x**2 / (x**2 + (1.82 * (1.0 + 6.3 * mu) * ratio) ** 2)
    return np.asarray(f1 * f2 * mcmillan(x, mu, omega_log))


def _lorentzian(difference: Array, varpi: float) -> Array:
    return varpi**2 / (varpi**2 + difference**2)


def _frequencies(varpi: float, cutoff: int, reach: float) -> tuple[Array, Array]:
    """Construct nodes x and weights w with Σ_n f(n) ≈ Σ w f(x) for 0 ≤ n < reach ϖ.

    The index `cutoff` is a node of its own.
    """
    stop, widest = math.ceil(reach * max(1.0, varpi)), max(_GAUSS_NODES, int(2.0 * varpi))
    x, weight, start = [], [], 0
    while start < stop:
        end = min(start + min(max(start, _GAUSS_NODES), widest), stop)
        end = min([end, *(edge for edge in (cutoff, cutoff + 1) if edge > start)])
        nodes, weights = _gauss_sum(end - start)
        x.append(start + nodes)
        weight.append(weights)
        start = end
    return np.concatenate(x), np.concatenate(weight)


@lru_cache(maxsize=256)
def _gauss_sum(number: int) -> tuple[Array, Array]:
    """Construct the Gauss rule for Σ_{n=0..number-1} f(n), exact up to degree 2 `_GAUSS_NODES` - 1.

    Up to `_GAUSS_NODES` terms the rule is the sum itself.

    Golub and Welsch with the recurrence of the Gram (discrete Chebyshev) polynomials, Abramowitz and Stegun
    22.17.
    """
    if number <= _GAUSS_NODES:
        return np.arange(float(number)), np.ones(number)
    k = np.arange(1.0, _GAUSS_NODES)
    off = np.sqrt(k**2 * (float(number) ** 2 - k**2) / (4.0 * (4.0 * k**2 - 1.0)))
    nodes, vectors = eigh_tridiagonal(np.zeros(_GAUSS_NODES), off)
    return (number - 1.0) / 2.0 + nodes, number * vectors[0] ** 2


def _check(**values: tuple[float, float]) -> None:
    """Check that every value is finite and at least its minimum.

    Raises:
        InputError: if one is not.
    """
    for name, (value, least) in values.items():
        if not (math.isfinite(value) and value >= least):
            raise InputError(f"{name} = {value!r}: must be a finite number of at least {least:g}")
