"""Models as data: lattices, couplings, interactions and their conventions."""

from .couplings import COUPLINGS, coupling_from_lambda, lambda_from_coupling
from .lattice import LATTICES, MOMENTUM_PERIOD, Lattice, get_lattice, written_lattice
from .model import Model

__all__ = [
    "COUPLINGS",
    "LATTICES",
    "MOMENTUM_PERIOD",
    "Lattice",
    "Model",
    "coupling_from_lambda",
    "get_lattice",
    "lambda_from_coupling",
    "written_lattice",
]
