"""One set of numbers, two calculations: the kernel's ensemble and the exact observables of the same
Hamiltonian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpcbip.models import Model, get_lattice, lattice_with_basis, written_lattice
from hpcbip.qmc import Chain, Ensemble, columns
from tests.exact.reference.cluster import (
    BILAYER,
    CHAIN,
    CHECKERBOARD,
    CUBIC,
    DIAMOND,
    HONEYCOMB,
    KAGOME,
    LADDER,
    LIEB,
    NEXT_NEIGHBOURS,
    SAWTOOTH,
    SQUARE,
    TRIANGULAR,
    TWO_SITE_CHAIN,
    Cluster,
)
from tests.exact.reference.problem import Problem
from tests.exact.reference.zscore import compare

BETA, EDGE = 3.0, 0.75
NAMES = {
    CHAIN: "chain",
    NEXT_NEIGHBOURS: written_lattice(((1.0,),), ((1,), (2,))).name,
    SQUARE: "square",
    TRIANGULAR: "triangular",
    CUBIC: "cubic",
    HONEYCOMB: "honeycomb",
    KAGOME: "kagome",
    LIEB: "lieb",
    CHECKERBOARD: "checkerboard",
    BILAYER: "bilayer",
    DIAMOND: "diamond",
    LADDER: lattice_with_basis(
        ((1.0,),), {"A": (0.0, 0.0), "B": (0.0, 0.8)}, (("A", "A", (1,)), ("B", "B", (1,)), ("A", "B", (0,)))
    ).name,
    TWO_SITE_CHAIN: lattice_with_basis(
        ((2.0,),), {"A": (0.0,), "B": (0.5,)}, (("A", "B", (0,)), ("B", "A", (1,)))
    ).name,
    SAWTOOTH: lattice_with_basis(
        ((1.0,),),
        {"A": (0.0, 0.0), "B": (0.2, 0.7), "C": (0.45, 1.1)},
        (
            ("A", "A", (1,)),
            ("B", "B", (1,)),
            ("A", "B", (0,)),
            ("B", "C", (0,)),
            ("A", "C", (0,)),
        ),
    ).name,
}
TRUNCATED = (
    1e-4  # largest share of paths that may have as many phonons at β/2 as the exact calculation can hold
)


def sample(ensemble: Ensemble, seeds: int, bins: int, updates: int) -> dict[str, list[np.ndarray]]:
    """Sample bins of every column from independent chains."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in columns(ensemble)}
    for k in range(seeds):
        block = _started(ensemble, k, updates).run_block(bins, updates)
        for name, column in zip(columns(ensemble), block.T, strict=True):
            found[name].append(column)
    return found


def _started(ensemble: Ensemble, k: int, updates: int) -> Chain:
    """Start chain number k, and let it thermalise."""
    chain = Chain.start(ensemble, np.random.SeedSequence((2024, k)).generate_state(4, np.uint64))
    chain.thermalise(updates)
    return chain


def rejected(ensemble: Ensemble, exact: Mapping[str, float], updates: int) -> bool:
    """Tell whether 16 chains of 24 bins of so many updates disagree with `exact`. They are looked at ten
    times as they grow, for most of what is wrong shows early; the right numbers would be rejected in 1e-3."""
    chains = [_started(ensemble, k, updates // 10) for k in range(16)]
    parts: list[list[np.ndarray]] = [[] for _ in chains]  # rows of a tenth of the updates each
    for tenths in range(1, 11):
        for chain, rows in zip(chains, parts, strict=True):
            rows.append(chain.run_block(24, updates // 10))
        means = [np.concatenate(rows).reshape(24, tenths, -1).mean(axis=1).T for rows in parts]
        if "BAD" in compare(dict(zip(columns(ensemble), zip(*means, strict=True), strict=True)), exact):
            return True
    return False


def model_problem(
    cluster: Cluster,
    electrons: int,
    cutoff: int,
    beta: float = BETA,
    edge: float = EDGE,
    kappa: float = 0.0,
    **fields: Any,
) -> tuple[Ensemble, Problem]:
    """Pose the same problem to the kernel and to the matrices; t = Ω = 1 and g = U = 0 unless `fields` of the
    model say otherwise.

    The cutoff has to be high enough: see `Problem.share_at_cutoff`.
    """
    fields = {"coupling": "bond", "t": 1.0, "omega": 1.0, "g": 0.0, "U": 0.0, **fields}
    name = NAMES[cluster.grid]
    lattice = get_lattice(name).cluster(*cluster.extents, periodic=cluster.periodic)
    ensemble = Ensemble(Model(name, **fields), electrons, beta, edge, kappa, lattice)
    problem = Problem(cluster, electrons, beta=beta, edge=edge, cutoff=cutoff, kappa=kappa, **fields)
    assert cutoff == 0 or problem.share_at_cutoff() < TRUNCATED
    return ensemble, problem


def matched(*args: Any, nodes: int = 6, **kwargs: Any) -> tuple[Ensemble, dict[str, float]]:
    """Return the ensemble of `model_problem` and its exact observables, but for those that are identically
    zero or one.

    Six nodes integrate over the window to 1e-8.
    """
    ensemble, problem = model_problem(*args, **kwargs)
    exact = problem.solve(nodes)
    return ensemble, {key: x for key, x in exact.items() if x != 0.0 and abs(x - 1.0) > 1e-9}
