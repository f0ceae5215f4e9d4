"""The lowest state of a variational space at a total momentum, and the exact derivatives of E(K).

With every state translated so that its centre of mass carries the phase, H(K) = D + Σ_m [c_m e^{-iK·s_m} X_m
+ h.c.]: X_m the move's real matrix, c_m its strength, s_m its step for one electron, half of it for two.
Hence H' and H'' are as sparse as H, and with Q = 1 - |ψ><ψ|

    ∂E/∂K_a = <ψ|H'_a|ψ>,   ∂²E/∂K_a∂K_b = <ψ|H''_ab|ψ> - 2 Re <H'_a ψ|Q (H - E)⁻¹ Q|H'_b ψ>,

which is the exact second derivative of the variational energy. (H - E) is positive on Q: conjugate gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse.linalg import LinearOperator, cg, eigsh

from hpcbip.theory.exact.basis import Space
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.system import System

DENSE_SIZE = 100  # number of states up to which dense matrices are quicker; they need no tolerance
DEGENERACY_TOLERANCE = 1e-8  # distance of levels, in t, below which a curvature has no meaning
FLAT_SLOPE = 1e-6  # slope of E(K), in t, of a minimum or maximum


@dataclass(frozen=True)
class Level:
    """The lowest state of one variational space.

    Attributes:
        basis_size: number of states.
        K: total momentum, Cartesian, units 1/a.
        E: energy.
        slope: ∂E/∂K, shape (d,).
        inverse_mass: Σ_a ∂²E/∂K_a²/d in units of 1/m_e = 2t (polaron) or 1/m0 = t (pair); None where levels
            cross, where the iteration failed, or on a cluster.
        pair_distance2: <(r1 - r2)²>, None for one electron.
        phonons: mean number of phonons.
        weight: probability of no phonon; for one electron the quasiparticle weight |<0|c_K|ψ>|².
        E2: what the states left out would change E by, in second order; None where that was not computed.
    """

    basis_size: int
    K: tuple[float, ...]
    E: float
    slope: tuple[float, ...]
    inverse_mass: float | None
    pair_distance2: float | None
    phonons: float
    weight: float
    E2: float | None = None

    @property
    def mass(self) -> float | None:
        """Mass in m_e = 1/(2t) (polaron) or m0 = 1/t (pair); negative at a maximum of E(K)."""
        return 1.0 / self.inverse_mass if self.inverse_mass else None


class Hamiltonian:
    """The sparse matrix H(K) of a system in a space.

    Args:
        space: the basis and the matrices of the moves.
        system: parameters.
        momentum: total momentum K, Cartesian, units 1/a, shape (d,).
    """

    def __init__(self, space: Space, system: System, momentum: NDArray[np.float64]) -> None:
        self.space = space
        self.system = system
        geometry = space.geometry
        factor = 1.0 / geometry.electrons
        primitive = np.array(geometry.bravais.primitive)
        self.steps = [factor * geometry.displacement(move) @ primitive for move, _ in space.matrices]
        phases = [complex(np.exp(-1j * (step @ momentum))) for step in self.steps]
        self.real = bool(np.all(momentum == 0.0))
        self.strengths = [
            system.factor(move) * (phase.real if self.real else phase)
            for (move, _), phase in zip(space.matrices, phases, strict=True)
        ]
        self.diagonal = _diagonal(space, system)
        upper = sum(c * matrix for c, (_, matrix) in zip(self.strengths, space.matrices, strict=True))
        self.matrix = (upper + upper.conj().T + sp.diags(self.diagonal)).tocsr()

    def lowest(
        self, start: NDArray[Any] | None, levels: int = 1, tolerance: float = 1e-10
    ) -> tuple[float, NDArray[np.complex128], float]:
        """Find E, the normalised state of shape (N,), and the distance to the next level.

        Args:
            start: start vector of the iteration, None for one spread over few moves.
            levels: number of levels to find; for one level the distance is infinite.
            tolerance: relative accuracy.
        """
        size = len(self.diagonal)
        if size <= DENSE_SIZE:
            energies, states = np.linalg.eigh(self.matrix.toarray())
        else:
            if start is None:
                start = np.zeros(size)
                start[: self.space.sizes[min(4, len(self.space.sizes) - 1)]] = 1.0
                start[0] += 1.0
            start = start.real if self.real else start
            energies, states = eigsh(
                self.matrix, k=levels, which="SA", v0=start, tol=tolerance, ncv=max(16, 8 * levels)
            )
            order = np.argsort(energies)
            energies, states = energies[order], states[:, order]
        gap = float(energies[1] - energies[0]) if levels > 1 and len(energies) > 1 else np.inf
        return float(energies[0]), states[:, 0], gap

    def derivative(self, state: NDArray[np.complex128], axis: int) -> NDArray[np.complex128]:
        """Compute H'_a ψ, shape (N,).

        For a real ψ at K = 0 it is i times a real vector, which is returned without the i.
        """
        result = np.zeros(len(state), dtype=state.dtype)
        for c, step, (_, matrix) in zip(self.strengths, self.steps, self.space.matrices, strict=True):
            if step[axis] == 0.0:
                continue
            if self.real:
                result -= (c * step[axis]) * (matrix @ state - matrix.T @ state)
            else:
                result += step[axis] * (-1j * c * (matrix @ state) + 1j * np.conj(c) * (matrix.T @ state))
        return result

    def term(self, number: int, reverse: bool) -> tuple[Any, list[Any]]:
        """Return what multiplies a move in H(K), or its adjoint, and in the derivatives along the axes.

        The axes are those of `responses`; for a real ψ at K = 0 the derivatives are without their i.

        Args:
            number: of the move, among the space's matrices.
            reverse: whether it is the adjoint.
        """
        c, step = self.strengths[number], self.steps[number]
        if self.real:
            return c, [(c if reverse else -c) * step[axis] for axis in self._axes]
        c = np.conj(c) if reverse else c
        return c, [(1j if reverse else -1j) * c * step[axis] for axis in self._axes]

    def derivatives(
        self, energy: float, state: NDArray[np.complex128], second: bool = True
    ) -> tuple[NDArray[np.float64], float | None]:
        """Compute ∂E/∂K, shape (d,), and, if `second`, Σ_a ∂²E/∂K_a²/d; nan if the iteration fails."""
        d = self.space.geometry.bravais.dimension
        first = [self.derivative(state, axis) for axis in range(d)]
        slope = np.zeros(d) if self.real else np.array([np.vdot(state, x).real for x in first])
        if not second:
            return slope, None
        curvature = 0.0
        for c, step, (_, matrix) in zip(self.strengths, self.steps, self.space.matrices, strict=True):
            if step.any():
                curvature -= 2.0 * float(step @ step) * (c * np.vdot(state, matrix @ state)).real
        solved = zip(self._axes, self.responses(energy, state, 1e-9), strict=True)
        return slope, curvature / d - float(np.mean([2.0 * np.vdot(first[a], x).real for a, x in solved]))

    @property
    def _axes(self) -> Sequence[int]:
        """The axes along which second derivatives are needed.

        At K = 0 all named Bravais lattices with equal bonds are isotropic, so one axis stands for all.
        """
        geometry = self.space.geometry
        triplet = geometry.electrons == 2 and geometry.spin == "triplet"
        return (
            (0,) if self.real and self.system.isotropic and not triplet else range(geometry.bravais.dimension)
        )

    def responses(
        self, energy: float, state: NDArray[np.complex128], accuracy: float
    ) -> list[NDArray[np.complex128]]:
        """Compute Q (H - E)⁻¹ Q H'_a ψ, shape (N,), for the axes a that are needed; nan if that fails.

        Args:
            energy: energy of the lowest state ψ.
            state: ψ, shape (N,).
            accuracy: relative accuracy.
        """
        return [self._response(energy, state, self.derivative(state, axis), accuracy) for axis in self._axes]

    def _response(
        self, energy: float, state: NDArray[np.complex128], source: NDArray[np.complex128], accuracy: float
    ) -> NDArray[np.complex128]:
        right = source - state * np.vdot(state, source)
        if float(np.linalg.norm(right)) < 1e-14:
            return np.zeros_like(right)
        if len(right) <= DENSE_SIZE:
            energies, states = np.linalg.eigh(self.matrix.toarray())
            above = energies - energy > DEGENERACY_TOLERANCE * self.system.t
            parts = (states.conj().T @ right)[above] / (energies[above] - energy)
            return np.asarray(states[:, above] @ parts)
        floor = 0.1 * self.system.t
        preconditioner = 1.0 / np.maximum(self.diagonal - energy, floor)

        def project(x: NDArray[np.complex128]) -> NDArray[np.complex128]:
            x = x.reshape(-1)
            return x - state * np.vdot(state, x)

        def apply(x: NDArray[np.complex128]) -> NDArray[np.complex128]:
            return project(self.matrix @ x.reshape(-1) - energy * x.reshape(-1))

        shape, kind = self.matrix.shape, right.dtype
        operator = LinearOperator(shape, apply, dtype=kind)
        guess = LinearOperator(shape, lambda x: project(preconditioner * project(x)), dtype=kind)
        solution, failed = cg(operator, right, rtol=accuracy, atol=0.0, maxiter=3000, M=guess)
        return np.full_like(right, np.nan) if failed else project(solution)


def _diagonal(space: Space, system: System) -> NDArray[np.float64]:
    return system.quanta(space.phonons) + electronic_energies(system, space.separation, space.kinds)


def electronic_energies(
    system: System, separation: NDArray[np.float64], kinds: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Compute the levels of the electrons' sites and the interaction of two electrons, shape (N,).

    Args:
        system: parameters.
        separation: r2 - r1, Cartesian, shape (N, d) or (N, 3).
        kinds: sites of the cell on which the electrons are, shape (electrons, N).
    """
    levels = np.asarray(system.site_levels[kinds].sum(axis=0))
    if len(kinds) == 1:
        return levels
    distance = np.linalg.norm(separation, axis=1)
    return levels + np.divide(system.V, distance, out=system.repulsions[kinds[0]], where=distance > 0.0)


def solve_in_space(
    space: Space,
    system: System,
    momentum: NDArray[np.float64] | None = None,
    start: NDArray[np.complex128] | None = None,
    mass: bool = True,
) -> tuple[Level, NDArray[np.complex128]]:
    """Find the lowest state of one space at one total momentum.

    Args:
        space: the basis.
        system: parameters.
        momentum: total momentum K, Cartesian, units 1/a, shape (d,); None for zero.
        start: amplitudes from which the iteration starts, shape (N,); None for a vector of its own.
        mass: whether to compute the mass.

    Returns:
        the level and its amplitudes, shape (N,).
    """
    geometry = space.geometry
    d = geometry.bravais.dimension
    momentum = np.zeros(d) if momentum is None else momentum
    hamiltonian = Hamiltonian(space, system, momentum)
    energy, state, gap = hamiltonian.lowest(start, levels=2 if geometry.crossing else 1)
    mass = mass and geometry.cluster is None
    slope, curvature = hamiltonian.derivatives(energy, state, mass and gap > DEGENERACY_TOLERANCE * system.t)
    unit = geometry.mass_factor * system.t
    probability = np.abs(state) ** 2
    total = space.phonons.sum(axis=0)
    distance2 = float(probability @ (space.separation**2).sum(axis=1)) if geometry.electrons == 2 else None
    level = Level(
        basis_size=len(space),
        K=tuple(float(x) for x in momentum),
        E=energy,
        slope=tuple(float(x) for x in slope),
        inverse_mass=None if curvature is None or np.isnan(curvature) else float(curvature) / unit,
        pair_distance2=distance2,
        phonons=float(probability @ total),
        weight=float(probability[total == 0].sum()),
    )
    return level, state


def solve_near_momentum(
    space: Space, system: System, guess: NDArray[np.float64], start: NDArray[Any] | None = None
) -> tuple[Level, NDArray[Any]]:
    """Find the lowest state at the minimum of E(K) next to a guess, with `minimise_energy`.

    Arguments and results are those of `solve_in_space`.
    """
    state = start

    def level(k: NDArray[np.float64], mass: bool) -> Level:
        nonlocal state
        found, state = solve_in_space(space, system, k, state, mass=mass)
        return found

    found = minimise_energy(level, system, guess)
    assert state is not None
    return found, state


def minimise_energy(
    level: Callable[[NDArray[np.float64], bool], Level], system: System, guess: NDArray[np.float64]
) -> Level:
    """Find the minimum of E(K) next to a guess by the exact slope.

    A guess that is a minimum already, for instance zero, is returned unchanged.

    Args:
        level: function of K, and of whether the mass is needed, that returns the lowest state.
        system: the system of these states.
        guess: momentum, Cartesian, units 1/a, shape (d,).
    """
    start = level(guess, True)
    if np.linalg.norm(start.slope) < FLAT_SLOPE * system.t:
        if start.inverse_mass is None or start.inverse_mass > 0.0:
            return start
        guess = 0.9 * guess if guess.any() else 0.025 * search_lines(system.geometry)[0]

    def target(k: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        found = level(k, False)
        return found.E, np.array(found.slope)

    found = np.array(minimize(target, guess, jac=True, method="BFGS", options={"gtol": 1e-8}).x)
    return level(found if np.linalg.norm(found) > 1e-6 else np.zeros(len(found)), True)


def search_lines(geometry: Geometry) -> list[NDArray[np.float64]]:
    """List the reciprocal vectors along which the lowest momentum is searched: the first, and the sum of all.

    Cartesian, units 1/a.
    """
    primitive = np.array(geometry.bravais.primitive)
    dual = 2.0 * np.pi * np.linalg.inv(primitive).T
    return [dual[0]] if len(primitive) == 1 else [dual[0], dual.sum(axis=0)]
