"""Path-integral Monte Carlo for one and two electrons with phonons, sign-problem free, on infinite
lattices. Importing it loads no compiler; the first block of a chain does."""

from hpcbip.qmc.chain import Chain, warm_up
from hpcbip.qmc.ensemble import Ensemble
from hpcbip.qmc.layout import columns, displacements, lags

__all__ = ["Chain", "Ensemble", "columns", "displacements", "lags", "warm_up"]
