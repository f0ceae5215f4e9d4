"""States of electrons with phonons as columns of integers, and the moves of H on them.

A state is the positions of the electrons and a list of phonons. Cells are numbered so that a translation adds
a constant to all numbers; the number of a site is that of its cell times the numbers per cell plus the site
of the cell, and that of an oscillator likewise. Modulo translations the first electron is in cell 0, and of
two electrons the first is the one with the lower number, which the (anti)symmetry under exchange allows. A
phonon is one integer, the number of its oscillator. States are told apart by a random 64-bit
number, the sum of random numbers of their parts: with N states two of them are confused with probability
N²/2⁶⁵ (10⁻⁶ at N = 10⁷).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.theory.exact.geometry import Geometry, Move


@dataclass(frozen=True)
class States:
    """Basis states, one per column of the arrays.

    Attributes:
        place: numbers of the electrons' sites, shape (electrons, N).
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
        reach: largest lattice coordinate of a cell, of either sign, in a state on which the moves act.
        pair_extent: hops between the electrons of the widest pairs among the roots.
    """

    def __init__(self, geometry: Geometry, reach: int, pair_extent: int = 0) -> None:
        self.geometry = geometry
        self.pair_extent = pair_extent
        d = geometry.bravais.dimension
        self.longest = geometry.longest
        self.half = max([reach + pair_extent * self.longest, *(geometry.cluster or ())]) + 2
        self.base = 2 * self.half + 1
        self.per_cell = max(geometry.modes, geometry.bravais.kinds)
        self.weights = self.per_cell * self.base ** np.arange(d)
        self.origin = int(self.half * self.weights.sum())
        self.empty = self.per_cell * self.base**d
        self.dtype = np.int16 if self.empty < 2**15 else np.int32
        rng = np.random.default_rng(20000)
        self.keys = rng.integers(0, 2**64, size=(3, self.empty + 1), dtype=np.uint64)
        self.keys[:, self.empty] = 0

    def number(self, vector: tuple[int, ...]) -> int:
        """Compute what a translation by a lattice vector adds to the number of a site."""
        return int(np.dot(self.weights, vector))

    def vectors(self, place: NDArray[np.int32]) -> NDArray[np.int64]:
        """Convert numbers of sites to the lattice coordinates of their cells, shape (N, d)."""
        cell = (place.astype(np.int64) + self.origin) // self.per_cell
        return np.stack(
            [cell // self.base**a % self.base - self.half for a in range(len(self.weights))], axis=1
        )

    def kinds(self, place: NDArray[np.int32]) -> NDArray[np.int32]:
        """Convert numbers of sites to sites of the cell, in an array of the same shape."""
        return place % np.int32(self.per_cell)

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

        There is an electron on every site of the cell; of pairs there are at least those on one site
        (singlet) or on neighbouring sites (triplet).
        """
        geometry = self.geometry
        triplet = geometry.spin == "triplet"
        place = np.arange(geometry.bravais.kinds, dtype=np.int32)[None]
        if geometry.electrons == 2:
            pairs = self._pairs(max(self.pair_extent, int(triplet)))
            ordered = sorted(pair for pair in pairs if not triplet or pair[0] != pair[1])
            place = np.array(ordered, dtype=np.int32).reshape(-1, 2).T.copy()
            if geometry.cluster:
                place = place[:, self._inside(place[1])]
        width = place.shape[1]
        if width == 0:
            raise InputError(f"cluster {geometry.cluster} has no place for the electrons")
        return States(place, np.full((0, width), self.empty, self.dtype), np.zeros(width, np.int16))

    def _pairs(self, hops: int) -> set[tuple[int, int]]:
        """List the numbers of two sites of which at most this many hops lead from one to the other, the lower
        one, in cell 0, first."""
        lattice = self.geometry.bravais
        moves = [
            (int(one), int(other), self.number(tuple(step)) + int(other - one))
            for step, (one, other) in zip(lattice.neighbours, lattice.hop_ends, strict=True)
        ]
        found = {(kind, kind) for kind in range(lattice.kinds)}
        for _ in range(hops):
            found |= {
                (first, second + change)
                for first, second in found
                for one, _, change in moves
                if second % self.per_cell == one
            }
        cell = {(min(pair), max(pair)) for pair in found}
        return {(low % self.per_cell, high - low + low % self.per_cell) for low, high in cell}

    def _inside(self, place: NDArray[np.int32]) -> NDArray[np.bool_]:
        r = self.vectors(place)
        return np.all((r >= 0) & (r < np.array(self.geometry.cluster)), axis=1)

    def phonon_numbers(self, states: States) -> NDArray[np.int16]:
        """Count the phonons of every oscillator of the cell, in all cells together, shape (modes, N)."""
        result, every = np.zeros((self.geometry.modes, len(states)), np.int16), np.arange(len(states))
        for row in states.phonons:
            result[row % self.per_cell, every] += row != self.empty
        return result

    def extents(self, states: States) -> NDArray[np.int64]:
        """Compute the largest lattice coordinate of the cells of electrons and phonons, without its sign;
        shape (N,)."""
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

        Args:
            states: to which it is applied.
            move: the move.
            electron: number of the electron; where a phonon moves, of its place in the list of phonons.
            reverse: whether to apply the adjoint.

        Returns:
            the indices of the states that allow the move, the resulting states, and the matrix elements
            between normalised (anti)symmetric states.
        """
        if move.of_phonon:
            return self._move_phonon(states, move, electron, reverse)
        if self.geometry.bravais.is_bravais:
            return self._act(states, move, electron, reverse)
        chosen = np.flatnonzero(self.kinds(states.place[electron]) == move.ends[reverse])
        source, new, weight = self._act(states.select(chosen), move, electron, reverse)
        return chosen[source], new, weight

    def _act(
        self, states: States, move: Move, electron: int, reverse: bool
    ) -> tuple[NDArray[np.intp], States, NDArray[np.float64]]:
        """Apply a move to states in which it begins on the site of the electron."""
        start, end = move.ends[::-1] if reverse else move.ends
        step = self.number(move.step) * (-1 if reverse else 1) + end - start
        target = states.place[electron] + np.int32(step)
        allowed = np.ones(len(states), dtype=bool)
        phonon, number = None, np.zeros(len(states))
        if move.mode is not None:
            at_target = move.at_target != reverse
            cell = target - np.int32(end) if at_target else states.place[electron] - np.int32(start)
            cell = cell + np.int32(self.number(move.away) if move.away else 0)
            phonon = (cell + np.int32(self.origin + move.mode)).astype(self.dtype)
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

    def _move_phonon(
        self, states: States, move: Move, slot: int, reverse: bool
    ) -> tuple[NDArray[np.intp], States, NDArray[np.float64]]:
        """Move the phonon in this slot of the list, the first one of its oscillator, to the next oscillator:
        b†_l b_k with the matrix element √(n_k (n_l + 1))."""
        if slot >= len(states.phonons):
            return np.empty(0, np.intp), states.select(slice(0, 0)), np.empty(0)
        here = states.phonons[slot]
        target = here + self.dtype(self.number(move.step) * (-1 if reverse else 1))
        first = (states.phonons[:slot] != here).all(axis=0)
        source = np.flatnonzero(first & (here != self.empty) & (here % self.per_cell == move.mode))
        new = states.select(source)  # copies
        weight = (new.phonons == here[source]).sum(axis=0) * ((new.phonons == target[source]).sum(axis=0) + 1)
        new.phonons[slot] = target[source]
        return source, new, np.sqrt(weight.astype(float))

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
        """Move every state so that its first electron is in cell 0."""
        shift = states.place[0] - self.kinds(states.place[0])
        states.place[:] -= shift
        shift = shift.astype(self.dtype)
        for row in states.phonons[: int(states.count.max(initial=0))]:
            row[:] = np.where(row == self.empty, self.empty, row - shift)
