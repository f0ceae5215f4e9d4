"""Effective Hamiltonians of one or two electrons at Ω >> t, with the phonons eliminated in powers of g.

H = H_0 + W + V, where H_0 = Σ_m Ω_m b†_m b_m is the energy of the phonons, W keeps their number (hops,
levels and interaction of the electrons; hops of phonons) and V = A + A† makes and removes one,
A = Σ_m O_m b†_m with the electronic operators O_m of the model, one for every oscillator of every family (g
K_b of a bond, g Σ p n_i of a site, g(K_{i,i+1} - K_{i-1,i})). P projects on no phonon; A_n leads from n to n
+ 1 phonons, and R_n = 1/H_0 there. The canonical transformation that decouples P (Schrieffer and Wolff,
Phys. Rev. 149, 491; to higher order Bravyi, DiVincenzo and Loss, Ann. Phys. 326, 2793) gives on P, with a =
R_1 A_0, M = A_0† a and N = a†a,

    order 2:  W - M                                                             = W - Σ_m O_m²/Ω_m
    order 4:  D(W) - M - (A_1 a)† R_2 (A_1 a) + {N, M}/2,     D(O) = O + a†O a - {N, O}/2 .

Frequencies need not be equal: all states of P have H_0 = 0, whatever was in between, and W commutes with R_n,
because no term of it takes a phonon to an oscillator of another frequency. At fixed g²/Ω and fixed ratios of
all Ω_m a term g^2a W^b is of order Ω^(1-a-b): order 2 is all of Ω⁰, order 4 all of 1/Ω, that is g² W/Ω² and
g⁴/Ω³. D also transforms other electronic operators; the terms left out fall as 1/Ω².

The matrices come from the exact diagonalisation: A_n and W are blocks of its H(K) by number of phonons, so
that no amplitude is written down here. Pairs are within `pair_extent` hops of each other, from where two
moves stay in the space, so that only the size of the box cuts anything. E(K) is differentiated exactly: H(K)
carries its derivatives through every product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.theory.exact.basis import Space, build_space
from hpcbip.theory.exact.convergence import ConvergedState, extrapolate_levels
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.solver import DEGENERACY_TOLERANCE, Hamiltonian, Level, minimise_energy, search_lines
from hpcbip.theory.exact.states import SiteNumbering
from hpcbip.theory.exact.system import System

PERTURBATION_ORDERS = (2, 4)
DEFAULT_EXTENT = {1: 72, 2: 16, 3: 6}  # pair extent, in hops, of the largest of three boxes, by dimension
LARGEST_EXTENT = {1: 200, 2: 24, 3: 8}  # largest pair extent allowed, by dimension
LARGEST_SPACE = 1_000_000  # most states of the largest box, of which so many take minutes and some GB
SCANNED_MOMENTA = 33  # momenta per line of the search for the lowest, zero and the zone edge included
LONGEST_HOP = 4  # no effective hop has more than these hops of H
MOST_MOMENTA = 6000  # largest number of momenta of the Fourier sums for amplitudes
FLAT_CURVATURE = 1e-9
"""Curvature of E(K), relative to t, up to which a band counts as flat: it has no mass, and rounding errors
must not move K."""
SMALLEST_AMPLITUDE = 1e-12  # amplitudes below this, relative to t, are not listed

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Jet:
    """An operator at one K with its first two derivatives along every axis, or with none (empty tuples)."""

    value: Any
    slope: tuple[Any, ...] = ()
    curvature: tuple[Any, ...] = ()

    def __add__(self, other: Jet) -> Jet:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Jet) -> Jet:
        return self._with(other, lambda a, b: a - b)

    def _with(self, other: Jet, what: Any) -> Jet:
        return Jet(
            what(self.value, other.value),
            tuple(map(what, self.slope, other.slope)),
            tuple(map(what, self.curvature, other.curvature)),
        )

    def __matmul__(self, other: Jet) -> Jet:
        a, b = self, other
        pairs = list(zip(a.slope, b.slope, strict=False))
        seconds = zip(a.curvature, b.curvature, pairs, strict=False)
        return Jet(
            a.value @ b.value,
            tuple(da @ b.value + a.value @ db for da, db in pairs),
            tuple(dda @ b.value + 2.0 * (da @ db) + a.value @ ddb for dda, ddb, (da, db) in seconds),
        )

    def map(self, function: Any) -> Jet:
        """Apply a linear map that does not depend on K to the operator and its derivatives."""
        return Jet(
            function(self.value), tuple(map(function, self.slope)), tuple(map(function, self.curvature))
        )

    def block(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Jet:
        """Take some rows and columns."""
        return self.map(lambda x: x[rows][:, columns])

    def scale_rows(self, rows: Array) -> Jet:
        """Multiply every row by a number."""
        return self.map(lambda x: sp.diags(rows) @ x)

    @property
    def adjoint(self) -> Jet:
        """The Hermitian conjugate, of the derivatives too because K is real."""
        return self.map(lambda x: x.conj().T)

    @property
    def hermitian_part(self) -> Jet:
        """The Hermitian part (x + x†)/2."""
        return (self + self.adjoint).map(lambda x: 0.5 * x)


def _hamiltonian(hamiltonian: Hamiltonian, derivatives: bool) -> Jet:
    """Build H(K) with its derivatives: every move carries e^{-iK·s}, s its step."""
    parts = list(zip(hamiltonian.strengths, hamiltonian.steps, hamiltonian.space.matrices, strict=True))

    def along(axis: int, power: int) -> Any:
        upper = sum((-1j * step[axis]) ** power * c * matrix for c, step, (_, matrix) in parts)
        return sp.csr_matrix(upper + upper.conj().T)

    axes = range(hamiltonian.space.geometry.bravais.dimension) if derivatives else range(0)
    return Jet(hamiltonian.matrix, tuple(along(a, 1) for a in axes), tuple(along(a, 2) for a in axes))


@dataclass(frozen=True)
class EffectiveOperators:
    """Dense operators on the electron or the pairs of the box, after the elimination of the phonons.

    Attributes:
        energy: H_eff with its derivatives along K, shapes (pairs, pairs).
        distance2: <(r1 - r2)²>, shape (pairs, pairs).
        phonons: number of phonons, to leading order; shape (pairs, pairs).
    """

    energy: Jet
    distance2: NDArray[np.complex128]
    phonons: NDArray[np.complex128]


def eliminate_phonons(
    space: Space, system: System, momentum: Array, order: int, derivatives: bool = True
) -> EffectiveOperators:
    """Compute the effective Hamiltonian at a total momentum, by the formulas at the head of this module.

    Args:
        space: two moves from all roots, which are the pairs of the box.
        system: parameters.
        momentum: total momentum K, Cartesian, units 1/a, shape (d,).
        order: order in g, 2 or 4.
        derivatives: whether to compute the derivatives by K.

    Raises:
        InputError: for an order that is not 2 or 4.
    """
    if order not in PERTURBATION_ORDERS:
        raise InputError(f"order: {order}; allowed: {', '.join(map(str, PERTURBATION_ORDERS))}")
    full = _hamiltonian(Hamiltonian(space, system, momentum), derivatives)
    number = space.phonons.sum(axis=0)
    quanta = system.quanta(space.phonons)
    none, one, two = (np.flatnonzero(number == n) for n in range(3))
    roots = np.arange(space.sizes[0])
    electrons = Jet(full.value - sp.diags(quanta), full.slope, full.curvature)
    apart2 = Jet(sp.diags((space.separation**2).sum(axis=1)).tocsr())
    makes = full.block(one, none)
    cloud = full.block(one, roots).scale_rows(1.0 / quanta[one])
    norm = makes.scale_rows(1.0 / quanta[one]).adjoint @ cloud
    shift = makes.adjoint @ cloud

    def bare(operator: Jet) -> Jet:
        return operator.block(roots, roots)

    def dressed(operator: Jet) -> Jet:
        moved = cloud.adjoint @ operator.block(one, one) @ cloud
        return bare(operator) + moved - (norm.adjoint @ operator.block(none, roots)).hermitian_part

    energy, distance2 = bare(electrons) - shift.map(lambda x: x[roots]), bare(apart2)
    if order == 4:
        two_phonons = full.block(two, one) @ cloud
        fourth = (norm.adjoint @ shift).hermitian_part - two_phonons.adjoint @ two_phonons.scale_rows(
            1.0 / quanta[two]
        )
        energy, distance2 = dressed(electrons) - shift.map(lambda x: x[roots]) + fourth, dressed(apart2)
    return EffectiveOperators(
        energy.map(lambda x: x.toarray()), distance2.value.toarray(), (cloud.adjoint @ cloud).value.toarray()
    )


def solve_effective(space: Space, system: System, momentum: Array, order: int) -> Level:
    """Find the lowest state of the effective Hamiltonian in one box; arguments as in `eliminate_phonons`.

    Raises:
        InputError: as in `eliminate_phonons`.
    """
    found = eliminate_phonons(space, system, momentum, order)
    energies, states = np.linalg.eigh(found.energy.value)
    ground = states[:, 0]
    slopes = [states.conj().T @ (matrix @ ground) for matrix in found.energy.slope]
    curvature: float | None = None
    if len(energies) == 1 or energies[1] - energies[0] > DEGENERACY_TOLERANCE * system.t:
        second = [np.vdot(ground, matrix @ ground).real for matrix in found.energy.curvature]
        response = [2.0 * float((np.abs(x[1:]) ** 2 / (energies[1:] - energies[0])).sum()) for x in slopes]
        curvature = float(np.mean(second) - np.mean(response))
        curvature = curvature if abs(curvature) > FLAT_CURVATURE * system.t else None
    geometry = system.geometry
    unit = geometry.mass_factor * system.t
    phonons = float(np.vdot(ground, found.phonons @ ground).real)
    return Level(
        basis_size=len(energies),
        K=tuple(float(k) for k in momentum),
        E=float(energies[0]),
        slope=tuple(float(x[0].real) for x in slopes),
        inverse_mass=None if curvature is None else curvature / unit,
        pair_distance2=float(np.vdot(ground, found.distance2 @ ground).real)
        if geometry.electrons == 2
        else None,
        phonons=phonons,
        weight=1.0 - phonons,
    )


def guess_effective_momentum(space: Space, system: System, order: int) -> Array:
    """Estimate where E(K) of the effective Hamiltonian is lowest; Cartesian, units 1/a, shape (d,).

    It is zero unless the coupling is site-Peierls or the pair a triplet; then the best of `SCANNED_MOMENTA`
    momenta on each of the `search_lines` of the exact diagonalisation.
    """
    geometry = space.geometry
    if "site-peierls" not in geometry.coupling and not (
        geometry.electrons == 2 and geometry.spin == "triplet"
    ):
        return np.zeros(geometry.bravais.dimension)
    momenta = [x * line for line in search_lines(geometry) for x in np.linspace(0.0, 0.5, SCANNED_MOMENTA)]
    energies = [
        np.linalg.eigvalsh(eliminate_phonons(space, system, k, order, False).energy.value)[0] for k in momenta
    ]
    return momenta[int(np.argmin(energies))]


def build_effective_spaces(geometry: Geometry, pair_extent: int | None = None) -> list[Space]:
    """Build three boxes for `converge_effective`, the largest with pairs up to `pair_extent` hops apart.

    A single electron needs one box only.

    Raises:
        InputError: for a pair_extent out of range, and for more than `LARGEST_SPACE` states.
    """
    d = geometry.bravais.dimension
    pair_extent = DEFAULT_EXTENT[d] if pair_extent is None else pair_extent
    if not 4 <= pair_extent <= LARGEST_EXTENT[d]:
        raise InputError(f"pair_extent: {pair_extent}; allowed: 4 to {LARGEST_EXTENT[d]} on this lattice")
    widths = (
        [0]
        if geometry.electrons == 1
        else [pair_extent - 2 * (pair_extent // 4), pair_extent - pair_extent // 4, pair_extent]
    )
    roots, moves = len(SiteNumbering(geometry, 0, widths[-1]).roots()), len(geometry.creations)
    states = roots * (geometry.electrons * moves) ** 2 // 2  # nearly all: those of two phonons
    if states > LARGEST_SPACE:
        raise InputError(
            f"phonons: {moves} moves make one, and about {states:.1e} states two; allowed: up to "
            f"{LARGEST_SPACE:.0e} states, from fewer families or a shorter profile"
        )
    return [build_space(geometry, 2, pair_extent=width) for width in widths]


def converge_effective(spaces: Sequence[Space], system: System, order: int) -> ConvergedState:
    """Find the lowest state of the effective Hamiltonian with errors from the boxes.

    Units are those of `ConvergedState`.

    Raises:
        InputError: as in `eliminate_phonons`.
    """
    guess = guess_effective_momentum(spaces[0], system, order)
    levels = [minimise_energy(partial(_level, space, system, order), system, guess) for space in spaces]
    return extrapolate_levels(
        system, levels if len(levels) > 1 else 3 * levels
    )  # a single electron needs no box


def _level(space: Space, system: System, order: int, momentum: Array, _: bool) -> Level:
    return solve_effective(space, system, momentum, order)


def effective_amplitudes(
    system: System, order: int, ends: tuple[int, int] = (0, 0)
) -> dict[tuple[int, ...], float]:
    """Compute the amplitudes of the effective Hamiltonian that move an electron, or a pair on one site.

    Args:
        system: parameters.
        order: order in g, 2 or 4.
        ends: sites of the cell from which and to which it moves.

    Returns:
        amplitudes above `SMALLEST_AMPLITUDE` by displacement of the cell in lattice coordinates, nearest
        first; between equal ends one of each two opposite displacements, at zero the energy of the site.

    Raises:
        InputError: as in `eliminate_phonons`, for triplets, which have no pair on one site, and for bonds so
            long that more than `MOST_MOMENTA` would be needed.
    """
    start, end = ends
    found = _all_amplitudes(system, order)[..., end, start]
    places = product(*(range(-(n // 2), n // 2) for n in found.shape))
    listed = [
        r
        for r in places
        if (start != end or r >= tuple(-n for n in r)) and abs(found[r]) > SMALLEST_AMPLITUDE * system.t
    ]
    return {r: float(found[r]) for r in sorted(listed, key=lambda r: (sum(n * n for n in r), r))}


@lru_cache(maxsize=1)
def _all_amplitudes(system: System, order: int) -> Array:
    """Compute the amplitudes by displacement of the cell, to and from every site, shape (n, ..., kinds,
    kinds)."""
    geometry = system.geometry
    lattice = geometry.bravais
    if geometry.electrons == 2 and geometry.spin == "triplet":
        raise InputError("spin: triplet; allowed: singlet, only it has pairs on one site")
    d, longest = lattice.dimension, int(np.abs(lattice.neighbours).max())
    n = 2 * LONGEST_HOP * longest + 2
    if n**d > MOST_MOMENTA:
        raise InputError(
            f"lattice: bonds of lattice coordinates up to {longest} in {d} dimensions; allowed for "
            "amplitudes: shorter ones"
        )
    space = build_space(geometry, 2)
    dual = 2.0 * np.pi * np.linalg.inv(np.array(lattice.primitive)).T
    inside = lattice.places / lattice.resolution  # of the sites in the cell, whose phases H(K) carries
    values = np.zeros((n,) * d + (lattice.kinds,) * 2, complex)
    for index in product(range(n), repeat=d):
        k = np.array(index) / n
        phases = np.exp(2j * np.pi * inside @ k)
        matrix = eliminate_phonons(space, system, k @ dual, order, False).energy.value
        values[index] = phases[:, None] * matrix * phases.conj()
    return np.asarray(np.fft.ifftn(values, axes=range(d)).real)
