"""The figure and its panels: axes, ticks, labels and the legend.

matplotlib is imported when something is drawn (nothing else should wait for it), and its global state is left
alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.report.plotting.style import DOTS_PER_INCH, SMALL, TEXT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_LETTER = 0.52  # mean width of a letter, in font sizes
_HANDLE = 26.0  # width of a legend's handle with its spaces, points
_LINE = 0.0222  # inches per line of the legend and point of its font size: 1.6 font sizes
_MAX_LINES = 6  # of the legend, from which on its font is smaller


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure of this size (inches) that needs no display and no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def panels(figure: Figure, rows: int = 1, columns: int = 1, **settings: Any) -> NDArray[Any]:
    """Return axes in the common style, an array (rows, columns); `settings` go to `Figure.subplots`."""
    grid = figure.subplots(rows, columns, squeeze=False, **settings)
    for axes in grid.ravel():
        axes.tick_params(which="both", direction="in", labelsize=SMALL, top=True, right=True, width=0.6)
        for line in axes.spines.values():
            line.set_linewidth(0.6)
        for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
            text.set_fontsize(TEXT)
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_offset_text().set_fontsize(SMALL)
    return grid


def legend(figure: Figure, axes: Axes, title: str = "") -> None:
    """Draw the legend of `axes` above the whole figure, where it hides nothing, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    width, height = figure.get_size_inches()
    size, columns = SMALL, _columns(labels, 72.0 * width, SMALL)
    if len(labels) > _MAX_LINES * columns:
        size, columns = SMALL - 1.0, _columns(labels, 72.0 * width, SMALL - 1.0)
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=columns,
        fontsize=size,
        frameon=False,
        title=title or None,
        title_fontsize=SMALL,
        handlelength=1.6,
        columnspacing=1.0,
        handletextpad=0.5,
        labelspacing=0.3,
        borderpad=0.2,
    )
    figure.set_size_inches(width, height + _LINE * size * (-(-len(labels) // columns) + bool(title)))


def _columns(labels: Sequence[str], width: float, size: float) -> int:
    """Return the largest number of columns that fit into this width (points)."""
    lengths = [len(re.sub(r"\\[a-zA-Z]+", "x", label).replace("$", "")) for label in labels]
    for columns in range(len(labels), 1, -1):
        parts = np.array_split(lengths, columns)  # as matplotlib fills them
        if sum(_LETTER * size * part.max() + _HANDLE for part in parts) <= width:
            return columns
    return 1


def log_axis(axis: Axis) -> None:
    """Set the ticks of a logarithmic axis whose limits are set; if decades are few, also within them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    steps = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0) if high < 8.0 * low else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=steps if high < 200.0 * low else (1.0,)))
    axis.set_major_formatter(FuncFormatter(_decade))
    axis.set_minor_formatter(NullFormatter())


def _decade(value: float, _: object = None) -> str:
    if 0.99e-3 < value < 1e5:
        return f"{value:g}"
    digits, power = f"{value:.0e}".split("e")
    return rf"$10^{{{int(power)}}}$" if digits == "1" else rf"${digits}\cdot 10^{{{int(power)}}}$"


def outer_labels(grid: NDArray[Any], x: str, y: str) -> None:
    """Label the outer panels of a grid (rows, columns) whose panels all have the same axes."""
    for axes in grid[-1]:
        axes.set_xlabel(x, fontsize=TEXT)
    for axes in grid[:, 0]:
        axes.set_ylabel(y, fontsize=TEXT)


def name_panel(axes: Axes, text: str) -> None:
    """Write a short name above a panel."""
    axes.set_title(text, fontsize=SMALL, pad=3.0)


def hide(axes: Iterable[Axes]) -> None:
    """Hide panels that nothing is drawn in."""
    for panel in axes:
        panel.set_axis_off()
