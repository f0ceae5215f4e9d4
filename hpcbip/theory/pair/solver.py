"""Exact bound states of two electrons with a short-range interaction on an infinite lattice, without phonons.

In the notation of `hpcbip.theory.pair.model`

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

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from hpcbip.errors import InputError
from hpcbip.theory.pair.channel import ChannelInteraction, green_integrals
from hpcbip.theory.pair.lattices import Channel, LatticeVector
from hpcbip.theory.pair.model import PairModel

Array = NDArray[np.float64]

SMALLEST_BINDING = 1e-9
"""Binding energy, in |t|, below which a bound state is reported but not resolved."""

COARSE_BINDING = 1e-3
"""Binding energy, in |t|, at which a search starts: far from the band the integrals are cheap."""


@dataclass(frozen=True)
class BoundPair:
    """A bound state.

    Attributes:
        channel: symmetry channel.
        level: 0 for the lowest of the channel.
        E: energy, unit |t|.
        binding_energy: distance below the two-particle band at the same K, unit |t|.
        source: c = vψ on `sites`, normalised so that Σ_r ψ² = 1.
        sites: lattice coordinates, shape (sites, d).
        model: the model that has this bound state.
    """

    channel: Channel
    level: int
    E: float
    binding_energy: float
    source: Array = field(repr=False)
    sites: NDArray[np.int64] = field(repr=False)
    model: PairModel

    def wave_function(self, r: NDArray[np.int64]) -> Array:
        """Compute ψ at lattice coordinates of shape (number, d); shape (number,)."""
        away = np.asarray(r)[:, None, :] - self.sites[None]
        flat = green_integrals(self.model.band, away.reshape(-1, away.shape[-1]), self.binding_energy, 0)
        return -flat.reshape(len(away), -1) @ self.source

    def momentum_wave_function(self, q: Array) -> NDArray[np.complex128]:
        """Compute φ(q) = Σ_r ψ(r) e^{-iq·r} at phases per primitive vector, shape (..., d).

        It is real for singlets and imaginary for triplets.
        """
        form = np.exp(-1j * (q @ self.sites.T)) @ self.source.astype(complex)
        return -form / (self.model.band.energy(q) - self.E)

    @cached_property
    def inverse_mass(self) -> Array:
        """∂²E/∂K_a∂K_b at K = 0, Cartesian, unit 1/m0 = |t| a², shape (d, d).

        In a degenerate channel it belongs to this partner.

        At K = 0 dH/dK vanishes, so first order in d²H/dK² is exact: Σ_b t_b b_a b_b Σ_r ψ(r) ψ(r + b).
        """
        if any(self.model.K):
            raise InputError("mass: only at K = 0; elsewhere take differences of E(K)")
        bonds, amplitudes = self.model.bonds
        vectors = bonds @ np.array(self.model.place.primitive)
        overlap = [self._bilinear(self._source, _shifted(self._source, bond), 1) for bond in bonds]
        return np.einsum("b,bi,bj->ij", amplitudes * np.array(overlap), vectors, vectors)

    @property
    def mass(self) -> float:
        """m* = d / Σ_a ∂²E/∂K_a², unit m0 = 1/|t|: the harmonic mean over directions and partners.

        Directions in which no hop leads do not count.
        """
        return self.model.moving_axes.shape[1] / float(np.trace(self.inverse_mass))

    @property
    def pair_distance2(self) -> float:
        """⟨(r1 - r2)²⟩, unit a²."""
        return float(np.trace(self.distance_tensor))

    @cached_property
    def distance_tensor(self) -> Array:
        """⟨r_a r_b⟩ = ∫ ∂_a ψ(q)* ∂_b ψ(q), r = r1 - r2, Cartesian, unit a², shape (d, d).

        In a degenerate channel it belongs to this partner. With ψ(q) = -c(q)/(ε - E) it needs derivatives of
        G by E up to the third.
        """
        d = self.model.place.dimension
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
        found = np.zeros((d, d))
        for a in range(d):
            for b in range(a + 1):
                found[a, b] = found[b, a] = (
                    self._bilinear(moments[a], moments[b], 1)
                    - self._bilinear(moments[a], products[b], 2)
                    - self._bilinear(moments[b], products[a], 2)
                    + self._bilinear(products[a], products[b], 3)
                )
        primitive = np.array(self.model.place.primitive)
        return np.asarray(primitive.T @ found @ primitive)

    @property
    def on_site_weight(self) -> float:
        """|ψ(0)|², the probability that both electrons are on one site."""
        return float(self.wave_function(np.zeros((1, self.model.place.dimension), dtype=np.int64))[0] ** 2)

    @property
    def _source(self) -> dict[LatticeVector, float]:
        return {
            tuple(int(x) for x in site): float(c) for site, c in zip(self.sites, self.source, strict=True)
        }

    def _bilinear(
        self, left: Mapping[LatticeVector, float], right: Mapping[LatticeVector, float], order: int
    ) -> float:
        """Compute ∫ left(q)* right(q) / (ε - E)^(order + 1) of polynomials in e^{iq} (coefficients)."""
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
    """Find the bound states of a channel, lowest first; `SMALLEST_BINDING` is the least binding resolved."""
    band, interaction = (
        model.band,
        ChannelInteraction.in_channel(model.interacting_shells(), channel, model.place.dimension),
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
    """Find the bound states of all channels with `solve_channel`, lowest energy first."""
    return sorted(
        (state for channel in model.channels for state in solve_channel(model, channel)), key=lambda s: s.E
    )
