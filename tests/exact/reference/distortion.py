"""What the columns of `hpcbip.qmc.estimators.distortion` and `between` are, from the matrices of a cluster.

In the gauge of `Problem` all hops t + gY are positive, Y = -X. A function of Y is a matrix on the occupations
of one oscillator, ∫dx f(x) ψ_m(x) ψ_n(x) with its wave functions, so that neither the step function nor Y² is
one of a truncated matrix Y.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from hpcbip.models.families import BONDS
from hpcbip.models.shells import Shell
from tests.exact.reference.problem import Problem

TIMES = (1 / 6, 1 / 2, 5 / 6)  # of the window, at which the kernel measures
FAR = 25.0  # where wave functions end

Matrix = NDArray[np.float64]


def one_mode(f: Callable[[Matrix], Matrix], highest: int, start: float, stop: float) -> Matrix:
    """Return ∫ f(x) ψ_m(x) ψ_n(x) dx between two limits, shape (highest + 1,) * 2, with ⟨x²⟩ = 1 in the
    vacuum."""
    nodes, weights = np.polynomial.legendre.leggauss(600)
    x = 0.5 * (start + stop) + 0.5 * (stop - start) * nodes
    functions = [np.sqrt(norm.pdf(x)), x * np.sqrt(norm.pdf(x))]
    for n in range(1, highest):
        functions.append((x * functions[n] - np.sqrt(n) * functions[n - 1]) / np.sqrt(n + 1))
    table = np.array(functions[: highest + 1])
    return (table * (0.5 * (stop - start) * weights * f(x))) @ table.T


def densities(problem: Problem, mode: int, left: Matrix, right: Matrix) -> Matrix:
    """Return Σ <left|n><m|right> over all other oscillators, shape (pairs, m, n), of vectors of the shape
    (pairs, occupations)."""
    rest = problem.occupations.astype(np.uint64)
    rest[:, mode] = 0
    names = np.random.default_rng(1).integers(2**63, size=rest.shape[1], dtype=np.uint64)
    _, group = np.unique(rest @ names, return_inverse=True)
    tables = np.zeros((2, len(left), group.max() + 1, problem.cutoff + 1))
    tables[:, :, group, problem.occupations[:, mode]] = left, right
    return np.einsum("pgn,pgm->pmn", *tables, optimize=True)


def distortion_columns(problem: Problem) -> dict[str, float]:
    """Return all columns; bonds that an open cluster lacks are oscillators at rest."""
    axes = len(problem.cluster.grid.axes)
    ratios = [
        problem.g * g / (problem.t * t)
        for g, t in zip(problem.g_factors or (1.0,) * axes, problem.t_factors or (1.0,) * axes, strict=True)
    ]
    names = ("distortion", "modulation", "modulation2", "sign_change")
    operators = {
        (name, axis): {
            "distortion": (lambda x: -x, FAR),
            "modulation": (lambda x, r=r: r * x, FAR),
            "modulation2": (lambda x, r=r: (r * x) ** 2, FAR),
            "sign_change": (np.ones_like, max(-1.0 / r, -FAR) if r else -FAR),
        }[name]
        for name in names
        for axis, r in enumerate(ratios)
    }
    matrices = {key: one_mode(f, problem.cutoff, -FAR, end) for key, (f, end) in operators.items()}
    result = dict.fromkeys(names, 0.0)
    touching, between = _bonds(problem)
    modes = {mode: m for m, (mode, _) in enumerate(problem.modes)}
    if problem.electrons == 2:
        result |= {f"{name}_between": 0.0 for name in names} | {"bonds_between": 0.0}
    for left, right in _states(problem):
        here = np.einsum("pn,pn->p", left, right)
        if problem.electrons == 2:
            result["bonds_between"] += sum(here @ counts for counts in between.values()) / len(TIMES)
        for bond, counts in touching.items():
            density = densities(problem, modes[bond], left, right) if bond in modes else None
            for name in names:
                matrix = matrices[name, bond[1]]
                means = here * matrix[0, 0] if density is None else (density * matrix).sum(axis=(1, 2))
                result[name] += counts @ means / (problem.electrons * len(TIMES))
                if bond in between:
                    result[f"{name}_between"] += between[bond] @ means / len(TIMES)
    return result


def _states(problem: Problem) -> list[tuple[Matrix, Matrix]]:
    """Return e^{-(β-τ)H}|φ> and e^{-τH}|φ>/Z at the times τ, shapes (pairs, occupations)."""
    shape, window = (len(problem.pairs), -1), problem.beta - 2 * problem.edge
    found = []
    for share in TIMES:
        time = problem.edge + share * window
        left, right = problem.after(problem.beta - time), problem.after(time)
        found.append((left.reshape(shape), right.reshape(shape) / (left @ right)))
    return found


def _bonds(problem: Problem) -> tuple[dict, dict]:
    """Return which share of the bonds of an electron each bond is, summed over electrons, and how often it
    joins the two, by pair of sites; bonds that are lacking have the site None."""
    touching: dict[tuple, Matrix] = {}
    between: dict[tuple, Matrix] = {}
    cluster = problem.cluster
    ends = [end[k % 2] for end in cluster.grid.ends or ((0, 0),) * len(cluster.grid.axes) for k in (0, 1)]
    for p, pair in enumerate(problem.pairs):
        for e, k in itertools.product(range(problem.electrons), range(len(cluster.steps))):
            if ends[k] != cluster.kind(pair[e]):
                continue
            move = cluster.hop(pair[e], k)
            target, bond = move if move else (None, (None, k // 2))
            share = 1.0 / ends.count(ends[k])
            touching.setdefault(bond, np.zeros(len(problem.pairs)))[p] += share
            if problem.electrons == 2 and e == 0 and target == pair[1]:
                between.setdefault(bond, np.zeros(len(problem.pairs)))[p] += 1.0
    return touching, between


def shell_columns(problem: Problem, shells: Sequence[Shell]) -> dict[str, float]:
    """Return the columns of `hpcbip.qmc.estimators.shells`: means of X on the oscillators of every shell."""
    left, right = _states(problem)[1]
    x = one_mode(lambda x: -x, problem.cutoff, -FAR, FAR)
    cluster = problem.cluster
    means = {
        key: (densities(problem, m, left, right) * x).sum(axis=(1, 2))
        for m, (key, _) in enumerate(problem.modes)
    }
    result = dict.fromkeys([f"distortion_shell[{k}]" for k in range(len(shells))], 0.0)
    for k, shell in enumerate(shells):
        for p, e, (axis, vector) in itertools.product(
            range(len(problem.pairs)), range(problem.electrons), shell.members
        ):
            site = cluster.site(np.add(cluster.coordinates[problem.pairs[p][e]], vector))
            assert site is not None
            mean = means[(site, axis) if shell.where == BONDS else (site,)][p]
            result[f"distortion_shell[{k}]"] += mean / (len(shell.members) * problem.electrons)
    return result
