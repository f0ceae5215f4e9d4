"""The maximum of Tc over one axis or two: where it is, how high, and how well that is known
(docs/method/domes.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from hpcbip.superconductivity.peaks import GRID, find_peak, place_name, with_error
from hpcbip.superconductivity.scans import Array, Scan
from hpcbip.superconductivity.tops import likely_end, spread, tops

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

    def worst(self, tolerance: Mapping[str, float]) -> float:
        """Return the largest error over its tolerance: by axis, and "height" (relative)."""
        ratios = [err / tolerance[axis] for axis, err in zip(self.scan.axes, self.position_err, strict=True)]
        return max(*ratios, self.height_err / self.height / tolerance["height"])


@dataclass(frozen=True)
class Draws:
    """Joint draws of the maximum, positions (number, d) and heights (number,) of ln (Tc/Ω), and of ln m* and
    ln R² at further places, curves (number, 2, m)."""

    positions: Array
    heights: Array
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
        return Draws(found.position[:, None], found.log_height, further)
    values = scan.log_tc(grid, searched)
    return Draws(grid[values.argmax(axis=-1)], values.max(axis=-1), further)


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
    )


def _of_surface(scan: Scan, box: Array) -> Maximum:
    window = box
    for _ in range(3):  # each time only where the maximum may be
        exact, draws = draw_maxima(scan, window)
        margin = np.ptp(window, axis=0) / (_WINDOW - 1)
        low, high = np.percentile(draws.positions, [1.0, 99.0], axis=0)
        window = np.array([np.maximum(low - margin, box[0]), np.minimum(high + margin, box[1])])
    *errors, height_err = draws.spreads
    between = min(1.0, float((exact.spreads / np.maximum(draws.spreads, 1e-12)).max()) ** 2)
    near = 0.5 * np.ptp(box, axis=0) / (_WINDOW - 1)
    above, below = box[1] - draws.positions <= near, draws.positions - box[0] <= near
    ends = tuple(map(likely_end, above.T, below.T))
    position, log_height = _top_of_mean(scan, box)
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
        _statement(scan, position, tuple(errors), (height, height * float(height_err)), ends, box),
    )


def _top_of_mean(scan: Scan, box: Array) -> tuple[tuple[float, ...], float]:
    """Return the maximum of the surface itself, from finer and finer grids."""
    window = box
    for _ in range(6):
        places = grid_of(window, _WINDOW)
        values = scan.log_tc(places, scan.curves.mean(places))
        best, step = places[values.argmax()], np.ptp(window, axis=0) / (_WINDOW - 1)
        window = np.array([np.maximum(best - step, box[0]), np.minimum(best + step, box[1])])
    return tuple(map(float, best)), float(values.max())


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
    beyond = [place_name(axis, edges[int(end > 0)]) for axis, edges, end in sides if end]
    bound = f" (a bound: the scan ends within the error, at {', '.join(beyond)})" if beyond else ""
    return f"{scan.label}: Tc/Ω peaks at {with_error(*height)} at {at}{bound}"
