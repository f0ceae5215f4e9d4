"""Models as data: lattices, couplings, interactions and their conventions."""

from hpcbip.models.couplings import COUPLINGS, coupling_from_lambda, lambda_from_coupling
from hpcbip.models.lattice import LATTICES, MAX_SHELLS, MOMENTUM_PERIOD, Lattice, get_lattice, written_lattice
from hpcbip.models.model import BULK_EDGE, Model

__all__ = [
    "BULK_EDGE",
    "COUPLINGS",
    "LATTICES",
    "MAX_SHELLS",
    "MOMENTUM_PERIOD",
    "Lattice",
    "Model",
    "coupling_from_lambda",
    "get_lattice",
    "lambda_from_coupling",
    "written_lattice",
]
