"""Models as data: lattices, couplings, interactions and their conventions."""

from hpcbip.models.couplings import COUPLINGS, coupling_from_lambda, lambda_from_coupling
from hpcbip.models.dispersion import refuse_dispersion, slowest_phonon
from hpcbip.models.lattice import MAX_KINDS, MAX_SHELLS, MOMENTUM_PERIOD, Lattice
from hpcbip.models.model import BULK_EDGE, Model
from hpcbip.models.named_lattices import (
    BRAVAIS_LATTICES,
    LATTICES,
    get_lattice,
    lattice_with_basis,
    written_lattice,
)

__all__ = [
    "BRAVAIS_LATTICES",
    "BULK_EDGE",
    "COUPLINGS",
    "LATTICES",
    "MAX_SHELLS",
    "MAX_KINDS",
    "MOMENTUM_PERIOD",
    "Lattice",
    "Model",
    "coupling_from_lambda",
    "get_lattice",
    "lambda_from_coupling",
    "lattice_with_basis",
    "refuse_dispersion",
    "slowest_phonon",
    "written_lattice",
]
