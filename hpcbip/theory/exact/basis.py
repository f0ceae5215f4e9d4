"""The variational space of Bonča, Trugman and Batistić (PRB 60, 1633), built without loops over states.

A state is the positions of the electrons and a list of phonons. Sites are numbered so that a translation adds
a constant to all numbers; modulo translations the first electron is at site 0, and of two electrons the first
is the one with the lower number, which the (anti)symmetry under exchange allows. A phonon is one integer, its
site times the number of oscillators per site plus the oscillator. States are told apart by a random 64-bit
number, the sum of random numbers of their parts: with N states two of them are confused with probability
N²/2⁶⁵ (10⁻⁶ at N = 10⁷).

The space of Nh is what up to Nh moves make of the roots, the bare electron or pair (singlet: on one site,
triplet: on neighbouring sites; with a `pair_extent`, all pairs up to that many hops apart). Moves that
remove phonons reach nothing new: without them and their partners, or with bare hops in place of both, the
same state is reached in no more moves. The spaces are nested, smaller ones are leading blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.theory.exact.system import Geometry, Move

STATES_PER_CHUNK = 1 << 18  # states that are moved at once, which keeps intermediate arrays small
LARGEST_NH = {1: 48, 2: 20, 3: 12}  # largest Nh by dimension, which fixes the range of site numbers


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


class SiteNumbering:
    """Numbers of the sites and oscillators within `depth` moves of the roots, and the moves in these numbers.

    Args:
        geometry: lattice, coupling and electrons.
        depth: largest number of moves.
        pair_extent: hops between the electrons of the widest pairs from which the moves start.
    """

    def __init__(self, geometry: Geometry, depth: int, pair_extent: int = 0) -> None:
        self.geometry = geometry
        self.slots = depth
        self.pair_extent = pair_extent
        d, modes = geometry.bravais.dimension, geometry.modes
        self.half = max([depth + pair_extent, *(geometry.cluster or ())]) + 2
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
        return States(place, np.full((self.slots, width), self.empty, self.dtype), np.zeros(width, np.int16))

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

    def act(
        self, states: States, move: Move, electron: int, reverse: bool = False
    ) -> tuple[NDArray[np.intp], States, NDArray[np.float64]]:
        """Apply a move of one electron to states.

        Returns:
            the indices of the states that allow the move, the resulting states, and the matrix elements
            between normalised (anti)symmetric states.
        """
        step = self.number(move.step) * (-1 if reverse else 1)
        target = states.place[electron] + np.int32(step)
        allowed = np.ones(len(states), dtype=bool)
        if move.mode is not None:
            allowed &= states.count < self.slots
        if self.geometry.cluster is not None:
            allowed &= self._inside(target)
        if self.geometry.spin == "triplet" and len(states.place) == 2:
            allowed &= target != states.place[1 - electron]
        source = np.flatnonzero(allowed)
        new = states.select(source)  # copies
        weight = np.full(len(source), float(move.sign))
        if len(new.place) == 2:
            weight[new.place[0] == new.place[1]] *= 0.5**0.5
        if move.mode is not None:
            made = new.place[electron] + np.int32((step if move.at_target else 0) + self.origin + move.mode)
            made = made.astype(self.dtype)
            occupied = np.zeros(len(new))
            for row in new.phonons[: int(new.count.max(initial=0))]:
                occupied += row == made
            weight *= np.sqrt(occupied + 1.0)
            new.phonons[new.count, np.arange(len(new))] = made
            new.count[:] += 1
        new.place[electron] = target[source]
        if len(new.place) == 2:
            weight[new.place[0] == new.place[1]] *= 2.0**0.5
            if self.geometry.spin == "triplet":
                weight[new.place[0] > new.place[1]] *= -1.0
            new.place.sort(axis=0)
        if self.geometry.cluster is None:
            shift = new.place[0].copy()
            new.place[:] -= shift
            shift = shift.astype(self.dtype)
            for row in new.phonons[: int(new.count.max(initial=0))]:
                row[:] = np.where(row == self.empty, self.empty, row - shift)
        return source, new, weight


@dataclass(frozen=True)
class Space:
    """A basis with the matrices of the moves.

    Attributes:
        geometry: lattice, coupling and electrons.
        nh: number of moves from the roots.
        sizes: sizes of the spaces of 0 to nh moves.
        separation: r2 - r1 in Cartesian coordinates, shape (N, d); zero for one electron.
        phonons: numbers of phonons that couple by g and by g_holstein, shape (2, N).
        matrices: every move with its real matrix, rows after the move, columns before; with their adjoints
            they add up to H.
    """

    geometry: Geometry
    nh: int
    sizes: tuple[int, ...]
    separation: NDArray[np.float64]
    phonons: NDArray[np.int16]
    matrices: tuple[tuple[Move, sp.csr_matrix], ...]

    def __len__(self) -> int:
        return self.phonons.shape[1]

    def block(self, nh: int) -> Space:
        """Return the space of fewer moves, which is the leading block."""
        if nh == self.nh:
            return self
        end = self.sizes[nh]
        matrices = tuple((move, matrix[:end, :end]) for move, matrix in self.matrices)
        return Space(
            self.geometry, nh, self.sizes[: nh + 1], self.separation[:end], self.phonons[:, :end], matrices
        )


@lru_cache(maxsize=2)
def build_space(
    geometry: Geometry, nh: int | None = None, states: int = 100_000, pair_extent: int = 0
) -> Space:
    """Build the space of `nh` moves, or of as many as keep it below about `states` states.

    Args:
        geometry: lattice, coupling and electrons.
        nh: number of moves, None: from `states`.
        states: size that the space does not exceed by much, if `nh` is None.
        pair_extent: hops between the electrons of the widest pairs from which the moves start.

    Raises:
        InputError: for an nh out of range.
    """
    deepest = LARGEST_NH[geometry.bravais.dimension]
    if nh is not None and not 0 <= nh <= deepest:
        raise InputError(f"nh: {nh}; allowed: 0 to {deepest} on this lattice")
    if states < 1:
        raise InputError(f"states: {states}; allowed: >= 1")
    numbering = SiteNumbering(geometry, deepest if nh is None else nh, pair_extent)
    layers, hashes = _layers(numbering, nh, states)
    sizes = tuple(int(x) for x in np.cumsum([len(layer) for layer in layers]))
    order = np.argsort(hashes)
    known = hashes[order]
    parts: dict[Move, list[sp.csr_matrix]] = {move: [] for move in (*geometry.hops, *geometry.creations)}
    for move, pieces in parts.items():
        pieces += [
            _columns(numbering, move, chunk, known, order) for layer in layers for chunk in _chunks(layer)
        ]
    matrices = tuple((move, sp.hstack(pieces, format="csr")) for move, pieces in parts.items())
    main = [
        ((layer.phonons != numbering.empty) & _couples_by_g(numbering, layer.phonons)).sum(axis=0)
        for layer in layers
    ]
    counts = np.concatenate([layer.count for layer in layers])
    first = np.concatenate(main).astype(np.int16)
    between = np.concatenate([layer.place[-1] - layer.place[0] for layer in layers])
    separation = numbering.vectors(between) @ np.array(geometry.bravais.primitive)
    return Space(geometry, len(sizes) - 1, sizes, separation, np.stack([first, counts - first]), matrices)


def _couples_by_g(numbering: SiteNumbering, phonons: NDArray[np.integer]) -> NDArray[np.bool_]:
    return phonons % numbering.geometry.modes < numbering.geometry.main_modes


def _chunks(states: States) -> Iterator[States]:
    for start in range(0, len(states), STATES_PER_CHUNK):
        yield states.select(slice(start, start + STATES_PER_CHUNK))


def _layers(numbering: SiteNumbering, nh: int | None, limit: int) -> tuple[list[States], NDArray[np.uint64]]:
    """Find the new states of every number of moves, and the hashes of all states in this order."""
    geometry = numbering.geometry
    moves = [(move, reverse) for move in geometry.hops for reverse in (False, True)]
    moves += [(move, False) for move in geometry.creations]
    layers = [numbering.roots()]
    hashes = numbering.hashes(layers[0])
    known = np.sort(hashes)
    for _ in range(numbering.slots):
        size = len(known)
        if nh is None and size * size / max(size - len(layers[-1]), 1) > limit and size > 1:
            break
        found, new_hashes = [], []
        for move, reverse in moves:
            for electron in range(geometry.electrons):
                for chunk in _chunks(layers[-1]):
                    _, new, _ = numbering.act(chunk, move, electron, reverse)
                    candidates = numbering.hashes(new)
                    fresh = known[np.minimum(np.searchsorted(known, candidates), size - 1)] != candidates
                    candidates, first = np.unique(candidates[fresh], return_index=True)
                    found.append(new.select(np.flatnonzero(fresh)[first]))
                    new_hashes.append(candidates)
        candidates, first = np.unique(np.concatenate(new_hashes), return_index=True)
        if len(candidates) == 0:
            break
        first.sort()  # states that were made one after another stay neighbours in memory
        joined = States(
            np.concatenate([x.place for x in found], axis=1),
            np.concatenate([x.phonons for x in found], axis=1),
            np.concatenate([x.count for x in found]),
        )
        layers.append(joined.select(first))
        fresh_hashes = np.concatenate(new_hashes)[first]
        hashes = np.concatenate([hashes, fresh_hashes])
        known = np.sort(hashes)
    return layers, hashes


def _columns(
    numbering: SiteNumbering, move: Move, chunk: States, known: NDArray[np.uint64], order: NDArray[np.intp]
) -> sp.csr_matrix:
    """Build the columns of a move's matrix that belong to a chunk of states."""
    rows, columns, values = [], [], []
    for electron in range(numbering.geometry.electrons):
        source, new, weight = numbering.act(chunk, move, electron)
        candidates = numbering.hashes(new)
        position = np.minimum(np.searchsorted(known, candidates), len(known) - 1)
        inside = known[position] == candidates
        rows.append(order[position[inside]].astype(np.int32))
        columns.append(source[inside].astype(np.int32))
        values.append(weight[inside])
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sp.csc_matrix(entries, shape=(len(known), len(chunk)))
