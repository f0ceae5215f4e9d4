"""Couplings, electrons and parameters of the systems that are diagonalised (docs/physics.md, Models).

The Hamiltonian is a sum of moves: an electron hops or stays, and one phonon is made on the way or none. Their
adjoints complete it, so that only bare hops along the axes and moves that make phonons have to be listed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from hpcbip.errors import InputError
from hpcbip.models import BRAVAIS_LATTICES, Lattice, coupling_from_lambda, get_lattice, lambda_from_coupling
from hpcbip.vocabulary.parameters import COUPLING, G_HOLSTEIN, HOPPING, LAMBDA, LATTICE, OMEGA, G, Parameter
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
    """One term of H without its strength: an electron moves along `step` while one phonon is made, or none.

    Attributes:
        step: displacement of the electron, lattice coordinates; zero for Holstein coupling.
        strength: name of the parameter that multiplies the term: t, g or g_holstein.
        mode: oscillator of the site that gains a phonon, None for a bare hop.
        at_target: whether that site is the one that the electron goes to, rather than the one it leaves.
        sign: ±1, a factor of the term.
    """

    step: tuple[int, ...]
    strength: str
    mode: int | None = None
    at_target: bool = False
    sign: int = 1


@dataclass(frozen=True)
class Geometry:
    """Lattice, kind of coupling and electrons: all that the basis depends on.

    Attributes:
        lattice: name of a lattice.
        coupling: one of `EXACT_COUPLINGS`.
        electrons: 1 or 2.
        spin: "singlet" or "triplet", for two electrons.
        cluster: extents of an open cluster; None for the infinite lattice, where total momentum is a quantum
            number.

    Raises:
        InputError: for a value that is not allowed, and for site-Peierls coupling on a lattice whose bonds
            are
            not at right angles: its sites have one oscillator per bond axis.
    """

    lattice: str
    coupling: str
    electrons: int = 1
    spin: str = "singlet"
    cluster: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.lattice not in BRAVAIS_LATTICES:
            raise InputError(f"lattice: {self.lattice!r}; allowed: {', '.join(BRAVAIS_LATTICES)}")
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
        return self.electrons == 2 and self.spin == "triplet" and len(self.bravais.primitive) > 1

    @cached_property
    def bravais(self) -> Lattice:
        """The infinite lattice."""
        return get_lattice(self.lattice)

    @property
    def main_modes(self) -> int:
        """Oscillators per site that belong to g: one per bond axis, or one for `holstein`."""
        return 1 if self.coupling == "holstein" else len(self.bravais.axes)

    @property
    def modes(self) -> int:
        """All oscillators per site; those of g_holstein come last."""
        return self.main_modes + self.coupling.endswith("+holstein")

    @cached_property
    def hops(self) -> tuple[Move, ...]:
        """Bare hops along the axes; those against them are their adjoints."""
        return tuple(Move(axis, HOPPING.name) for axis in self.bravais.axes)

    @cached_property
    def creations(self) -> tuple[Move, ...]:
        """Moves that make a phonon.

        A bond's oscillator belongs to its lower site. Site-Peierls: g K_b (X_i - X_j), j = i + axis, so a hop
        along the axis has + at the site it leaves, and one against it has - there.
        """
        rest = (0,) * self.bravais.dimension
        if self.coupling == "holstein":
            return (Move(rest, G.name, 0),)
        moves = []
        for mode, axis in enumerate(self.bravais.axes):
            back = tuple(-x for x in axis)
            if self.coupling.startswith("bond"):
                moves += [Move(axis, G.name, mode, False), Move(back, G.name, mode, True)]
            else:
                for (step, sign), target in itertools.product(((axis, 1), (back, -1)), (False, True)):
                    moves.append(Move(step, G.name, mode, target, -sign if target else sign))
        if self.coupling.endswith("+holstein"):
            moves.append(Move(rest, G_HOLSTEIN.name, self.main_modes))
        return tuple(moves)


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

    Raises:
        InputError: for values that are not finite or not positive where they have to be.
    """

    geometry: Geometry
    t: float
    omega: float
    g: float
    U: float = 0.0
    V: float = 0.0
    g_holstein: float = 0.0
    omega_holstein: float = 0.0

    def __post_init__(self) -> None:
        _, *energies = fields(self)
        for energy in energies:
            if not math.isfinite(getattr(self, energy.name)):
                raise InputError(f"{energy.name}: {getattr(self, energy.name)}; allowed: finite numbers")
        for name in (HOPPING.name, OMEGA.name):
            if getattr(self, name) <= 0.0:
                raise InputError(f"{name}: {getattr(self, name)}; allowed: > 0")
        if (self.omega_holstein > 0.0) != self.geometry.coupling.endswith("+holstein"):
            raise InputError(
                "omega_holstein > 0 goes with couplings that end in +holstein, and with no other"
            )

    def factor(self, move: Move) -> float:
        """What multiplies a move in H: -t for a bare hop, a coupling for one that makes a phonon."""
        strength: float = getattr(self, move.strength)
        return -strength if move.mode is None else strength


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


def lambda_of_system(system: System) -> float | None:
    """Compute λ of a system, the inverse of `g_from_lambda`; None where there is no convention.

    It is rounded to 14 digits, so that a λ comes back as it was given.
    """
    geometry = system.geometry
    if geometry.coupling.startswith("site-peierls"):
        lam = 2.0 * system.g**2 / (system.omega * system.t) if geometry.lattice == "chain" else None
    else:
        lam = lambda_from_coupling(geometry.bravais, geometry.coupling, system.g, system.omega, system.t)
    return None if lam is None else float(f"{lam:.14g}")


def parameters_of(system: System, wanted: Iterable[Parameter]) -> dict[str, Any]:
    """Return parameters of a system by name, for the row of a table."""
    geometry = system.geometry
    others = {LATTICE: geometry.lattice, COUPLING: geometry.coupling, LAMBDA: lambda_of_system(system)}
    return {one.name: others[one] if one in others else getattr(system, one.name) for one in wanted}
