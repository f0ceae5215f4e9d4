"""Relative errors against CPU time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcbip.report.figures.source import Figures, Source
from hpcbip.report.plotting import layout, series, style
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLUMN, GREY, PAGE, SeriesStyle
from hpcbip.vocabulary.observables import OBSERVABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANELS = 6


def draw_progress(source: Source) -> Figures:
    """Draw the errors against CPU time (`progress`), if there are targets."""
    if rows := source.results.progress_rows:
        names = source.short_names
        named = [{**row, "label": names.get(row["ensemble"], row["label"])} for row in rows]
        yield "progress", progress(named)


def progress(rows: Sequence[Mapping[str, Any]]) -> Picture:
    """Draw the relative error of every target against CPU seconds, one line per ensemble.

    The law 1/√t and the target are drawn beside it.

    Args:
        rows: one per ensemble, observable and goal: ensemble (identity), sector, label, observable,
            seconds (CPU), error (relative), target (relative). Errors that are None or infinite are not
            drawn.
    """
    names = list(dict.fromkeys(row["observable"] for row in rows))[:_PANELS]
    shown = [row for row in rows if row["observable"] in names]
    lines: dict[str, list[Mapping[str, Any]]] = {}
    for row in shown:
        lines.setdefault(row["ensemble"], []).append(row)
    sectors = {key: line[0]["sector"] for key, line in lines.items()}
    styles = style.styles_by_sector(sectors, lambda key: _distance(lines[key]))
    across = min(3, max(1, len(names)))
    down = max(1, math.ceil(len(names) / across))
    figure = layout.canvas(PAGE if across > 1 else COLUMN, 2.2 * down + 0.2)
    grid = layout.panels(figure, down, across).ravel()
    for axes, name in zip(grid, names, strict=False):
        _draw(axes, [row for row in shown if row["observable"] == name], styles)
        layout.name_panel(axes, OBSERVABLES[name].panel)
    layout.hide(grid[len(names) :])
    series.legend_entries(
        grid[0], [(lines[key][0]["label"], series_style) for key, series_style in styles.items()]
    )
    series.entry(grid[0], r"$1/\sqrt{t}$", color=GREY, ls="--", lw=0.8)
    series.entry(grid[0], "target", color="black", ls=":", lw=0.9)
    layout.outer_labels(grid.reshape(down, across), "CPU seconds", "relative error")
    layout.legend(figure, grid[0])
    caption = (
        "Relative errors at the goals of each ensemble against the CPU seconds spent on it, for every "
        "observable with a target (dotted). The dashed line is the law 1/√t, from the median of the last "
        "errors."
    )
    if not all(series_style.front for series_style in styles.values()):
        caption += " The ensembles of each sector that are furthest from their targets are coloured, "
        caption += "the others grey."
    return Picture(figure, [dict(row) for row in rows], "Errors against CPU time", caption)


def _known(row: Mapping[str, Any]) -> bool:
    return all(
        row[key] is not None and math.isfinite(row[key]) and row[key] > 0.0 for key in ("error", "seconds")
    )


def _distance(rows: Sequence[Mapping[str, Any]]) -> float:
    """Return the largest of the last errors over their targets."""
    last = {row["observable"]: row for row in rows}
    return max(
        row["error"] / row["target"] if _known(row) and row["target"] else math.inf for row in last.values()
    )


def _draw(axes: Axes, rows: Sequence[Mapping[str, Any]], styles: Mapping[str, SeriesStyle]) -> None:
    axes.set(xscale="log", yscale="log")
    ends = []
    for key, series_style in styles.items():
        line = sorted(
            (row for row in rows if row["ensemble"] == key and _known(row)), key=lambda row: row["seconds"]
        )
        if line:
            x, y = ([row[name] for row in line] for name in ("seconds", "error"))
            series.curve(axes, x, y, series_style)
            size, level = (3.6, 3.0) if series_style.front else (1.0, 1.2)
            axes.plot(x, y, series_style.marker, color=series_style.colour, ms=size, zorder=level)
            ends.append((x[-1], y[-1]))
    for target in sorted({row["target"] for row in rows if row["target"]}):
        axes.axhline(target, color="black", lw=0.9, ls=":", zorder=0.5)
    if ends:
        constant = float(np.median([error * math.sqrt(seconds) for seconds, error in ends]))
        span = np.array(axes.get_xlim())
        axes.plot(span, constant / np.sqrt(span), color=GREY, ls="--", lw=0.8, zorder=0.5)
        axes.set_xlim(*span)
    layout.log_axis(axes.xaxis)
    layout.log_axis(axes.yaxis)
