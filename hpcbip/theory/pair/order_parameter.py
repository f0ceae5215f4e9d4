"""The order parameter of a dilute condensate of pairs, in momentum space.

Condensed pairs are the state Π_k (u_k + v_k c†_k↑ c†_-k↓) with v_k/u_k = √n φ(k), φ the pair's wave function
normalised to one pair, n the pairs per site. For n → 0 Bogoliubov's relations u_k v_k = Δ_k/2E_k, E_k =
√(ξ_k² + Δ_k²), ξ_k = e_k - μ, become F(k) = ⟨c_-k↓ c_k↑⟩ = √n φ(k) and Δ(k) = √n (2e_k - E) φ(k) with μ =
E/2: the linearised gap equation is the Schroedinger equation of the pair (Eagles, PR 186, 456; Nozières and
Schmitt-Rink, JLTP 59, 195). So Δ(k)/√n = -Σ_r v(r) ψ(r) e^{-ik·r} is a constant plus a few harmonics,
whatever the size of the pair, and F and Δ have the same symmetry and the same nodes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.theory.pair.solver import BoundPair

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OrderParameter:
    """The order parameter on a grid over the Brillouin zone.

    In three dimensions the grid covers the plane of the first two primitive vectors, k_z = 0.

    Attributes:
        phases: k per primitive vector, from -π to π unless another reach is asked for, shape (n,).
        anomalous: F(k)/√n = φ(k), shape (n,) or (n, n), first index along the first vector; for a
            triplet the imaginary part.
        gap: Δ(k)/√n, unit t, of the same shape.
        chemical_potential: μ = E/2, unit t.
    """

    phases: Array
    anomalous: Array
    gap: Array
    chemical_potential: float


def condensate_order_parameter(state: BoundPair, size: int = 121, reach: float = math.pi) -> OrderParameter:
    """Compute the order parameter of a condensate of one bound state.

    Args:
        state: the pair that is condensed, at K = 0.
        size: grid points along each phase.
        reach: largest phase. On the body-centred lattice the plane repeats itself after 4π only: 2π further
            along k_x is also 2π further along k_z c.

    Raises:
        InputError: unless K = 0.
    """
    if any(state.model.K):
        raise InputError("order parameter: for pairs at K = 0")
    d = state.model.place.dimension
    phases, across = np.linspace(-reach, reach, size), min(d, 2)
    q = np.zeros((size,) * across + (d,))
    q[..., :across] = np.stack(np.meshgrid(*[phases] * across, indexing="ij"), axis=-1)
    if d == 3:  # the part of the third primitive vector that lies in the plane of the others
        primitive = np.array(state.model.place.primitive)
        q[..., 2] = q[..., :2] @ np.linalg.lstsq(primitive[:2].T, primitive[2], rcond=None)[0]
    phi = state.momentum_wave_function(q)
    real = phi.real if state.channel.spin == "singlet" else phi.imag
    return OrderParameter(phases, real, real * (state.model.band.energy(q) - state.E), 0.5 * state.E)
