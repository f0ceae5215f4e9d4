"""Two electrons with an on-site and a short-range interaction on an infinite lattice, without phonons: exact.

H = -Σ_b t_b (hops along bond axis b) + Σ_r v(r), t = 1 the unit of energy, v(0) = U, v = V on the shells, r =
r1 - r2. At total momentum K the relative coordinate hops with τ_b = 2 t_b cos(K·b/2), so

    ψ(r) = -Σ_r' G(r - r'; E) c(r'),    c = vψ,    (v⁻¹ + G(E)) c = 0    on the sites of the interaction

(Kornilovitch, arXiv:2305.02548). The eigenvalues of v⁻¹ + G, ordered, rise with E: each zero is bracketed,
and the number of bound states below E is the number of attractive functions less that of negative
eigenvalues.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from hpcbip.errors import InputError
from hpcbip.theory.pair.green import Band
from hpcbip.theory.pair.lattices import (
    PAIR_LATTICES,
    Channel,
    LatticeVector,
    PairLattice,
    inversion,
    symmetric_basis,
)

Array = NDArray[np.float64]
SMALLEST_BINDING = 1e-9
"""Bound states closer to the band, in t, are named but not resolved."""
COARSE_BINDING = 1e-3  # tried first: far from the band the integrals are quick
LARGEST_ENERGY = 1e4
"""Largest interaction or hopping, in t."""


@dataclass(frozen=True)
class PairModel:
    """Two electrons on a lattice; unit of energy t.

    Attributes:
        lattice: a key of `PAIR_LATTICES`.
        U: on-site interaction; infinity (a hard core) is allowed.
        V: interactions of the shells, as many as wanted of the lattice's `shell_names`, in their order.
        hops: amplitudes beyond t = 1 in the order of the lattice's `hop_names`; H = -Σ t_b ..., negative is
            hole-like.
        K: total momentum as phases per primitive vector; empty for zero.
    """

    lattice: str
    U: float = 0.0
    V: tuple[float, ...] = ()
    hops: tuple[float, ...] = ()
    K: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check the input: InputError for what cannot be used."""
        if self.lattice not in PAIR_LATTICES:
            raise InputError(f"lattice: {self.lattice!r} is not one of {', '.join(PAIR_LATTICES)}")
        place = self.place
        for name, given, allowed in (
            ("V", self.V, place.shell_names),
            ("hops", self.hops, place.hop_names[1:]),
        ):
            if len(given) > len(allowed):
                raise InputError(
                    f"{name}: {len(given)} values given, {self.lattice} has {len(allowed)}: {allowed}"
                )
        if len(self.K) not in (0, place.dimension):
            raise InputError(f"K: {len(self.K)} components given, {self.lattice} has {place.dimension}")
        for name, values in (("V", self.V), ("hops", self.hops), ("K", self.K)):
            for value in values:
                if not abs(value) <= LARGEST_ENERGY:
                    raise InputError(
                        f"{name}: {value} is not between -{LARGEST_ENERGY:g} and {LARGEST_ENERGY:g}"
                    )
        if not (abs(self.U) <= LARGEST_ENERGY or self.U == math.inf):
            raise InputError(f"U: {self.U} is not between -{LARGEST_ENERGY:g} and {LARGEST_ENERGY:g}, or inf")
        if self.dispersionless:
            raise InputError(f"K: {self.K}: no relative motion is left at this momentum")

    @property
    def place(self) -> PairLattice:
        """The lattice's data."""
        return PAIR_LATTICES[self.lattice]

    @cached_property
    def band(self) -> Band:
        """The band of the relative coordinate."""
        bonds, amplitudes = self._bonds
        phases = bonds @ np.array(self.K or (0.0,) * self.place.dimension)
        return Band(bonds, 2.0 * amplitudes * np.cos(0.5 * phases))

    @property
    def dispersionless(self) -> bool:
        """Whether the relative coordinate cannot hop."""
        return bool(np.abs(self.band.strengths).max() < 1e-12)

    @cached_property
    def _bonds(self) -> tuple[NDArray[np.int64], Array]:
        families = list(zip((1.0, *self.hops), self.place.hops, strict=False))
        bonds = [(bond, t) for t, family in families for bond in family if t != 0.0]
        return np.array([bond for bond, _ in bonds], dtype=np.int64), np.array([t for _, t in bonds])

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The symmetry channels; at K ≠ 0 only singlets and triplets."""
        if not any(self.K):
            return self.place.channels
        swap = inversion(self.place.dimension)
        return (
            Channel("even", "singlet", 1, ((swap, 1),), "1"),
            Channel("odd", "triplet", 1, ((swap, -1),), "x"),
        )

    def sites(self) -> list[tuple[float, tuple[LatticeVector, ...]]]:
        """(interaction, sites) of everything that interacts."""
        every = [(self.U, ((0,) * self.place.dimension,)), *zip(self.V, self.place.shells, strict=False)]
        return [(v, sites) for v, sites in every if v != 0.0]


@dataclass(frozen=True)
class ChannelInteraction:
    """What interacts within a channel.

    Attributes:
        sites: lattice coordinates, shape (sites, d).
        basis: orthonormal functions on them, shape (sites, functions).
        strength: interaction of each function, shape (functions,).
        part: number of the entry of `PairModel.sites` that each function belongs to, shape (functions,).
    """

    sites: NDArray[np.int64]
    basis: Array
    strength: Array
    part: NDArray[np.int64]

    @classmethod
    def in_channel(
        cls, shells: Sequence[tuple[float, tuple[LatticeVector, ...]]], channel: Channel, dimension: int
    ) -> ChannelInteraction:
        """The sector of these (interaction, sites)."""
        blocks = [symmetric_basis(sites, channel.signs) for _, sites in shells]
        basis = np.zeros((sum(len(b) for b in blocks), sum(b.shape[1] for b in blocks)))
        row = column = 0
        for block in blocks:
            basis[row : row + block.shape[0], column : column + block.shape[1]] = block
            row, column = row + block.shape[0], column + block.shape[1]
        part = np.repeat(np.arange(len(blocks)), [b.shape[1] for b in blocks])
        strength = np.array([v for v, _ in shells], dtype=float)[part]
        sites = np.array([site for _, part in shells for site in part], dtype=np.int64).reshape(-1, dimension)
        used = np.abs(basis).max(axis=1, initial=0.0) > 0.0
        return cls(sites[used], basis[used], strength, part)

    def matrix(self, band: Band, binding: float, order: int = 0) -> Array:
        """The integral of `Band.integrals` between the functions, shape (functions, functions)."""
        number = len(self.sites)
        r = (self.sites[None, :] - self.sites[:, None]).reshape(-1, band.dimension)
        return self.basis.T @ green_integrals(band, r, binding, order).reshape(number, number) @ self.basis

    def secular_matrix(self, band: Band, binding: float) -> Array:
        """v⁻¹ + G."""
        return np.diag(1.0 / self.strength) + self.matrix(band, binding)


def green_integrals(band: Band, r: NDArray[np.int64], binding: float, order: int) -> Array:
    """`Band.integrals`, each up to inversion different displacement once; channels share what they ask
    for."""
    first = [next((1 if x > 0 else -1 for x in row if x), 1) for row in r]
    keys = [tuple(int(sign * x) for x in row) for sign, row in zip(first, r, strict=True)]
    known = band.known_integrals.setdefault((binding, order), {})
    missing = sorted(set(keys) - known.keys())
    if missing:
        known.update(zip(missing, band.integrals(np.array(missing), binding, order).tolist(), strict=True))
    return np.array([known[key] for key in keys])


@dataclass(frozen=True)
class BoundPair:
    """A bound state.

    Attributes:
        channel: its symmetry.
        level: 0 for the lowest of the channel.
        E: energy, unit t.
        binding_energy: distance below the two-particle band at the same K, unit t.
        source: c = vψ on `sites`, normalised so that Σ_r ψ² = 1.
        sites: lattice coordinates, shape (sites, d).
        model: what it is a bound state of.
    """

    channel: Channel
    level: int
    E: float
    binding_energy: float
    source: Array = field(repr=False)
    sites: NDArray[np.int64] = field(repr=False)
    model: PairModel

    def wave_function(self, r: NDArray[np.int64]) -> Array:
        """ψ at lattice coordinates of shape (number, d)."""
        away = np.asarray(r)[:, None, :] - self.sites[None]
        flat = green_integrals(self.model.band, away.reshape(-1, away.shape[-1]), self.binding_energy, 0)
        return -flat.reshape(len(away), -1) @ self.source

    def momentum_wave_function(self, q: Array) -> NDArray[np.complex128]:
        """φ(q) = Σ_r ψ(r) e^{-iq·r} at phases per primitive vector, shape (..., d); real if even, imaginary
        if odd."""
        form = np.exp(-1j * (q @ self.sites.T)) @ self.source.astype(complex)
        return -form / (self.model.band.energy(q) - self.E)

    @cached_property
    def inverse_mass(self) -> Array:
        """∂²E/∂K_a∂K_b, Cartesian, unit 1/m0 = t a²; of a degenerate channel, of this partner. Only at K = 0.

        At K = 0 dH/dK vanishes, so first order in d²H/dK² is exact: Σ_b t_b b_a b_b Σ_r ψ(r) ψ(r + b).
        """
        if any(self.model.K):
            raise InputError("mass: only at K = 0; elsewhere take differences of E(K)")
        bonds, amplitudes = self.model._bonds
        vectors = bonds @ np.array(self.model.place.primitive)
        overlap = [self._bilinear(self._source, _shifted(self._source, bond), 1) for bond in bonds]
        return np.einsum("b,bi,bj->ij", amplitudes * np.array(overlap), vectors, vectors)

    @property
    def mass(self) -> float:
        """m* = d / Σ_a ∂²E/∂K_a², unit m0 = 1/t: the harmonic mean over directions and partners."""
        return self.model.place.dimension / float(np.trace(self.inverse_mass))

    @cached_property
    def pair_distance2(self) -> float:
        """⟨(r1 - r2)²⟩ = ∫ |∇ψ(q)|², unit a²; with ψ(q) = -c(q)/(ε - E) it takes derivatives of G by E to the
        third."""
        metric, d = self.model.place.metric, self.model.place.dimension
        bonds, tau = self.model.band.bonds, self.model.band.strengths
        slopes = [
            {
                tuple(int(x) for x in sign * b): -sign * float(b[a]) * s
                for b, s in zip(bonds, tau, strict=True)
                for sign in (1, -1)
            }
            for a in range(d)
        ]
        moments = [{r: r[a] * c for r, c in self._source.items()} for a in range(d)]
        products = [_product(self._source, slope) for slope in slopes]
        total = 0.0
        for a in range(d):
            for b in range(d):
                if abs(metric[a, b]) > 1e-14:
                    total += metric[a, b] * (
                        self._bilinear(moments[a], moments[b], 1)
                        - 2.0 * self._bilinear(moments[a], products[b], 2)
                        + self._bilinear(products[a], products[b], 3)
                    )
        return float(total)

    @property
    def on_site_weight(self) -> float:
        """|ψ(0)|²."""
        return float(self.wave_function(np.zeros((1, self.model.place.dimension), dtype=np.int64))[0] ** 2)

    @property
    def _source(self) -> dict[LatticeVector, float]:
        return {
            tuple(int(x) for x in site): float(c) for site, c in zip(self.sites, self.source, strict=True)
        }

    def _bilinear(
        self, left: Mapping[LatticeVector, float], right: Mapping[LatticeVector, float], order: int
    ) -> float:
        """∫ left(q)* right(q) / (ε - E)^(order + 1) of trigonometric polynomials given by their
        coefficients."""
        overlap = _product({tuple(-x for x in r): c for r, c in left.items()}, right)
        values = green_integrals(self.model.band, np.array(list(overlap)), self.binding_energy, order)
        return float(values @ np.array(list(overlap.values())))


def _shifted(polynomial: Mapping[LatticeVector, float], by: Sequence[int]) -> dict[LatticeVector, float]:
    return {tuple(int(x + y) for x, y in zip(r, by, strict=True)): c for r, c in polynomial.items()}


def _product(
    left: Mapping[LatticeVector, float], right: Mapping[LatticeVector, float]
) -> dict[LatticeVector, float]:
    result: dict[LatticeVector, float] = {}
    for shift, factor in left.items():
        for r, c in _shifted(right, shift).items():
            result[r] = result.get(r, 0.0) + factor * c
    return {r: c for r, c in result.items() if c != 0.0}


def solve_channel(model: PairModel, channel: Channel) -> list[BoundPair]:
    """The bound states of a channel, lowest first; those closer to the band than `SMALLEST_BINDING` are left
    out."""
    band, interaction = (
        model.band,
        ChannelInteraction.in_channel(model.sites(), channel, model.place.dimension),
    )
    found: list[BoundPair] = []
    attractive = int(np.sum(interaction.strength < 0.0))
    if not attractive:
        return found
    top = math.log(-float(interaction.strength.min()) * (1.0 + 1e-9))
    bottom, coarse = math.log(SMALLEST_BINDING), math.log(COARSE_BINDING)

    def eigenvalue(log_binding: float, number: int) -> float:
        return float(np.linalg.eigvalsh(interaction.secular_matrix(band, math.exp(log_binding)))[number])

    for number in range(attractive - 1, -1, -1):
        well = top > coarse and eigenvalue(coarse, number) > 0.0
        if not well and (top <= bottom or eigenvalue(bottom, number) <= 0.0):
            break
        start, stop = (coarse, top) if well else (bottom, min(coarse, top))
        binding = math.exp(brentq(eigenvalue, start, stop, args=(number,), xtol=1e-14, rtol=1e-14))
        _, vectors = np.linalg.eigh(interaction.secular_matrix(band, binding))
        c = vectors[:, number]
        c = interaction.basis @ c / math.sqrt(float(c @ interaction.matrix(band, binding, 1) @ c))
        c *= -np.sign(c[np.abs(c).argmax()])
        found.append(
            BoundPair(
                channel, attractive - 1 - number, band.edge - binding, binding, c, interaction.sites, model
            )
        )
    return found


def bound_states(model: PairModel) -> list[BoundPair]:
    """All bound states that `solve_channel` finds, lowest energy first."""
    return sorted(
        (state for channel in model.channels for state in solve_channel(model, channel)), key=lambda s: s.E
    )


def model_parameters(model: PairModel) -> dict[str, Any]:
    """Lattice, interactions, amplitudes beyond t, and K (None for zero), by name."""
    place = model.place
    found: dict[str, Any] = {"lattice": model.lattice, "U": "inf" if model.U == math.inf else model.U}
    found |= dict(
        zip(place.shell_names, (*model.V, *(0.0,) * (len(place.shell_names) - len(model.V))), strict=True)
    )
    amplitudes = (*model.hops, *(0.0,) * (len(place.hop_names) - 1 - len(model.hops)))
    found |= dict(zip(place.hop_names[1:], amplitudes, strict=True))
    return found | {"K": list(model.K) or None}


def pair_table(model: PairModel) -> list[dict[str, Any]]:
    """One row per symmetry channel with its lowest state, and one more for each further bound state.

    `status` is "bound", "not bound", "no interaction in this channel", or "bound by less than 1e-09 t"; the
    numbers of what is not resolved are None. `level` counts the states of a channel; `degeneracy` their
    partners.
    """
    from hpcbip.theory.pair.threshold import count_bound_states  # it needs the model of this module

    common = model_parameters(model) | {"edge": model.band.edge}
    result = []
    for channel in model.channels:
        words = common | {"channel": channel.name, "spin": channel.spin, "degeneracy": channel.degeneracy}
        states = solve_channel(model, channel)
        result += [words | {"level": state.level, "status": "bound"} | _numbers(state) for state in states]
        if not states:
            empty = (
                ChannelInteraction.in_channel(model.sites(), channel, model.place.dimension).basis.shape[1]
                == 0
            )
            status = "no interaction in this channel" if empty else "not bound"
            if not empty and (count_bound_states(model, channel) or 0) > 0:
                status = f"bound by less than {SMALLEST_BINDING:g} t"
            result.append(words | {"level": 0, "status": status} | dict.fromkeys(BOUND_STATE_COLUMNS))
    return result


BOUND_STATE_COLUMNS = ("E", "binding_energy", "mass", "pair_distance2", "on_site_weight")


def _numbers(state: BoundPair) -> dict[str, Any]:
    values = {
        "E": state.E,
        "binding_energy": state.binding_energy,
        "mass": None if any(state.model.K) else state.mass,
    }
    return values | {"pair_distance2": state.pair_distance2, "on_site_weight": state.on_site_weight}
