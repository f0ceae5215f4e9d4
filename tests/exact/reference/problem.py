"""Exact finite-β results on small clusters: sparse matrices for all couplings of docs/physics.md, "Models",
nothing of the kernel.

States are (r1[, r2], n_1 ... n_M): sites of the electrons and occupations of the oscillators, those with at
most `cutoff` phonons in all. Every quantity follows from e^{-τH}|φ>, |φ> the phonon vacuum times Σ exp(-κ|r1
- r2|)|r1 r2>. On a periodic cluster |φ> and all observables are invariant under translations, so all vectors
have total momentum zero: there the states are seen from electron 1, which stays at site 0 while its hops
translate everything else.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import expm_multiply

from tests.exact.reference.cluster import Cluster, Vector


@dataclass(frozen=True)
class Problem:
    """A cluster with its Hamiltonian and the path's length; see docs/physics.md, "Models" and
    "Path-integral Monte Carlo".

    The fields of the Hamiltonian mean what they mean in `hpcbip.models.Model`.
    """

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
    coupling: str = "bond"
    V: float = 0.0
    shells: tuple[float, ...] = ()
    g_holstein: float = 0.0
    omega_holstein: float = 0.0
    t_factors: tuple[float, ...] = ()
    g_factors: tuple[float, ...] = ()
    omega_factors: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    U_factors: tuple[float, ...] = ()
    phonon_hopping: float = 0.0
    from_electron: bool = True  # whether to see a periodic cluster from electron 1

    @property
    def _moving(self) -> bool:
        return self.cluster.periodic and self.from_electron and not self.cluster.grid.ends

    @cached_property
    def modes(self) -> list[tuple[Vector, float]]:
        """Oscillators, as (lower site, axis) of a bond or (site,), with their frequencies."""
        factors = self.omega_factors or (1.0,) * len(self.cluster.grid.axes)
        bonds = [(bond, self.omega * factors[bond[1]]) for bond in self.cluster.bonds]
        bonds = bonds if "bond" in self.coupling else []
        omega = self.omega if self.coupling == "holstein" else self.omega_holstein
        sites = (
            [((i,), omega) for i in range(len(self.cluster.coordinates))]
            if "holstein" in self.coupling
            else []
        )
        return bonds + sites

    @cached_property
    def phonons(self) -> NDArray[np.int64]:
        """Occupations, shape (states, modes)."""
        rows = []
        for number in range(self.cutoff + 1):
            for filled in itertools.combinations_with_replacement(range(len(self.modes)), number):
                rows.append(np.bincount(np.array(filled, dtype=int), minlength=len(self.modes)))
        return np.array(rows)

    @cached_property
    def _names(self) -> NDArray[np.uint64]:
        """A random name of one phonon in every mode; the sum over the phonons of a state is the name of the
        state."""
        return np.random.default_rng(1).integers(2**63, size=len(self.modes), dtype=np.uint64)

    def _find(self, names: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the indices of the states with these names, -1 for those beyond the cutoff."""
        known, order = self._sorted
        position = np.minimum(np.searchsorted(known, names), len(known) - 1)
        return np.where(known[position] == names, order[position], -1)

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        names = self.phonons.astype(np.uint64) @ self._names
        order = np.argsort(names)
        assert len(np.unique(names)) == len(names)
        return names[order], order

    def displacement(self, mode: int) -> sp.csr_array:
        """Return b + b† of one oscillator on the occupations."""
        states = len(self.phonons)
        raised = self._find(self.phonons.astype(np.uint64) @ self._names + self._names[mode])
        lower = np.flatnonzero(raised >= 0)
        up = sp.csr_array(
            (np.sqrt(self.phonons[lower, mode] + 1.0), (raised[lower], lower)), shape=(states,) * 2
        )
        return sp.csr_array(up + up.T)

    def translation(self, site: int) -> sp.csr_array:
        """Return the occupations seen from a site."""
        states, cluster = len(self.phonons), self.cluster
        if site == 0:
            return sp.eye_array(states, format="csr")
        x = np.array(cluster.coordinates)
        seen = [cluster.site(x[i] - x[site]) for i in range(len(x))]
        index = {mode: m for m, (mode, _) in enumerate(self.modes)}
        image = [index[(seen[mode[0]], *mode[1:])] for mode, _ in self.modes]
        new = self._find(self.phonons.astype(np.uint64) @ self._names[image])
        return sp.csr_array((np.ones(states), (new, np.arange(states))), shape=(states,) * 2)

    @cached_property
    def pairs(self) -> list[Vector]:
        """Sites of the electrons, or of electron 2 seen from electron 1."""
        sites = range(len(self.cluster.coordinates))
        if self._moving:
            return [(0,)] if self.electrons == 1 else [(0, j) for j in sites]
        return list(itertools.product(sites, repeat=self.electrons))

    def _moves(self, k: int) -> dict[tuple[Vector, int], sp.csr_array]:
        """Return step k of either electron as matrices on (r1[, r2]), by bond taken and the site it is then
        seen from."""
        found: dict[tuple[Vector, int], list[Vector]] = {}
        index = {pair: p for p, pair in enumerate(self.pairs)}
        x = np.array(self.cluster.coordinates)
        for pair, e in itertools.product(self.pairs, range(self.electrons)):
            move = self.cluster.hop(pair[e], k)
            if move is None:
                continue
            after = (*pair[:e], move[0], *pair[e + 1 :])
            origin = after[0] if self._moving else 0
            if self._moving:
                after = tuple(self.cluster.site(x[site] - x[origin]) for site in after)
            found.setdefault((move[1], origin), []).append((index[after], index[pair]))
        shape = (len(self.pairs),) * 2
        return {
            key: sp.csr_array((np.ones(len(ends)), tuple(np.array(ends).T)), shape=shape)
            for key, ends in found.items()
        }

    @cached_property
    def directed(self) -> list[tuple[NDArray[np.int64], sp.csr_array, sp.csr_array]]:
        """Per direction: step, bare hopping t Σ c†c, assisted hopping g Σ c†c (b + b†); all positive."""
        index = {mode: m for m, (mode, _) in enumerate(self.modes)}
        axes = len(self.cluster.grid.axes)
        t_factors, g_factors = self.t_factors or (1.0,) * axes, self.g_factors or (1.0,) * axes
        size = len(self.pairs) * len(self.phonons)
        result = []
        for k, step in enumerate(self.cluster.vectors):
            t, g = self.t * t_factors[k // 2], self.g * g_factors[k // 2]
            bare, assisted = sp.csr_array((size, size)), sp.csr_array((size, size))
            for (bond, origin), hop in self._moves(k).items():
                seen = self.translation(origin)
                bare += t * sp.kron(hop, seen, format="csr")
                if bond in index and g != 0.0:
                    assisted += g * sp.kron(hop, seen @ self.displacement(index[bond]), format="csr")
            result.append((step, bare, assisted))
        return result

    @cached_property
    def vertices(self) -> sp.csr_array:
        """g Σ n_i (b_i + b†_i) of the site oscillators."""
        g = self.g if self.coupling == "holstein" else self.g_holstein
        size = len(self.pairs) * len(self.phonons)
        total = sp.csr_array((size, size))
        for m, (mode, _) in enumerate(self.modes):
            if len(mode) == 1:
                electrons = sp.diags_array([float(pair.count(mode[0])) for pair in self.pairs])
                total += g * sp.kron(electrons, self.displacement(m), format="csr")
        return total

    def diagonal(self, of_pair: NDArray[np.float64]) -> NDArray[np.float64]:
        """Put a function of the electrons' sites on the whole space."""
        return np.kron(of_pair, np.ones(len(self.phonons)))

    @cached_property
    def separations(self) -> list[Vector]:
        """r1 - r2 of every pair of sites (two electrons)."""
        return [self.cluster.separation(*pair) for pair in self.pairs]

    def interaction(self, r: Vector) -> float:
        """Return V(r) of a separation: U on the same site, elsewhere V/|r| and the energy of the shell."""
        distance = np.sqrt(self.cluster.length2(r))
        if distance == 0.0:
            return self.U * (self.U_factors[r[-1]] if self.U_factors else 1.0)
        shells = zip(self.cluster.grid.radii, self.shells, strict=False)
        return self.V / distance + sum(energy for radius, energy in shells if abs(distance - radius) < 1e-9)

    @cached_property
    def potential(self) -> NDArray[np.float64]:
        """V(r1 - r2), and the energies of the electrons on their sites, on the whole space."""
        energy = np.zeros(len(self.pairs))
        if self.electrons == 2:
            energy += [self.interaction(r) for r in self.separations]
        if self.levels:
            energy += [sum(self.levels[self.cluster.kind(site)] for site in pair) for pair in self.pairs]
        return self.diagonal(energy)

    @cached_property
    def hamiltonian(self) -> sp.csr_array:
        """H, with the sign of g in which all hops and vertices are positive."""
        energy = np.tile(self.phonons @ np.array([omega for _, omega in self.modes]), len(self.pairs))
        energy = energy + self.potential
        hops = sum(bare + assisted for _, bare, assisted in self.directed)
        total = sp.diags_array(energy) - hops - self.vertices
        if self.phonon_hopping:
            total -= self.phonon_hopping * sp.kron(sp.eye_array(len(self.pairs)), self.phonon_hops)
        return sp.csr_array(total)

    @cached_property
    def phonon_hops(self) -> sp.csr_array:
        """Σ (b†_i b_j + h.c.) over neighbouring oscillators of one kind, on the occupations; of a cluster of
        two sites that closes on itself each is twice the neighbour of the other."""
        states, cluster = len(self.phonons), self.cluster
        index = {mode: m for m, (mode, _) in enumerate(self.modes)}
        total = sp.csr_array((states, states))
        for mode, m in index.items():
            for step in np.eye(len(cluster.extents), dtype=int):
                target = cluster.site(np.array(cluster.coordinates[mode[0]]) + step)
                other = index.get((target, *mode[1:]))
                if other is None:
                    continue
                there = self._names[[other]] - self._names[[m]]  # arrays wrap round without a warning
                moved = self._find(self.phonons.astype(np.uint64) @ self._names + there)
                filled = np.flatnonzero(self.phonons[:, m] > 0)
                amplitude = np.sqrt(self.phonons[filled, m] * (self.phonons[filled, other] + 1.0))
                total += sp.csr_array((amplitude, (moved[filled], filled)), shape=(states,) * 2)
        return sp.csr_array(total + total.T)

    @cached_property
    def trial(self) -> NDArray[np.float64]:
        vacuum = (self.phonons.sum(axis=1) == 0).astype(float)
        weight = np.ones(len(self.pairs))
        if self.electrons == 2:
            d = len(self.cluster.extents)
            weight = np.array([np.exp(-self.kappa * np.abs(r[:d]).sum()) for r in self.separations])
        return np.kron(weight, vacuum)

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
            "phonons": sp.diags_array(np.tile(self.phonons.sum(axis=1).astype(float), len(self.pairs))),
            "bare_hops": sum(bare for _, bare, _ in self.directed),
            "assisted_hops": self.vertices + sum(assisted for _, _, assisted in self.directed),
        }
        if self.cutoff > 0:  # otherwise it is one, without an error
            vacuum = np.tile(self.phonons.sum(axis=1) == 0, len(self.pairs))
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
        highest = np.tile(self.phonons.sum(axis=1) == self.cutoff, len(self.pairs))
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
