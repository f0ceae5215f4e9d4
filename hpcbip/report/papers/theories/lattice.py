"""Figure 5: the lattice with its bond oscillators, and the pnictide geometry that it idealises."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import Lattice, get_lattice
from hpcbip.report.papers.figure import PaperFigure
from hpcbip.report.plotting import layout, series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLOURS, GREY, PAGE, PALE
from hpcbip.report.tables import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

_EXTENT = 4  # sites along each primitive vector
_HEIGHT = 0.48  # of As above and below the plane of Fe, in Fe–Fe distances
_OBLIQUE = np.array([[1.0, 0.0], [0.3, 0.42], [0.0, 1.0]])  # projection of x, y, z onto the page
_COILS, _SPRING, _SWING = 5, 0.46, 0.07  # of a spring: coils, length and half its width, in bonds


@dataclass(frozen=True)
class Patch:
    """A patch of a two-dimensional lattice.

    Attributes:
        sites: (n, 2), Cartesian.
        bonds: (m, 2, 2), both ends of every bond between sites of the patch.
        centres: (k, 2), centres of the plaquettes of the first two bond axes.
        above: (k,), True and False in a chessboard.
    """

    sites: Array
    bonds: Array
    centres: Array
    above: NDArray[np.bool_]

    @classmethod
    def of(cls, lattice: Lattice, extent: int) -> Patch:
        """Cut a patch of extent × extent sites from a lattice."""
        primitive, axes = np.array(lattice.primitive), np.array(lattice.axes)
        places = np.array(list(itertools.product(range(extent), repeat=2)))
        ends = np.array([(site, site + axis) for axis in axes for site in places])
        inside = ((ends >= 0) & (ends < extent)).all(axis=(1, 2))
        corners = places[(places + axes[:2].sum(axis=0) < extent).all(axis=1)]
        return cls(
            places @ primitive,
            ends[inside] @ primitive,
            (corners + 0.5 * axes[:2].sum(axis=0)) @ primitive,
            corners.sum(axis=1) % 2 == 0,
        )


def draw(records: Sequence[Record]) -> Picture:
    """Draw the square lattice and the pnictide layer; no points of campaigns are needed."""
    patch = Patch.of(get_lattice("square"), _EXTENT)
    figure = layout.canvas(PAGE, 2.35)
    model, above, oblique = layout.panels(figure, 1, 3, width_ratios=(1.0, 1.0, 1.35))[0]
    _draw_model(model, patch)
    layout.name_panel(model, "(a) one oscillator per bond")
    _draw_layer(above, patch, np.eye(3, 2))
    layout.name_panel(above, "(b) Fe plane with As, from above")
    _draw_layer(oblique, patch, _OBLIQUE)
    layout.name_panel(oblique, "(c) the same, from the side")
    for axes in (model, above, oblique):
        axes.set_aspect("equal")
        axes.margins(0.08)
    layout.hide((model, above, oblique))
    _legend_entries(model)
    layout.legend(figure, model)
    caption = (
        "(a) The model: electrons hop along the bonds of the square lattice, and the displacement X of "
        "the oscillator on a bond changes its hopping to t - gX. (b, c) The layer that it idealises: Fe "
        "on a square lattice, As above and below the centres of its plaquettes in a chessboard. Every "
        "Fe–Fe bond has one As on either side, through which the electrons hop, so that the vibration of "
        "As modulates the hopping; in the model every bond has an oscillator of its own."
    )
    return Picture(figure, _rows(patch), "The lattice and what it idealises", caption)


def _draw_model(axes: Axes, patch: Patch) -> None:
    for bond in patch.bonds:
        axes.plot(*bond.T, color=PALE, lw=0.8, zorder=1)
        axes.plot(*_spring(*bond).T, color=COLOURS[1], lw=0.8, zorder=2)
    axes.scatter(patch.sites[:, 0], patch.sites[:, 1], 16.0, COLOURS[0], lw=0, zorder=3)


def _spring(start: Array, stop: Array) -> Array:
    """Return the corners of a zigzag line in the middle of a bond."""
    along = stop - start
    across = np.array([-along[1], along[0]])
    at = np.linspace(0.5 - 0.5 * _SPRING, 0.5 + 0.5 * _SPRING, 2 * _COILS + 1)
    side = _SWING * np.where(np.arange(len(at)) % 2, 1.0, -1.0)
    side[[0, -1]] = 0.0
    return np.asarray(start + at[:, None] * along + side[:, None] * across)


def _draw_layer(axes: Axes, patch: Patch, projection: Array) -> None:
    """Draw Fe, As, and the ways from Fe to As, seen along the direction that the projection leaves out."""
    sites, bonds = patch.sites @ projection[:2], patch.bonds @ projection[:2]
    for bond in bonds:
        axes.plot(*bond.T, color=GREY, lw=0.9, zorder=2)
    for centre, up in zip(patch.centres, patch.above, strict=True):
        arsenic = centre @ projection[:2] + (1.0 if up else -1.0) * _HEIGHT * projection[2]
        near = np.linalg.norm(patch.sites - centre, axis=1) < 0.8
        for site in sites[near]:
            axes.plot(*np.array([arsenic, site]).T, color=COLOURS[2], lw=0.5, zorder=3 if up else 1)
        face = COLOURS[2] if up else "white"
        axes.plot(*arsenic, "o", ms=5.0, color=COLOURS[2], mfc=face, mew=0.9, zorder=4 if up else 1.5)
    axes.scatter(sites[:, 0], sites[:, 1], 16.0, COLOURS[0], lw=0, zorder=3.5)


def _legend_entries(axes: Axes) -> None:
    series.entry(axes, "site (Fe)", color=COLOURS[0], marker="o", ms=4.0, lw=0)
    series.entry(axes, "oscillator", color=COLOURS[1], lw=1.0)
    series.entry(axes, "As above the plane", color=COLOURS[2], marker="o", ms=5.0, lw=0)
    series.entry(axes, "As below", color=COLOURS[2], marker="o", mfc="white", ms=5.0, lw=0, mew=0.9)


def _rows(patch: Patch) -> list[dict[str, Any]]:
    """Return places in Fe–Fe distances, a row per site, oscillator and As."""
    rows = [{"kind": "site, Fe", "x": x, "y": y, "z": 0.0} for x, y in patch.sites.tolist()]
    middles = patch.bonds.mean(axis=1).tolist()
    rows += [{"kind": "oscillator", "x": x, "y": y, "z": 0.0} for x, y in middles]
    return rows + [
        {"kind": "As", "x": x, "y": y, "z": _HEIGHT if up else -_HEIGHT}
        for (x, y), up in zip(patch.centres.tolist(), patch.above.tolist(), strict=True)
    ]


LAYER = PaperFigure(
    name="lattice",
    number="5",
    title="The lattice and what it idealises",
    message=(
        "The model puts one oscillator on every bond of the square lattice, whose displacement changes "
        "the hopping along that bond. It idealises the iron pnictides, where As above and below the "
        "plaquettes of the Fe lattice carries the hopping from Fe to Fe and vibrates."
    ),
    campaigns=(),
    draw=draw,
)
