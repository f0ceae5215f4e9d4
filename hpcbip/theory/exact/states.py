"""States of electrons with phonons as columns of integers, and the moves of H on them.

A state is the positions of the electrons and a list of phonons. Sites are numbered so that a translation adds
a constant to all numbers; modulo translations the first electron is at site 0, and of two electrons the first
is the one with the lower number, which the (anti)symmetry under exchange allows. A phonon is one integer, its
site times the number of oscillators per site plus the oscillator. States are told apart by a random 64-bit
number, the sum of random numbers of their parts: with N states two of them are confused with probability
N²/2⁶⁵ (10⁻⁶ at N = 10⁷).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.theory.exact.system import Geometry, Move


@dataclass(frozen=True)
class States:
    """Basis states, one per column of the arrays.

    Attributes:
        place: site numbers (times oscillators per site) of the electrons, shape (electrons, N).
        phonons: one integer per phonon, in any order, unused entries equal to the frame's `empty`; shape
            (slots, N).
        count: number of phonons, shape (N,).
    """

    place: NDArray[np.int32]
    phonons: NDArray[np.integer]
    count: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.count)

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.integer] | slice) -> States:
        """Copy the chosen states."""
        return States(self.place[:, chosen], self.phonons[:, chosen], self.count[chosen])

    def padded(self, slots: int, empty: int) -> States:
        """Return the states with room for at least this many phonons, filled with `empty`."""
        missing = slots - len(self.phonons)
        phonons = np.pad(self.phonons, ((0, max(missing, 0)), (0, 0)), constant_values=empty)
        return States(self.place, phonons, self.count)


def join_states(parts: Iterable[States], empty: int) -> States:
    """Join states one after another; unused entries of phonons are `empty`."""
    parts = list(parts)
    slots = max(len(part.phonons) for part in parts)
    padded = [part.padded(slots, empty) for part in parts]
    return States(
        np.concatenate([part.place for part in padded], axis=1),
        np.concatenate([part.phonons for part in padded], axis=1),
        np.concatenate([part.count for part in padded]),
    )


class SiteNumbering:
    """Numbers of the sites and oscillators with coordinates up to `reach`, and the moves in these numbers.

    Args:
        geometry: lattice, coupling and electrons.
        reach: largest lattice coordinate, of either sign, that a state has on which the moves act.
        pair_extent: hops between the electrons of the widest pairs among the roots.
    """

    def __init__(self, geometry: Geometry, reach: int, pair_extent: int = 0) -> None:
        self.geometry = geometry
        self.pair_extent = pair_extent
        d, modes = geometry.bravais.dimension, geometry.modes
        self.half = max([reach + pair_extent, *(geometry.cluster or ())]) + 2
        self.base = 2 * self.half + 1
        self.weights = modes * self.base ** np.arange(d)
        self.origin = int(self.half * self.weights.sum())
        self.empty = modes * self.base**d
        self.dtype = np.int16 if self.empty < 2**15 else np.int32
        rng = np.random.default_rng(20000)
        self.keys = rng.integers(0, 2**64, size=(3, self.empty + 1), dtype=np.uint64)
        self.keys[:, self.empty] = 0

    def number(self, vector: tuple[int, ...]) -> int:
        """Compute what a displacement in lattice coordinates adds to the number of a site."""
        return int(np.dot(self.weights, vector))

    def vectors(self, place: NDArray[np.int32]) -> NDArray[np.int64]:
        """Convert site numbers to lattice coordinates, shape (N, d)."""
        site = (place.astype(np.int64) + self.origin) // self.geometry.modes
        return np.stack(
            [site // self.base**a % self.base - self.half for a in range(len(self.weights))], axis=1
        )

    def hashes(self, states: States) -> NDArray[np.uint64]:
        """Compute the 64-bit numbers that identify the states, shape (N,)."""
        result = self.keys[1][states.place[0] + self.origin]
        if len(states.place) == 2:
            result = result + self.keys[2][states.place[1] + self.origin]
        for row in states.phonons[: int(states.count.max(initial=0))]:
            result += self.keys[0][row]
        return result

    def roots(self) -> States:
        """Build the bare electron, or the bare pairs up to `pair_extent` hops apart.

        There is at least the pair on one site (singlet) or on neighbouring sites (triplet).
        """
        geometry = self.geometry
        triplet = geometry.spin == "triplet"
        place = np.zeros((geometry.electrons, 1), dtype=np.int32)
        if geometry.electrons == 2:
            offsets = {abs(self.number(r)) for r in self._reach(max(self.pair_extent, int(triplet)))}
            second = np.array(sorted(offsets - {0} if triplet else offsets), dtype=np.int32)
            place = np.stack([np.zeros_like(second), second])
            if geometry.cluster:
                place = place[:, self._inside(second)]
        width = place.shape[1]
        if width == 0:
            raise InputError(f"cluster {geometry.cluster} has no place for the electrons")
        return States(place, np.full((0, width), self.empty, self.dtype), np.zeros(width, np.int16))

    def _reach(self, hops: int) -> set[tuple[int, ...]]:
        """List the displacements of at most this many hops."""
        steps = self.geometry.bravais.neighbours
        found = {(0,) * len(self.weights)}
        for _ in range(hops):
            found |= {tuple(int(x) for x in r + step) for r in found for step in steps}
        return found

    def _inside(self, place: NDArray[np.int32]) -> NDArray[np.bool_]:
        r = self.vectors(place)
        return np.all((r >= 0) & (r < np.array(self.geometry.cluster)), axis=1)

    def phonon_numbers(self, states: States) -> NDArray[np.int16]:
        """Count the phonons that couple by g and by g_holstein, shape (2, N)."""
        couples_by_g = states.phonons % self.geometry.modes < self.geometry.main_modes
        first = ((states.phonons != self.empty) & couples_by_g).sum(axis=0).astype(np.int16)
        return np.stack([first, states.count - first])

    def extents(self, states: States) -> NDArray[np.int64]:
        """Compute the largest lattice coordinate of electrons and phonons, without its sign; shape (N,)."""
        result = np.zeros(len(states), dtype=np.int64)
        for row in states.place:
            result = np.maximum(result, np.abs(self.vectors(row)).max(axis=1))
        for row in states.phonons:
            used = np.flatnonzero(row != self.empty)
            farthest = np.abs(self.vectors(row[used].astype(np.int64) - self.origin)).max(axis=1)
            result[used] = np.maximum(result[used], farthest)
        return result

    def act(
        self, states: States, move: Move, electron: int, reverse: bool = False
    ) -> tuple[NDArray[np.intp], States, NDArray[np.float64]]:
        """Apply a move of one electron, or with `reverse` its adjoint, to states.

        Returns:
            the indices of the states that allow the move, the resulting states, and the matrix elements
            between normalised (anti)symmetric states.
        """
        step = self.number(move.step) * (-1 if reverse else 1)
        target = states.place[electron] + np.int32(step)
        allowed = np.ones(len(states), dtype=bool)
        phonon, number = None, np.zeros(len(states))
        if move.mode is not None:
            site = target if move.at_target != reverse else states.place[electron]
            phonon = (site + np.int32(self.origin + move.mode)).astype(self.dtype)
            for row in states.phonons[: int(states.count.max(initial=0))]:
                number += row == phonon
            if reverse:
                allowed &= number > 0
        if self.geometry.cluster is not None:
            allowed &= self._inside(target)
        if self.geometry.spin == "triplet" and len(states.place) == 2:
            allowed &= target != states.place[1 - electron]
        source = np.flatnonzero(allowed)
        new = states.select(source)  # copies
        weight = np.full(len(source), float(move.sign))
        if phonon is not None:
            weight *= np.sqrt(number[source] + (0.0 if reverse else 1.0))
            new = self._without(new, phonon[source]) if reverse else self._with(new, phonon[source])
        if len(new.place) == 2:
            weight[new.place[0] == new.place[1]] *= 0.5**0.5
        new.place[electron] = target[source]
        if len(new.place) == 2:
            weight[new.place[0] == new.place[1]] *= 2.0**0.5
            if self.geometry.spin == "triplet":
                weight[new.place[0] > new.place[1]] *= -1.0
            new.place.sort(axis=0)
        if self.geometry.cluster is None:
            self._translate(new)
        return source, new, weight

    def _with(self, states: States, phonon: NDArray[np.integer]) -> States:
        """Add one phonon to every state, which are changed."""
        if int(states.count.max(initial=0)) == len(states.phonons):
            states = states.padded(len(states.phonons) + 1, self.empty)
        states.phonons[states.count, np.arange(len(states))] = phonon
        states.count[:] += 1
        return states

    def _without(self, states: States, phonon: NDArray[np.integer]) -> States:
        """Remove one phonon, which has to be there, from every state, which are changed."""
        if len(states):
            every = np.arange(len(states))
            states.count[:] -= 1
            hole = np.argmax(states.phonons == phonon, axis=0)
            states.phonons[hole, every] = states.phonons[states.count, every]
            states.phonons[states.count, every] = self.empty
        return states

    def _translate(self, states: States) -> None:
        """Move every state so that its first electron is at site 0."""
        shift = states.place[0].copy()
        states.place[:] -= shift
        shift = shift.astype(self.dtype)
        for row in states.phonons[: int(states.count.max(initial=0))]:
            row[:] = np.where(row == self.empty, self.empty, row - shift)
