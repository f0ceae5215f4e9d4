"""Spaces: states with the matrices of the moves between them, built without loops over states.

The space of Nh (Bonča, Trugman and Batistić, PRB 60, 1633) holds what up to Nh moves make of the roots, the
bare electron or pair (singlet: on one site, triplet: on neighbouring sites; with a `pair_extent`, all pairs
up to that many hops apart). It is complete in the number of moves, which is what an expansion in powers of
the coupling needs; the states that matter most for one system are chosen in `selection`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.theory.exact.geometry import Geometry, Move
from hpcbip.theory.exact.states import SiteNumbering, States, join_states

STATES_PER_CHUNK = 1 << 18  # states that are moved at once, which keeps intermediate arrays small
LARGEST_NH = {1: 48, 2: 20, 3: 12}  # largest Nh by dimension, which fixes the range of site numbers


@dataclass(frozen=True)
class Space:
    """A basis with the matrices of the moves.

    Attributes:
        geometry: lattice, coupling and electrons.
        sizes: sizes of nested spaces, of which each is a leading block of the next; the last is this one.
        separation: r2 - r1 in Cartesian coordinates, shape (N, d), with several heights in the cell (N, 3);
            zero for one electron.
        kinds: sites of the cell on which the electrons are, shape (electrons, N).
        phonons: numbers of phonons of every oscillator of the cell, in all cells together, shape (modes, N).
        matrices: every move with its real matrix, rows after the move, columns before; with their adjoints
            they add up to H.
    """

    geometry: Geometry
    sizes: tuple[int, ...]
    separation: NDArray[np.float64]
    kinds: NDArray[np.int32]
    phonons: NDArray[np.int16]
    matrices: tuple[tuple[Move, sp.csr_matrix], ...]

    def __len__(self) -> int:
        return self.phonons.shape[1]


@lru_cache(maxsize=2)
def build_space(geometry: Geometry, nh: int, pair_extent: int = 0) -> Space:
    """Build the space of `nh` moves.

    Args:
        geometry: lattice, coupling and electrons.
        nh: number of moves.
        pair_extent: hops between the electrons of the widest pairs from which the moves start.

    Raises:
        InputError: for an nh out of range.
    """
    deepest = LARGEST_NH[geometry.bravais.dimension]
    if not 0 <= nh <= deepest:
        raise InputError(f"nh: {nh}; allowed: 0 to {deepest} on this lattice")
    numbering = SiteNumbering(geometry, nh * geometry.longest, pair_extent)
    layers = _layers(numbering, nh)
    sizes = tuple(int(x) for x in np.cumsum([len(layer) for layer in layers]))
    return space_of(numbering, join_states(layers, numbering.empty), sizes)


def space_of(numbering: SiteNumbering, states: States, sizes: tuple[int, ...]) -> Space:
    """Build the matrices of the moves between given states, all different.

    Args:
        numbering: numbers of sites.
        states: the basis.
        sizes: as in `Space`.
    """
    geometry = numbering.geometry
    hashes = numbering.hashes(states)
    order = np.argsort(hashes)
    known = hashes[order]
    matrices = tuple(
        (
            move,
            sp.hstack(
                [_columns(numbering, move, chunk, known, order) for _, chunk in chunks(states)], format="csr"
            ),
        )
        for move in geometry.moves
    )
    kinds = numbering.kinds(states.place)
    between = numbering.vectors(states.place[-1]) - numbering.vectors(states.place[0])
    separation = separations(geometry, between, kinds[0], kinds[-1])
    return Space(geometry, sizes, separation, kinds, numbering.phonon_numbers(states), matrices)


def separations(
    geometry: Geometry, cells: NDArray[np.int64], first: NDArray[np.int32], second: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Compute r2 - r1 in Cartesian coordinates, shape as in `Space`.

    Args:
        geometry: lattice, coupling and electrons.
        cells: vector from the cell of the first electron to that of the second, lattice coordinates, (N, d).
        first, second: sites of the cell, shape (N,).
    """
    lattice = geometry.bravais
    inside, heights = lattice.places / lattice.resolution, lattice.heights
    flat = (cells + (inside[second] - inside[first])) @ np.array(lattice.primitive)
    if np.ptp(heights, axis=0).any():
        return np.concatenate([flat, heights[second] - heights[first]], axis=1)
    return np.asarray(flat)


def chunks(states: States) -> Iterator[tuple[int, States]]:
    """Yield the states in parts of `STATES_PER_CHUNK`, each with the number of its first state."""
    for start in range(0, len(states), STATES_PER_CHUNK):
        yield start, states.select(slice(start, start + STATES_PER_CHUNK))


def positions(candidates: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Find hashes in a sorted array of them; -1 where there are none."""
    position = np.minimum(np.searchsorted(known, candidates), len(known) - 1)
    return np.where(known[position] == candidates, position, -1)


def _layers(numbering: SiteNumbering, nh: int) -> list[States]:
    """Find the new states of every number of moves.

    Moves that remove phonons reach nothing new: without them and their partners, or with bare hops in place
    of both, the same state is reached in no more moves.
    """
    geometry = numbering.geometry
    both = (*geometry.hops, *geometry.phonon_hops)
    moves = [(move, reverse) for move in both for reverse in (False, True)]
    moves += [(move, False) for move in geometry.creations]
    layers = [numbering.roots()]
    known = np.sort(numbering.hashes(layers[0]))
    for _ in range(nh):
        found, new_hashes = [], []
        for move, reverse in moves:
            for electron in geometry.carriers(move, len(layers[-1].phonons)):
                for _, chunk in chunks(layers[-1]):
                    _, new, _ = numbering.act(chunk, move, electron, reverse)
                    candidates = numbering.hashes(new)
                    fresh = positions(candidates, known) < 0
                    candidates, first = np.unique(candidates[fresh], return_index=True)
                    found.append(new.select(np.flatnonzero(fresh)[first]))
                    new_hashes.append(candidates)
        candidates, first = np.unique(np.concatenate(new_hashes), return_index=True)
        if len(candidates) == 0:
            break
        first.sort()  # states that were made one after another stay neighbours in memory
        layers.append(join_states(found, numbering.empty).select(first))
        known = np.sort(np.concatenate([known, candidates]))
    return layers


def _columns(
    numbering: SiteNumbering, move: Move, chunk: States, known: NDArray[np.uint64], order: NDArray[np.intp]
) -> sp.csr_matrix:
    """Build the columns of a move's matrix that belong to a chunk of states."""
    rows, columns, values = [], [], []
    for electron in numbering.geometry.carriers(move, len(chunk.phonons)):
        source, new, weight = numbering.act(chunk, move, electron)
        position = positions(numbering.hashes(new), known)
        inside = position >= 0
        rows.append(order[position[inside]].astype(np.int32))
        columns.append(source[inside].astype(np.int32))
        values.append(weight[inside])
    shape = (len(known), len(chunk))
    if not values:  # no phonon is there to move
        return sp.csc_matrix(shape)
    return sp.csc_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape
    )
