"""Integrated autocorrelation times of all observables at all points, as a map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hpcbip.report.figures.curves import labels, point_names, shared_name
from hpcbip.report.figures.source import Figures, Source
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLUMN, PAGE, SMALL, TEXT
from hpcbip.report.tables import Record
from hpcbip.vocabulary.displays import AUTOCORRELATION_FIGURE
from hpcbip.vocabulary.entries import TIME, Observable

_NUMBERED = 40  # points up to which the numbers are written
_ROW = 0.17  # inches per point
_TALLEST = 8.0
_NAMED = 48  # rows that have a name


def draw_autocorrelation(source: Source) -> Figures:
    """Draw the map of autocorrelation times (`autocorrelation`), if one of them is known."""
    records = source.results.records
    if _columns(records):
        yield "autocorrelation", autocorrelation(records)


def _columns(records: Sequence[Record]) -> list[Observable]:
    """Return the observables of the map whose autocorrelation time is known somewhere."""
    return [
        observable
        for observable in AUTOCORRELATION_FIGURE
        if any(record.get(observable.name + TIME) is not None for record in records)
    ]


def autocorrelation(records: Sequence[Record]) -> Picture:
    """Draw τ in bins (1/2: uncorrelated), one row per point and one column per observable.

    The number stands in the cell, whose colour shows it, too. With more than 40 points the numbers are left
    out, and only some rows are named. Hatched: not known.

    Args:
        records: of points, with X_tau.
    """
    columns = _columns(records)
    names = [observable.name + TIME for observable in columns]
    tau = np.array([series.numbers([record.get(name) for name in names]) for record in records])
    tau = tau.reshape(len(records), len(columns))
    wide = len(records) <= _NUMBERED
    figure = layout.canvas(PAGE if wide else COLUMN + 1.0, 0.9 + min(_TALLEST, max(5, len(records)) * _ROW))
    axes = layout.panels(figure)[0, 0]
    axes.tick_params(top=False, right=False, length=0)
    if columns:
        _paint(axes, tau, wide, figure)
        axes.set_xticks(
            range(len(columns)), [observable.tex for observable in columns], rotation=0 if wide else 90
        )
    step = max(1, math.ceil(len(records) / _NAMED))
    axes.set_yticks(range(0, len(records), step), labels(records)[::step], fontsize=SMALL)
    axes.set_title(shared_name(records), fontsize=SMALL)
    plain = point_names(records, tex=False)
    rows: list[dict[str, Any]] = [
        {"point": point, **{name: record.get(name) for name in names}}
        for point, record in zip(plain, records, strict=True)
    ]
    caption = (
        "Integrated autocorrelation time τ of every observable (columns) at every point (rows), in bins, "
        "by the Γ method: 1/2 is uncorrelated, and N bins are worth N/(2τ) independent ones. The colour is "
        "its logarithm. Index p: one electron, b: pair; N: phonons. Hatched: not known."
    )
    if not wide:
        caption += " With so many points the numbers are in the CSV only"
        caption += f", and one row in {step} is named." if step > 1 else "."
    return Picture(figure, rows, "Autocorrelation times", caption)


def _paint(axes: Any, tau: np.ndarray, numbered: bool, figure: Any) -> None:
    logarithm = np.log10(np.where(tau > 0.0, tau, np.nan))
    known = logarithm[np.isfinite(logarithm)]
    # the scale spans at least a decade: else the noise of short times would series_style like a pattern
    low = float(np.log10(0.5))
    high = max(low + 1.0, float(known.max()) if known.size else 0.0)
    axes.set_facecolor("white")
    axes.fill_between(
        [-0.5, tau.shape[1] - 0.5], -0.5, tau.shape[0] - 0.5, hatch="////", fc="white", ec="0.8", lw=0
    )
    masked = np.ma.masked_invalid(logarithm)
    image = axes.imshow(masked, aspect="auto", vmin=low, vmax=high, interpolation="nearest", zorder=1)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.015, aspect=20 if numbered else 60)
    bar.ax.tick_params(labelsize=SMALL, direction="in", width=0.6)
    bar.set_label(r"$\log_{10}\,\tau$ [bins]", fontsize=TEXT)
    if numbered:
        for (i, j), value in np.ndenumerate(tau):
            if np.isfinite(value):
                ink = "black" if logarithm[i, j] > low + 0.6 * (high - low) else "white"
                text = f"{value:.2g}" if value < 100 else f"{value:.0f}"
                axes.text(j, i, text, ha="center", va="center", fontsize=SMALL - 1, color=ink)
