"""Errors against bin size: has each reached its plateau, and does the quoted error lie on it?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpcbip.reduction.results import binning_rows
from hpcbip.report.figures.source import Figures, Source
from hpcbip.report.plotting import layout, series, style
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import GREY, PAGE, SeriesStyle
from hpcbip.vocabulary.displays import PLATEAU_FIGURE
from hpcbip.vocabulary.observables import OBSERVABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = Mapping[str, Any]


def draw_plateaus(source: Source) -> Figures:
    """Draw the errors against the size of bins (`plateaus`), if an ensemble has enough bins."""
    ensembles = source.results.ensembles
    if rows := binning_rows(ensembles):
        yield "plateaus", plateaus(rows, source.short_names, len(ensembles))


def plateaus(rows: Sequence[Row], names: Mapping[str, str] | None = None, of: int = 0) -> Picture:
    """Draw errors against the size of bins, one panel per observable, one line per ensemble.

    Errors are in units of the error of single bins. The ensembles of each sector with the largest ratio of
    the quoted error to that of single bins are coloured.

    Args:
        rows: with ensemble, observable, bin_size, error, error_error, plateau, gamma_error (the rows of
            binning.csv).
        names: labels of the ensembles, by the first twelve digits of their identity; None: these digits.
        of: number of ensembles of the campaign, if only the slowest of them are in the rows.
    """
    shown: dict[str, dict[str, list[Row]]] = {
        name: {} for name in (observable.name for observable in PLATEAU_FIGURE)
    }
    for row in rows:
        if row["observable"] in shown:
            shown[row["observable"]].setdefault(row["ensemble"], []).append(row)
    shown = {name: lines for name, lines in shown.items() if lines}
    styles = _styles(shown)
    across = min(3, max(1, len(shown)))
    down = max(1, math.ceil(len(shown) / across))
    figure = layout.canvas(PAGE * max(across, 2) / 3, 1.9 * down + 0.3)
    grid = layout.panels(figure, down, across, sharex=True).ravel()
    for axes, (name, lines) in zip(grid, shown.items(), strict=False):
        for key, line in lines.items():
            _draw(axes, line, styles[key], many=len(styles) > 50)
        axes.set(xscale="log", ylim=(0.0, None))
        layout.name_panel(axes, OBSERVABLES[name].panel)
        layout.log_axis(axes.xaxis)
    layout.hide(grid[len(shown) :])
    series.legend_entries(
        grid[0], [((names or {}).get(key, key), series_style) for key, series_style in styles.items()]
    )
    series.entry(grid[0], "quoted error (Γ method)", color=GREY, ls="--", lw=0.7)
    layout.legend(figure, grid[0])
    layout.outer_labels(grid.reshape(down, across), "bin size", "error / error of single bins")
    caption = (
        "Error of the mean against the size of the bins that it is taken from, in units of the error of "
        "single bins. Markers: the bin size taken to be on the plateau; dashed: the quoted error, from the "
        "Γ method."
    )
    grey = sum(not series_style.front for series_style in styles.values())
    if grey:
        caption += f" The ensembles with the longest correlations are coloured, the other {grey} grey."
    if of > len(styles):
        caption += f" Shown are those {len(styles)} of {of} ensembles whose correlations are longest."
    data = [dict(row) for lines in shown.values() for line in lines.values() for row in line]
    return Picture(figure, data, "Errors against bin size", caption)


def _styles(shown: Mapping[str, Mapping[str, Sequence[Row]]]) -> dict[str, SeriesStyle]:
    """Return the styles by ensemble; the slowest of each sector are coloured."""
    ratio: dict[str, float] = {}
    sector: dict[str, str] = {}
    for name, lines in shown.items():
        for key, line in lines.items():
            if line[0]["error"]:
                ratio[key] = max(ratio.get(key, 0.0), line[0]["gamma_error"] / line[0]["error"])
            sector.setdefault(key, name)
    return style.styles_by_sector(sector, lambda key: ratio.get(key, 0.0))


def _draw(axes: Axes, line: Sequence[Row], series_style: SeriesStyle, many: bool) -> None:
    single = line[0]["error"]
    if not single:
        return
    x, y, dy = ([row[key] for row in line] for key in ("bin_size", "error", "error_error"))
    ratio, level = [value / single for value in y], 2 if series_style.front else 1
    if not series_style.front:
        axes.plot(
            x,
            ratio,
            lw=0.3 if many else 0.6,
            alpha=0.6 if many else 1.0,
            color=series_style.colour,
            zorder=level,
        )
        return
    axes.errorbar(
        x,
        ratio,
        [value / single for value in dy],
        lw=0.8,
        elinewidth=0.5,
        color=series_style.colour,
        alpha=0.8,
        zorder=level,
    )
    at = next((k for k, row in enumerate(line) if row["plateau"]), None)
    if at is not None:
        axes.plot(x[at], ratio[at], series_style.marker, ms=4, color=series_style.colour, zorder=3)
    axes.axhline(
        line[0]["gamma_error"] / single, color=series_style.colour, lw=0.7, ls="--", alpha=0.6, zorder=level
    )
