"""λ_ME of the lattice models: the electron-phonon coupling averaged over the Fermi surface.

See docs/physics.md, Companion theories.

A phonon line carries |g(k,k')|² 2Ω/(Ω² + ν²); on the Fermi surface that is λ(ν) = λ_ME Ω²/(Ω² + ν²) with

    λ_ME = (2/Ω) N(E_F) ⟨⟨|g(k,k')|²⟩⟩,    N(E_F) = states per site and spin,

⟨⟨·⟩⟩ over k and k' on the Fermi surface. Holstein: H_eph = (g/√N) Σ_kq c†_{k+q} c_k X_q, |g|² = g², λ_ME = 2
g² N(E_F)/Ω. Bond oscillators along axis a: c†_r c_{r+a} + h.c. gives e^{ik·a} + e^{-ik'·a} up to a phase,
|g|² = 4 g_a² cos²[(k+k')·a/2] = 2 g_a² [1 + cos(k·a) cos(k'·a) - sin(k·a) sin(k'·a)]; the sines average to
zero, because the surface has -k with every k:

    λ_ME = (4/Ω) N(E_F) Σ_a g_a² [1 + ⟨cos k·a⟩²].

Where all axes are equivalent, E_F = -zt ⟨cos k·a⟩ and λ_ME = (2 g²/Ω) N(E_F) z [1 + (E_F/zt)²].

E_F comes from the part of the zone below it, on simplices (segments, triangles, tetrahedra) with E(k)
interpolated linearly. Averages over the surface come from its crossings with the lines of a grid along each
direction i, found as roots of a polynomial in e^{ik_i}:

    N(E_F) ⟨f⟩ = Σ_i ∫ dk_⊥/(2π)^{d-1} Σ_crossings w_i f/(2π |v_i|),
    w_i = v_i^{2p}/Σ_j v_j^{2p},  v_i = ∂E/∂k_i.

The weights share every piece of the surface out among the directions, and take away the inverse root where a
line only touches it, so that the error falls off as a high power of the number of lines (in one dimension
there is none).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from hpcbip.errors import InputError
from hpcbip.models import BRAVAIS_LATTICES, Lattice, Model
from hpcbip.vocabulary.flags import NO_TC_IN_ONE_DIMENSION

Array = NDArray[np.float64]

DIVISIONS = {1: 65536, 2: 512, 3: 64}
"""Divisions N of each reciprocal vector, by dimension: of the simplices, and lines per reciprocal vector."""

VELOCITY_POWER = 8
"""2p, the power of the velocities in the weights of the directions."""

RESOLVED_DENSITY = 0.01
"""A density of states with a larger relative error than this is flagged."""

LEAST_FILLING = 1e-5
"""Electrons, or holes, per site: with fewer of them the lines may miss the Fermi surface."""


@dataclass(frozen=True)
class FermiSurface:
    """The Fermi surface at one filling.

    Attributes:
        energy, energy_err: E_F, in the unit of the hoppings; the band is E(k) = -2 Σ_a t_a cos k·a. The error
            is what the extrapolation from N and N/2 divisions to N → ∞ changes.
        density, density_err: N(E_F), states per site, spin and energy; inf at a van Hove singularity. The
            error, also of the cosines, is the change from N/2 to N lines and that from the error of E_F.
        cosines, cosines_err: ⟨cos k·a⟩ over the surface for every bond axis, shape (axes,).
        above_bottom, below_top: distance of E_F from the edges of the band.
        van_hove: whether a symmetric point of the zone makes N(E_F) infinite.
    """

    energy: float
    energy_err: float
    density: float
    density_err: float
    cosines: Array
    cosines_err: Array
    above_bottom: float
    below_top: float
    van_hove: bool


@dataclass(frozen=True)
class FermiSurfaceCoupling:
    """λ_ME of a model at one filling.

    Attributes:
        lambda_me, lambda_me_err: λ_ME and its numerical error; inf at a van Hove singularity.
        lam: the model's own λ (convention of `hpcbip.models.couplings`).
        flags: reasons against λ_ME or against Migdal's approximation; empty if there are none.
    """

    lambda_me: float
    lambda_me_err: float
    lam: float
    flags: tuple[str, ...]

    @property
    def mass_ratio(self) -> float:
        """m*/m = 1 + λ_ME, averaged over the Fermi surface."""
        return 1.0 + self.lambda_me


def find_fermi_surface(
    lattice: Lattice,
    filling: float,
    hoppings: Sequence[float] | Array | None = None,
    divisions: int | None = None,
) -> FermiSurface:
    """Compute E_F, N(E_F) and the averages of cos k·a at a filling.

    Args:
        lattice: any infinite Bravais lattice.
        filling: electrons per site, both spins; `LEAST_FILLING` away from 0 and 2.
        hoppings: t > 0 of every bond axis; None for 1 everywhere.
        divisions: N, a multiple of 4; None for `DIVISIONS`.

    Raises:
        InputError: for a lattice, filling or divisions that are not allowed.
    """
    if not lattice.is_bravais:
        known = ", ".join(BRAVAIS_LATTICES)
        raise InputError(f"lattice: {lattice.name!r}: several sites per cell; allowed: one, as {known}")
    if not (math.isfinite(filling) and LEAST_FILLING <= filling <= 2.0 - LEAST_FILLING):
        allowed = f"{LEAST_FILLING:g} to 2 - {LEAST_FILLING:g} electrons per site"
        raise InputError(f"filling = {filling!r}: the Fermi surface is too small; allowed: {allowed}")
    n = DIVISIONS[lattice.dimension] if divisions is None else divisions
    if n < 8 or n % 4:
        raise InputError(f"divisions = {n!r}: must be a multiple of 4, at least 8")
    t = np.ones(len(lattice.axes)) if hoppings is None else np.asarray(hoppings, dtype=float)
    coarse, fine = (_simplices(lattice, t, size) for size in (n // 2, n))
    first, second = (_fermi_energy(simplices, filling) for simplices in (coarse, fine))
    energy, energy_err = second + (second - first) / 3.0, abs(second - first) / 3.0
    bottom, top = float(fine[0].min()), float(fine[-1].max())
    near = max(3.0 * energy_err, 1e-9 * (top - bottom))
    van_hove = any(abs(energy - singular) <= near for singular in van_hove_energies(lattice, t))
    density, cosines = _averages(lattice, t, energy, n)
    density_err, cosines_err = 0.0, np.zeros_like(cosines)
    for other_energy, lines in ((energy, n // 2), (energy + energy_err, n)):
        other_density, other_cosines = _averages(lattice, t, other_energy, lines)
        density_err += abs(density - other_density)
        cosines_err += np.abs(cosines - other_cosines)
    if van_hove:
        density = density_err = math.inf
    return FermiSurface(
        energy,
        energy_err,
        density,
        density_err,
        cosines,
        cosines_err,
        energy - bottom,
        top - energy,
        van_hove,
    )


def lambda_me(model: Model, filling: float, surface: FermiSurface | None = None) -> FermiSurfaceCoupling:
    """Compute λ_ME of a model at a filling; two kinds of oscillators add up.

    Args:
        model: lattice, hoppings and couplings; U and V do not enter.
        filling: electrons per site, both spins; `LEAST_FILLING` away from 0 and 2.
        surface: the Fermi surface at that filling, if it has been computed; None: compute it.

    Raises:
        InputError: for a lattice or filling that is not allowed.
    """
    fermi = find_fermi_surface(model.bravais, filling, model.hoppings) if surface is None else surface
    bonds = 4.0 / model.bond_frequencies * model.bond_couplings**2
    per_state = float(bonds @ (1.0 + fermi.cosines**2))
    spread = float(bonds @ (2.0 * np.abs(fermi.cosines) * fermi.cosines_err))
    phonon = model.omega
    if model.site_coupling:
        per_state += 2.0 * model.site_coupling**2 / model.site_frequency
        phonon = max(phonon, model.site_frequency)
    flags = []
    if fermi.van_hove:
        flags.append("van Hove singularity at the Fermi level: lambda_ME diverges")
    elif fermi.density_err > RESOLVED_DENSITY * fermi.density:
        flags.append("density of states not resolved")
    if min(fermi.above_bottom, fermi.below_top) < phonon:
        flags.append("Fermi level within a phonon energy of a band edge: not adiabatic")
    if model.bravais.dimension == 1:
        flags.append(NO_TC_IN_ONE_DIMENSION.text)
    if per_state == 0.0:
        return FermiSurfaceCoupling(0.0, 0.0, model.lam, tuple(flags))
    value = per_state * fermi.density
    error = math.inf if fermi.van_hove else per_state * fermi.density_err + spread * fermi.density
    return FermiSurfaceCoupling(value, error, model.lam, tuple(flags))


def van_hove_energies(lattice: Lattice, hoppings: ArrayLike) -> list[float]:
    """List the energies at which a point k = -k, stationary by symmetry, makes N(E) infinite.

    There N(E) diverges in one dimension, at a saddle in two, and wherever the band is flat along a line.
    Stationary points elsewhere in the zone are not looked for.
    """
    axes, t = np.array(lattice.axes), np.asarray(hoppings, dtype=float)
    found = []
    for corner in itertools.product((0.0, math.pi), repeat=lattice.dimension):
        cosine = np.cos(axes @ np.array(corner))
        curvature = np.linalg.eigvalsh(np.einsum("a,ai,aj->ij", 2.0 * t * cosine, axes, axes))
        flat = bool(np.any(np.abs(curvature) < 1e-9 * t.sum()))
        saddle = lattice.dimension == 2 and curvature[0] * curvature[-1] < 0.0
        if lattice.dimension == 1 or saddle or flat:
            found.append(float(-2.0 * t @ cosine))
    return sorted(set(found))


def _simplices(lattice: Lattice, t: Array, size: int) -> Array:
    """Compute the energies at the corners of the simplices of a grid, ascending, shape (d+1, simplices).

    Every cell is cut into d! simplices along its diagonal (Kuhn). Half of the cells are enough: k → -k maps
    the cut onto itself.
    """
    d, shape = lattice.dimension, (size,) * lattice.dimension
    grid = np.indices(shape).reshape(d, -1)
    energy = -2.0 * t @ np.cos(2.0 * np.pi / size * (np.array(lattice.axes) @ grid % size))
    cell = grid[:, grid[0] < size // 2]
    simplices = []
    for order in itertools.permutations(range(d)):
        corner = cell.copy()
        corners = [energy[np.ravel_multi_index(tuple(corner), shape)]]
        for axis in order:
            corner[axis] = (corner[axis] + 1) % size
            corners.append(energy[np.ravel_multi_index(tuple(corner), shape)])
        simplices.append(np.stack(corners))
    return np.sort(np.concatenate(simplices, axis=1), axis=0)


def _fermi_energy(simplices: Array, filling: float) -> float:
    low, high = simplices[0], simplices[-1]

    def excess(energy: float) -> float:
        cut = (low < energy) & (energy < high)
        below = np.count_nonzero(high <= energy) + float(
            (1.0 - volume_fraction_above(simplices[:, cut], energy)).sum()
        )
        return below / len(low) - filling / 2.0

    return float(brentq(excess, low.min(), high.max(), xtol=1e-13))


def volume_fraction_above(corners: Array, energy: float) -> Array:
    """Compute the fraction of the volume of each simplex in which a linear function is above a value.

    It is the divided difference of (e - E)_+^d at the d + 1 corners, by de Boor's recursion for B-splines.

    Args:
        corners: values at the corners in ascending order, shape (d+1, simplices).
        energy: the value E.
    """
    part = [(corner > energy).astype(float) for corner in corners]
    for order in range(1, len(corners)):
        for i in range(len(corners) - order):
            low, high = corners[i], corners[i + order]
            inside = (low < energy) & (energy < high)
            up = np.divide(high - energy, high - low, out=np.zeros_like(low), where=inside)
            part[i] = np.where(
                inside, up * part[i + 1] + (1.0 - up) * part[i], (low >= energy) & (high > energy)
            )
    return part[0]


def _averages(lattice: Lattice, t: Array, energy: float, size: int) -> tuple[float, Array]:
    """Compute N(E) and ⟨cos k·a⟩, shapes () and (axes,), from `size`^(d-1) lines along each direction."""
    axes, d = np.array(lattice.axes), lattice.dimension
    # shifted by golden sections, so that no line runs where the band is flat along it
    shift = np.modf(np.arange(1, d + 1) * (math.sqrt(5.0) - 1.0) / 2.0)[0]
    density, cosine_sums = 0.0, np.zeros(len(axes))
    for direction in range(d):
        grid = np.indices((size,) * (d - 1)).reshape(d - 1, size ** (d - 1))
        k = np.insert((grid + shift[1:, None]) * (2.0 * np.pi / size), direction, 0.0, axis=0)
        line, crossing = _crossings(axes[:, direction], -t[:, None] * np.exp(1j * (axes @ k)), energy)
        k = k[:, line]
        k[direction] = crossing
        phase = axes @ k
        speed = np.abs(axes.T @ (2.0 * t[:, None] * np.sin(phase)))
        part = speed[direction] ** (VELOCITY_POWER - 1) / (speed**VELOCITY_POWER).sum(axis=0)
        scale = 2.0 * np.pi * size ** (d - 1)
        density += float(part.sum() / scale)
        cosine_sums += np.cos(phase) @ part / scale
    return density, cosine_sums / density


def _crossings(
    powers: NDArray[np.int64], terms: NDArray[np.complex128], energy: float
) -> tuple[NDArray[np.int64], Array]:
    """Find the lines and phases k where Σ_a 2 Re(terms_a e^{i powers_a k}) = energy.

    The roots are eigenvalues of companion matrices.

    Args:
        powers: integers of shape (axes,).
        terms: amplitudes of shape (axes, lines).
        energy: energy in the unit of the terms.
    """
    degree = int(np.abs(powers).max())
    polynomial = np.zeros((2 * degree + 1, terms.shape[1]), dtype=complex)
    polynomial[degree] -= energy
    for power, term in zip(powers, terms, strict=True):
        polynomial[degree + power] += term
        polynomial[degree - power] += term.conj()
    companion = np.zeros((terms.shape[1], 2 * degree, 2 * degree), dtype=complex)
    companion[:, 1:, :-1] = np.eye(2 * degree - 1)
    companion[:, :, -1] = (-polynomial[:-1] / polynomial[-1]).T
    z = np.linalg.eigvals(companion)
    line, root = np.nonzero(np.abs(np.abs(z) - 1.0) < 1e-6)
    return line, np.angle(z[line, root])
