"""From bipolarons to transition temperatures."""

from hpcbip.superconductivity.anisotropic import (
    closest_packing_of_ellipsoids,
    geometric_mean_mass,
    layered_bose_temperature,
)
from hpcbip.superconductivity.tc import (
    BEC_PREFACTOR,
    BKT_PREFACTOR,
    MIN_BINDING_SIGMA,
    PUBLISHED_BKT_PREFACTOR,
    closest_packing,
    in_kelvin,
    prefactor,
    radius2,
    transition_temperature,
    validity_flags,
)

__all__ = [
    "BEC_PREFACTOR",
    "BKT_PREFACTOR",
    "MIN_BINDING_SIGMA",
    "PUBLISHED_BKT_PREFACTOR",
    "closest_packing",
    "closest_packing_of_ellipsoids",
    "geometric_mean_mass",
    "in_kelvin",
    "layered_bose_temperature",
    "prefactor",
    "radius2",
    "transition_temperature",
    "validity_flags",
]
