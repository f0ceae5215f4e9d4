"""The antiadiabatic limit Ω >> t: effective Hamiltonians with the phonons eliminated in powers of g."""

from hpcbip.theory.antiadiabatic.effective import (
    build_effective_spaces,
    converge_effective,
    effective_amplitudes,
    eliminate_phonons,
)
from hpcbip.theory.antiadiabatic.scaling import amplitude_table, antiadiabatic_table, scan_systems

__all__ = [
    "amplitude_table",
    "antiadiabatic_table",
    "build_effective_spaces",
    "converge_effective",
    "effective_amplitudes",
    "eliminate_phonons",
    "scan_systems",
]
