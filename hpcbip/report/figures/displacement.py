"""The displacement curve of the centre of mass, and the uncertainty of its slope, which gives the mass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.report.figures.source import Figures, Source
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, PAGE, TEXT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hpcbip.reduction.ensembles import Reduced
    from hpcbip.statistics import LineFit

MAX_CURVES = 6
"""Number of ensembles that are drawn."""
_ACROSS = 3
_P_MIN = 0.05  # of a straight line through a window
_POINT, _LINE, _SECANT = COLOURS[0], COLOURS[1], COLOURS[2]


def draw_displacement(source: Source) -> Figures:
    """Draw the displacement curves of the ensembles whose two masses differ most (`displacement`)."""
    ensembles = source.results.ensembles
    rank = {
        key: -float(np.nan_to_num(one.mass_discrepancy))
        for key, one in ensembles.items()
        if one.fit is not None
    }
    if rank:
        worst = sorted(rank, key=rank.__getitem__)[:MAX_CURVES]
        curves = [reduced for key in worst if (reduced := ensembles.detailed(key)) is not None]
        names = [source.ensemble_names[key] for key in worst]
        yield "displacement", displacement(curves, names, len(rank))


def displacement(ensembles: Sequence[Reduced], names: Sequence[str], of: int | None = None) -> Picture:
    """Draw ⟨|R(τ+lag)-R(τ)|²⟩ with its fit above the slopes of all windows, for the worst six ensembles.

    Upper panels: the curve, the fitted line, its window shaded, and the secant whose slope `diffusion` is.
    Lower panels: slopes of straight lines from each start to the end of the window, the slope of the fit with
    its statistical (dark) and total (light) error, and the slope of the secant. Lags times t, slopes over t.

    Args:
        ensembles: with a curve and a fit; others are left out.
        names: of the ensembles.
        of: number of ensembles that they were chosen from.
    """
    usable = [i for i, reduced in enumerate(ensembles) if reduced.fit is not None and len(reduced.curve_lags)]
    order = sorted(usable, key=lambda i: -np.nan_to_num(ensembles[i].mass_discrepancy))[:MAX_CURVES]
    across = min(_ACROSS, max(2, len(order)))
    blocks = max(1, math.ceil(len(order) / across))
    figure = layout.canvas(PAGE * across / 3, 3.0 * blocks + 0.2)
    grid = layout.panels(figure, 2 * blocks, across, height_ratios=[1.25, 1.0] * blocks)
    rows: list[dict[str, Any]] = []
    for place, i in enumerate(order):
        block, column = divmod(place, across)
        upper, lower = grid[2 * block, column], grid[2 * block + 1, column]
        layout.name_panel(upper, names[i].replace(": ", "\n", 1))
        rows += _draw(upper, lower, ensembles[i], names[i])
    for place in range(len(order), across * blocks):
        block, column = divmod(place, across)
        layout.hide([grid[2 * block, column], grid[2 * block + 1, column]])
    for block in range(blocks):
        grid[2 * block, 0].set_ylabel(r"$\langle |\Delta R|^2\rangle$ [$a^2$]", fontsize=TEXT)
        grid[2 * block + 1, 0].set_ylabel("slope [$a^2 t$]", fontsize=TEXT)
    figure.supxlabel(r"lag $\tau\,t$ (above), start of the window (below)", fontsize=TEXT)
    _entries(grid[0, 0])
    layout.legend(figure, grid[0, 0])
    caption = (
        "Mean-square displacement of the centre of mass in imaginary time (above) with the straight line "
        "fitted to it; the window of the fit is shaded. Triangles: the two lags between which the quoted "
        "mass takes its slope. Below: slopes of straight lines against the lag at which their window "
        f"starts (hollow: a straight line does not describe the data there, p < {_P_MIN}), the slope of the "
        "fit with its statistical error (dark band) and, with the spread over the windows by Akaike's "
        "weights in quadrature, its total error (light band), and the slope of the quoted mass (dotted). "
        f"Shown are {len(order)} of {of or len(usable)} ensembles, those first whose two estimates of the "
        "mass differ most in units of the error."
    )
    return Picture(figure, rows, "Displacement curves", caption)


def _entries(axes: Axes) -> None:
    series.entry(axes, "data", color=_POINT, marker="o", ms=3, lw=0)
    series.entry(axes, "fit", color=_LINE, lw=1.0)
    series.entry(axes, "slope of the quoted mass", color=_SECANT, marker="^", ms=4, lw=1.0, ls=":")


def _draw(upper: Axes, lower: Axes, reduced: Reduced, name: str) -> list[dict[str, Any]]:
    fit, t = reduced.fit, float(reduced.parameters["t"])
    assert fit is not None  # those without are left out
    lags, fitted_lags = reduced.curve_lags * t, reduced.lags * t
    window = float(fitted_lags[fit.start]), float(fitted_lags[fit.stop - 1])
    upper.errorbar(
        lags, reduced.curve, reduced.curve_err, fmt="o", color=_POINT, ms=2.4, elinewidth=0.7, zorder=2
    )
    upper.axvspan(*window, color="0.92", lw=0, zorder=0)
    ends = np.array([0.0, lags[-1]])
    upper.plot(ends, fit.intercept + fit.slope / t * ends, color=_LINE, lw=0.9, zorder=1)
    at = np.searchsorted(reduced.curve_lags, reduced.slope_lags * (1.0 - 1e-9))
    secant = float((reduced.curve[at[1]] - reduced.curve[at[0]]) / (lags[at[1]] - lags[at[0]]))
    upper.plot(lags[at], reduced.curve[at], "^:", color=_SECANT, ms=5, mfc="none", mew=0.9, lw=0.9, zorder=3)
    upper.set_xlim(0.0, 1.03 * lags[-1])
    upper.set_ylim(bottom=min(0.0, float(reduced.curve.min())))
    windows = _windows(fit, fitted_lags, t)
    _draw_windows(lower, fit, windows, t, secant)
    lower.set_xlim(0.0, 1.03 * fitted_lags[-1])
    curve = [
        {"kind": "curve", "lag_t": x, "value": y, "error": dy, "in_window": window[0] <= x <= window[1]}
        for x, y, dy in zip(lags.tolist(), reduced.curve.tolist(), reduced.curve_err.tolist(), strict=True)
    ]
    line = {
        "kind": "fit",
        "value": fit.slope / t,
        "error": fit.slope_error / t,
        "intercept": fit.intercept,
        "systematic": fit.slope_systematic / t,
    }
    quoted = {"kind": "quoted", "value": secant, "lag_t": float(lags[at[0]]), "lag_t_end": float(lags[at[1]])}
    return [{"ensemble": name, **row} for row in (*curve, *windows, line, quoted)]


def _windows(fit: LineFit, lags: NDArray[np.float64], t: float) -> list[dict[str, Any]]:
    windows = fit.windows
    columns = {
        "lag_t": lags[windows.start],
        "value": windows.slope / t,
        "error": windows.slope_error / t,
        "p_value": windows.p_value,
        "weight": windows.weight,
    }
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [{"kind": "window", **dict(zip(columns, row, strict=True))} for row in rows]


def _draw_windows(
    axes: Axes, fit: LineFit, windows: Sequence[Mapping[str, Any]], t: float, secant: float
) -> None:
    starts, slopes, errors, p_values = (
        np.array([row[name] for row in windows]) for name in ("lag_t", "value", "error", "p_value")
    )
    good = p_values >= _P_MIN  # nan is not
    bars: dict[str, Any] = {"fmt": "o", "color": _POINT, "ms": 2.8, "mew": 0.7, "elinewidth": 0.7}
    for chosen, face in ((good, _POINT), (~good, "white")):
        if chosen.any():
            axes.errorbar(starts[chosen], slopes[chosen], errors[chosen], mfc=face, **bars)
    slope, error, systematic = fit.slope / t, fit.slope_error / t, fit.slope_systematic / t
    total = float(np.hypot(error, systematic))
    axes.axhspan(slope - total, slope + total, color=_LINE, alpha=0.15, lw=0, zorder=0)
    axes.axhspan(slope - error, slope + error, color=_LINE, alpha=0.3, lw=0, zorder=0)
    axes.axhline(slope, color=_LINE, lw=0.9, zorder=1)
    axes.axhline(secant, color=_SECANT, lw=0.9, ls=":", zorder=1)
    # late windows hardly know their slope: the scale is that of the numbers in use
    in_use = float(np.abs(slopes - slope)[errors <= 3.0 * error].max(initial=0.0))
    spread = max(3.0 * total, 1.5 * abs(secant - slope), 1.5 * in_use)
    if spread > 0.0:
        axes.set_ylim(slope - spread, slope + spread)
