"""Exact finite-β results on small clusters: all observables of the Hamiltonian in `matrices`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import expm_multiply

from tests.exact.reference.cluster import Vector
from tests.exact.reference.matrices import Matrices


class Problem(Matrices):
    """The observables of a cluster."""

    @cached_property
    def trial(self) -> NDArray[np.float64]:
        vacuum = (self.occupations.sum(axis=1) == 0).astype(float)
        weight = np.ones(len(self.pairs))
        if self.electrons == 2:
            d = len(self.cluster.extents)
            weight = np.array([np.exp(-self.kappa * np.abs(r[:d]).sum()) for r in self.separations])
        return np.kron(weight, vacuum)

    def counting(self, modes: Iterable[int]) -> sp.dia_array:
        """Return the number of phonons in these modes."""
        numbers = self.occupations[:, list(modes)].sum(axis=1)
        return sp.diags_array(np.tile(numbers.astype(float), len(self.pairs)))

    def family_of(self, mode: Vector) -> int:
        """Return the number of the family of a mode, as the program counts them."""
        if len(mode) == 3:
            return self.coupling.count("bond") + self.coupling.count("holstein") + mode[2]
        return 0 if len(mode) == 2 else self.coupling.count("bond")

    def solve(self, nodes: int = 12) -> dict[str, float]:
        """Return all observables: energy, the bulk averages, and displacement2_window."""
        h, window = self.hamiltonian, self.beta - 2 * self.edge
        x, weights = np.polynomial.legendre.leggauss(nodes)
        times = np.sort(0.5 * self.beta + 0.5 * window * x)  # symmetric about β/2
        stops = [*times, self.beta]
        state, now, states = self.trial, 0.0, []
        for stop in stops:
            state = expm_multiply(-(stop - now) * h, state)
            now = stop
            states.append(state)
        z = self.trial @ states[-1]
        result = {"energy": float(self.trial @ (h @ states[-1]) / z)}
        operators = {
            "phonons": self.counting(range(len(self.modes))),
            "bare_hops": sum(bare for _, bare, _ in self.directed),
            "assisted_hops": self.vertices + sum(assisted for _, _, assisted in self.directed),
        }
        if self.phonons:
            own = self.coupling.count("bond") + self.coupling.count("holstein")
            families = [self.family_of(mode) for mode, _ in self.modes]
            for family in range(own + len(self.phonons)):
                here = [m for m, one in enumerate(families) if one == family]
                operators[f"phonons_family[{family}]"] = self.counting(here)
        if self.cutoff > 0:  # otherwise it is one, without an error
            vacuum = np.tile(self.occupations.sum(axis=1) == 0, len(self.pairs))
            operators["vacuum"] = sp.diags_array(vacuum.astype(float))
        if self.electrons == 2:
            distance2 = np.array([self.cluster.length2(r) for r in self.separations])
            operators["pair_distance2"] = sp.diags_array(self.diagonal(distance2))
            operators["potential"] = sp.diags_array(self.potential)
            cells = [r[: len(self.cluster.extents)] for r in self.separations]
            for r in sorted(set(cells)):
                here = np.array([float(s == r) for s in cells])
                operators["pair_weight[" + ",".join(map(str, r)) + "]"] = sp.diags_array(self.diagonal(here))
            for kind in range(self.cluster.grid.kinds if self.cluster.grid.ends else 0):
                here = np.array([float(i == j and self.cluster.kind(i) == kind) for i, j in self.pairs])
                operators[f"contact[{kind}]"] = sp.diags_array(self.diagonal(here))
        sums = dict.fromkeys(operators, 0.0)
        for k, weight in enumerate(weights / 2):
            left, right = (
                states[nodes - 1 - k],
                states[k],
            )  # H is symmetric: <φ|e^{-(β-τ)H} is the state at β - τ
            for name, operator in operators.items():
                sums[name] += weight * float(left @ (operator @ right)) / z
        displacement2 = self.displacement2(self.edge, self.beta - self.edge).sum()
        return result | sums | {"displacement2_window": float(displacement2)}

    def share_at_cutoff(self) -> float:
        """Return the probability of the largest phonon number in the middle of the path: more than all those
        left out have."""
        middle = self.after(0.5 * self.beta) ** 2
        highest = np.tile(self.occupations.sum(axis=1) == self.cutoff, len(self.pairs))
        return float(middle[highest].sum() / middle.sum())

    def after(self, time: float) -> NDArray[np.float64]:
        """Return e^{-time H}|φ>; what has been asked for is kept."""
        time = round(time, 12)
        if time not in self._states:
            self._states[time] = expm_multiply(-time * self.hamiltonian, self.trial)
        return self._states[time]

    @cached_property
    def _states(self) -> dict[float, NDArray[np.float64]]:
        return {}

    def displacement2(self, start: float, stop: float) -> NDArray[np.float64]:
        """Return <(R(stop) - R(start))²> by Cartesian component, from the second derivative of a phase on the
        hops in between.

        With H(θ) = H - iθ J - θ²/2 K..., the derivatives v1, v2 of e^{-τH(θ)}v obey a linear system: v1' =
        -Hv1 + Jv0, v2' = -Hv2 + 2Jv1 + Kv0, where J and K weigh every directed hop with its step and the step
        squared; <ΔR²> = <left|v2>/Z. J is antisymmetric: from the left the same system holds with -J, and
        where both ends are as far from the middle, <ΔR²> = 2 (<v0|v2> - <v1|v1>)/<v0|v0> of its v there.
        """
        h, n = self.hamiltonian, self.hamiltonian.shape[0]
        symmetric = math.isclose(start, self.beta - stop)
        length = 0.5 * (stop - start) if symmetric else stop - start
        initial = np.concatenate([self.after(start), np.zeros(2 * n)])
        left = None if symmetric else self.after(self.beta - stop)
        cartesian = np.linalg.cholesky(np.array(self.cluster.grid.metric)).T
        components = []
        for row in cartesian:
            steps = [row @ step / self.electrons for step, _, _ in self.directed]
            j = sum(s * (b + p) for s, (_, b, p) in zip(steps, self.directed, strict=True))
            k = sum(s * s * (b + p) for s, (_, b, p) in zip(steps, self.directed, strict=True))
            block = sp.block_array([[-h, None, None], [j, -h, None], [k, 2 * j, -h]], format="csr")
            v0, v1, v2 = expm_multiply(length * block, initial).reshape(3, n)
            if left is None:
                components.append(2.0 * float(v0 @ v2 - v1 @ v1) / float(v0 @ v0))
            else:
                components.append(float(left @ v2) / float(left @ v0))
        return np.array(components)

    def wave(self, phases: NDArray[np.float64], start: float, stop: float) -> float:
        """Return <cos K·(R(stop) - R(start))>, with K given by its phases per lattice coordinate of R."""
        h = self.hamiltonian.astype(complex)
        for step, bare, assisted in self.directed:
            h = h - (np.exp(1j * (phases @ step) / self.electrons) - 1.0) * (bare + assisted)
        end = expm_multiply(-(stop - start) * h, self.after(start).astype(complex))
        return float((self.after(self.beta - stop) @ end).real / (self.trial @ self.after(self.beta)))
