"""Spaces of the states that matter most to one system, and what the states left out would change.

From a space with its lowest state ψ of energy E, H reaches states i outside it. Perturbation theory about the
diagonal of H (Epstein, Phys. Rev. 28, 695; Nesbet, Proc. R. Soc. A 230, 312) says by how much each would
lower the energy, |<i|H|ψ>|²/(H_ii - E), and all of them E2 = -Σ_i |<i|H|ψ>|²/(H_ii - E) (Huron, Malrieu and
Rancurel, J. Chem. Phys. 58, 5745). Those that lower it most join, the lowest state is found anew, and so on:
spaces are nested, every E is an upper bound, and E2 → 0 where nothing is left out.

The mass needs E(K) near K, and with it states without any weight in ψ. With χ_a = dψ/dK_a the energy at
K + k is that of ψ + Σ_a k_a χ_a up to k⁴: the score of a state is its gain for ψ plus those of the χ_a, times
`NEARBY_MOMENTA`².
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.theory.exact.basis import Space, chunks, positions, separations, space_of
from hpcbip.theory.exact.geometry import Move
from hpcbip.theory.exact.solver import (
    Hamiltonian,
    Level,
    electronic_energies,
    search_lines,
    solve_in_space,
    solve_near_momentum,
)
from hpcbip.theory.exact.states import SiteNumbering, join_states
from hpcbip.theory.exact.system import System

SIZE_STEP = 1.25
"""Ratio of successive sizes. With larger ones, many of the states that join are worse than those which the
best of them reach."""

SMALL_SPACE = 50
"""Number of states up to which all that H reaches may join at once."""

LARGEST_COORDINATE = {1: 250, 2: 60, 3: 24}
"""Largest lattice coordinate of the cells of a state, by dimension, counted from the first electron's."""

NEARBY_MOMENTA = 0.2
"""Distance in K, in 1/a, up to which the states are to describe E(K)."""

SMALLEST_DENOMINATOR = 1e-3
"""Least H_ii - E, in t, that is reckoned with: what is left out may be as low as E."""

MOST_PHONONS = 40
"""Most phonons of a state in which phonons hop; states with more are beyond any that was chosen."""

EQUAL_SCORES = 1e-6
"""Relative difference up to which scores count as equal. Such states join together or not at all, so that
neither rounding nor the order of storage decides between states that symmetry makes equal."""

ROUGH, ROUGH_RESPONSE = 1e-8, 1e-4
"""Relative accuracies of the states, and of their derivatives, from which others are chosen."""


@dataclass(frozen=True)
class Outside:
    """The states outside a space that H reaches from its lowest state.

    Attributes:
        E2: what they would change the energy by, in second order; <= 0.
        score: what each would do to E(K), shape (M,).
        source: number of a state of the space from which each is reached, shape (M,).
        term: number of the term of H by which it is reached, shape (M,).
    """

    E2: float
    score: NDArray[np.float64]
    source: NDArray[np.int32]
    term: NDArray[np.int16]

    def best(self, number: int) -> NDArray[np.intp]:
        """List the states of the highest scores, at most this many.

        Where there is room for less than the first states of equal scores, their hashes decide.
        """
        order = np.argsort(-self.score, kind="stable")
        if number >= len(order):
            return order
        falls = self.score[order[1:]] < (1.0 - EQUAL_SCORES) * self.score[order[:-1]]
        ends = np.flatnonzero(falls) + 1
        fitting = ends[ends <= number]
        return order[: fitting[-1] if len(fitting) else number]


NEGLIGIBLE_GAIN = 1e-15
"""Relative change of the energy by all states outside below which none of them joins."""

GUESS_STATES = 100
"""Number of states per momentum in the space in which that of the lowest state is searched."""

MOMENTA_PER_LINE = 9
"""Momenta per line of that search, zero and the zone edge included."""


class Selection:
    """A space that grows by the states that matter most.

    Args:
        system: what the states are chosen for.

    Attributes:
        space: the basis with its matrices.
        state: an approximate lowest state, shape (N,).
    """

    def __init__(self, system: System) -> None:
        self.system = system
        geometry = system.geometry
        # pairs of neighbours connect those on different sites of the cell, so that none is left out at first
        extent = 0 if geometry.bravais.is_bravais else 1
        self.numbering = SiteNumbering(geometry, LARGEST_COORDINATE[geometry.bravais.dimension], extent)
        self._terms: list[tuple[int, Move, int, bool]] = [
            (number, move, electron, reverse)
            for number, move in enumerate(geometry.moves)
            for electron in geometry.carriers(move, MOST_PHONONS)
            for reverse in (False, True)
        ]
        self._states = self.numbering.roots()
        self._sizes = [len(self._states)]
        self._electronic = _electronic_table(self.numbering, system)
        self._farthest = self.numbering.half - 2 * self.numbering.longest - 1
        self._rebuild()
        self.state: NDArray[Any] = np.ones(len(self._states)) / len(self._states) ** 0.5

    def __len__(self) -> int:
        return len(self._states)

    def grow(self, size: int, momentum: NDArray[np.float64]) -> None:
        """Add states until there are at most this many, or until no others matter.

        Args:
            size: number of states.
            momentum: total momentum for whose lowest state they are chosen, Cartesian, units 1/a.
        """
        while len(self) < size:
            hamiltonian = Hamiltonian(self.space, self.system, momentum)
            energy, self.state, _ = hamiltonian.lowest(self.state, tolerance=ROUGH)
            outside = self.outside(hamiltonian, energy, self.state)
            if outside.score.sum() <= NEGLIGIBLE_GAIN * (abs(energy) + self.system.t):
                break
            target = _next_size(len(self), size)
            best = outside.best(target - len(self))
            self._add(outside, best)
            if target == size and len(best) < len(outside.score):
                break

    def solve(self, momentum: NDArray[np.float64], free: bool = False) -> Level:
        """Find the lowest state in the space, with the E2 of what is left out.

        Args:
            momentum: total momentum, Cartesian, units 1/a.
            free: whether to go from there to the minimum of E(K).
        """
        solve = solve_near_momentum if free else solve_in_space
        level, self.state = solve(self.space, self.system, momentum, self.state)
        hamiltonian = Hamiltonian(self.space, self.system, np.array(level.K))
        return replace(level, E2=self.outside(hamiltonian, level.E, self.state).E2)

    def outside(self, hamiltonian: Hamiltonian, energy: float, state: NDArray[Any]) -> Outside:
        """Find the states that H reaches from a state of the space, with what they would change.

        Args:
            hamiltonian: H(K) in the space.
            energy: energy of the state.
            state: amplitudes of its lowest state, shape (N,).
        """
        responses = self._responses(hamiltonian, energy, state)
        vectors = np.stack([state, *responses])
        hashes, values, diagonals, sources, terms = zip(*self._reached(hamiltonian, vectors), strict=True)
        joined = np.concatenate(hashes)
        order = np.argsort(joined, kind="stable")
        joined = joined[order]
        starts = np.flatnonzero(np.concatenate([[True], joined[1:] != joined[:-1]]))[: len(joined)]
        one = order[starts]
        floor = SMALLEST_DENOMINATOR * self.system.t
        denominator = np.maximum(np.concatenate(diagonals)[one] - energy, floor)
        weights = np.array([1.0, *(NEARBY_MOMENTA**2 for _ in responses)])
        summed = np.add.reduceat(np.concatenate(values, axis=1)[:, order], starts, axis=1)
        gains = np.abs(summed) ** 2 / denominator
        score = weights @ gains
        one = one[matters := score > 0.0]
        return Outside(
            -float(gains[0].sum()), score[matters], np.concatenate(sources)[one], np.concatenate(terms)[one]
        )

    def _responses(self, hamiltonian: Hamiltonian, energy: float, state: NDArray[Any]) -> list[NDArray[Any]]:
        """Compute the χ_a; none where there is no mass, on a cluster or where levels cross."""
        if self.system.geometry.cluster is not None or self.system.geometry.crossing:
            return []
        found = hamiltonian.responses(energy, state, ROUGH_RESPONSE)
        return [-x for x in found if np.all(np.isfinite(x))]

    def _reached(self, hamiltonian: Hamiltonian, vectors: NDArray[Any]) -> Iterator[tuple[Any, ...]]:
        """Yield hashes, amplitudes for ψ and the χ_a, H_ii, source and number, for every term of H."""
        numbering, frequencies = self.numbering, self.system.frequencies
        quanta = self.system.quanta(self.space.phonons)
        for term, (number, move, electron, reverse) in enumerate(self._terms):
            strength, slopes = hamiltonian.term(number, reverse)
            made = 0.0
            if move.mode is not None and not move.of_phonon:
                made = -frequencies[move.mode] if reverse else frequencies[move.mode]
            for start, chunk in chunks(self._states):
                source, new, weight = numbering.act(chunk, move, electron, reverse)
                hashes = numbering.hashes(new)
                out = np.flatnonzero(positions(hashes, self._known) < 0)
                source = source[out] + start
                parts = weight[out] * vectors[:, source]
                values = strength * parts
                for row in range(1, len(vectors)):
                    values[row] += slopes[row - 1] * parts[0]
                yield (
                    hashes[out],
                    values,
                    quanta[source] + made + self._electronic[self._entries(new.place[:, out])],
                    source.astype(np.int32),
                    np.full(len(out), term, dtype=np.int16),
                )

    def _entries(self, place: NDArray[np.int32]) -> tuple[NDArray[np.int32], ...]:
        """Return where in `_electronic` the energies of electrons on these sites stand."""
        kinds, cells = self.numbering.kinds(place), place // np.int32(self.numbering.per_cell)
        return (kinds[0],) if len(place) == 1 else (kinds[0], kinds[1], cells[1] - cells[0])

    def _add(self, outside: Outside, best: NDArray[np.intp]) -> None:
        """Let states join."""
        parts = []
        for term, (_, move, electron, reverse) in enumerate(self._terms):
            source = np.sort(outside.source[best[outside.term[best] == term]])
            _, new, _ = self.numbering.act(self._states.select(source), move, electron, reverse)
            parts.append(new.select(self.numbering.extents(new) <= self._farthest))
        added = sum(map(len, parts))
        self._states = join_states([self._states, *parts], self.numbering.empty)
        self._sizes.append(len(self))
        self.state = np.concatenate([self.state, np.zeros(added, self.state.dtype)])
        self._rebuild()

    def _rebuild(self) -> None:
        self.space: Space = space_of(self.numbering, self._states, tuple(self._sizes))
        self._known = np.sort(self.numbering.hashes(self._states))


def _next_size(now: int, size: int) -> int:
    """Return the next size on the way from one to another, by equal ratios of `SIZE_STEP` at most."""
    if now < SMALL_SPACE:
        return min(SMALL_SPACE, size)
    steps = math.ceil(math.log(size / now) / math.log(SIZE_STEP))
    return min(size, math.ceil(now * (size / now) ** (1.0 / steps)))


def _electronic_table(numbering: SiteNumbering, system: System) -> NDArray[np.float64]:
    """Tabulate levels and interaction by the electrons' sites of the cell and, of two, by the difference
    between the numbers of their cells; shape (kinds,) or (kinds, kinds, cells)."""
    geometry = numbering.geometry
    kinds = range(geometry.bravais.kinds)
    if geometry.electrons == 1:
        return system.site_levels
    cells = numbering.vectors(numbering.per_cell * np.arange(numbering.base ** len(numbering.weights)))
    rows = []
    for pair in itertools.product(kinds, repeat=2):
        sites = np.repeat(np.array(pair)[:, None], len(cells), axis=1)
        rows.append(electronic_energies(system, separations(geometry, cells, *sites), sites))
    return np.reshape(rows, (len(kinds), len(kinds), len(cells)))


def guess_momentum(system: System) -> NDArray[np.float64]:
    """Estimate the total momentum of the lowest state, Cartesian, units 1/a, shape (d,), in a small space.

    Where all matrix elements of H(K = 0) can be given one sign (bond and Holstein coupling, polaron and
    singlet, and the triplet of the chain), it is zero. Otherwise it is the best of `MOMENTA_PER_LINE`
    momenta along the first reciprocal vector and along the diagonal; a minimum closer to zero shows as a
    negative curvature there.
    """
    geometry = system.geometry
    d = geometry.bravais.dimension
    if geometry.cluster is not None or not ("site-peierls" in geometry.coupling or geometry.crossing):
        return np.zeros(d)
    momenta = [x * line for line in search_lines(geometry) for x in np.linspace(0.0, 0.5, MOMENTA_PER_LINE)]
    selection = Selection(system)
    for number, momentum in enumerate(momenta, 1):
        selection.grow(number * GUESS_STATES, momentum)
    levels = [solve_in_space(selection.space, system, momentum)[0] for momentum in momenta]
    best = int(np.argmin([level.E for level in levels]))
    if not momenta[best].any() and (levels[best].inverse_mass or 1.0) < 0.0:
        return 0.5 * momenta[1]
    return momenta[best]
