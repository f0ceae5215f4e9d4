"""Lattice, coupling and electrons of the systems that are diagonalised, and the moves of H (docs/physics.md,
Models).

The Hamiltonian is a sum of moves: an electron hops or stays, and one phonon is made on the way or none, or a
phonon hops. Their adjoints complete it, so that only bare hops along the axes, moves that make phonons and
hops of phonons along the axes have to be listed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.models import (
    BONDS,
    LATTICES,
    SITES,
    Family,
    Lattice,
    check_families,
    get_lattice,
)
from hpcbip.models.families import profile_reach, profile_table
from hpcbip.vocabulary.parameters import (
    FURTHER_PHONONS,
    G_HOLSTEIN,
    HOPPING,
    PHONON_HOPPING,
    G,
)
from hpcbip.vocabulary.sectors import SECTORS

EXACT_COUPLINGS: tuple[str, ...] = (
    "holstein",
    "bond",
    "site-peierls",
    "bond+holstein",
    "site-peierls+holstein",
)
MASS_FACTORS = {sector.electrons: sector.mass_factor for sector in SECTORS.values()}
"""Factor in the unit of mass, 1/(factor t), by number of electrons."""

SPIN_STATES: tuple[str, ...] = ("singlet", "triplet")


@dataclass(frozen=True)
class Move:
    """One term of H without its strength: an electron moves along `step` while one phonon is made, or none;
    or a phonon moves along `step` instead.

    Attributes:
        step: lattice vector from the electron's cell to the next; zero for Holstein coupling.
        strength: name of the parameter that multiplies the term: t, g, g_holstein, or phonon_hopping if a
            phonon moves.
        mode: oscillator of the cell that gains a phonon, None for a bare hop.
        at_target: whether that cell is the one that the electron goes to, rather than the one it leaves.
        sign: ±1, a factor of the term.
        ends: sites of the cell from which and to which the electron goes.
        axis: bond axis whose factors multiply the term, None for a term of the sites.
        family: number among the further families of phonons, whose g multiplies the term.
        away: lattice vector from the electron's cell to that of the oscillator, where these differ.
        weight: of the profile with which the electron acts on the oscillator.
    """

    step: tuple[int, ...]
    strength: str
    mode: int | None = None
    at_target: bool = False
    sign: int = 1
    ends: tuple[int, int] = (0, 0)
    axis: int | None = None
    family: int | None = None
    away: tuple[int, ...] = ()
    weight: float = 1.0

    @property
    def of_phonon(self) -> bool:
        """Whether a phonon moves."""
        return self.strength == PHONON_HOPPING.name


@dataclass(frozen=True)
class Geometry:
    """Lattice, kind of coupling and electrons: all that the basis depends on.

    Attributes:
        lattice: name of a lattice, or one written out (`hpcbip.models.get_lattice`).
        coupling: one of `EXACT_COUPLINGS`.
        electrons: 1 or 2.
        spin: "singlet" or "triplet", for two electrons.
        cluster: extents of an open cluster, in cells; None for the infinite lattice, where total momentum is
            a quantum number.
        profile: of the site oscillators of the coupling, see `hpcbip.models.families`; empty: the own site.
        phonons: further families of phonons.
        dispersive: whether phonons hop (`hpcbip.models.dispersion`).

    Raises:
        InputError: for a value that is not allowed, and for site-Peierls coupling on a lattice whose bonds
            are not at right angles: its sites have one oscillator per bond axis.
    """

    lattice: str
    coupling: str
    electrons: int = 1
    spin: str = "singlet"
    cluster: tuple[int, ...] | None = None
    profile: tuple[float, ...] = ()
    phonons: tuple[Family, ...] = ()
    dispersive: bool = False

    def __post_init__(self) -> None:
        _check_lattice(self.lattice)
        if self.coupling not in EXACT_COUPLINGS:
            raise InputError(f"coupling {self.coupling!r} is unknown; allowed: {', '.join(EXACT_COUPLINGS)}")
        if self.electrons not in (1, 2):
            raise InputError(f"electrons: {self.electrons}; allowed: 1 or 2")
        if self.spin not in SPIN_STATES:
            raise InputError(f"spin: {self.spin!r}; allowed: {', '.join(SPIN_STATES)}")
        if "site-peierls" in self.coupling and not self.bravais.hypercubic:
            raise InputError(
                f"site-peierls on {self.lattice}: allowed on the chain, square and cubic lattices"
            )
        if self.cluster is not None and (
            len(self.cluster) != self.bravais.dimension or min(self.cluster) < 1
        ):
            raise InputError(f"cluster {self.cluster}: one extent of at least 1 per dimension of the lattice")
        self._check_phonons()

    def _check_phonons(self) -> None:
        try:
            of_sites = Family(SITES, 1.0, 1.0, (), self.profile or (1.0,))
            check_families(self.bravais, [of_sites, *self.phonons])
        except ValueError as error:
            raise InputError(f"phonons: {error}; allowed: {FURTHER_PHONONS.allowed}") from None
        if self.profile and "holstein" not in self.coupling:
            raise InputError(
                f"profile with {self.coupling}; allowed: with couplings that have site oscillators"
            )
        spread = any(family.spreads for family in (of_sites, *self.phonons))
        if spread and self.cluster is not None:
            raise InputError("profile on a cluster; allowed: on the infinite lattice")
        if self.dispersive and (self.phonons or spread or self.cluster or "+" in self.coupling):
            raise InputError("phonon_hopping with several families of phonons; allowed: with one")
        if self.dispersive and ("site-peierls" in self.coupling or not self.bravais.hypercubic):
            raise InputError(
                "phonon_hopping: allowed with bond and holstein on the chain, square and cubic lattices"
            )

    @property
    def mass_factor(self) -> float:
        """The unit of mass is 1/(mass_factor t): m_e for one electron, m0 for two."""
        return MASS_FACTORS[self.electrons]

    @property
    def crossing(self) -> bool:
        """Whether the lowest level may be degenerate by symmetry: triplets beyond the chain."""
        chain = self.bravais.dimension == 1 and self.bravais.is_bravais
        return self.electrons == 2 and self.spin == "triplet" and not chain

    @cached_property
    def bravais(self) -> Lattice:
        """The infinite lattice."""
        return get_lattice(self.lattice)

    @property
    def main_modes(self) -> int:
        """Oscillators per cell that belong to g: one per bond axis, or one per site for `holstein`."""
        return self.bravais.kinds if self.coupling == "holstein" else len(self.bravais.axes)

    @property
    def modes(self) -> int:
        """All oscillators per cell; those of g_holstein come after those of g, further families last."""
        return self.first_modes[-1]

    @property
    def first_modes(self) -> tuple[int, ...]:
        """First oscillators of the further families, and after them the number of all oscillators."""
        first = [self.main_modes + self.coupling.endswith("+holstein") * self.bravais.kinds]
        for family in self.phonons:
            own = len(self.bravais.axes) if family.where == BONDS else self.bravais.kinds
            first.append(first[-1] + own)
        return tuple(first)

    @property
    def longest(self) -> int:
        """The largest lattice coordinate along which a move leads, or from an electron to an oscillator."""
        away = [abs(x) for move in self.creations for x in move.away]
        return max([int(np.abs(self.bravais.neighbours).max()), *away])

    @cached_property
    def hops(self) -> tuple[Move, ...]:
        """Bare hops along the axes; those against them are their adjoints."""
        return tuple(
            Move(step, HOPPING.name, ends=ends, axis=axis)
            for axis, (step, ends) in enumerate(zip(self.bravais.axes, self._ends, strict=True))
        )

    @property
    def _ends(self) -> list[tuple[int, int]]:
        """Sites of the cell at which the axes begin and end."""
        return [(int(one), int(other)) for one, other in self.bravais.hop_ends[::2]]

    @cached_property
    def creations(self) -> tuple[Move, ...]:
        """Moves that make a phonon.

        A bond's oscillator belongs to the cell in which its axis begins. Site-Peierls: g K_b (X_i - X_j),
        j = i + axis, so a hop along the axis has + at the site it leaves, and one against it has - there.
        """
        moves: list[Move] = []
        if self.coupling == "holstein":
            moves += self._creations_at_sites(G.name, 0, self.profile)
        else:
            moves += self._creations_on_bonds()
        if self.coupling.endswith("+holstein"):
            moves += self._creations_at_sites(G_HOLSTEIN.name, self.main_modes, self.profile)
        for number, (family, first) in enumerate(zip(self.phonons, self.first_modes, strict=False)):
            moves += self._creations_of_family(number, family, first)
        return tuple(moves)

    def _creations_on_bonds(self) -> list[Move]:
        moves = []
        for mode, (along, ends) in enumerate(zip(self.bravais.axes, self._ends, strict=True)):
            if self.coupling.startswith("bond"):
                moves += _along_and_back(along, ends, G.name, mode, mode)
            else:
                back = tuple(-x for x in along)
                for (step, sign), target in itertools.product(((along, 1), (back, -1)), (False, True)):
                    moves.append(Move(step, G.name, mode, target, -sign if target else sign, axis=mode))
        return moves

    def _creations_at_sites(self, strength: str, first_mode: int, profile: tuple[float, ...]) -> list[Move]:
        """List the moves that make a phonon near an electron at rest, by how far away that is."""
        rest, kinds = (0,) * self.bravais.dimension, self.bravais.kinds
        if not profile or profile == (1.0,):
            return [Move(rest, strength, first_mode + k, ends=(k, k)) for k in range(kinds)]
        reach = profile_reach(self.bravais, profile)
        weights = profile_table(self.bravais, profile, reach)
        return [
            Move(
                rest,
                strength,
                first_mode + site,
                ends=(kind, kind),
                away=tuple(int(x) - reach for x in cell),
                weight=float(weights[(site, kind, *cell)]),
            )
            for site, kind, *cell in np.argwhere(weights > 0.0).tolist()
        ]

    def _creations_of_family(self, number: int, family: Family, first_mode: int) -> list[Move]:
        if family.where == SITES:
            moves = self._creations_at_sites(FURTHER_PHONONS.name, first_mode, family.profile)
            modes = [first_mode + kind for kind in family.places or range(self.bravais.kinds)]
            chosen = [move for move in moves if move.mode in modes]
        else:
            bonds = [
                move
                for axis, hop in enumerate(self.hops)
                for move in _along_and_back(hop.step, hop.ends, FURTHER_PHONONS.name, first_mode + axis, axis)
            ]
            chosen = [move for move in bonds if not family.places or move.axis in family.places]
        return [replace(move, family=number) for move in chosen]

    @cached_property
    def phonon_hops(self) -> tuple[Move, ...]:
        """Hops of a phonon from its oscillator to the next one along a primitive vector; those back are their
        adjoints."""
        if not self.dispersive:
            return ()
        steps = np.eye(self.bravais.dimension, dtype=int).tolist()
        return tuple(
            Move(tuple(step), PHONON_HOPPING.name, mode) for step in steps for mode in range(self.modes)
        )

    @property
    def moves(self) -> tuple[Move, ...]:
        """All moves, in the order of the matrices of a space."""
        return (*self.hops, *self.creations, *self.phonon_hops)

    def carriers(self, move: Move, phonons: int) -> range:
        """Return the numbers of the electrons that can make a move, or where a phonon moves, of the places in
        a list of this many phonons."""
        return range(phonons if move.of_phonon else self.electrons)

    def displacement(self, move: Move) -> NDArray[np.float64]:
        """Return the vector along which a move takes an electron, in lattice coordinates, shape (d,)."""
        lattice = self.bravais
        if move.of_phonon:
            return np.zeros(lattice.dimension)
        start, end = lattice.places[list(move.ends)] / lattice.resolution
        return np.asarray(np.array(move.step) + (end - start))


def _along_and_back(
    along: tuple[int, ...], ends: tuple[int, int], strength: str, mode: int, axis: int
) -> list[Move]:
    """List the hops over a bond that make a phonon on it."""
    back = tuple(-x for x in along)
    return [
        Move(along, strength, mode, False, ends=ends, axis=axis),
        Move(back, strength, mode, True, ends=ends[::-1], axis=axis),
    ]


def _check_lattice(name: str) -> None:
    """Refuse an unknown lattice, and one that is written out wrongly.

    Raises:
        InputError: with what is allowed.
    """
    allowed = f"allowed: {', '.join(LATTICES)}, or one written out"
    try:
        get_lattice(name)
    except KeyError:
        raise InputError(f"lattice: {name!r}; {allowed}") from None
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(f"lattice: {name!r}: {error}; {allowed}") from None
