"""The macroscopic order parameter of a dilute gas of pairs, in momentum space.

Condensed pairs are the state Π_k (u_k + v_k c†_k↑ c†_-k↓) with v_k/u_k = √n φ(k), φ the pair's wave function normalised
to one pair, n the pairs per site. For n → 0 Bogoliubov's relations u_k v_k = Δ_k/2E_k, E_k = √(ξ_k² + Δ_k²),
ξ_k = e_k - μ, become F(k) = ⟨c_-k↓ c_k↑⟩ = √n φ(k) and Δ(k) = √n (2e_k - E) φ(k) with μ = E/2: the linearised gap
equation is the Schroedinger equation of the pair (Eagles, PR 186, 456; Nozières and Schmitt-Rink, JLTP 59, 195). So
Δ(k)/√n = -Σ_r v(r) ψ(r) e^{-ik·r} is a constant plus a few harmonics, whatever the size of the pair, and F and Δ have
the same symmetry and the same nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError

from .pair import BoundPair, PairModel, solve

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OrderParameter:
    """On a grid over the Brillouin zone of a two-dimensional lattice.

    Attributes:
        phases: k per primitive vector from -π to π, shape (n,).
        anomalous: F(k)/√n = φ(k), shape (n, n), first index along the first vector; of a triplet its imaginary part.
        gap: Δ(k)/√n, unit t, likewise.
        chemical_potential: μ = E/2, unit t.
    """

    phases: Array
    anomalous: Array
    gap: Array
    chemical_potential: float


def order_parameter(state: BoundPair, size: int = 121) -> OrderParameter:
    """The order parameter of a condensate of these pairs.

    Raises:
        InputError: unless the lattice is two-dimensional and K = 0.
    """
    if state.model.place.dimension != 2 or any(state.model.K):
        raise InputError("order parameter: for pairs at K = 0 on a two-dimensional lattice")
    phases = np.linspace(-np.pi, np.pi, size)
    q = np.stack(np.meshgrid(phases, phases, indexing="ij"), axis=-1)
    phi = state.momentum_wave_function(q)
    real = phi.real if state.channel.spin == "singlet" else phi.imag
    return OrderParameter(phases, real, real * (state.model.band.energy(q) - state.E), 0.5 * state.E)


def energy_rows(models: Sequence[PairModel]) -> list[dict[str, Any]]:
    """For figures: the lowest state of each channel of each model, without what takes long; E None if not bound."""
    result = []
    for model in models:
        for channel in model.channels:
            states = solve(model, channel)
            result.append(
                {"lattice": model.lattice, "U": "inf" if np.isinf(model.U) else model.U,
                 "V": model.V[0] if model.V else 0.0, "t_prime": model.hops[0] if model.hops else 0.0,
                 "K": list(model.K) or None, "channel": channel.name,
                 "E": states[0].E if states else None, "edge": model.band.edge,
                 "binding_energy": states[0].binding_energy if states else None}
            )  # fmt: skip
    return result
