"""Exact diagonalisation of one or two electrons with phonons, in the states that matter most."""

from hpcbip.theory.exact.convergence import ConvergedState, Extrapolated, converge
from hpcbip.theory.exact.critical import CriticalLambda, critical_lambda
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.system import System, g_from_lambda
from hpcbip.theory.exact.tables import exact_table

__all__ = [
    "ConvergedState",
    "CriticalLambda",
    "Extrapolated",
    "Geometry",
    "System",
    "converge",
    "critical_lambda",
    "exact_table",
    "g_from_lambda",
]
