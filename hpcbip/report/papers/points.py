"""Points for the figures of the papers: which are drawn, at which prefactor of Tc, and their maxima."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpcbip.catalogue.selection import select
from hpcbip.reduction.peaks import scan_points
from hpcbip.reduction.points import with_prefactor
from hpcbip.report.figures.curves import Curve, coordinate_text
from hpcbip.report.plotting.style import MAX_COLOURED, SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.superconductivity.peaks import Peak, find_peaks
from hpcbip.superconductivity.scans import axis_value
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import MASS_BIPOLARON, TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import COORDINATES, OTHER_MODEL_KEYS


@dataclass(frozen=True)
class PointSeries:
    """Points of one curve.

    Attributes:
        label: for the legend.
        name: in plain text, for captions and rows.
        records: of the points, Tc at the prefactor of the figure.
        series_style: of the points.
    """

    label: str
    name: str
    records: Sequence[Record]
    series_style: SeriesStyle

    def along(self, axis: str) -> list[Record]:
        """Return the records in the order of an axis."""
        return sorted(self.records, key=lambda record: axis_value(record, axis))


@dataclass(frozen=True)
class Wanted:
    """A curve that a figure shows if it has points.

    Attributes:
        label, name, series_style: as in `PointSeries`.
        conditions: on its points, as `hpcbip.catalogue.selection.select` takes them.
    """

    label: str
    name: str
    series_style: SeriesStyle
    conditions: Mapping[str, Any]


PREFACTOR = "published"
"""Prefactor of Tc of all figures of the papers: 0.5 in two dimensions, as printed, and C of the ideal gas in
three, so that published heights can stand beside our curves."""

SAMPLED_FOR_OTHERS = frozenset({"square-cloud", "square-map"})
"""Campaigns that are sampled for other observables than mass, size and Tc, at parameters at which others are
sampled for these. Their runs are short: not only are their errors larger, they also miss flags that the long
runs have, and would be preferred for that."""

PREFACTOR_SENTENCE = (
    " Tc at the published prefactor 0.5; the default 1.84/π makes it, in two dimensions, larger by 1.171."
)


def conditions(**values: Any) -> dict[str, Any]:
    """Return conditions on points, by the keywords that `select` takes."""
    return values


def points_of(records: Sequence[Record], for_others: bool = False, **wanted: Any) -> list[Record]:
    """Return the points with these parameters (`hpcbip.catalogue.selection.select`), Tc at `PREFACTOR`.

    Points of anisotropic models, with interactions of shells, several families of phonons or phonons that hop
    are left out, unless a condition names what makes them so. Of points that differ in no parameter, as two
    campaigns may have them, the one with the smallest error is taken.

    Args:
        records: of points.
        for_others: whether also points of `SAMPLED_FOR_OTHERS` are taken, for what these are sampled for.
        wanted: conditions on the points.
    """
    left_out = frozenset() if for_others else SAMPLED_FOR_OTHERS
    plain = [
        one
        for one in records
        if one.get("campaign") not in left_out
        and not any(one.get(key) for key in OTHER_MODEL_KEYS if key not in wanted)
    ]
    chosen = [with_prefactor(one, PREFACTOR) for one in select(plain, **wanted)]
    groups: dict[tuple[str, ...], list[Record]] = {}
    for one in chosen:
        groups.setdefault(tuple(coordinate_text(one, name) for name in COORDINATES), []).append(one)
    return [min(group, key=_rank) for group in groups.values()]


def _rank(record: Record) -> tuple[bool, float]:
    """Return the sort key of a point among equal ones: valid ones first, then by relative error."""
    name = TC_OVER_OMEGA.name if record.get(TC_OVER_OMEGA.name) else MASS_BIPOLARON.name
    value, error = record.get(name), record.get(name + ERROR)
    return not record["tc_valid"], error / abs(value) if value and error else float("inf")


def peaks_along(records: Sequence[Record], axis: str) -> list[Peak]:
    """Return the maxima of Tc along an axis, of every curve of at least three points."""
    return [peak for peak in find_peaks(scan_points(records)) if peak.axis == axis]


def wanted_series(records: Sequence[Record], wanted: Sequence[Wanted]) -> tuple[list[PointSeries], list[str]]:
    """Return the curves that have points, and the names of those that have none."""
    found = [
        PointSeries(one.label, one.name, points_of(records, **one.conditions), one.series_style)
        for one in wanted
    ]
    return [one for one in found if one.records], [one.name for one in found if not one.records]


def series_of_curves(lines: Sequence[Curve], prefix: str = "") -> list[PointSeries]:
    """Return curves as series in the styles of their order; all from `MAX_COLOURED` on are grey."""
    return [
        PointSeries(prefix + line.label, line.name, line.records, SeriesStyle.of(min(i, MAX_COLOURED)))
        for i, line in enumerate(lines)
    ]
