"""One style for all figures: sizes, colours, markers, error bars, hollow points, legends, and how they are
saved.

Sizes are those of a journal: one column, or the whole width of a page. matplotlib is imported when something
is drawn (nothing else should wait for it), and its global state is left alone.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.reduction.export import to_csv

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

Item = TypeVar("Item")
Values = Sequence[Any] | NDArray[Any]

COLUMN, PAGE = 3.4, 7.0  # inches
TEXT, SMALL = 8.0, 7.0  # points
GREY, PALE = "0.45", "0.78"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F3C8D", "#000000")
"""Of Okabe and Ito, which readers with any colour vision can tell apart, in the order of use."""
MARKERS = "osD^v<>p"
FRONT = len(COLOURS)
"""Curves that a panel can show in colour; what is beyond lies behind them in grey."""
DOTS_PER_INCH = 220


@dataclass(frozen=True)
class Look:
    """Colour and marker of a curve."""

    colour: str
    marker: str
    front: bool = True

    @classmethod
    def of(cls, number: int) -> Look:
        """The look of curve `number`; pale and small from `FRONT` on."""
        return cls(COLOURS[number], MARKERS[number]) if number < FRONT else cls(PALE, "o", False)


@dataclass(frozen=True)
class Picture:
    """A figure before it is saved.

    Attributes:
        figure: matplotlib's.
        rows: the numbers that it shows, one dict per row of the CSV.
        title: a few words.
        caption: complete sentences that say what is drawn, and what is not.
    """

    figure: Figure
    rows: Sequence[Mapping[str, Any]]
    title: str
    caption: str

    def save(self, path: Path) -> list[Path]:
        """As `save`."""
        return save(self.figure, path, to_csv(self.rows))


def sorted_to_front(items: Sequence[Item], rank: Callable[[Item], Any]) -> list[Item]:
    """As they are, if all fit into the front; otherwise the `FRONT` of highest rank first, then the rest."""
    if len(items) <= FRONT:
        return list(items)
    best = sorted(range(len(items)), key=lambda i: rank(items[i]), reverse=True)[:FRONT]
    return [items[i] for i in sorted(best)] + [item for i, item in enumerate(items) if i not in best]


def looks_by_sector(sectors: Mapping[str, str], rank: Callable[[str], float]) -> dict[str, Look]:
    """Looks of ensembles, in the order of the legend: of each sector those of highest rank in front, together
    `FRONT`.

    Args:
        sectors: of the ensembles, by their identity.
        rank: of an identity.
    """
    groups = [
        [key for key in sectors if sectors[key] == sector] for sector in dict.fromkeys(sectors.values())
    ]
    front = []
    for group in groups:
        best = sorted(group, key=rank, reverse=True)[: FRONT // len(groups)]
        front += [key for key in group if key in best]
    back = [key for key in sectors if key not in front]
    return {key: Look.of(i) for i, key in enumerate(front)} | {key: Look.of(FRONT) for key in back}


def canvas(width: float, height: float) -> Figure:
    """An empty figure (inches) without display and without global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def panels(figure: Figure, rows: int = 1, columns: int = 1, **settings: Any) -> NDArray[Any]:
    """Axes in the style, an array (rows, columns); `settings` go to `Figure.subplots`."""
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


def numbers(values: Values) -> NDArray[np.float64]:
    """An array with nan for what is None."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def points(
    axes: Axes,
    x: Values,
    y: Values,
    error: Values,
    look: Look,
    hollow: Sequence[bool],
    total: Values | None = None,
) -> None:
    """Points with error bars, hollow where flagged; a thin outer bar where `total` is larger than `error`.

    Args:
        axes: where.
        x, y, error, total: of equal length; None and nan are not drawn.
        look: of the curve.
        hollow: which are flagged.
    """
    across, height, bar = numbers(x), numbers(y), np.nan_to_num(numbers(error), posinf=0.0)
    flagged = np.array(hollow, dtype=bool)
    size, width = (4.2, 0.9) if look.front else (1.8, 0.4)
    for chosen, face in ((~flagged, look.colour), (flagged, "white")):
        at = chosen & np.isfinite(across) & np.isfinite(height)
        if not at.any():
            continue
        level = 3.0 if look.front else 1.2
        if total is not None:
            outer = np.nan_to_num(numbers(total), posinf=0.0)
            axes.errorbar(
                across[at],
                height[at],
                outer[at],
                fmt="none",
                ecolor=look.colour,
                elinewidth=0.5,
                capsize=0,
                zorder=level,
            )
        axes.errorbar(
            across[at],
            height[at],
            bar[at],
            fmt=look.marker,
            color=look.colour,
            ms=size,
            mfc=face,
            mew=0.8,
            elinewidth=width,
            capsize=1.5 if look.front else 0,
            capthick=0.6,
            zorder=level,
        )


def curve(axes: Axes, x: Values, y: Values, look: Look, **settings: Any) -> None:
    """The thin line that joins the points of a curve."""
    axes.plot(
        numbers(x),
        numbers(y),
        color=look.colour,
        lw=0.8 if look.front else 0.5,
        alpha=0.6,
        zorder=1.5 if look.front else 1,
        **settings,
    )


def entry(axes: Axes, label: str, **settings: Any) -> None:
    """An entry of the legend that belongs to nothing in particular."""
    axes.plot([], [], label=label, **settings)


def look_entry(axes: Axes, label: str, look: Look) -> None:
    """The legend's entry of a curve."""
    entry(axes, label, color=look.colour, marker=look.marker, ms=4.2 if look.front else 2.2, lw=0.8, mew=0.8)


def curve_entries(axes: Axes, labels: Sequence[str]) -> None:
    """The legend's entries of all curves of a panel, in order; none for a single one, one for all that are
    grey."""
    if len(labels) > 1:
        look_entries(axes, [(label, Look.of(i)) for i, label in enumerate(labels)])


def look_entries(axes: Axes, labelled: Sequence[tuple[str, Look]]) -> None:
    """The legend's entries of these labels and looks, one for all that are grey."""
    front = [(label, look) for label, look in labelled if look.front]
    for label, look in front:
        look_entry(axes, label, look)
    if len(labelled) > len(front):
        look_entry(axes, f"{len(labelled) - len(front)} more", Look.of(FRONT))


def hollow_entry(axes: Axes, label: str = "hollow: flagged") -> None:
    """The legend's entry that says what hollow means."""
    entry(axes, label, color=GREY, marker="o", mfc="white", ms=4.2, lw=0, mew=0.8)


def off_scale(axes: Axes, x: Values, y: Values, look: Look) -> int:
    """Hollow triangles at the edge for points beyond the limits of the axis, which have to be set; their
    number."""
    from matplotlib.transforms import blended_transform_factory

    low, high = axes.get_ylim()
    place = blended_transform_factory(axes.transData, axes.transAxes)
    at, values = numbers(x), numbers(y)
    count = 0
    for outside, height, marker in ((values > high, 0.98, "^"), (values < low, 0.02, "v")):
        if outside.any():
            where = np.full(int(outside.sum()), height)
            axes.plot(
                at[outside],
                where,
                marker,
                color=look.colour,
                mfc="white",
                ms=4.2,
                mew=0.8,
                transform=place,
                clip_on=False,
                zorder=4,
            )
            count += len(where)
    return count


def legend(figure: Figure, axes: Axes, title: str = "") -> None:
    """The legend of `axes` above the whole figure, where it can hide nothing, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    width, height = figure.get_size_inches()
    size, columns = SMALL, _columns(labels, 72.0 * width, SMALL)
    if len(labels) > 6 * columns:
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
    figure.set_size_inches(width, height + 0.0222 * size * (-(-len(labels) // columns) + bool(title)))


def _columns(labels: Sequence[str], width: float, size: float) -> int:
    """The largest number of columns of a legend of this width and font size (points), by the usual width of
    letters."""
    lengths = [len(re.sub(r"\\[a-zA-Z]+", "x", label).replace("$", "")) for label in labels]
    for columns in range(len(labels), 1, -1):
        parts = np.array_split(lengths, columns)  # as matplotlib fills them
        if sum(0.52 * size * part.max() + 26.0 for part in parts) <= width:
            return columns
    return 1


def log_axis(axis: Axis) -> None:
    """Ticks of a logarithmic axis with its limits set: within decades where there are few, otherwise the
    decades."""
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
    """The labels of axes (rows, columns) that are the same in all panels, on the outer ones only."""
    for axes in grid[-1]:
        axes.set_xlabel(x, fontsize=TEXT)
    for axes in grid[:, 0]:
        axes.set_ylabel(y, fontsize=TEXT)


def name_panel(axes: Axes, text: str) -> None:
    """A short name above a panel."""
    axes.set_title(text, fontsize=SMALL, pad=3.0)


def switch_off(axes: Values) -> None:
    """Panels that nothing is drawn in."""
    for panel in axes:
        panel.set_axis_off()


def save(figure: Figure, path: Path, csv: str) -> list[Path]:
    """Write the figure in the format of its suffix (none: PNG), as PDF beside it, and its data as CSV beside
    both.

    Args:
        figure: matplotlib's.
        path: of the figure; folders are made.
        csv: the numbers that it shows.

    Returns:
        the files written, the figure first.

    Raises:
        InputError: if they cannot be written, or matplotlib does not know the format.
    """
    path = path if path.suffix else path.with_suffix(".png")
    written = list(dict.fromkeys([path, path.with_suffix(".pdf"), path.with_suffix(".csv")]))
    figure.draw_without_rendering()  # the layout, once for both formats
    figure.set_layout_engine("none")
    try:
        contents = [_rendered(figure, file.suffix) for file in written[:-1]] + [csv.encode()]
        path.parent.mkdir(parents=True, exist_ok=True)
        for file, content in zip(written, contents, strict=True):
            aside = file.with_name(file.name + ".tmp")
            aside.write_bytes(content)
            os.replace(aside, file)
    except (OSError, ValueError) as error:  # ValueError: matplotlib does not know the format
        raise InputError(f"{path}: the figure cannot be written: {' '.join(str(error).split())}") from None
    return written


def _rendered(figure: Figure, suffix: str) -> bytes:
    memory = io.BytesIO()
    # no date: the same data give the same file
    figure.savefig(memory, format=suffix[1:], metadata={"CreationDate": None} if suffix == ".pdf" else None)
    return memory.getvalue()
