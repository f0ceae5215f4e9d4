"""Compiles the kernels before the tests run: once, and not once in every process of the tests."""

from hpcbip.models import Model
from hpcbip.qmc import Ensemble, warm_up

if __name__ == "__main__":
    # plain models in one, two and three dimensions, and all others
    for lattice in ("chain", "square", "cubic", "honeycomb"):
        warm_up([Ensemble(Model(lattice, "bond", t=1.0, omega=1.0, g=0.5), electrons=2, beta=1.0)])
