"""The adiabatic limit Ω ≪ t: self-trapping, and semiclassical tunnelling between self-trapped states."""

from hpcbip.theory.instanton.scaling import (
    MassComparison,
    MonteCarloMass,
    PowerLaw,
    compare_masses,
    fit_power_law,
    instanton_table,
    mass_comparison_table,
    scan_coupling,
)
from hpcbip.theory.instanton.surface import AdiabaticSurface, NotSelfTrapped, self_trapped_minima
from hpcbip.theory.instanton.tunnelling import Instanton, find_instanton

__all__ = [
    "AdiabaticSurface",
    "Instanton",
    "MassComparison",
    "MonteCarloMass",
    "NotSelfTrapped",
    "PowerLaw",
    "compare_masses",
    "find_instanton",
    "fit_power_law",
    "instanton_table",
    "mass_comparison_table",
    "scan_coupling",
    "self_trapped_minima",
]
