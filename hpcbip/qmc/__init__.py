"""The kernel: path-integral Monte Carlo for one and two electrons with phonons, sign-problem free, on
infinite lattices."""

from hpcbip.qmc.chain import Chain, warm_up
from hpcbip.qmc.ensemble import Ensemble, columns, displacements, lags

__all__ = ["Chain", "Ensemble", "columns", "displacements", "lags", "warm_up"]
