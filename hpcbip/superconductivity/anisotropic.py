"""Transition temperatures of pairs that move and extend differently along different axes.

With masses that differ by axis the unit of length along each axis can be chosen so that E = Σ K_a²/2m_a is
isotropic, which leaves the density times (m_x m_y m_z)^{1/2}: the formulas of `hpcbip.superconductivity.tc`
hold with the geometric mean of the masses. That needs T below the width of the pair's band along every axis;
`layered_bose_temperature` has no such limit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

ANGLES = 256
"""Points of the midpoint rule over the phase along c; the integrand has a logarithmic singularity at most."""


def geometric_mean_mass(inverse_mass: ArrayLike) -> float:
    """Return (m_x m_y ...)^{1/d} from the tensor ∂²E/∂K_a∂K_b, shape (d, d); infinity if it is singular."""
    tensor: Array = np.asarray(inverse_mass, dtype=float)
    determinant = float(np.linalg.det(tensor))
    return determinant ** (-1.0 / len(tensor)) if determinant > 0.0 else math.inf


def closest_packing_of_ellipsoids(distance_tensor: ArrayLike) -> float:
    """Return the largest density of pairs of different size along their axes, pairs per a^d.

    The semi-axes are R_a² = d ⟨(r1 - r2)_a²⟩/4 along the principal axes, so that a round pair has the R² of
    `radius2`, and as there each counts as at least one lattice constant: 1/(π R_1 R_2) in two dimensions,
    3/(4π R_1 R_2 R_3) in three.

    Args:
        distance_tensor: ⟨r_a r_b⟩ of r = r1 - r2, unit a², shape (d, d), d = 2 or 3.

    Raises:
        ValueError: for another d.
    """
    tensor: Array = np.asarray(distance_tensor, dtype=float)
    dimension = len(tensor)
    if dimension not in (2, 3):
        raise ValueError(f"dimension {dimension}: must be 2 or 3")
    semi_axes = np.sqrt(np.maximum(0.25 * dimension * np.linalg.eigvalsh(tensor), 1.0))
    volume = (math.pi if dimension == 2 else 4.0 * math.pi / 3.0) * float(np.prod(semi_axes))
    return 1.0 / volume


def layered_bose_temperature(density: float, mass: float, hop: float) -> float:
    """Compute Tc of an ideal Bose gas in layers, E = K²/2m + 2J (1 - cos θ), θ the phase from layer to layer.

    n = (m T/2π) ∫_0^π dθ/π [-ln(1 - e^{-2J(1 - cos θ)/T})] per layer: the parabola along c for T ≪ J, and
    T ln(T/J) = 2πn/m, which depends on the mass along c in a logarithm only, for T ≫ J.

    Args:
        density: n, pairs per layer and a².
        mass: m in the plane.
        hop: J > 0, amplitude of a pair from one layer to the next.
    """
    from scipy.optimize import brentq  # a fifth of a second, which not every rank should spend at its start

    theta = math.pi * (np.arange(ANGLES) + 0.5) / ANGLES
    # ∫ ln(2 - 2 cos θ) dθ/π = 0 takes care of the singularity at θ = 0
    shape: Array = 2.0 - 2.0 * np.cos(theta)

    def excess(log_temperature: float) -> float:
        temperature = math.exp(log_temperature)
        ratio = shape * hop / temperature
        regular = np.log(ratio / -np.expm1(-ratio))
        logarithms = float(regular.mean()) - math.log(hop / temperature)
        return mass * temperature / (2.0 * math.pi) * logarithms - density

    scale = math.log(2.0 * math.pi * density / mass)
    high = scale
    while excess(high) < 0.0:
        high += 5.0
    return math.exp(brentq(excess, scale - 40.0, high, xtol=1e-12))
