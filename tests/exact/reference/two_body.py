"""Two electrons that attract each other on infinite lattices, without phonons: exact results, nothing of the
kernel.

At total momentum K the relative coordinate hops along axis a with τ_a = 2t cos(K_a/2), in the dispersion ε(k)
= -2 Σ_a τ_a cos k_a. The bound state of U δ_{r,0} has ψ(k) ∝ 1/(ε(k) - E) and E from 1/|U| = ∫ d^dk/(2π)^d
1/(ε(k) - E). For its mass, dE/dτ_a = -2 Σ_r ψ(r) ψ(r + a) (Hellmann-Feynman) and d²τ_a/dK_a² = -t/2 at K = 0
give

    1/m* = d²E/dK_a² = t Σ_r ψ(r) ψ(r + a).

E lies below the band, so the integrand is analytic and the sum over a grid of L^d momenta converges
exponentially in L.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.polynomial import Polynomial
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.sparse.linalg import expm_multiply

from tests.exact.reference.cluster import Grid

NODES = 12  # of the Gauss-Legendre average over the window


@dataclass(frozen=True)
class BoundPair:
    """The bound state at K = 0.

    Attributes:
        energy: E, unit of t.
        mass: m*, unit 1/(t a²), so m0 for t = 1; d/mass is the rate of diffusion of the pair.
        weights: P(r) on a periodic grid, shape (L, ..., L), r = 0 first and negative coordinates from the
            end.
    """

    energy: float
    mass: float
    weights: NDArray[np.float64]

    def weight(self, *displacement: int) -> float:
        """Return P(r1 - r2 = displacement)."""
        return float(self.weights[displacement])

    @property
    def pair_distance2(self) -> float:
        """<(r1 - r2)²>."""
        size, dimension = self.weights.shape[0], self.weights.ndim
        squares = np.fft.fftfreq(size, 1 / size) ** 2
        return float(sum((np.moveaxis(self.weights, a, -1) * squares).sum() for a in range(dimension)))


def attractive_hubbard(dimension: int, U: float, t: float = 1.0, size: int = 256) -> BoundPair:
    """Solve for the bound pair of the attractive Hubbard model on the chain (1) or the square lattice (2),
    from size^d momenta.

    Raises:
        ValueError: if U does not bind a pair that fits into the grid.
    """
    cosines = np.cos(2 * np.pi * np.arange(size) / size)
    band = -4.0 * t * sum(np.meshgrid(*[cosines] * dimension, indexing="ij"))
    edge = -4.0 * t * dimension

    def condition(binding: float) -> float:
        return float(np.mean(1.0 / (band - edge + binding)) * abs(U) - 1.0)

    if U >= 0.0 or condition(1e-2 * t) < 0.0:
        raise ValueError(f"U = {U} does not bind a pair well enough for a grid of {size}")
    binding = brentq(condition, 1e-2 * t, abs(U), xtol=1e-14, rtol=1e-14)
    psi = np.fft.ifftn(1.0 / (band - edge + binding)).real
    psi /= np.sqrt(np.sum(psi**2))
    overlap = float(np.sum(psi * np.roll(psi, 1, axis=0)))
    return BoundPair(energy=edge - binding, mass=1.0 / (t * overlap), weights=psi**2)


def _box(grid: Grid, half_width: int) -> NDArray[np.int64]:
    """Return the lattice coordinates of the box, shape (sites, d)."""
    d = len(grid.axes[0])
    return np.array(list(itertools.product(range(-half_width, half_width + 1), repeat=d)))


def _hops(grid: Grid, r: NDArray[np.int64], half_width: int) -> sp.csr_array:
    """Return the hops of either electron, amplitude 1 each, as a matrix on the relative coordinate."""
    size, width, d = len(r), 2 * half_width + 1, r.shape[1]
    hops = sp.csr_array((size, size))
    for step in (sign * np.array(axis) for axis in grid.axes for sign in (1, -1)):
        target = r + step
        inside = np.flatnonzero(np.abs(target).max(axis=1) <= half_width)
        index = (target[inside] + half_width) @ width ** np.arange(d - 1, -1, -1)
        hops += sp.csr_array((np.full(len(inside), 2.0), (index, inside)), shape=(size, size))
    return hops


def _potential(
    grid: Grid, distance: NDArray[np.float64], U: float, shells: tuple[float, ...], V: float
) -> NDArray[np.float64]:
    """Return V(r) at these distances: U on the same site, elsewhere V/|r| and the energy of the shell."""
    potential = np.divide(V, distance, out=np.full(len(distance), U), where=distance > 0)
    for radius, energy in zip(grid.radii, shells, strict=False):
        potential[np.abs(distance - radius) < 1e-9] += energy
    return potential


def finite_beta(
    grid: Grid,
    U: float,
    beta: float,
    edge: float,
    kappa: float,
    shells: tuple[float, ...] = (),
    V: float = 0.0,
    half_width: int = 30,
    slope: tuple[int, int, int] = (4, 24, 24),
) -> dict[str, float]:
    """Return what a path of length β with free ends samples, t = 1: averages over [edge, β - edge] at K = 0,
    trial e^{-κ|r|₁}.

    The relative coordinate (lattice coordinates) is cut at |r_a| ≤ half_width; all bonds have one length.
    Without phonons every state is its own image under inversion with exchange, so the hops, |ΔR|² =
    |bond|²/4, are independent steps: the displacement curve is the integral of their rate. `slope`: the two
    lags between which it gives `diffusion`, and the lags in the window.
    """
    r = _box(grid, half_width)
    distance2 = np.einsum("ia,ab,ib->i", r, np.array(grid.metric), r)
    potential = _potential(grid, np.sqrt(distance2), U, shells, V)
    hops = _hops(grid, r, half_width)
    h = sp.csr_array(sp.diags_array(potential) - hops)
    trial = np.exp(-kappa * np.abs(r).sum(axis=1))

    window = beta - 2 * edge
    x, weights = np.polynomial.legendre.leggauss(NODES)
    times = [*(beta / 2 + window / 2 * x), beta]
    states = [expm_multiply(-times[0] * h, trial)]
    for before, after in zip(times, times[1:], strict=False):
        states.append(expm_multiply(-(after - before) * h, states[-1]))
    norm = trial @ states[-1]
    pairs = [(states[NODES - 1 - k], states[k]) for k in range(NODES)]
    probability = sum(w / 2 * left * right for w, (left, right) in zip(weights, pairs, strict=True)) / norm
    rate = np.array([float(left @ (hops @ right)) for left, right in pairs]) / norm
    bare = float(weights @ rate) / 2

    first, last, lags = slope
    # the number of hops up to a time, which is the integral of the polynomial through the nodes
    hops_until = Polynomial.fit(x, rate, NODES - 1, domain=(-1, 1)).integ()

    def curve(lag: int) -> float:
        starts = 2.0 * np.arange(lags + 1 - lag) / lags - 1.0
        return float(np.mean(hops_until(starts + 2.0 * lag / lags) - hops_until(starts))) * window / 2

    step2 = float(np.array(grid.axes[0]) @ np.array(grid.metric) @ grid.axes[0]) / 4.0
    result = {
        "energy": float(trial @ (h @ states[-1]) / norm),
        "bare_hops": bare,
        "diffusion": step2 * (curve(last) - curve(first)) * lags / ((last - first) * window),
        "displacement2_window": step2 * bare * window,
        "pair_distance2": float(probability @ distance2),
        "potential": float(probability @ potential),
    }
    near = np.flatnonzero(np.abs(r).max(axis=1) <= 1)
    return result | {f"pair_weight[{','.join(map(str, r[k]))}]": float(probability[k]) for k in near}
