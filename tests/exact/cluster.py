"""Exact finite-β results on small clusters with bond phonons: sparse matrices, nothing of the kernel.

States are (r1[, r2], n_1 ... n_B): sites of the electrons and occupations of the bonds, those with at most `cutoff`
phonons in all. Every quantity follows from e^{-τH}|φ>, |φ> the phonon vacuum times Σ exp(-κ|r1 - r2|)|r1 r2>.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import expm_multiply


@dataclass(frozen=True)
class Cluster:
    """A graph: sites 0..n-1, and bonds (i, j, dx) where the step from i to j is dx in unwrapped coordinates."""

    name: str
    sites: int
    bonds: tuple[tuple[int, int, tuple[int, ...]], ...]
    coordinates: tuple[tuple[int, ...], ...]
    period: int = 0  # of a ring

    def separation(self, i: int, j: int) -> tuple[int, ...]:
        """r_i - r_j, on a ring the image nearest to zero (half the ring: positive)."""
        difference = np.subtract(self.coordinates[i], self.coordinates[j])
        if self.period:
            difference = difference % self.period
            difference = np.where(2 * difference > self.period, difference - self.period, difference)
        return tuple(int(x) for x in difference)


DIMER = Cluster("dimer", 2, ((0, 1, (1,)),), ((0,), (1,)))
CHAIN3 = Cluster("chain3", 3, ((0, 1, (1,)), (1, 2, (1,))), ((0,), (1,), (2,)))
RING4 = Cluster("ring4", 4, tuple((i, (i + 1) % 4, (1,)) for i in range(4)), tuple((i,) for i in range(4)), period=4)
PLAQUETTE = Cluster(
    "plaquette", 4, ((0, 1, (1, 0)), (2, 3, (1, 0)), (0, 2, (0, 1)), (1, 3, (0, 1))), ((0, 0), (1, 0), (0, 1), (1, 1))
)


@dataclass(frozen=True)
class Problem:
    """A cluster with its Hamiltonian and the path's length; see PHYSICS.md sections 1 and 2."""

    cluster: Cluster
    electrons: int
    t: float
    omega: float
    g: float
    U: float
    beta: float
    edge: float
    cutoff: int
    kappa: float = 0.0

    @cached_property
    def phonons(self) -> np.ndarray:
        """Occupations, shape (states, bonds)."""
        bonds = len(self.cluster.bonds)
        all_of_them = (
            n for n in itertools.product(range(self.cutoff + 1), repeat=bonds) if sum(n) <= self.cutoff
        )
        return np.array(list(all_of_them))

    @cached_property
    def pairs(self) -> list[tuple[int, ...]]:
        """Sites of the electrons."""
        return list(itertools.product(range(self.cluster.sites), repeat=self.electrons))

    @cached_property
    def hops(self) -> list[tuple[np.ndarray, sp.csr_matrix]]:
        """For every bond and both directions: the step of R times the number of electrons, and Σ c†c on (r1[, r2])."""
        n, one = self.cluster.sites, sp.identity(self.cluster.sites)
        result = []
        for i, j, dx in self.cluster.bonds:
            for source, target, sign in ((i, j, 1), (j, i, -1)):
                single = sp.csr_matrix(([1.0], ([target], [source])), shape=(n, n))
                both = single if self.electrons == 1 else sp.kron(single, one) + sp.kron(one, single)
                result.append((sign * np.array(dx), sp.csr_matrix(both)))
        return result

    def displacement(self, bond: int) -> sp.csr_matrix:
        """b + b† of one bond on the occupations."""
        index = {tuple(n): k for k, n in enumerate(self.phonons)}
        rows, columns, values = [], [], []
        for k, n in enumerate(self.phonons):
            raised = n.copy()
            raised[bond] += 1
            other = index.get(tuple(raised))
            if other is not None:
                rows += [other, k]
                columns += [k, other]
                values += [np.sqrt(raised[bond])] * 2
        return sp.csr_matrix((values, (rows, columns)), shape=(len(self.phonons),) * 2)

    @cached_property
    def directed(self) -> list[tuple[np.ndarray, sp.csr_matrix, sp.csr_matrix]]:
        """Per bond and direction: step, bare hopping t Σ c†c, assisted hopping g Σ c†c (b + b†); all positive."""
        identity = sp.identity(len(self.phonons))
        result = []
        for k, (step, hop) in enumerate(self.hops):
            bare = sp.csr_matrix(self.t * sp.kron(hop, identity))
            assisted = sp.csr_matrix(self.g * sp.kron(hop, self.displacement(k // 2)))
            result.append((step, bare, assisted))
        return result

    def diagonal(self, of_pair: np.ndarray) -> np.ndarray:
        """A function of the electrons' sites on the whole space."""
        return np.kron(of_pair, np.ones(len(self.phonons)))

    @cached_property
    def separations(self) -> list[tuple[int, ...]]:
        """r1 - r2 of every pair of sites (two electrons)."""
        return [self.cluster.separation(*pair) for pair in self.pairs]

    @cached_property
    def hamiltonian(self) -> sp.csr_matrix:
        """H, with the sign of g in which all hops are positive."""
        energy = self.omega * np.kron(np.ones(len(self.pairs)), self.phonons.sum(axis=1))
        if self.electrons == 2:
            energy = energy + self.U * self.contact
        return sp.csr_matrix(sp.diags(energy) - sum(bare + assisted for _, bare, assisted in self.directed))

    @cached_property
    def contact(self) -> np.ndarray:
        return self.diagonal(np.array([float(i == j) for i, j in self.pairs]))

    @cached_property
    def trial(self) -> np.ndarray:
        vacuum = (self.phonons.sum(axis=1) == 0).astype(float)
        weight = np.ones(len(self.pairs))
        if self.electrons == 2:
            weight = np.array([np.exp(-self.kappa * np.abs(s).sum()) for s in self.separations])
        return np.kron(weight, vacuum)

    def solve(self, nodes: int = 12) -> dict[str, float]:
        """All observables: energy, the bulk averages, and displacement2_window."""
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
        count = np.kron(np.ones(len(self.pairs)), self.phonons.sum(axis=1))
        diagonal = {"phonons": count}
        if self.electrons == 2:
            distance2 = np.array([np.dot(s, s) for s in self.separations])
            diagonal |= {"pair_distance2": self.diagonal(distance2), "potential": self.U * self.contact}
            for r in sorted(set(self.separations)):
                name = "pair_weight[" + ",".join(map(str, r)) + "]"
                diagonal[name] = self.diagonal(np.array([float(s == r) for s in self.separations]))
        bare = sum(matrix for _, matrix, _ in self.directed)
        assisted = sum(matrix for _, _, matrix in self.directed)
        sums = dict.fromkeys([*diagonal, "bare_hops", "assisted_hops"], 0.0)
        for k, weight in enumerate(weights / 2):
            left, right = states[nodes - 1 - k], states[k]  # H is symmetric: <φ|e^{-(β-τ)H} is the state at β - τ
            for name, operator in diagonal.items():
                sums[name] += weight * float(left @ (operator * right)) / z
            sums["bare_hops"] += weight * float(left @ (bare @ right)) / z
            sums["assisted_hops"] += weight * float(left @ (assisted @ right)) / z
        return result | sums | {"displacement2_window": self._displacement2(z)}

    def _displacement2(self, z: float) -> float:
        """<|R(β - edge) - R(edge)|²> from the second derivative of a phase on the hops in between.

        With H(θ) = H - iθ J - θ²/2 K..., the derivatives v1, v2 of e^{-τH(θ)}v obey a linear system: v1' = -Hv1 + Jv0,
        v2' = -Hv2 + 2Jv1 + Kv0, where J and K weigh every directed hop with its step and the step squared; <ΔR²> =
        <left|v2>/Z.
        """
        h, n = self.hamiltonian, self.hamiltonian.shape[0]
        start = expm_multiply(-self.edge * h, self.trial)
        total = 0.0
        for a in range(len(self.cluster.coordinates[0])):
            steps = [step[a] / self.electrons for step, _, _ in self.directed]
            j = sum(s * (b + p) for s, (_, b, p) in zip(steps, self.directed, strict=True))
            k = sum(s * s * (b + p) for s, (_, b, p) in zip(steps, self.directed, strict=True))
            block = sp.bmat([[-h, None, None], [j, -h, None], [k, 2 * j, -h]], format="csr")
            end = expm_multiply((self.beta - 2 * self.edge) * block, np.concatenate([start, np.zeros(2 * n)]))
            total += float(start @ end[2 * n :]) / z
        return total
