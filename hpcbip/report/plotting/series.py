"""A series of points on its axes: markers, error bars, the line that joins them, and its legend entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.report.plotting.style import GREY, MAX_COLOURED, SeriesStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = Sequence[Any] | NDArray[Any]


def numbers(values: Values) -> NDArray[np.float64]:
    """Return the values as an array, with nan for None."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def points(
    axes: Axes,
    x: Values,
    y: Values,
    error: Values,
    series_style: SeriesStyle,
    hollow: Sequence[bool],
    total: Values | None = None,
) -> None:
    """Draw points with error bars, hollow where flagged; a thin outer bar shows `total`.

    Args:
        axes: to draw on.
        x, y, error, total: of equal length; None and nan are not drawn.
        series_style: of all the points.
        hollow: whether each point is flagged.
    """
    across, height, bar = numbers(x), numbers(y), np.nan_to_num(numbers(error), posinf=0.0)
    flagged = np.array(hollow, dtype=bool)
    size, width = (4.2, 0.9) if series_style.front else (1.8, 0.4)
    for chosen, face in ((~flagged, series_style.colour), (flagged, "white")):
        at = chosen & np.isfinite(across) & np.isfinite(height)
        if not at.any():
            continue
        level = 3.0 if series_style.front else 1.2
        if total is not None:
            outer = np.nan_to_num(numbers(total), posinf=0.0)
            axes.errorbar(
                across[at],
                height[at],
                outer[at],
                fmt="none",
                ecolor=series_style.colour,
                elinewidth=0.5,
                capsize=0,
                zorder=level,
            )
        axes.errorbar(
            across[at],
            height[at],
            bar[at],
            fmt=series_style.marker,
            color=series_style.colour,
            ms=size,
            mfc=face,
            mew=0.8,
            elinewidth=width,
            capsize=1.5 if series_style.front else 0,
            capthick=0.6,
            zorder=level,
        )


def curve(axes: Axes, x: Values, y: Values, series_style: SeriesStyle, **settings: Any) -> None:
    """Draw the thin line that joins the points of a series."""
    axes.plot(
        numbers(x),
        numbers(y),
        color=series_style.colour,
        lw=0.8 if series_style.front else 0.5,
        alpha=0.6,
        zorder=1.5 if series_style.front else 1,
        **settings,
    )


def entry(axes: Axes, label: str, **settings: Any) -> None:
    """Add an entry to the legend that stands for no series."""
    axes.plot([], [], label=label, **settings)


def legend_entry(axes: Axes, label: str, series_style: SeriesStyle) -> None:
    """Add the legend's entry of a series."""
    entry(
        axes,
        label,
        color=series_style.colour,
        marker=series_style.marker,
        ms=4.2 if series_style.front else 2.2,
        lw=0.8,
        mew=0.8,
    )


def curve_entries(axes: Axes, labels: Sequence[str]) -> None:
    """Add the legend's entries of all curves of a panel, in order; a single curve gets none."""
    if len(labels) > 1:
        legend_entries(axes, [(label, SeriesStyle.of(i)) for i, label in enumerate(labels)])


def legend_entries(axes: Axes, labelled: Sequence[tuple[str, SeriesStyle]]) -> None:
    """Add the legend's entries of these labels and styles, a common one for all that are grey."""
    front = [(label, series_style) for label, series_style in labelled if series_style.front]
    for label, series_style in front:
        legend_entry(axes, label, series_style)
    if len(labelled) > len(front):
        legend_entry(axes, f"{len(labelled) - len(front)} more", SeriesStyle.of(MAX_COLOURED))


def hollow_entry(axes: Axes, label: str = "hollow: flagged") -> None:
    """Add the legend's entry that says what hollow means."""
    entry(axes, label, color=GREY, marker="o", mfc="white", ms=4.2, lw=0, mew=0.8)


def off_scale(axes: Axes, x: Values, y: Values, series_style: SeriesStyle) -> int:
    """Draw hollow triangles at the edge for points beyond the limits of the axis, which must be set.

    Returns:
        the number of these points.
    """
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
                color=series_style.colour,
                mfc="white",
                ms=4.2,
                mew=0.8,
                transform=place,
                clip_on=False,
                zorder=4,
            )
            count += len(where)
    return count
