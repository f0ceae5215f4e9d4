"""The pair in real space: where one electron is found when the other is at the origin, P(r)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import Lattice, get_lattice
from hpcbip.report.figures.curves import chosen, labels, point_names, shared_name
from hpcbip.report.figures.source import Figures, Source
from hpcbip.report.plotting import layout
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, PAGE, SMALL, TEXT
from hpcbip.report.tables import Record
from hpcbip.vocabulary.flags import concerns_tc_only, flags_of
from hpcbip.vocabulary.sectors import BIPOLARON

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hpcbip.reduction.ensembles import Reduced

MAX_PAIRS = 12
"""Number of panels."""
_ACROSS = 4
_DECADES = 2.0  # of the colours
_MAP = "YlGnBu"
Array = NDArray[np.float64]


def draw_pair(source: Source) -> Figures:
    """Draw the pairs of the points with the highest Tc (`pair`), if a pair was sampled."""
    records, ensembles = source.results.records, source.results.ensembles
    keys = [point.ensembles[BIPOLARON.name] for point in source.results.plan.points]
    sampled = [
        i for i, key in enumerate(keys) if (one := ensembles.get(key)) is not None and one.summary is not None
    ]
    if sampled:
        shown = {sampled[k] for k in chosen([records[i] for i in sampled], MAX_PAIRS)}
        pairs = [ensembles.detailed(key) if i in shown else None for i, key in enumerate(keys)]
        yield "pair", pair(records, pairs, len(sampled))


def pair(records: Sequence[Record], pairs: Sequence[Reduced | None], of: int | None = None) -> Picture:
    """Draw P(r) of the points with the highest Tc: bars (1D), discs (2D), or a plane and by distance (3D).

    The area of a disc is the weight relative to the largest of its panel, its colour the weight itself.

    Args:
        records: of points on one lattice.
        pairs: their bipolaron ensembles with `pair_weight` and `pair_weight_err`, shape (2b+1,)*d; None: not
            known.
        of: number of points that they were chosen from.
    """
    usable = [i for i, one in enumerate(pairs) if one is not None and one.pair_weight is not None]
    lattice = get_lattice(records[usable[0]]["lattice"]) if usable else get_lattice("square")
    each = 2 if lattice.dimension == 3 else 1
    known = [records[i] for i in usable]
    picked = chosen(known, MAX_PAIRS // each)
    count = each * len(picked)
    across = min(_ACROSS, max(1, count))
    down = max(1, math.ceil(count / across))
    figure = layout.canvas(PAGE * across / _ACROSS + 0.6 * (across == 1), 1.75 * down + 0.3)
    grid = layout.panels(figure, down, across).ravel()
    names, plain = labels([known[k] for k in picked]), point_names([known[k] for k in picked], tex=False)
    rows: list[dict[str, Any]] = []
    colours = None
    found = [one.pair_weight for one in pairs if one is not None and one.pair_weight is not None]
    highest = max((float(weight.max()) for weight in found), default=1.0)
    for place, k in enumerate(picked):
        reduced = pairs[usable[k]]
        assert reduced is not None and reduced.pair_weight is not None  # others are left out
        weights = _weights(lattice, reduced.pair_weight, reduced.pair_weight_err)
        axes = grid[each * place]
        flagged = "" if all(concerns_tc_only(flag.code) for flag in flags_of(known[k])) else "flagged, "
        layout.name_panel(
            axes, f"{names[place]}\n{flagged}{100.0 * weights['weight'].sum():.0f} % shown".strip()
        )
        shared = {"point": plain[place], "flags": known[k]["flags"]}
        if lattice.dimension == 1:
            rows += _bars(axes, weights, shared)
            continue
        colours, drawn = _discs(axes, lattice, weights, shared, highest)
        rows += drawn
        if lattice.dimension == 3:
            rows += _radial(grid[each * place + 1], weights, shared)
    layout.hide(grid[count:])
    if colours is not None:
        bar = figure.colorbar(colours, ax=list(grid), fraction=0.025, pad=0.015, aspect=40, extend="min")
        bar.ax.tick_params(labelsize=SMALL, direction="in", width=0.6)
        bar.set_label("$P(r)$", fontsize=TEXT)
    if lattice.dimension == 1:
        figure.supxlabel("$r$ [$a$]", fontsize=TEXT)
        figure.supylabel("$P(r)$", fontsize=TEXT)
    figure.suptitle(shared_name(known), fontsize=SMALL)
    return Picture(
        figure, rows, "The pair in real space", _caption(lattice.dimension, len(picked), of or len(usable))
    )


_DRAWN_AS = {
    1: "bars with their errors",
    2: "discs whose area is the weight relative to the largest one of the panel and whose colour is the "
    "weight",
    3: "discs in the plane z = 0 (area: the weight relative to the largest one there; colour: the weight), "
    "and as the mean weight per site against the distance (bars: mean error of these sites)",
}


def _caption(dimension: int, shown: int, known: int) -> str:
    return (
        "Probability P(r) to find one electron at r when the other is at the origin (cross), as "
        f"{_DRAWN_AS[dimension]}. Shown are the shells of neighbours that were measured as a whole, with "
        f"their part of the weight above. These are {shown} of {known} points, the highest Tc of each curve "
        "first; those called flagged have flags that speak not only against Tc (no disc is hollow)."
    )


def _weights(lattice: Lattice, weight: Array, error: Array | None) -> dict[str, Array]:
    """Return Cartesian positions (n, d), weights and errors (n,) of the shells that lie wholly in the box."""
    half = weight.shape[0] // 2
    sites = np.array(list(itertools.product(range(-half, half + 1), repeat=weight.ndim)), dtype=float)
    errors = np.zeros(weight.size) if error is None else error.ravel()
    primitive = np.array(lattice.primitive)
    # a site outside has a coordinate of half + 1 or more, and is at least so far away
    nearest_outside = float(np.min((half + 1) / np.linalg.norm(np.linalg.inv(primitive), axis=0)))
    position = sites @ primitive
    inside = np.linalg.norm(position, axis=1) < nearest_outside - 1e-9
    return {"position": position[inside], "weight": weight.ravel()[inside], "error": errors[inside]}


def _rows(
    weights: Mapping[str, Array], chosen: NDArray[Any], shared: Mapping[str, Any]
) -> list[dict[str, Any]]:
    rows = []
    for i in np.flatnonzero(chosen):
        position = weights["position"][i]
        place = dict(zip("xyz", position.tolist(), strict=False)) | {
            "distance": float(np.linalg.norm(position))
        }
        weight, error = float(weights["weight"][i]), float(weights["error"][i])
        rows.append({**shared, "kind": "site", **place, "weight": weight, "weight_err": error})
    return rows


def _bars(axes: Axes, weights: Mapping[str, Array], shared: Mapping[str, Any]) -> list[dict[str, Any]]:
    x = weights["position"][:, 0]
    axes.bar(x, weights["weight"], 0.8, yerr=weights["error"], color=COLOURS[0], error_kw={"elinewidth": 0.7})
    axes.plot(0.0, 0.0, "x", color="black", ms=4, mew=1.0, clip_on=False, zorder=4)
    axes.set_ylim(bottom=0.0)
    return _rows(weights, np.ones(len(x), dtype=bool), shared)


def _discs(
    axes: Axes, lattice: Lattice, weights: Mapping[str, Array], shared: Mapping[str, Any], highest: float
) -> tuple[Any, list[dict[str, Any]]]:
    from matplotlib.collections import EllipseCollection
    from matplotlib.colors import LogNorm

    position = weights["position"]
    plane = np.abs(position[:, 2:]).sum(axis=1) < 1e-9
    place, weight = position[plane, :2], np.maximum(weights["weight"][plane], 0.0)
    nearest = min(np.linalg.norm(place[np.any(np.abs(place) > 1e-9, axis=1)], axis=1), default=1.0)
    width = 0.96 * nearest * np.sqrt(weight / max(float(weight.max()), 1e-300))
    _bonds(axes, lattice, place)
    discs = EllipseCollection(
        width,
        width,
        np.zeros(len(width)),
        units="xy",
        offsets=place,
        offset_transform=axes.transData,
        cmap=_MAP,
        norm=LogNorm(highest * 10.0**-_DECADES, highest),
        lw=0.3,
        edgecolor="0.3",
        zorder=2,
    )
    discs.set_array(np.maximum(weight, 1e-300))
    axes.add_collection(discs)
    axes.plot(0.0, 0.0, "x", color="red", ms=4, mew=1.0, zorder=4)
    edge = np.abs(place).max(axis=0) + 0.6 * nearest
    axes.set(aspect="equal", xlim=(-edge[0], edge[0]), ylim=(-edge[1], edge[1]), xticks=[], yticks=[])
    for line in axes.spines.values():
        line.set_visible(False)
    return discs, _rows(weights, plane, shared)


def _bonds(axes: Axes, lattice: Lattice, place: Array) -> None:
    """Draw the bonds that lie in the plane, between sites that are shown."""
    from matplotlib.collections import LineCollection

    steps = np.array(lattice.axes, dtype=float) @ np.array(lattice.primitive)
    steps = steps[np.abs(steps[:, 2:]).sum(axis=1) < 1e-9, :2]
    sites = {tuple(site) for site in np.round(place, 6) + 0.0}
    lines = [
        (site, site + step)
        for site in place
        for step in steps
        if tuple(np.round(site + step, 6) + 0.0) in sites
    ]
    axes.add_collection(LineCollection(lines, colors="0.85", lw=0.5, zorder=1))
    axes.plot(*place.T, ".", color="0.75", ms=1.0, zorder=1.5)


def _radial(axes: Axes, weights: Mapping[str, Array], shared: Mapping[str, Any]) -> list[dict[str, Any]]:
    distance = np.round(np.linalg.norm(weights["position"], axis=1), 6)
    radii = np.unique(distance)
    mean = np.array([weights["weight"][distance == r].mean() for r in radii])
    error = np.array([weights["error"][distance == r].mean() for r in radii])  # sites of a shell go together
    shown = mean > 0.0
    axes.errorbar(
        radii[shown], mean[shown], error[shown], fmt="o-", color=COLOURS[0], ms=3, lw=0.7, elinewidth=0.7
    )
    axes.set_yscale("log", nonpositive="clip")
    if shown.any():
        axes.set_ylim(float(mean[shown].min()) / 2.0, float(mean[shown].max()) * 2.0)
    axes.set_xlabel("$|r|$ [$a$]", fontsize=SMALL)
    axes.yaxis.tick_left()
    layout.log_axis(axes.yaxis)
    layout.name_panel(axes, "mean $P(r)$ per site")
    return [
        {**shared, "kind": "shell", "distance": r, "weight": y, "weight_err": dy}
        for r, y, dy, show in zip(radii.tolist(), mean.tolist(), error.tolist(), shown, strict=True)
        if show
    ]
