"""Bins of the kernel at a cheap point: the square lattice, bond coupling, Ω = t, λ = 0.3, U = 8 t, β = 4/t, κ
= 1.

A path so short says little about the ground state, but its bins are correlated and skew like those of any
other.
"""

from __future__ import annotations

import numpy as np

from hpcbip.models import Model, coupling_from_lambda, get_lattice
from hpcbip.qmc import Chain, Ensemble, columns
from hpcbip.superconductivity import radius2, transition_temperature

OMEGA, DIMENSION = 1.0, 2
MEASUREMENTS = {1: 4, 2: 8}  # per bin: then the bins' autocorrelation times are 0.6 to 1.2 bins
BINS = {1: 64, 2: 128}  # per chain of a short run
OBSERVABLES = {1: ("E", "mass"), 2: ("E", "mass", "pair_distance2", "tc_over_omega")}


def ensemble(electrons: int) -> Ensemble:
    g = coupling_from_lambda(get_lattice("square"), "bond", 0.3, OMEGA, 1.0)
    model = Model("square", "bond", 1.0, OMEGA, g, *((8.0, 0.0) if electrons == 2 else ()))
    return Ensemble(model, electrons, 4.0, kappa=1.0)


def sample(what: Ensemble, seed: tuple[int, ...], chains: int, bins: int) -> list[np.ndarray]:
    """Independent chains (bins, columns), each thermalised for twelve autocorrelation times of the slowest
    column."""
    result = []
    for words in np.random.SeedSequence(seed).spawn(chains):
        chain = Chain.start(what, words.generate_state(4, np.uint64))
        chain.thermalise(100 * what.interval)
        result.append(chain.run_block(bins, MEASUREMENTS[what.electrons] * what.interval))
    return result


def pick(what: Ensemble, chains: list[np.ndarray]) -> list[np.ndarray]:
    """The columns that `observables` takes."""
    names = columns(what)
    used = ["energy", "diffusion", *(["pair_distance2"] if what.electrons == 2 else [])]
    return [chain[:, [names.index(name) for name in used]] for chain in chains]


def observables(means: np.ndarray) -> np.ndarray:
    """(..., 2) E and mass of one electron (m_e), or (..., 4) E, mass (m0), ⟨(r1-r2)²⟩ and Tc/Ω of a pair."""
    energy, diffusion = means[..., 0], means[..., 1]
    if means.shape[-1] == 2:
        return np.stack([energy, 2.0 * DIMENSION / diffusion], axis=-1)
    mass, distance2 = DIMENSION / diffusion, means[..., 2]
    tc = transition_temperature(mass, radius2(distance2), DIMENSION) / OMEGA
    return np.stack([energy, mass, distance2, tc], axis=-1)
