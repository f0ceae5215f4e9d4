"""Phonons that hop on the infinite chain and square lattice: the kernel against second-order perturbation
theory, sixteen seeds each.

The false-alarm rate is `zscore.FALSE_ALARM` = 1e-4 per case, so 4e-4 for the whole file.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hpcbip.models import Model, get_lattice
from hpcbip.qmc import Ensemble
from tests.exact.reference.cases import sample
from tests.exact.reference.zscore import compare


def second_order(d: int, coupling: str, omega: float, w: float) -> tuple[float, float]:
    """Return e2 of the polaron's energy -2dt - e2 g² + ..., and its derivative -∂e2/∂Ω, the phonons/g², from
    ∫ |form factor|²/(Ω_q + 2t Σ (1 - cos q_a)), t = 1."""
    axis = 2 * np.pi * (np.arange(400) + 0.5) / 400  # midpoints: exponential convergence
    q = np.array(list(itertools.product(axis, repeat=d)))
    cosines = np.cos(q).sum(axis=1)
    form = np.ones(len(q)) if coupling == "holstein" else (2.0 + 2.0 * np.cos(q)).sum(axis=1)
    energies = omega - 2.0 * w * cosines + 2.0 * (d - cosines)
    return float(np.mean(form / energies)), float(np.mean(form / energies**2))


WEAK = {"chain": (0.3, 0.1), "square": (0.15, 0.08)}  # w and g


@pytest.mark.parametrize("lattice", WEAK)
@pytest.mark.parametrize("coupling", ["bond", "holstein"])
def test_weak_coupling_is_second_order_perturbation_theory(lattice: str, coupling: str) -> None:
    """In the bulk of the path; and, on bonds, where it changes more, not that without dispersion.

    On sites the coupling is stronger: phonons are so rare otherwise that the mean of their number over a bin
    is far from normal.
    """
    w, g = WEAK[lattice]
    g = g if coupling == "bond" else 0.25
    d = get_lattice(lattice).dimension
    ensemble = Ensemble(Model(lattice, coupling, 1.0, 1.0, g, phonon_hopping=w), 1, 24.0, 8.0)
    bins = sample(ensemble, 16, 24, 60_000)
    e2, slope = second_order(d, coupling, 1.0, w)
    exact = {"assisted_hops": 2.0 * g * g * e2, "phonons": g * g * slope}
    assert not (table := compare(bins, exact)), table
    if coupling == "bond":
        e2, _ = second_order(d, coupling, 1.0, 0.0)
        assert "BAD assisted_hops" in compare(bins, {"assisted_hops": 2.0 * g * g * e2})
