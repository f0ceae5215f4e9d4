"""Claims of the second paper: the symmetry of real-space pairs, from the theory alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcbip.report.papers.claims.claim import Claim, Finding
from hpcbip.report.tables import Record
from hpcbip.theory.pair.order_parameter import condensate_order_parameter
from hpcbip.theory.pair.ring import RING_MODELS, ring_levels
from hpcbip.theory.pair.solver import BoundPair, solve_channel
from hpcbip.theory.pair.tetragonal import channel_named, interlayer_model, interlayer_table

_T_PERPS = (0.1, 0.25, 0.5, 0.9, 1.2)  # hops between the layers at which thresholds are looked at, |t|
_T_PERP, _ATTRACTION = 0.25, -2.0  # of the pair whose energy and order parameter are looked at, |t|
_REPULSIONS = (0.0, 8.0, math.inf)
_SAME = 1e-8  # |t|, energies that count as equal
_GRID = 61
_LEFT = 1e-9  # of the largest order parameter, what counts as zero


def _d_pair(U: float) -> BoundPair:
    model = interlayer_model(-1.0, _T_PERP, _ATTRACTION, U)
    return solve_channel(model, channel_named(model, "dxy"))[0]


def _examine_ring(records: Sequence[Record]) -> Finding:
    comparisons: list[bool | None] = []
    numbers = []
    for model in RING_MODELS:
        for amplitude, word, lowest in ((-1.0, "electron-like", "s"), (1.0, "hole-like", "d")):
            levels = ring_levels(amplitude, 0.0, model)
            comparisons.append(levels[0].label.startswith(lowest) and math.isclose(levels[0].E, -2.0))
            text = ", ".join(f"{level.label} {round(level.E, 9) + 0.0:+g}" for level in levels)
            numbers.append(f"Model ({model}), {word} hop: levels in |h| {text}.")
    return Finding(comparisons, numbers)


def _examine_layers(records: Sequence[Record]) -> Finding:
    rows = [row for row in interlayer_table(-1.0, math.inf, list(_T_PERPS)) if row["kind"] == "threshold"]
    d = {row["t_perp"]: row["V_perp"] for row in rows if row["channel"] == "dxy"}
    s = {row["t_perp"]: row["V_perp"] for row in rows if row["channel"] == "s"}
    energies = [_d_pair(U).E for U in _REPULSIONS]
    comparisons: list[bool | None] = [d[t_perp] == 0.0 for t_perp in _T_PERPS]
    comparisons += [abs(energy - energies[0]) < _SAME for energy in energies[1:]]
    thresholds = "; ".join(f"t_perp = {t:g}: d {d[t]:.4g}, s {s[t]:.4g}" for t in _T_PERPS)
    return Finding(
        comparisons,
        [
            f"Thresholds of V_perp at t = -1, U = ∞, in |t|: {thresholds}. Zero holds for t_perp < |t|, "
            "where the band is lowest along the line (π, π, k_z).",
            f"Energy of the d pair at t_perp = {_T_PERP:g}, V_perp = {_ATTRACTION:g}: {energies[0]:.8f} at "
            f"U = 0, {energies[1]:.8f} at 8, {energies[2]:.8f} at ∞; bound by "
            f"{_d_pair(math.inf).binding_energy:.6f}.",
        ],
    )


def _examine_order_parameter(records: Sequence[Record]) -> Finding:
    order = condensate_order_parameter(_d_pair(math.inf), _GRID, 2.0 * math.pi)
    gap = order.gap / np.abs(order.gap).max()
    turned = float(np.abs(np.rot90(gap) + gap).max())
    on_axes = float(max(np.abs(gap[_GRID // 2]).max(), np.abs(gap[:, _GRID // 2]).max()))
    return Finding(
        [turned < _LEFT, on_axes < _LEFT],
        [
            "Order parameter of the d pair in the plane k_z = 0, over its largest value: a turn by 90° "
            f"changes its sign, and it vanishes on the axes, to better than {_LEFT:g}."
        ],
    )


RING_CLAIM = Claim(
    "second",
    "(1)",
    "Four resonant sites have an s ground state for an electron-like hop and a d ground state for a "
    "hole-like one, in both models.",
    "ring",
    _examine_ring,
)
LAYERS_CLAIM = Claim(
    "second",
    "(2)",
    "On the body-centred tetragonal lattice holes that attract each other between layers pair in the d "
    "channel with zero threshold, whatever the repulsion on a site and the hop between the layers.",
    "bct",
    _examine_layers,
)
ORDER_PARAMETER_CLAIM = Claim(
    "second",
    "(3)",
    "The macroscopic order parameter at low density has the symmetry of the pair.",
    "bct",
    _examine_order_parameter,
)
