"""From bipolarons to transition temperatures."""

from hpcbip.superconductivity.tc import (
    BEC_PREFACTOR,
    BKT_PREFACTOR,
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
    "PUBLISHED_BKT_PREFACTOR",
    "closest_packing",
    "in_kelvin",
    "prefactor",
    "radius2",
    "transition_temperature",
    "validity_flags",
]
