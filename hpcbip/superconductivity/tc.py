"""Transition temperatures of a dilute gas of bipolarons from their mass and size (docs/physics.md, "From mass
and size to Tc").

All energies are in one unit (that of t), lengths in lattice constants, masses in 1/(unit · a²); m0 = 1/t. The
largest density at which pairs do not overlap gives the Tc that is quoted; a pair smaller than a lattice
constant cannot be packed more densely than the lattice allows, so R² counts as 1 below 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpcbip.vocabulary import flags
from hpcbip.vocabulary.flags import RaisedFlag

Array = NDArray[np.float64]

BKT_PREFACTOR = 1.84 / math.pi
"""Tc m* R² in two dimensions: Tc = 1.84 ρ/m* (Pilati, Giorgini, Prokof'ev, PRL 100, 140405) at ρ =
1/(πR²)."""

PUBLISHED_BKT_PREFACTOR = 0.5
"""The value printed in PRX 13, 011010, which its figures need; for comparisons with them."""

BEC_PREFACTOR = 2.0 * math.pi / 2.612375348685488 ** (2.0 / 3.0)
"""C in Tc = C ρ^{2/3}/m* in three dimensions: the ideal Bose gas, C = 2π/ζ(3/2)^{2/3} = 3.3125."""

MIN_BINDING_SIGMA = 2.0
"""Standard errors by which a binding energy has to exceed zero for a pair to count as bound."""

KELVIN_PER_MEV = 11.6045
"""1 meV / k_B in kelvin."""


def radius2(pair_distance2: ArrayLike) -> Array:
    """R², the mean-square distance of an electron from the pair's centre: ⟨(r1-r2)²⟩/4. The one definition of
    R."""
    return np.asarray(pair_distance2, dtype=float) / 4.0


def prefactor(choice: float | str | None, dimension: int) -> float:
    """The prefactor of Tc: a number as it is, "published", or None for the default of that dimension.

    Raises:
        ValueError: for another word.
    """
    if isinstance(choice, str):
        if choice != "published":
            raise ValueError(f"unknown prefactor {choice!r}; allowed: a number, published")
        return PUBLISHED_BKT_PREFACTOR if dimension == 2 else BEC_PREFACTOR
    if choice is not None:
        return float(choice)
    return BEC_PREFACTOR if dimension == 3 else BKT_PREFACTOR


def closest_packing(r2: ArrayLike, dimension: int) -> Array:
    """Largest density of pairs that do not overlap: 1/(πR²) in 2D, 3/(4πR³) in 3D, R² counted as at least
    1."""
    square: Array = np.maximum(np.asarray(r2, dtype=float), 1.0)
    return 1.0 / (math.pi * square) if dimension == 2 else 3.0 / (4.0 * math.pi * square**1.5)


def transition_temperature(
    mass: ArrayLike,
    r2: ArrayLike,
    dimension: int,
    factor: float | None = None,
    density: ArrayLike | None = None,
) -> Array:
    """Tc in units of energy.

    2D: Tc = (π factor) ρ/m* (BKT), which is factor/(m* R²) at closest packing; 3D: Tc = factor ρ^{2/3}/m*
    (BEC); 1D: nan, because a chain has no transition at finite temperature.

    Args:
        mass: pair mass m*, in 1/(energy a²).
        r2: R² as `radius2` defines it, in a².
        dimension: of the lattice.
        factor: None for `BKT_PREFACTOR` or `BEC_PREFACTOR`.
        density: pairs per volume; None for the closest packing.

    Raises:
        ValueError: for another dimension.
    """
    if dimension not in (1, 2, 3):
        raise ValueError(f"dimension {dimension}: must be 1, 2 or 3")
    m: Array = np.asarray(mass, dtype=float)
    if dimension == 1:
        return np.full(np.broadcast_shapes(m.shape, np.shape(r2)), np.nan)
    factor = prefactor(factor, dimension)
    rho: Array = closest_packing(r2, dimension) if density is None else np.asarray(density, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        if dimension == 2:
            return np.asarray(math.pi * factor * rho / m)
        return np.asarray(factor * rho ** (2.0 / 3.0) / m)


def in_kelvin(tc_over_omega: ArrayLike, omega_meV: float) -> Array:
    """Tc in kelvin from Tc/Ω and Ω in meV."""
    return KELVIN_PER_MEV * omega_meV * np.asarray(tc_over_omega, dtype=float)


def validity_flags(
    dimension: int,
    tc: float,
    r2: float,
    binding_energy: float | None,
    binding_energy_err: float | None,
    density: float | None = None,
) -> list[RaisedFlag]:
    """Return the flags against the Tc of one point; no flag makes a value be dropped.

    Args:
        dimension: of the lattice.
        tc, binding_energy, binding_energy_err: in one unit of energy; None for a binding energy not known.
        r2: R² as `radius2` defines it.
        density: pairs per volume; None for the closest packing, at which pairs cannot overlap.
    """
    raised = []
    if dimension == 1:
        raised.append(flags.NO_TC_IN_ONE_DIMENSION.raised())
    elif not (math.isfinite(tc) and tc > 0.0):
        raised.append(flags.MASS_NOT_RESOLVED.raised())
    if binding_energy is None or binding_energy_err is None or not math.isfinite(binding_energy):
        raised.append(flags.BINDING_ENERGY_UNKNOWN.raised())
    elif binding_energy <= MIN_BINDING_SIGMA * binding_energy_err:
        raised.append(flags.NOT_BOUND.raised())
    elif dimension > 1 and tc >= binding_energy:
        raised.append(flags.TC_ABOVE_BINDING.raised())
    if density is not None and dimension > 1 and math.sqrt(r2) > density ** (-1.0 / dimension):
        raised.append(flags.PAIRS_OVERLAP.raised())
    return raised
