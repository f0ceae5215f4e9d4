"""Interlayer pairs on the body-centred tetragonal lattice: d binds at any attraction; where s lies lower.

In Cartesian momentum (c the height of the cell) the band of the relative coordinate at K = 0 is

    ε(k) = -4t (cos k_x + cos k_y) - 16 t_perp cos(k_x/2) cos(k_y/2) cos(k_z c/2),

and an attraction V_perp between nearest sites of neighbouring layers has in the channels s and dxy the form
factors √8 cos cos cos and √8 sin(k_x/2) sin(k_y/2) cos(k_z c/2). For hole-like t < 0 and |t_perp| < |t| the
band is lowest on the line k_x = k_y = π, where the interlayer hop drops out and the form factor of d is
largest: G_dd = w ln(const/Δ) at binding energy Δ → 0, so that Δ ∝ e^{-1/(w|V_perp|)} (arXiv:2502.04647 names
the result, PRB 111, 014506 the calculation; w is derived in docs/theory/d-wave.md).
"""

from __future__ import annotations

import math
from typing import Any

from scipy.optimize import brentq
from scipy.special import ellipe, ellipk

from hpcbip.errors import InputError
from hpcbip.theory.pair.channel import ChannelInteraction
from hpcbip.theory.pair.lattices import PAIR_LATTICES, Channel
from hpcbip.theory.pair.model import PairModel
from hpcbip.theory.pair.threshold import binding_threshold

V_PERP = PAIR_LATTICES["bct"].shell_names.index("V_perp")
"""Number of the interlayer attraction among the interactions V."""
WEAKEST_BINDING = 1e-5
"""Binding energy, in |t|, from which on a crossing of levels is looked for."""


def interlayer_model(
    t: float, t_perp: float, V_perp: float, U: float = math.inf, K: tuple[float, ...] = ()
) -> PairModel:
    """Return two carriers that attract each other on neighbouring layers only.

    Args:
        t, t_perp: hops in the plane (negative: hole-like) and between the layers.
        V_perp: interaction of nearest sites of neighbouring layers, negative if attractive.
        U: on-site repulsion.
        K: total momentum, see `PairModel`.
    """
    return PairModel("bct", U, (0.0,) * V_PERP + (V_perp,), (0.0, t_perp), K, t)


def channel_named(model: PairModel, name: str) -> Channel:
    """Return the channel of a model at K = 0 by its name."""
    return next(channel for channel in model.channels if channel.name == name)


def weak_coupling_exponents(t: float, t_perp: float) -> dict[str, float]:
    """Compute w of Δ ∝ e^{-1/(w|V_perp|)} in the channels with zero threshold, unit 1/energy.

    With κ = t_perp/t and complete elliptic integrals of modulus κ

        w(dxy) = 2 (K - E) / (π² κ² |t|),    w(fxyz) = 2 (E - (1 - κ²) K) / (π² κ² |t|),

    both 1/(2π|t|) for κ → 0.

    Raises:
        InputError: unless t < 0 (hole-like) and |t_perp| < |t|.
    """
    if not (t < 0.0 and abs(t_perp) < -t):
        raise InputError(f"t: {t}, t_perp: {t_perp}; allowed: t < 0 and |t_perp| < |t|")
    m = (t_perp / t) ** 2
    if m < 1e-8:  # the differences below would cancel
        return {"dxy": 1.0 / (2.0 * math.pi * abs(t)), "fxyz": 1.0 / (2.0 * math.pi * abs(t))}
    first, second = float(ellipk(m)), float(ellipe(m))
    scale = 2.0 / (math.pi**2 * m * abs(t))
    return {"dxy": scale * (first - second), "fxyz": scale * (second - (1.0 - m) * first)}


def effective_green(model: PairModel, name: str, binding: float) -> float:
    """Compute -1/V_perp of the attraction that binds the lowest pair of a channel by this energy.

    It is G between the functions of V_perp, for s without what a repulsion U takes away by mixing in the site
    r = 0: G_ss - G_0s²/(G_00 + 1/U).

    Args:
        model: one of `interlayer_model`, with any V_perp < 0.
        name: a channel in which V_perp acts.
        binding: distance below the band, > 0.
    """
    part = ChannelInteraction.in_channel(
        model.interacting_shells(), channel_named(model, name), model.place.dimension
    )
    green = part.matrix(model.band, binding)
    if len(green) == 1:
        return float(green[0, 0])
    return float(green[1, 1] - green[0, 1] ** 2 / (green[0, 0] + 1.0 / model.U))


def exchange_attraction(t_perp: float, t: float = -1.0, U: float = math.inf) -> tuple[float, float] | None:
    """Find the V_perp < 0 at which the s and d (dxy) pairs have the same energy.

    At that energy both have the same `effective_green`. d lies lower where the attraction is stronger.

    Args:
        t_perp, t, U: as in `interlayer_model`; U ≥ 0.

    Returns:
        (V_perp, energy); None where d lies lower wherever a pair is bound by more than `WEAKEST_BINDING`, and
        where the band is flat at its edge (|t_perp| = |t|).

    Raises:
        InputError: unless t < 0: for t > 0 the ground state has no nodes, s.
    """
    if not t < 0.0:
        raise InputError(f"t: {t}; allowed: below 0, for else s lies lowest at any attraction")
    if not U >= 0.0:
        raise InputError(f"U: {U}; allowed: 0 or above")
    model = interlayer_model(t, t_perp, -1.0, U)
    if model.band.edge_dimension is None:
        return None

    def difference(log_binding: float) -> float:
        s, d = (effective_green(model, name, math.exp(log_binding)) for name in ("s", "dxy"))
        return s - d

    bottom = math.log(WEAKEST_BINDING * abs(t))
    top = math.log(100.0 * (abs(t) + t_perp**2 / abs(t)))
    if difference(bottom) <= 0.0:
        return None
    binding = math.exp(brentq(difference, bottom, top, xtol=1e-13))
    return -1.0 / effective_green(model, "dxy", binding), model.band.edge - binding


def interlayer_table(
    t: float, U: float, t_perps: list[float], channels: tuple[str, ...] = ("s", "p", "dxy")
) -> list[dict[str, Any]]:
    """Tabulate the thresholds of V_perp by channel, and the exchange of s and d, against t_perp.

    A threshold is 0 where any attraction binds, and None where it is not defined because the band is flat at
    its edge (|t_perp| = |t| for t < 0). V_perp and E of the exchange are None where there is none.
    """
    result: list[dict[str, Any]] = []
    for t_perp in t_perps:
        model = interlayer_model(t, t_perp, -1.0, U)
        common = {"t": t, "t_perp": t_perp, "U": "inf" if U == math.inf else U, "edge": model.band.edge}
        for name in channels:
            try:
                value = binding_threshold(model, channel_named(model, name), V_PERP + 1)
            except InputError:
                value = None
            result.append({**common, "kind": "threshold", "channel": name, "V_perp": value, "E": None})
        crossing = exchange_attraction(t_perp, t, U) if t < 0.0 else None
        V_perp, energy = crossing or (None, None)
        result.append({**common, "kind": "exchange", "channel": "s = dxy", "V_perp": V_perp, "E": energy})
    return result
