"""Couplings, electrons and parameters of the systems that are diagonalised (docs/physics.md, Models).

The Hamiltonian is a sum of moves: an electron hops or stays, and one phonon is made on the way or none. Their
adjoints complete it, so that only bare hops along the axes and moves that make phonons have to be listed.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.models import (
    BRAVAIS_LATTICES,
    LATTICES,
    Lattice,
    coupling_from_lambda,
    get_lattice,
)
from hpcbip.vocabulary.parameters import (
    CELL_KEYS,
    FACTOR_KEYS,
    G_HOLSTEIN,
    HOPPING,
    OMEGA,
    PARAMETERS,
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

LISTS_OF_SYSTEM: tuple[str, ...] = (*FACTOR_KEYS, *CELL_KEYS)
"""Parameters of a system that are a number per bond axis or per site of the cell."""


@dataclass(frozen=True)
class Move:
    """One term of H without its strength: an electron moves along `step` while one phonon is made, or none.

    Attributes:
        step: lattice vector from the electron's cell to the next; zero for Holstein coupling.
        strength: name of the parameter that multiplies the term: t, g or g_holstein.
        mode: oscillator of the cell that gains a phonon, None for a bare hop.
        at_target: whether that cell is the one that the electron goes to, rather than the one it leaves.
        sign: ±1, a factor of the term.
        ends: sites of the cell from which and to which the electron goes.
        axis: bond axis whose factors multiply the term, None for a term of the sites.
    """

    step: tuple[int, ...]
    strength: str
    mode: int | None = None
    at_target: bool = False
    sign: int = 1
    ends: tuple[int, int] = (0, 0)
    axis: int | None = None


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

    Raises:
        InputError: for a value that is not allowed, and for site-Peierls coupling on a lattice whose bonds
            are not at right angles: its sites have one oscillator per bond axis.
    """

    lattice: str
    coupling: str
    electrons: int = 1
    spin: str = "singlet"
    cluster: tuple[int, ...] | None = None

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
        """All oscillators per cell; those of g_holstein come last."""
        return self.main_modes + self.coupling.endswith("+holstein") * self.bravais.kinds

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
        if self.coupling == "holstein":
            return self._creations_at_sites(G.name, 0)
        moves = []
        for mode, (along, ends) in enumerate(zip(self.bravais.axes, self._ends, strict=True)):
            back = tuple(-x for x in along)
            if self.coupling.startswith("bond"):
                moves += [
                    Move(along, G.name, mode, False, ends=ends, axis=mode),
                    Move(back, G.name, mode, True, ends=ends[::-1], axis=mode),
                ]
            else:
                for (step, sign), target in itertools.product(((along, 1), (back, -1)), (False, True)):
                    moves.append(Move(step, G.name, mode, target, -sign if target else sign, axis=mode))
        if self.coupling.endswith("+holstein"):
            moves += self._creations_at_sites(G_HOLSTEIN.name, self.main_modes)
        return tuple(moves)

    def _creations_at_sites(self, strength: str, first_mode: int) -> tuple[Move, ...]:
        rest = (0,) * self.bravais.dimension
        return tuple(
            Move(rest, strength, first_mode + kind, ends=(kind, kind)) for kind in range(self.bravais.kinds)
        )

    def displacement(self, move: Move) -> NDArray[np.float64]:
        """Return the vector along which a move takes an electron, in lattice coordinates, shape (d,)."""
        lattice = self.bravais
        start, end = lattice.places[list(move.ends)] / lattice.resolution
        return np.asarray(np.array(move.step) + (end - start))


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


@dataclass(frozen=True)
class System:
    """A geometry with its energies, all in the same unit.

    Attributes:
        geometry: lattice, coupling and electrons.
        t: hopping, > 0.
        omega: phonon frequency Ω, > 0.
        g: coupling; only its square matters.
        U: on-site interaction of two electrons.
        V: strength of their Coulomb tail V/|r|, r ≠ 0, |r| in lattice constants.
        g_holstein, omega_holstein: coupling and frequency of the sites' oscillators, for `bond+holstein` and
            `site-peierls+holstein`.
        t_factors, g_factors, omega_factors: per bond axis, what multiplies t, g and Ω there; empty: one
            everywhere.
        levels: per site of the cell the energy of an electron there; empty: zero everywhere.
        U_factors: per site of the cell what multiplies U there; empty: one everywhere.

    Raises:
        InputError: for values that are not finite or not positive where they have to be, and for another
            number of them than there are axes, or sites of the cell.
    """

    geometry: Geometry
    t: float
    omega: float
    g: float
    U: float = 0.0
    V: float = 0.0
    g_holstein: float = 0.0
    omega_holstein: float = 0.0
    t_factors: tuple[float, ...] = ()
    g_factors: tuple[float, ...] = ()
    omega_factors: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    U_factors: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        self._check_sequences()
        _, *energies = fields(self)
        for energy in energies:
            if energy.name in LISTS_OF_SYSTEM:
                continue
            if not math.isfinite(getattr(self, energy.name)):
                raise InputError(f"{energy.name}: {getattr(self, energy.name)}; allowed: finite numbers")
        for name in (HOPPING.name, OMEGA.name):
            if getattr(self, name) <= 0.0:
                raise InputError(f"{name}: {getattr(self, name)}; allowed: > 0")
        if (self.omega_holstein > 0.0) != self.geometry.coupling.endswith("+holstein"):
            raise InputError(
                "omega_holstein > 0 goes with couplings that end in +holstein, and with no other"
            )

    def _check_sequences(self) -> None:
        lattice = self.geometry.bravais
        for name in LISTS_OF_SYSTEM:
            values = tuple(float(x) for x in getattr(self, name))
            what, number = "sites per cell", lattice.kinds
            if name in FACTOR_KEYS:
                what, number = "bond axes", len(lattice.axes)
            fits = len(values) == number and (name in FACTOR_KEYS or not lattice.is_bravais)
            if values and not (fits and PARAMETERS[name].check(values)):
                raise InputError(
                    f"{name}: {', '.join(f'{x:g}' for x in values)}; allowed: {PARAMETERS[name].allowed}; "
                    f"this one has {number} {what}"
                )
            object.__setattr__(self, name, values)

    def factor(self, move: Move) -> float:
        """What multiplies a move in H: -t for a bare hop, a coupling for one that makes a phonon."""
        strength: float = getattr(self, move.strength)
        factors = self.t_factors if move.mode is None else self.g_factors
        if move.axis is not None and factors:
            strength *= factors[move.axis]
        return -strength if move.mode is None else strength

    @cached_property
    def frequencies(self) -> NDArray[np.float64]:
        """The frequencies of the oscillators of a cell, shape (modes,)."""
        geometry = self.geometry
        found = np.full(geometry.modes, self.omega_holstein)
        found[: geometry.main_modes] = self.omega
        if self.omega_factors and geometry.coupling != "holstein":
            found[: geometry.main_modes] *= self.omega_factors
        return found

    def quanta(self, phonons: NDArray[np.integer]) -> NDArray[np.float64]:
        """Compute the energies of numbers of phonons in the oscillators of a cell, shapes (modes, N) and
        (N,)."""
        total = np.zeros(phonons.shape[1])
        for frequency in dict.fromkeys(self.frequencies.tolist()):
            total += frequency * phonons[self.frequencies == frequency].sum(axis=0)
        return total

    @cached_property
    def site_levels(self) -> NDArray[np.float64]:
        """The energy of an electron on every site of the cell, shape (kinds,)."""
        return np.array(self.levels or (0.0,) * self.geometry.bravais.kinds)

    @cached_property
    def repulsions(self) -> NDArray[np.float64]:
        """The interaction U of two electrons on every site of the cell, shape (kinds,)."""
        return self.U * np.array(self.U_factors or (1.0,) * self.geometry.bravais.kinds)

    @property
    def isotropic(self) -> bool:
        """Whether a named Bravais lattice with equal bonds is known to give equal masses along all axes."""
        equal = not (self.t_factors or self.g_factors or self.omega_factors)
        return equal and self.geometry.lattice in BRAVAIS_LATTICES


def g_from_lambda(geometry: Geometry, lam: float, omega: float, t: float) -> float:
    """Compute g ≥ 0 from λ ≥ 0 in the convention of `hpcbip.models.couplings`.

    For site-Peierls coupling on the chain λ = 2g²/(Ωt) (PRL 121, 247001).

    Raises:
        InputError: for negative λ, and for site-Peierls beyond the chain, where no convention is established.
    """
    if not (math.isfinite(lam) and lam >= 0.0):
        raise InputError(f"lambda: {lam}; allowed: >= 0")
    if geometry.coupling.startswith("site-peierls"):
        if geometry.lattice != "chain":
            raise InputError(
                f"lambda of site-peierls on {geometry.lattice} has no convention: give the coupling"
            )
        return math.sqrt(lam * omega * t / 2.0)
    return coupling_from_lambda(geometry.bravais, geometry.coupling, lam, omega, t)
