"""The maximum of Tc with Δ > Tc over one axis or two: where it is, how high, and how well that is known
(docs/method/domes.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hpcbip.statistics.notation import with_short_error
from hpcbip.superconductivity.peaks import GRID, find_peak, place_name
from hpcbip.superconductivity.scans import Array, Scan
from hpcbip.superconductivity.tops import END, UNBOUND_KIND, likely_end, spread, tops
from hpcbip.vocabulary.parameters import SCAN_AXES

DRAWS = 1000
_WINDOW = 17  # places per axis of the search for the maximum of a surface


@dataclass(frozen=True)
class Maximum:
    """The maximum over the axes of a scan.

    Attributes:
        position, position_err: (d,) with total errors. height, height_err: Tc/Ω.
        ends: per axis -1 or 1 if it lies at that end, or does so within its error; else 0.
        between: share of the variance that is interpolation; the rest is noise.
        window: (2, d) corners of where it may be.
        statement: one sentence.
        at_binding: probability that binding decides: that the maximum lies where Tc = Δ, or that there is
            none, because Tc >= Δ everywhere.
        unbound: whether there is none; height is then that of the formula.
    """

    scan: Scan
    position: tuple[float, ...]
    position_err: tuple[float, ...]
    height: float
    height_err: float
    ends: tuple[int, ...]
    between: float
    window: Array
    statement: str
    at_binding: float = 0.0
    unbound: bool = False

    def open_axes(self, bounds: Mapping[str, tuple[float, float]]) -> list[str]:
        """Return the axes along which it lies at an end of the scan beyond which Tc may be higher.

        Beyond a natural end, such as U = 0 of a repulsion, nothing lies, unless the bounds reach further.
        """
        found = []
        for axis, end, values in zip(self.scan.axes, self.ends, self.scan.x.T, strict=True):
            edge = float(values.max() if end > 0 else values.min())
            if end and not (is_natural_end(axis, edge) and edge in bounds[axis]):
                found.append(axis)
        return found

    def worst(self, tolerance: Mapping[str, float]) -> float:
        """Return the largest error over its tolerance: by axis, and "height" (relative)."""
        ratios = [err / tolerance[axis] for axis, err in zip(self.scan.axes, self.position_err, strict=True)]
        return max(*ratios, self.height_err / self.height / tolerance["height"])


def is_natural_end(axis: str, value: float) -> bool:
    """Tell whether an axis ends at a value by its meaning."""
    settings = SCAN_AXES[axis].scan
    return settings is not None and settings.natural_end == value


@dataclass(frozen=True)
class Draws:
    """Joint draws of the maximum and of the curves of `Scan.mean`.

    Attributes:
        positions: (number, d). heights: (number,) of ln (Tc/Ω).
        limited: (number,) whether binding decides.
        curves: (number, q, m) at further places.
    """

    positions: Array
    heights: Array
    limited: NDArray[np.bool_]
    curves: Array

    @property
    def spreads(self) -> Array:
        """(d + 1,) of positions and heights."""
        return np.array([spread(values) for values in (*self.positions.T, self.heights)])


def find_maximum(scan: Scan) -> Maximum:
    """Find the maximum of Tc over one or two axes.

    Along one axis it is that of `find_peak`; over two all errors are from draws of the surfaces.

    Raises:
        InputError: if the scan has too few points.
    """
    box = np.array([scan.x.min(axis=0), scan.x.max(axis=0)])
    return _of_curve(scan, box) if len(scan.axes) == 1 else _of_surface(scan, box)


def draw_maxima(scan: Scan, window: Array, places: Array | None = None) -> tuple[Draws, Draws]:
    """Draw the maximum within a window (2, d), and the curves at further places (m, d).

    Returns:
        draws of what the exact points would allow, and the same with the points' errors.
    """
    grid = grid_of(window, GRID if len(scan.axes) == 1 else _WINDOW)
    everywhere = grid if places is None else np.vstack([grid, places])
    exact, added = scan.draws(everywhere, DRAWS, np.random.default_rng(scan.seed))
    return _drawn_maxima(scan, grid, exact), _drawn_maxima(scan, grid, exact + added)


def grid_of(window: Array, number: int) -> Array:
    """(number^d, d) places of an even grid between the corners (2, d)."""
    return np.array(list(product(*(np.linspace(low, high, number) for low, high in window.T))))


def _drawn_maxima(scan: Scan, grid: Array, curves: Array) -> Draws:
    searched, further = curves[..., : len(grid)], curves[..., len(grid) :]
    if len(scan.axes) == 1:
        found = tops(scan, grid[:, 0], searched)
        return Draws(found.position[:, None], found.log_height, found.limited, further)
    at, heights, limited, _ = _highest(scan, grid, searched)
    return Draws(grid[at], heights, limited, further)


def _highest(
    scan: Scan, places: Array, curves: Array
) -> tuple[NDArray[np.int64], Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Find the highest Tc with Δ > Tc on surfaces (..., q, m); without such a place the largest Δ/Tc.

    Returns:
        its place, ln (Tc/Ω) there, whether Tc is higher where Δ <= Tc, and whether Δ <= Tc everywhere.
    """
    high, margin = scan.log_tc(places, curves), scan.margin(places, curves)
    if margin is None:
        margin = np.ones_like(high)
    unbound = np.asarray((margin <= 0.0).all(axis=-1))
    nearest = (margin * np.exp(-high)).argmax(axis=-1)
    at = np.where(unbound, nearest, np.where(margin > 0.0, high, -np.inf).argmax(axis=-1))
    heights = np.take_along_axis(high, at[..., None], axis=-1)[..., 0]
    return at, heights, heights < high.max(axis=-1), unbound


def _of_curve(scan: Scan, box: Array) -> Maximum:
    peak = find_peak(scan)
    pairs = (peak.position_interpolation, peak.position_err), (peak.height_interpolation, peak.height_err)
    shares = [part / total if total else 0.0 for part, total in pairs]
    return Maximum(
        scan,
        (peak.position,),
        (peak.position_err,),
        peak.height,
        peak.height_err,
        (peak.end,),
        max(shares) ** 2,
        box,
        peak.statement,
        peak.at_binding,
        peak.kind == UNBOUND_KIND,
    )


def _of_surface(scan: Scan, box: Array) -> Maximum:
    window, at_binding = box, -1.0
    for _ in range(3):  # each time only where the maximum may be
        exact, draws = draw_maxima(scan, window)
        at_binding = float(draws.limited.mean()) if at_binding < 0.0 else at_binding  # of the whole surface
        margin = np.ptp(window, axis=0) / (_WINDOW - 1)
        low, high = np.percentile(draws.positions, [1.0, 99.0], axis=0)
        window = np.array([np.maximum(low - margin, box[0]), np.minimum(high + margin, box[1])])
    *errors, height_err = draws.spreads
    between = min(1.0, float((exact.spreads / np.maximum(draws.spreads, 1e-12)).max()) ** 2)
    near = 0.5 * np.ptp(box, axis=0) / (_WINDOW - 1)
    above, below = box[1] - draws.positions <= near, draws.positions - box[0] <= near
    ends = tuple(map(likely_end, above.T, below.T))
    position, log_height, unbound = _top_of_mean(scan, box)
    height = math.exp(log_height)
    return Maximum(
        scan,
        position,
        tuple(map(float, errors)),
        height,
        height * float(height_err),
        ends,
        between,
        window,
        _statement(scan, position, tuple(errors), (height, height * float(height_err)), ends, box)
        + _limit(at_binding, unbound),
        at_binding,
        unbound,
    )


def _top_of_mean(scan: Scan, box: Array) -> tuple[tuple[float, ...], float, bool]:
    """Return the maximum of the surface itself, from finer and finer grids, and whether there is none.

    Each grid reaches three steps of the one before: along the line Tc = Δ the highest place of a grid may be
    off by more than one.
    """
    window, nowhere = box, []
    for _ in range(9):
        places = grid_of(window, _WINDOW)
        at, height, _, unbound = _highest(scan, places, scan.mean(places))
        best, step = places[at], 3.0 * np.ptp(window, axis=0) / (_WINDOW - 1)
        window = np.array([np.maximum(best - step, box[0]), np.minimum(best + step, box[1])])
        nowhere.append(bool(unbound))
    return tuple(map(float, best)), float(height), nowhere[0]


def _limit(at_binding: float, unbound: bool) -> str:
    if unbound:
        return " (Tc >= binding energy everywhere: no maximum counts)"
    if at_binding <= END:
        return ""
    return " (limited by binding)" if at_binding >= 1.0 - END else " (open whether binding limits it)"


def _statement(
    scan: Scan,
    position: Sequence[float],
    errors: Sequence[float],
    height: tuple[float, float],
    ends: Sequence[int],
    box: Array,
) -> str:
    at = ", ".join(map(place_name, scan.axes, position, errors))
    sides = zip(scan.axes, box.T, ends, strict=True)
    edges = [(axis, float(edges[int(end > 0)])) for axis, edges, end in sides if end]
    reached = [place_name(*edge) for edge in edges if not is_natural_end(*edge)]
    natural = [place_name(*edge) for edge in edges if is_natural_end(*edge)]
    bound = f" (a bound: the scan ends within the error, at {', '.join(reached)})" if reached else ""
    bound += f" (within its error at the natural end {', '.join(natural)})" if natural else ""
    return f"{scan.label}: Tc/Ω peaks at {with_short_error(*height)} at {at}{bound}"
