"""Thresholds: the interaction at which a bound state leaves the band, and how many there are.

At the edge of the band the eigenvalues of v⁻¹ + G decide, see `hpcbip.theory.pair.solver`. In three
dimensions G is finite there. In one and two it diverges as g u u^T, where u is the value of the channel's
functions at the minima of the band; in the limit g → ∞ one eigenvalue per independent u goes to infinity, and
the others are those of the matrix on what is orthogonal to all u, where the divergence cancels. So an
attraction with u ≠ 0 and nothing else binds at any strength. A band in three dimensions that is lowest along
lines in the direction of the last component of q diverges as in two, with a u for each point of the line.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.optimize import brentq

from hpcbip.errors import InputError
from hpcbip.theory.pair.channel import ChannelInteraction
from hpcbip.theory.pair.green import Band, square_closed_form
from hpcbip.theory.pair.lattices import Channel
from hpcbip.theory.pair.model import PairModel

Array = NDArray[np.float64]


def _edge_matrix(interaction: ChannelInteraction, band: Band) -> tuple[Array, Array]:
    """Return (P, G at the edge on the columns of P), where P spans the functions on which G stays finite."""
    number = interaction.basis.shape[1]
    if band.edge_dimension == 3:
        return np.eye(number), interaction.matrix(band, 0.0)
    values = [np.exp(1j * (interaction.sites @ q)) @ interaction.basis for q in band.edge_momenta]
    divergent = np.array([part for value in values for part in (value.real, value.imag)])
    _, singular, right = np.linalg.svd(divergent)
    rank = int(np.sum(singular > 1e-9))
    keep = right[rank:].T
    if band.dimension == 1:
        away = np.abs(interaction.sites[:, 0][None] - interaction.sites[:, 0][:, None])
        sign = np.sign(band.strengths[0]) ** away  # the minimum is at q = π for τ < 0
        finite = -sign * away / (2.0 * abs(band.strengths[0]))
        return keep, keep.T @ interaction.basis.T @ finite @ interaction.basis @ keep
    return keep, keep.T @ interaction.matrix(band, 0.0) @ keep


def _edge_is_simple(band: Band) -> bool:
    """Whether G is finite at the edge, or diverges there as it does at a minimum in one or two dimensions."""
    return band.edge_dimension is not None and (band.edge_dimension > 1 or band.dimension == 1)


def count_bound_states(model: PairModel, channel: Channel) -> int | None:
    """Count the bound states of a channel, however weak; None where thresholds are not defined."""
    band, interaction = (
        model.band,
        ChannelInteraction.in_channel(model.interacting_shells(), channel, model.place.dimension),
    )
    if not _edge_is_simple(band):
        return None
    keep, green = _edge_matrix(interaction, band)
    eigenvalues = np.linalg.eigvalsh(keep.T @ np.diag(1.0 / interaction.strength) @ keep + green)
    return int(np.sum(interaction.strength < 0.0)) - int(np.sum(eigenvalues < 0.0))


def binding_threshold(model: PairModel, channel: Channel, shell: int) -> float | None:
    """Find the attraction of one shell, in t, at which its first bound state in a channel appears.

    Args:
        model: gives the lattice, the hopping and all other interactions.
        channel: a channel of the model's lattice.
        shell: 0 for U, n for the n-th V.

    Returns:
        a number ≤ 0, which is 0 if any attraction binds; None if no attraction of this shell binds in this
        channel.

    Raises:
        InputError: if the band is flat at its edge, or the rest of the model binds a state of this channel
            already.
    """
    names = ("U", *model.place.shell_names)
    if not 0 <= shell < len(names):
        raise InputError(f"shell: {shell} is not between 0 and {len(names) - 1}")
    if not _edge_is_simple(model.band):
        raise InputError("threshold: not defined here, for the band is flat in some direction at its edge")
    values = [model.U, *model.V, *(0.0,) * (shell - len(model.V))]
    rest, unit = (
        replace(model, U=numbers[0], V=tuple(numbers[1:]))
        for numbers in ([value if n == shell else v for n, v in enumerate(values)] for value in (0.0, -1.0))
    )
    if (count_bound_states(rest, channel) or 0) > 0:
        raise InputError(f"threshold: {channel.name} is bound already without {names[shell]}")
    interaction = ChannelInteraction.in_channel(unit.interacting_shells(), channel, model.place.dimension)
    varied = interaction.part == sum(v != 0.0 for v in values[:shell])
    if not varied.any():
        return None
    keep, green = _edge_matrix(interaction, model.band)
    fixed = keep.T @ np.diag(np.where(varied, 0.0, 1.0 / interaction.strength)) @ keep + green
    # for a weak attraction, 1/V → -∞, each varied function that the projection leaves has a negative
    # eigenvalue; where it leaves one out, any attraction binds
    weight = keep.T @ np.diag(varied.astype(float)) @ keep
    if np.linalg.matrix_rank(weight, tol=1e-9) < int(varied.sum()):
        return 0.0
    roots = scipy.linalg.eigvals(fixed, -weight)
    real = [
        r.real
        for r in roots
        if np.isfinite(r) and abs(r.imag) < 1e-8 * max(1.0, abs(r.real)) and r.real < -1e-12
    ]
    return float(1.0 / min(real)) if real else None


def weak_square_binding(U: float) -> float:
    """Compute the binding energy of the attractive Hubbard model on the square lattice, t = 1.

    Solves 1/|U| = G(00), an elliptic integral, for the logarithm of the binding energy; its limit for U → 0
    is `weak_square_binding_limit`.

    Raises:
        InputError: unless -1000 ≤ U ≤ -0.12 (below, the binding energy leaves the range of floating-point
            numbers).
    """
    if not -1000.0 <= U <= -0.12:
        raise InputError(f"U: {U} is not between -1000 and -0.12")

    def secular_condition(log_binding: float) -> float:
        return square_closed_form(math.exp(log_binding))[0, 0] * abs(U) - 1.0

    return math.exp(brentq(secular_condition, -700.0, math.log(abs(U)), xtol=1e-13, rtol=1e-14))


def weak_square_binding_limit(U: float) -> float:
    """Compute 64 e^{-8π/|U|}, the limit of `weak_square_binding` for U → 0 (t = 1).

    It follows from G(00) → ln(64/binding)/(8π) at the edge of the band.
    """
    return 64.0 * math.exp(-8.0 * math.pi / abs(U))
