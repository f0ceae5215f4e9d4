"""Exact finite-β results on small clusters: sparse matrices for all couplings of docs/physics.md, "Models",
nothing of the kernel (`Family` is a record of numbers).

States are (r1[, r2], n_1 ... n_M): sites of the electrons and occupations of the oscillators, those with at
most `cutoff` phonons in all. Every quantity follows from e^{-τH}|φ>, |φ> the phonon vacuum times Σ exp(-κ|r1
- r2|)|r1 r2>. On a periodic cluster |φ> and all observables are invariant under translations, so all vectors
have total momentum zero: there the states are seen from electron 1, which stays at site 0 while its hops
translate everything else.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from hpcbip.models import Family
from tests.exact.reference.cluster import Cluster, Vector


@dataclass(frozen=True)
class Matrices:
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
    profile: tuple[float, ...] = ()
    phonons: tuple[Family, ...] = ()
    from_electron: bool = True  # whether to see a periodic cluster from electron 1

    @property
    def _moving(self) -> bool:
        return self.cluster.periodic and self.from_electron and not self.cluster.grid.ends

    @cached_property
    def modes(self) -> list[tuple[Vector, float]]:
        """Oscillators, as (lower site, axis) of a bond or (site,), with their frequencies; those of further
        families as (lower site, axis, family) or (site, -1, family), families from 0 on."""
        factors = self.omega_factors or (1.0,) * len(self.cluster.grid.axes)
        sites_of = self.cluster.coordinates
        bonds = [(bond, self.omega * factors[bond[1]]) for bond in self.cluster.bonds]
        bonds = bonds if "bond" in self.coupling else []
        omega = self.omega if self.coupling == "holstein" else self.omega_holstein
        sites = [((i,), omega) for i in range(len(sites_of))] if "holstein" in self.coupling else []
        further = []
        for number, family in enumerate(self.phonons):
            places = (
                self.cluster.bonds if family.where == "bonds" else [(i, -1) for i, _ in enumerate(sites_of)]
            )
            for site, place in places:
                kind = place if family.where == "bonds" else self.cluster.kind(site)
                if not family.places or kind in family.places:
                    further.append(((site, place, number), family.omega))
        return bonds + sites + further

    @cached_property
    def occupations(self) -> NDArray[np.int64]:
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
        names = self.occupations.astype(np.uint64) @ self._names
        order = np.argsort(names)
        assert len(np.unique(names)) == len(names)
        return names[order], order

    def displacement(self, mode: int) -> sp.csr_array:
        """Return b + b† of one oscillator on the occupations."""
        states = len(self.occupations)
        raised = self._find(self.occupations.astype(np.uint64) @ self._names + self._names[mode])
        lower = np.flatnonzero(raised >= 0)
        up = sp.csr_array(
            (np.sqrt(self.occupations[lower, mode] + 1.0), (raised[lower], lower)), shape=(states,) * 2
        )
        return sp.csr_array(up + up.T)

    def translation(self, site: int) -> sp.csr_array:
        """Return the occupations seen from a site."""
        states, cluster = len(self.occupations), self.cluster
        if site == 0:
            return sp.eye_array(states, format="csr")
        x = np.array(cluster.coordinates)
        seen = [cluster.site(x[i] - x[site]) for i in range(len(x))]
        index = {mode: m for m, (mode, _) in enumerate(self.modes)}
        image = [index[(seen[mode[0]], *mode[1:])] for mode, _ in self.modes]
        new = self._find(self.occupations.astype(np.uint64) @ self._names[image])
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
        axes = len(self.cluster.grid.axes)
        t_factors, g_factors = self.t_factors or (1.0,) * axes, self.g_factors or (1.0,) * axes
        size = len(self.pairs) * len(self.occupations)
        result = []
        for k, step in enumerate(self.cluster.vectors):
            t, g = self.t * t_factors[k // 2], self.g * g_factors[k // 2]
            bare, assisted = sp.csr_array((size, size)), sp.csr_array((size, size))
            for (bond, origin), hop in self._moves(k).items():
                seen = self.translation(origin)
                bare += t * sp.kron(hop, seen, format="csr")
                for m, (mode, _) in enumerate(self.modes):
                    strength = g if len(mode) == 2 else self.phonons[mode[2]].g if len(mode) == 3 else 0.0
                    if mode[:2] == bond and strength != 0.0:
                        assisted += strength * sp.kron(hop, seen @ self.displacement(m), format="csr")
            result.append((step, bare, assisted))
        return result

    @cached_property
    def vertices(self) -> sp.csr_array:
        """g Σ n_i p(|r_i - r_m|) (b_m + b†_m) of the site oscillators."""
        g = self.g if self.coupling == "holstein" else self.g_holstein
        size = len(self.pairs) * len(self.occupations)
        total = sp.csr_array((size, size))
        for m, (mode, _) in enumerate(self.modes):
            family = self.phonons[mode[2]] if len(mode) == 3 else None
            if len(mode) == 1 or (family is not None and family.where == "sites"):
                strength, profile = (family.g, family.profile) if family else (g, self.profile or (1.0,))
                sites = range(len(self.cluster.coordinates))
                by_site = [self.acting(mode[0], site, profile) for site in sites]
                acting = [sum(by_site[site] for site in pair) for pair in self.pairs]
                total += strength * sp.kron(sp.diags_array(acting), self.displacement(m), format="csr")
        return total

    def acting(self, oscillator: int, site: int, profile: tuple[float, ...]) -> float:
        """Return p of an electron on a site for an oscillator on another one: the sum over all images."""
        cluster = self.cluster
        if len(profile) == 1:
            return profile[0] * float(oscillator == site)
        radii, d = (0.0, *cluster.grid.radii)[: len(profile)], len(cluster.extents)
        one, other = cluster.coordinates[site], cluster.coordinates[oscillator]
        total = 0.0
        reach = range(-4, 5) if cluster.periodic else range(1)
        for images in itertools.product(reach, repeat=d):
            cells = np.subtract(one[:d], other[:d]) + np.multiply(images, cluster.extents)
            distance = np.sqrt(cluster.length2((*cells.tolist(), *one[d:], *other[d:])))
            total += sum(p for p, radius in zip(profile, radii, strict=True) if abs(distance - radius) < 1e-9)
        return total

    def diagonal(self, of_pair: NDArray[np.float64]) -> NDArray[np.float64]:
        """Put a function of the electrons' sites on the whole space."""
        return np.kron(of_pair, np.ones(len(self.occupations)))

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
        energy = np.tile(self.occupations @ np.array([omega for _, omega in self.modes]), len(self.pairs))
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
        states, cluster = len(self.occupations), self.cluster
        index = {mode: m for m, (mode, _) in enumerate(self.modes)}
        total = sp.csr_array((states, states))
        for mode, m in index.items():
            for step in np.eye(len(cluster.extents), dtype=int):
                target = cluster.site(np.array(cluster.coordinates[mode[0]]) + step)
                other = index.get((target, *mode[1:]))
                if other is None:
                    continue
                there = self._names[[other]] - self._names[[m]]  # arrays wrap round without a warning
                moved = self._find(self.occupations.astype(np.uint64) @ self._names + there)
                filled = np.flatnonzero(self.occupations[:, m] > 0)
                amplitude = np.sqrt(self.occupations[filled, m] * (self.occupations[filled, other] + 1.0))
                total += sp.csr_array((amplitude, (moved[filled], filled)), shape=(states,) * 2)
        return sp.csr_array(total + total.T)
