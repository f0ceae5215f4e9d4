"""Conventional superconductivity: Migdal–Eliashberg theory and its coupling on the lattices of the models."""

from hpcbip.theory.eliashberg.equations import (
    EliashbergTc,
    allen_dynes,
    critical_coupling,
    critical_temperature,
    mcmillan,
)
from hpcbip.theory.eliashberg.fermi_surface import (
    FermiSurface,
    FermiSurfaceCoupling,
    find_fermi_surface,
    lambda_me,
)
from hpcbip.theory.eliashberg.references import reference_lines
from hpcbip.theory.eliashberg.tables import eliashberg_table, fermi_surface_table

__all__ = [
    "EliashbergTc",
    "FermiSurface",
    "FermiSurfaceCoupling",
    "allen_dynes",
    "critical_coupling",
    "critical_temperature",
    "eliashberg_table",
    "fermi_surface_table",
    "find_fermi_surface",
    "lambda_me",
    "mcmillan",
    "reference_lines",
]
