"""Transition temperatures of pairs without phonons, packed until they touch."""

from __future__ import annotations

from typing import Any

from hpcbip.superconductivity import (
    closest_packing_of_ellipsoids,
    geometric_mean_mass,
    layered_bose_temperature,
    transition_temperature,
    validity_flags,
)
from hpcbip.theory.pair.solver import BoundPair

LAYERS_PER_CELL = 2
"""Layers of the body-centred tetragonal lattice in the height c = a of its cell."""


def condensation(state: BoundPair) -> dict[str, Any]:
    """Compute Tc of a gas of these pairs at the largest density at which they do not overlap.

    Args:
        state: a bound state at K = 0.

    Returns:
        mass_geometric (m0), density (pairs per a^d), tc (BKT in two dimensions, BEC in three) and flags. For
        pairs in layers also tc_layered, in which the band along c is no parabola, and band_along_c, its
        width, above which tc means little. Energies in |t|; None where a number is not defined, as Tc of a
        chain.

    Raises:
        InputError: if the pair moves.
    """
    axes = state.model.moving_axes
    dimension = axes.shape[1]
    mass = geometric_mean_mass(axes.T @ state.inverse_mass @ axes)
    if dimension == 1:
        return {"mass_geometric": mass, "density": None, "tc": None, "flags": _flags(1, 0.0, state)}
    sizes = axes.T @ state.distance_tensor @ axes
    density = closest_packing_of_ellipsoids(sizes)
    tc = float(transition_temperature(mass, 1.0, dimension, density=density))
    found = {"mass_geometric": mass, "density": density, "tc": tc, "flags": _flags(dimension, tc, state)}
    if state.model.place.uniaxial:
        found |= {"tc_layered": None, "band_along_c": None}
    if state.model.place.uniaxial and dimension == 3:
        in_plane = geometric_mean_mass(state.inverse_mass[:2, :2])
        hop = 0.5 * float(state.inverse_mass[2, 2]) * LAYERS_PER_CELL**2
        found["tc_layered"] = layered_bose_temperature(density / LAYERS_PER_CELL, in_plane, hop)
        found["band_along_c"] = 4.0 * hop
    return found


def _flags(dimension: int, tc: float, state: BoundPair) -> list[str]:
    return [flag.text for flag in validity_flags(dimension, tc, 1.0, state.binding_energy, 0.0)]
