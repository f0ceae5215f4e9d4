"""The phonon cloud along the domes: how far the hopping is modulated, and how often it changes its sign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpcbip.report.figures.observables import value_of
from hpcbip.report.papers import drawing
from hpcbip.report.papers.campaigns.domes import DOME_RATIOS
from hpcbip.report.papers.figure import NoPoints, PaperFigure, missing_sentence
from hpcbip.report.papers.points import PointSeries, conditions, peaks_along, points_of
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import GREY, PAGE, TEXT, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.superconductivity.peaks import Peak
from hpcbip.superconductivity.scans import axis_value
from hpcbip.superconductivity.tops import UNBOUND_KIND
from hpcbip.vocabulary.cloud import (
    CLOUD_BIPOLARON,
    CLOUD_POLARON,
    MODULATION_BETWEEN,
    MODULATION_BIPOLARON,
    MODULATION_SPREAD_BETWEEN,
    MODULATION_SPREAD_BIPOLARON,
    SIGN_CHANGE_BETWEEN,
    SIGN_CHANGE_BIPOLARON,
)
from hpcbip.vocabulary.entries import ERROR, Observable
from hpcbip.vocabulary.parameters import LAMBDA, PARAMETERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AXIS = LAMBDA.name
_LIMIT_ERRORS = 3.0  # that a probability has to exceed to be drawn as a point
_BAND = 0.16  # opacity


@dataclass(frozen=True)
class Bonds:
    """Bonds on which the cloud is measured.

    Attributes:
        label: for the legend and the rows.
        modulation, spread, sign_change: of these bonds.
        series_style: of their points.
    """

    label: str
    modulation: Observable
    spread: Observable
    sign_change: Observable
    series_style: SeriesStyle


TOUCHING_BONDS = Bonds(
    "bonds that touch an electron",
    MODULATION_BIPOLARON,
    MODULATION_SPREAD_BIPOLARON,
    SIGN_CHANGE_BIPOLARON,
    SeriesStyle.of(0),
)
BETWEEN = Bonds(
    "the bond between the electrons",
    MODULATION_BETWEEN,
    MODULATION_SPREAD_BETWEEN,
    SIGN_CHANGE_BETWEEN,
    SeriesStyle.of(1),
)


@dataclass(frozen=True)
class CloudDome:
    """The cloud along one dome.

    Attributes:
        ratio, text: t/Ω, as a number and as text.
        records: of the points that know the cloud, along λ.
        peak: the maximum of Tc, of all points of the dome; None where none lies within the scan.
    """

    ratio: float
    text: str
    records: Sequence[Record]
    peak: Peak | None


def cloud_domes(records: Sequence[Record]) -> tuple[list[CloudDome], list[str]]:
    """Return the domes on the square lattice at U = 8t whose cloud is known, and the names of the others.

    Points that know Tc best, which are another campaign's, give the maximum.
    """
    name = MODULATION_BIPOLARON.name
    known = [one for one in records if one.get(name) is not None]
    found, missing = [], []
    for ratio, text in DOME_RATIOS:
        dome = conditions(lattice="square", coupling="bond", U=8.0, V=0.0, t_over_omega=ratio)
        own = sorted(points_of(known, True, **dome), key=lambda one: float(axis_value(one, _AXIS)))
        if not own:
            missing.append(f"t/Ω = {text}")
            continue
        peaks = peaks_along(points_of(records, **dome), _AXIS)
        peaks = [one for one in peaks if one.kind != UNBOUND_KIND and not one.limit]
        found.append(CloudDome(ratio, text, own, peaks[0] if len(peaks) == 1 else None))
    return found, missing


def at_coupling(
    records: Sequence[Record], name: str, lam: float, lam_err: float = 0.0
) -> tuple[float, float] | None:
    """Interpolate an observable linearly between the two points beside a λ.

    Args:
        records: of points along λ.
        name: of the observable.
        lam, lam_err: where, and how well that is known.

    Returns:
        value and error, with that of λ; None outside of the points.
    """
    known = [one for one in records if one.get(name) is not None and one.get(name + ERROR) is not None]
    for left, right in zip(known, known[1:], strict=False):
        start, end = axis_value(left, _AXIS), axis_value(right, _AXIS)
        if start <= lam <= end:
            share = (lam - start) / (end - start)
            slope = (right[name] - left[name]) / (end - start)
            own = ((1.0 - share) * left[name + ERROR], share * right[name + ERROR], slope * lam_err)
            return float(left[name] + share * (right[name] - left[name])), math.hypot(*own)
    return None


def sign_change_at_rest(record: Record) -> float:
    """Return the probability Q(t/g) that the hopping beside an oscillator at rest is negative."""
    return 0.5 * math.erfc(math.sqrt(0.5) * record["t"] / record["g"])


def draw(records: Sequence[Record]) -> Picture:
    """Draw modulation and spread, and below them the probability of a change of sign, one column per t/Ω.

    Raises:
        NoPoints: if no point knows its cloud.
    """
    found, missing = cloud_domes(records)
    if not found:
        raise NoPoints("no points of the square lattice at U = 8t with a phonon cloud")
    figure = layout.canvas(PAGE, 3.9)
    grid = layout.panels(figure, 2, len(found), sharey="row", sharex="col")
    rows: drawing.Rows = []
    for column, dome in zip(grid.T, found, strict=True):
        for bonds in (TOUCHING_BONDS, BETWEEN):
            _draw_modulation(column[0], dome, bonds)
        layout.name_panel(column[0], rf"$t/\Omega = {dome.text}$")
        column[1].set_xlabel(r"$\lambda$", fontsize=TEXT)
        rows += _rows(dome)
    _scale_probability(grid[1, 0], found)
    for column, dome in zip(grid.T, found, strict=True):
        _draw_sign_change(column[1], dome)
        _draw_maximum(column, dome)
    grid[0, 0].set_ylim(bottom=min(0.0, grid[0, 0].get_ylim()[0]))
    grid[0, 0].set_ylabel(MODULATION_BIPOLARON.tex, fontsize=TEXT)
    grid[1, 0].set_ylabel(r"$P(t-gX<0)$", fontsize=TEXT)
    _legend_entries(grid[0, 0], found)
    layout.legend(figure, grid[0, 0], "square lattice, $U = 8t$")
    caption = (
        "Mean modulation -g⟨X⟩/t of the hopping t - gX by the phonons of its bond, with its standard "
        "deviation as a shade, and the probability that the hopping has changed its sign, against λ, of "
        "pairs on the square lattice at U = 8t. Triangles: upper limits, three errors above what is not "
        "resolved. Dotted: an oscillator at rest, Q(t/g). Vertical: the maximum of Tc, with its error."
        + drawing.HOLLOW_SENTENCE
        + missing_sentence(missing)
    )
    return Picture(figure, rows, "The phonon cloud along the domes", caption)


def _draw_modulation(axes: Axes, dome: CloudDome, bonds: Bonds) -> None:
    """Draw the modulation of these bonds as points, and its spread as a band about them."""
    name, colour = bonds.modulation.name, bonds.series_style.colour
    drawing.draw_points(axes, PointSeries("", "", dome.records, bonds.series_style), _AXIS, name)
    known = [one for one in dome.records if one.get(name) is not None and one.get(bonds.spread.name)]
    x = [axis_value(one, _AXIS) for one in known]
    low, high = ([one[name] + sign * one[bonds.spread.name] for one in known] for sign in (-1.0, 1.0))
    axes.fill_between(x, low, high, color=colour, alpha=_BAND, lw=0.0, zorder=0.6)
    axes.axhline(0.0, color=GREY, lw=0.6, ls=":", zorder=0.5)


def _resolved(record: Record, name: str) -> bool:
    """Tell whether a probability is known to be above zero by its errors."""
    return bool(record[name] > _LIMIT_ERRORS * record[name + ERROR])


def _limit(record: Record, name: str) -> float:
    """Return the upper limit of a probability."""
    return max(float(record[name]), 0.0) + _LIMIT_ERRORS * float(record[name + ERROR])


def _known(records: Sequence[Record], name: str) -> list[Record]:
    return [one for one in records if one.get(name) is not None and one.get(name + ERROR) is not None]


def _draw_sign_change(axes: Axes, dome: CloudDome) -> None:
    """Draw the probabilities, as upper limits where they are not resolved, and that at rest."""
    for bonds in (TOUCHING_BONDS, BETWEEN):
        name, own = bonds.sign_change.name, bonds.series_style
        known = _known(dome.records, name)
        resolved = [one for one in known if _resolved(one, name)]
        drawing.draw_points(axes, PointSeries("", "", resolved, own), _AXIS, name)
        limits = [one for one in known if not _resolved(one, name)]
        x, y = [axis_value(one, _AXIS) for one in limits], [_limit(one, name) for one in limits]
        axes.plot(x, y, "v", color=own.colour, mfc="white", ms=4.2, mew=0.8, lw=0, zorder=2)
    x = [axis_value(one, _AXIS) for one in dome.records]
    axes.plot(x, [sign_change_at_rest(one) for one in dome.records], color=GREY, lw=1.0, ls=":", zorder=1)


def _scale_probability(axes: Axes, found: Sequence[CloudDome]) -> None:
    """Make the axis of probabilities logarithmic, with limits from what is drawn."""
    values = []
    for dome in found:
        values += [sign_change_at_rest(one) for one in dome.records]
        for name in (bonds.sign_change.name for bonds in (TOUCHING_BONDS, BETWEEN)):
            known = _known(dome.records, name)
            values += [one[name] if _resolved(one, name) else _limit(one, name) for one in known]
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(min(value for value in values if value > 0.0) / 2.0, min(1.0, 2.0 * max(values)))
    layout.log_axis(axes.yaxis)


def _draw_maximum(column: Sequence[Axes], dome: CloudDome) -> None:
    """Draw a line where Tc of this dome is highest, with its error."""
    if dome.peak is None:
        return
    place, error = dome.peak.position, dome.peak.position_err
    for axes in column:
        axes.axvspan(place - error, place + error, color="black", alpha=0.15, lw=0.0, zorder=0.4)
        axes.axvline(place, color="black", lw=0.8, ls=(0, (4, 2)), zorder=0.5)


def _legend_entries(axes: Axes, found: Sequence[CloudDome]) -> None:
    series.legend_entries(axes, [(bonds.label, bonds.series_style) for bonds in (TOUCHING_BONDS, BETWEEN)])
    series.entry(axes, "oscillator at rest", color=GREY, lw=1.0, ls=":")
    series.entry(axes, "maximum of $T_c$", color="black", lw=0.8, ls=(0, (4, 2)))
    series.entry(axes, "upper limit", color=GREY, marker="v", mfc="white", ms=4.2, lw=0, mew=0.8)
    names = [one.name for bonds in (TOUCHING_BONDS, BETWEEN) for one in (bonds.modulation, bonds.sign_change)]
    if any(drawing.is_hollow(one, name) for dome in found for one in dome.records for name in names):
        series.hollow_entry(axes)


def _rows(dome: CloudDome) -> drawing.Rows:
    """Return the rows of the CSV: of every point all that is known of its cloud, and the maximum of Tc."""
    curve, rows = f"t/Ω = {dome.text}", []
    for record in dome.records:
        row: dict[str, Any] = {"kind": "point", "curve": curve, "x": axis_value(record, _AXIS)}
        row |= {name: record[name] for name in PARAMETERS if record.get(name) is not None}
        for name in (observable.name for observable in (*CLOUD_POLARON, *CLOUD_BIPOLARON)):
            row |= {name + suffix: value_of(record, name, suffix) for suffix in ("", ERROR)}
            row[f"{name}_hollow"] = drawing.is_hollow(record, name)
        row["sign_change_at_rest"] = sign_change_at_rest(record)
        rows.append(row | {"campaign": record.get("campaign"), "flags": record.get("flags")})
    if dome.peak is not None:
        series_of_dome = PointSeries("", curve, dome.records, TOUCHING_BONDS.series_style)
        rows += drawing.peak_rows([(series_of_dome, dome.peak)])
    return rows


CLOUD = PaperFigure(
    name="cloud",
    number="",
    title="The phonon cloud along the domes",
    message=(
        "On the bonds of a pair the hopping is strongly modulated along the domes, most between the "
        "electrons, but they push it away from a change of sign, which is rarer everywhere than beside an "
        "oscillator at rest. At the maximum of Tc its probability on bonds that touch an electron is 7 % at "
        "t/Ω = 1, and falls from 2.5 % to 0.1 % between t/Ω = 2 and 5."
    ),
    campaigns=("square-cloud", "square-bond-1", "square-bond-2", "square-bond-3.3", "square-bond-5"),
    draw=draw,
)
