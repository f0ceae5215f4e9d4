"""Compiles both kernels before the tests run: once, and not once in every process of the tests."""

from hpcbip.models import Model
from hpcbip.qmc import Ensemble, warm_up

if __name__ == "__main__":
    model = Model("honeycomb", "bond", t=1.0, omega=1.0, g=0.5)
    warm_up()
    warm_up([Ensemble(model, electrons=2, beta=1.0)])
