"""Integrated autocorrelation times of all observables at all points, as a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hpcbip.report.figures.curves import labels, point_names, shared_name
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLUMN, PAGE, SMALL, TEXT
from hpcbip.report.tables import Record

_NUMBERED = 40  # points up to which the numbers are written
_ROW = 0.17  # inches per point
_TALLEST = 8.0
COLUMNS = {
    "E_polaron": r"$E_p$",
    "mass_polaron": r"$m_p$",
    "mass_polaron_fit": r"$m_p$ (fit)",
    "phonons_polaron": r"$N_p$",
    "E_bipolaron": r"$E_b$",
    "mass_bipolaron": r"$m^*$",
    "mass_bipolaron_fit": r"$m^*$ (fit)",
    "phonons_bipolaron": r"$N_b$",
    "pair_distance2": r"$\langle r_{12}^2\rangle$",
    "contact": "$P(0)$",
    "potential": r"$\langle V\rangle$",
    "tc_over_omega": r"$T_c$",
    "binding_energy": r"$\Delta$",
}
"""Columns of the map; the others follow from these (R², Tc in kelvin) or are of little interest (rates of
hops)."""


def autocorrelation(records: Sequence[Record]) -> Picture:
    """τ in bins (1/2: uncorrelated), one row per point and one column per observable, the number in the cell.

    With more than 40 points the numbers are left out, and only some rows are named. Hatched: not known.

    Args:
        records: of points, with X_tau.
    """
    columns = [name for name in COLUMNS if any(record.get(f"{name}_tau") is not None for record in records)]
    tau = np.array([series.numbers([record.get(f"{name}_tau") for name in columns]) for record in records])
    tau = tau.reshape(len(records), len(columns))
    wide = len(records) <= _NUMBERED
    figure = layout.canvas(PAGE if wide else COLUMN + 1.0, 0.9 + min(_TALLEST, max(5, len(records)) * _ROW))
    axes = layout.panels(figure)[0, 0]
    axes.tick_params(top=False, right=False, length=0)
    if columns:
        _paint(axes, tau, wide, figure)
        axes.set_xticks(range(len(columns)), [COLUMNS[name] for name in columns], rotation=0 if wide else 90)
    step = max(1, -(-len(records) // 48))
    names = labels(records)
    axes.set_yticks(range(0, len(records), step), names[::step], fontsize=SMALL)
    axes.set_title(shared_name(records), fontsize=SMALL)
    plain = point_names(records, tex=False)
    rows: list[dict[str, Any]] = [
        {"point": name, **{f"{column}_tau": record.get(f"{column}_tau") for column in columns}}
        for name, record in zip(plain, records, strict=True)
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
