"""Maxima of Tc on curves that are known on a grid (docs/method/domes.md).

At the density of touching pairs Tc = C/(m* max(R², 1)) in two and, with another C, in three dimensions. So ln
Tc = const + min(A, B) with A = -ln m* - ln R² and B = -ln m*: a curve with a kink where R² = 1, where the
density stops growing. Its maximum is a smooth one on either branch, or lies at the kink, at an end, or where
Tc runs into the binding energy Δ: pairs that are bound by less than Tc do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcbip.superconductivity.scans import Array, Scan

END = 0.16  # probability of the end of the scan from which on a peak is only a bound
_ON_ROOT = 1e-9  # of a parabola at its own root, in its units, by rounding

SMOOTH_KIND, KINK_KIND, END_KIND = "smooth", "kink", "end"
BINDING_KIND = "binding"
UNBOUND_KIND = "unbound"
"""Kinds of maxima: a smooth one, R² = 1, the end of the scan, Tc = Δ, and none, since Tc >= Δ everywhere."""


@dataclass(frozen=True)
class Tops:
    """Maxima of curves.

    Attributes:
        position: on the axis. log_height: ln (Tc/Ω) there.
        kink: whether R² = 1 there. binding: whether Δ = Tc there.
        unbound: whether Δ <= Tc all along the curve; it is then the place where Δ/Tc is largest.
        end: -1, 0 or 1 for the ends of the scan.
    """

    position: Array
    log_height: Array
    kink: NDArray[np.bool_]
    binding: NDArray[np.bool_]
    unbound: NDArray[np.bool_]
    end: NDArray[np.int64]

    @property
    def limited(self) -> NDArray[np.bool_]:
        """Whether binding decides: Δ = Tc, or Δ <= Tc all along the curve."""
        return self.binding | self.unbound


def tops(scan: Scan, grid: Array, curves: Array) -> Tops:
    """Return the maxima of Tc for curves (..., q, m) of ln m*, ln R² and, if q = 3, Δ/Ω on an even grid (m,).

    Around the highest place at which Δ > Tc all of them are parabolas through three places each; the maximum
    of Tc is at the vertex of a branch, where ln R² = 0, where Δ = Tc, or at an end.
    """
    at = grid[:, None]
    high, margin = scan.log_tc(at, curves), scan.margin(at, curves)
    if margin is None:
        margin = np.ones_like(high)
    bound = np.asarray((margin > 0.0).any(axis=-1))
    allowed = np.where(margin > 0.0, high, -np.inf)
    where = np.where(bound, allowed.argmax(axis=-1), (margin * np.exp(-high)).argmax(axis=-1))
    middle = np.clip(where, 1, len(grid) - 2)
    take = middle[..., None] + np.arange(-1, 2)
    free = np.take_along_axis(scan.log_tc(at, curves, size=False), take, axis=-1)
    size = np.take_along_axis(scan.log_size(curves), take, axis=-1)
    spare = np.take_along_axis(margin, take, axis=-1)
    smallest = _ON_ROOT * np.abs(spare).max(axis=-1)
    crossings = _roots(spare)
    candidates = [np.asarray(where - middle, float), _vertex(free), _vertex(free - size), *_roots(size)]
    v = np.stack(np.broadcast_arrays(*candidates, *crossings))
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(v) & (np.abs(v) <= 1.0) & (_parabola(spare, v) >= -smallest) & bound
    v = np.where(inside, v, v[0])
    value = _parabola(free, v) - np.maximum(_parabola(size, v), 0.0)
    chosen = value.argmax(axis=0)[None]
    best = np.take_along_axis(v, chosen, axis=0)[0]
    binding = bound & (np.abs(_parabola(spare, best)) <= smallest)
    kink = bound & ~binding & (np.abs(_parabola(size, best)) < _ON_ROOT)
    above, below = (middle == len(grid) - 2) & (best >= 1.0), (middle == 1) & (best <= -1.0)
    position = grid[middle] + best * (grid[1] - grid[0])
    height = np.take_along_axis(value, chosen, axis=0)[0]
    return Tops(position, height, kink, binding, np.asarray(~bound), above.astype(int) - below.astype(int))


def likely_end(above: NDArray[np.bool_], below: NDArray[np.bool_]) -> int:
    """1 or -1 for the end at which more of the draws lie, if that is more than `END` of them; else 0."""
    up, down = float(above.mean()), float(below.mean())
    return 0 if max(up, down) <= END else 1 if up >= down else -1


def spread(values: Array) -> float:
    """Return half of the interval that holds the middle 68 %: a standard deviation that single jumps do not
    move."""
    low, high = np.percentile(values, [15.87, 84.13])
    return float(0.5 * (high - low))


def _parabola(values: Array, v: Array) -> Array:
    left, middle, right = np.moveaxis(values, -1, 0)
    return np.asarray(middle + 0.5 * (right - left) * v + 0.5 * (left - 2.0 * middle + right) * v * v)


def _vertex(values: Array) -> Array:
    left, middle, right = np.moveaxis(values, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(0.5 * (left - right) / (left - 2.0 * middle + right))


def _roots(values: Array) -> list[Array]:
    """Return both roots of the parabola, by the formula that does not cancel."""
    left, middle, right = np.moveaxis(values, -1, 0)
    a, b, c = 0.5 * (left - 2.0 * middle + right), 0.5 * (right - left), middle
    with np.errstate(divide="ignore", invalid="ignore"):
        q = -0.5 * (b + np.copysign(np.sqrt(b * b - 4.0 * a * c), b))
        return [q / a, c / q]
