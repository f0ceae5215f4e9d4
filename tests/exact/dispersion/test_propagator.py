"""The weight of the line of a phonon that hops, against scipy's Bessel functions and sums over momenta; and
what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import ive

from hpcbip.models import Model, get_lattice
from hpcbip.qmc import Ensemble
from hpcbip.qmc.kernel.path import AXIS_BITS, EVENT, SITE_AXIS, pack
from hpcbip.qmc.kernel.propagator import line_decay, propagator, vertex_share


@pytest.mark.parametrize("d", [1, 2])
def test_propagator_is_that_of_bessel_functions(d: int) -> None:
    """To 1e-9, for short and long ways and times, in the table and beyond it."""
    omega, w = 1.0, 0.24
    model = Model({1: "chain", 2: "square"}[d], "holstein", 1.0, omega, 0.5, phonon_hopping=w)
    par = Ensemble(model, 1, 400.0).parameters
    random = np.random.default_rng(3)
    for _ in range(1000):
        r = random.integers(0, random.choice([2, 8, 60]), size=d) * random.choice([-1, 1], size=d)
        tau = random.choice([1e-3, 0.3, 5.0, 60.0, 300.0]) * random.random()
        exact = np.exp(-(omega - 2 * d * w) * tau) * np.prod(ive(np.abs(r), 2 * w * tau))
        if exact > 1e-250:
            assert propagator(par, SITE_AXIS, pack(r), tau) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("extents", [(4,), (3,), (3, 3), (4, 5)])
def test_propagator_of_a_cluster_is_a_sum_over_momenta(extents: tuple[int, ...]) -> None:
    omega, w, d = 1.0, 0.2, len(extents)
    name = {1: "chain", 2: "square"}[d]
    model = Model(name, "bond", 1.0, omega, 0.5, phonon_hopping=w)
    cluster = get_lattice(name).cluster(*extents, periodic=True)
    par = Ensemble(model, 1, 20.0, cluster=cluster).parameters
    momenta = np.array(list(itertools.product(*(2 * np.pi * np.arange(n) / n for n in extents))))
    energies = omega - 2 * w * np.cos(momenta).sum(axis=1)
    for r in itertools.product(range(-3, 6), repeat=d):
        for tau in (0.01, 0.4, 3.0, 19.0):
            exact = np.mean(np.cos(momenta @ r) * np.exp(-energies * tau))
            assert propagator(par, 0, pack(np.array(r)), tau) == pytest.approx(exact, rel=1e-8)


def test_the_share_stays_where_the_propagator_is_too_small_for_a_double() -> None:
    """Insertion of a line of any length divides by e^{-Ω₀ℓ}."""
    model = Model("chain", "holstein", 1.0, 100.0, 0.5, phonon_hopping=0.1)
    par = Ensemble(model, 1, 50.0).parameters
    assert propagator(par, SITE_AXIS, 1, 20.0) == 0.0
    assert vertex_share(par, SITE_AXIS, 1, 20.0) == pytest.approx(ive(1, 2 * 0.1 * 20.0), rel=1e-9)


def test_decay_is_the_derivative_of_the_propagator() -> None:
    """-τ ∂ ln D/∂τ, by differences."""
    model = Model("square", "bond", 1.0, 1.0, 0.5, phonon_hopping=0.2)
    par = Ensemble(model, 1, 400.0).parameters
    path = np.zeros(2, dtype=EVENT)
    for r in ((0, 0), (1, 0), (2, -3), (7, 1), (40, 0)):
        for tau in (0.013, 0.77, 9.1, 77.7, 120.3):
            path[1]["bond"], path[1]["time"] = pack(np.array(r)) << AXIS_BITS, tau
            step = 1e-4 * tau
            one, other = (propagator(par, 0, pack(np.array(r)), tau + s) for s in (step, -step))
            slope = -tau * np.log(one / other) / (2 * step)
            assert line_decay(par, path, 0, 1) == pytest.approx(slope, rel=1e-5, abs=1e-5)


REFUSED = {
    "triangular": ("triangular", "bond", 0.1, {}),
    "honeycomb": ("honeycomb", "holstein", 0.1, {}),
    "both": ("square", "bond+holstein", 0.1, {"g_holstein": 0.1, "omega_holstein": 1.0}),
    "band down to zero": ("square", "bond", 0.25, {}),
    "soft axis": ("square", "bond", 0.15, {"omega_factors": (1.0, 0.5)}),
    "negative": ("chain", "holstein", -0.1, {}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_hop_is_refused(name: str) -> None:
    lattice, coupling, w, fields = REFUSED[name]
    with pytest.raises(ValueError, match="phonon_hopping = .*; allowed: "):
        Model(lattice, coupling, 1.0, 1.0, 0.5, phonon_hopping=w, **fields)


def test_clusters_whose_propagator_is_not_known_are_refused() -> None:
    model = Model("chain", "bond", 1.0, 1.0, 0.5, phonon_hopping=0.3)
    chain = get_lattice("chain")
    for cluster, beta in ((chain.cluster(4), 3.0), (chain.cluster(64, periodic=True), 3.0),
                          (chain.cluster(4, periodic=True), 80.0)):  # fmt: skip
        with pytest.raises(ValueError, match="phonon_hopping = .*; allowed: "):
            Ensemble(model, 1, beta, cluster=cluster)
