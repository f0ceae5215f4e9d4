"""Energy of one or two electrons in static phonon fields (the adiabatic limit Ω ≪ t), and its minima.

Phonons as coordinates, q = (b + b†)/√2 with mass 1/Ω and potential Ωq²/2 per oscillator, hopping and levels
linear in them. With x = q √(Ω/t) and energies in t,

    v(x) = e_el(√(2Λ) x) + Σ x²/2,    Λ = g²/(Ωt),

where e_el is the lowest energy of one electron, or of two in the singlet, with hopping -(1 + y_b) on bond b
(bond-Peierls) or with levels -y_i (Holstein), y = √(2Λ) x; the sign of g is a gauge choice. In y the elastic
energy is Σ y²/(4Λ). In the conventions of `hpcbip.models`: bond Λ = zλ/2 (chain λ, square 2λ), Holstein Λ =
4dλ. The model and its semiclassical treatment: PRB 109, L220502; everything here is derived in
docs/theory/instanton.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse.linalg import LinearOperator, eigsh

from hpcbip.errors import InputError
from hpcbip.models import coupling_from_lambda, get_lattice
from hpcbip.vocabulary.sectors import SECTORS

Array = NDArray[np.float64]

ADIABATIC_LATTICES = ("chain", "square")
ADIABATIC_COUPLINGS = ("bond", "holstein")
MAX_SITES = 144  # largest cluster allowed
ZERO_CURVATURE = 1e-5  # curvatures of smaller magnitude count as zero


class NotSelfTrapped(InputError):
    """Raised where no self-trapped minimum lies below the extended state."""


@dataclass(frozen=True)
class AdiabaticSurface:
    """The adiabatic energy surface on a periodic cluster.

    Attributes:
        lattice: chain or square.
        coupling: bond or holstein.
        lam: λ > 0 in the convention of `hpcbip.models`.
        sector: polaron (one electron) or bipolaron (two, singlet).
        U: Hubbard repulsion ≥ 0 in t, for the bipolaron.
        size: sites along each axis, ≥ 4.

    Raises:
        InputError: for a value that is not allowed.
    """

    lattice: str = "square"
    coupling: str = "bond"
    lam: float = 1.0
    sector: str = "bipolaron"
    U: float = 0.0
    size: int = 4

    def __post_init__(self) -> None:
        for name, allowed in (
            ("lattice", ADIABATIC_LATTICES),
            ("coupling", ADIABATIC_COUPLINGS),
            ("sector", SECTORS),
        ):
            if getattr(self, name) not in allowed:
                raise InputError(f"{name} {getattr(self, name)!r}: allowed are {', '.join(allowed)}")
        if not 0.0 < self.lam <= 1e5:
            raise InputError(f"lambda = {self.lam}: allowed are 0 < lambda <= 100000")
        if not 0.0 <= self.U < 1e3 or (self.U > 0.0 and self.electrons == 1):
            raise InputError(
                f"U = {self.U} for the {self.sector}: allowed are 0 <= U < 1000, for a polaron U = 0"
            )
        if not 4 <= self.size or self.sites > MAX_SITES:
            raise InputError(
                f"size = {self.size}: allowed are 4 or more, and at most {MAX_SITES} sites in all"
            )

    @property
    def dimension(self) -> int:
        """Dimension of the lattice."""
        return 1 if self.lattice == "chain" else 2

    @property
    def sites(self) -> int:
        """Number of sites of the cluster."""
        return int(self.size**self.dimension)

    @property
    def electrons(self) -> int:
        """Number of electrons, one or two."""
        return SECTORS[self.sector].electrons

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a field: oscillators of a cell, then sites by axis."""
        return (self.dimension if self.coupling == "bond" else 1, *(self.size,) * self.dimension)

    @property
    def modes(self) -> int:
        """Number of oscillators."""
        return int(np.prod(self.shape))

    @cached_property
    def strength(self) -> float:
        """Λ = g²/(Ωt)."""
        return float(coupling_from_lambda(get_lattice(self.lattice), self.coupling, self.lam, 1.0, 1.0) ** 2)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """The two sites of each bond, or the site of each Holstein oscillator twice, shape (2, modes)."""
        number = np.arange(self.sites).reshape(self.shape[1:])
        if self.coupling == "holstein":
            return np.array([number.ravel()] * 2)
        return self._bonds

    @cached_property
    def _bonds(self) -> NDArray[np.int64]:
        number = np.arange(self.sites).reshape(self.shape[1:])
        pairs = [(number.ravel(), np.roll(number, -1, axis=a).ravel()) for a in range(self.dimension)]
        return np.concatenate([np.array(pair) for pair in pairs], axis=1)

    def one_body(self, x: Array) -> Array:
        """Build the matrices of one electron, shape (..., sites, sites), in fields of shape (..., modes)."""
        y = np.sqrt(2.0 * self.strength) * x
        h = np.zeros((*x.shape[:-1], self.sites, self.sites))
        if self.coupling == "bond":
            h[..., self.ends[0], self.ends[1]] = h[..., self.ends[1], self.ends[0]] = -(1.0 + y)
        else:
            h[..., self._bonds[0], self._bonds[1]] = h[..., self._bonds[1], self._bonds[0]] = -1.0
            h[..., self.ends[0], self.ends[1]] = -y
        return h

    def electronic(self, x: Array) -> tuple[Array, Array]:
        """Compute e_el and the density matrix Σ_σ <c†_i c_j>, shapes (...) and (..., sites, sites)."""
        h = self.one_body(x)
        if self.U == 0.0:
            levels, states = np.linalg.eigh(h)
            lowest = states[..., 0]
            return self.electrons * levels[..., 0], self.electrons * lowest[..., :, None] * lowest[
                ..., None, :
            ]
        results = [self._pair(one) for one in h.reshape(-1, self.sites, self.sites)]
        energies = np.array([energy for energy, _ in results]).reshape(x.shape[:-1])
        return energies, np.array([density for _, density in results]).reshape(h.shape)

    def _pair(self, h: Array) -> tuple[float, Array]:
        """Find the lowest singlet of two electrons with U by Lanczos on Ψ(r1, r2): H Ψ = hΨ + Ψh + U diag Ψ.

        Exact, because the start vector is symmetric and H keeps the symmetry.

        Returns:
            energy and density matrix, shape (sites, sites).
        """
        n, diagonal = self.sites, np.arange(self.sites)

        def act(vector: Array) -> Array:
            psi = vector.reshape(n, n)
            new = h @ psi
            new = new + new.T
            new[diagonal, diagonal] += self.U * psi[diagonal, diagonal]
            return new.ravel()

        lowest = np.abs(np.linalg.eigh(h)[1][:, 0]) + 1e-3
        start = np.outer(lowest, lowest).ravel()
        value, vector = eigsh(
            LinearOperator((n * n, n * n), matvec=act, dtype=float), k=1, which="SA", v0=start
        )
        psi = vector[:, 0].reshape(n, n)
        return float(value[0]), 2.0 * psi @ psi.T

    def energy(self, x: Array) -> tuple[Array, Array]:
        """Compute v and its gradient (Hellmann–Feynman) in fields x of shape (..., modes).

        Returns:
            arrays of shapes (...) and (..., modes).
        """
        e, density = self.electronic(x)
        bond = 2.0 if self.coupling == "bond" else 1.0  # a bond hops both ways
        force = np.sqrt(2.0 * self.strength) * bond * density[..., self.ends[0], self.ends[1]]
        return e + 0.5 * (x * x).sum(axis=-1), x - force

    def density(self, x: Array) -> Array:
        """Compute the number of electrons on each site, shape (size, ...)."""
        return np.diagonal(self.electronic(x)[1]).reshape(self.shape[1:])

    def translated(self, x: Array, steps: tuple[int, ...]) -> Array:
        """Translate a field by whole lattice constants along each axis."""
        return np.roll(x.reshape(self.shape), steps, axis=tuple(range(1, self.dimension + 1))).ravel()

    def equilibrium_field(self, weights: Array) -> Array:
        """Compute the field in equilibrium with electrons in the state ψ_i = √weights_i, shape (modes,)."""
        psi = np.sqrt(weights.ravel() / weights.sum())
        bond = 2.0 if self.coupling == "bond" else 1.0
        return np.sqrt(2.0 * self.strength) * bond * self.electrons * psi[self.ends[0]] * psi[self.ends[1]]

    def start_fields(self) -> dict[str, Array]:
        """Starts of the search: weights on a site, a dimer, a star, a plaquette (square), a wide bump."""
        corner = (0,) * self.dimension
        axes = [tuple(int(a == b) for b in range(self.dimension)) for a in range(self.dimension)]
        cells = {"site": {corner: 1.0}, "dimer": {corner: 1.0, axes[0]: 1.0}, "star": {corner: 1.0}}
        for a in axes:
            for sign in (1, -1):
                cells["star"][tuple(sign * c for c in a)] = 0.5 / self.dimension
        if self.dimension == 2:
            cells["plaquette"] = {(i, j): 1.0 for i in (0, 1) for j in (0, 1)}
        found = {}
        for name, sites in cells.items():
            weights = np.zeros(self.shape[1:])
            for site, weight in sites.items():
                weights[site] = weight
            found[name] = self.equilibrium_field(weights)
        offsets = np.meshgrid(*[np.fft.fftfreq(self.size, 1 / self.size)] * self.dimension, indexing="ij")
        found["wide"] = self.equilibrium_field(np.exp(-sum(r * r for r in offsets) / 4.0))
        return found


@dataclass(frozen=True)
class StationaryPoint:
    """A point of zero gradient: a minimum, or a saddle where the search kept the symmetry of its start.

    Attributes:
        start: name of the field from which the search started.
        energy: v, in t.
        x: the field, shape (modes,).
        residual: largest component of the gradient.
        curvatures: eigenvalues of v'' in ascending order, shape (modes,); none is above 1.
        sites: participation number of the electrons' density, (Σn)²/Σn².
        trapped: energy of the extended state (`uniform_energy`) minus this energy, in t.
    """

    start: str
    energy: float
    x: Array
    residual: float
    curvatures: Array
    sites: float
    trapped: float

    @property
    def negative(self) -> int:
        """Number of directions in which the curvature is negative."""
        return int((self.curvatures < -ZERO_CURVATURE).sum())


def describe_stationary_point(surface: AdiabaticSurface, x: Array, start: str = "") -> StationaryPoint:
    """Compute the properties of a field of shape (modes,) that is a stationary point."""
    v, slope = surface.energy(x)
    n = surface.density(x)
    return StationaryPoint(
        start=start,
        energy=float(v),
        x=x,
        residual=float(np.abs(slope).max()),
        curvatures=np.asarray(np.linalg.eigvalsh(hessian(surface, x)), dtype=np.float64),
        sites=float(n.sum() ** 2 / (n**2).sum()),
        trapped=uniform_energy(surface) - float(v),
    )


def find_stationary_point(surface: AdiabaticSurface, x: Array, start: str = "") -> StationaryPoint:
    """Minimise the energy by L-BFGS from a field of shape (modes,)."""

    def target(z: Array) -> tuple[float, Array]:
        v, slope = surface.energy(z)
        return float(v), slope

    found = minimize(
        target, x, jac=True, method="L-BFGS-B", options={"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9}
    )
    return describe_stationary_point(surface, found.x, start)


@lru_cache(maxsize=64)  # every stationary point of a surface asks for it
def uniform_energy(surface: AdiabaticSurface) -> float:
    """Compute the energy of the extended state, in t: v of the best uniform field on this cluster."""
    flat = np.ones(surface.modes)
    return float(
        minimize(lambda a: float(surface.energy(a[0] * flat)[0]), np.array([0.1]), method="BFGS").fun
    )


def localised_stationary_points(surface: AdiabaticSurface) -> list[StationaryPoint]:
    """Find the localised stationary points from all `start_fields`, lowest first, each energy once."""
    found: list[StationaryPoint] = []
    for start, x in surface.start_fields().items():
        new = find_stationary_point(surface, x, start)
        if new.trapped > 1e-6 and all(abs(new.energy - m.energy) > 1e-6 for m in found):
            found.append(new)
    return sorted(found, key=lambda m: m.energy)


def self_trapped_minima(
    surface: AdiabaticSurface, localised: Sequence[StationaryPoint] | None = None
) -> list[StationaryPoint]:
    """Find the localised minima, lowest first.

    Args:
        surface: the energy surface.
        localised: its `localised_stationary_points`, where they are known already.

    Raises:
        NotSelfTrapped: if there is none below the extended state: the carriers do not trap themselves at
            this λ.
    """
    points = localised_stationary_points(surface) if localised is None else localised
    found = [m for m in points if m.negative == 0]
    if not found:
        raise NotSelfTrapped(
            f"lambda = {surface.lam:g}: the {surface.sector} does not trap itself on the {surface.lattice} "
            f"({surface.coupling}, U = {surface.U:g}); allowed is a larger lambda"
        )
    return found


def hessian(surface: AdiabaticSurface, x: Array, step: float = 1e-3) -> Array:
    """Compute second derivatives of v from central differences of the gradient, shape (modes, modes)."""
    shifts = step * np.eye(surface.modes)
    matrix = (surface.energy(x + shifts)[1] - surface.energy(x - shifts)[1]) / (2.0 * step)
    return 0.5 * (matrix + matrix.T)
