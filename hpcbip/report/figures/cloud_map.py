"""The map of the cloud: how far the bonds, and the sites, around an electron are distorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcbip.models import Lattice, get_lattice
from hpcbip.models.families import BONDS
from hpcbip.models.shells import Shell, shells_of
from hpcbip.report.figures.curves import chosen, labels, point_names, shared_name
from hpcbip.report.figures.source import Figures, Source
from hpcbip.report.plotting import layout
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import COLUMN, PAGE, SMALL, TEXT
from hpcbip.report.tables import Record
from hpcbip.vocabulary.entries import ERROR, Observable
from hpcbip.vocabulary.flags import concerns_tc_only, flags_of
from hpcbip.vocabulary.indexed import DISTORTION_SHELL_BIPOLARON, DISTORTION_SHELL_POLARON
from hpcbip.vocabulary.parameters import COUPLING, FACTOR_KEYS, LATTICE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_MAPS = 4
"""Number of points."""
_MAP = "YlGnBu"
_SECTORS = ((DISTORTION_SHELL_POLARON, "polaron"), (DISTORTION_SHELL_BIPOLARON, "pair"))


def draw_cloud_map(source: Source) -> Figures:
    """Draw the clouds of the points with the highest Tc (`cloud-map`), if they were measured."""
    records = [one for one in source.results.records if has_map(one)]
    if records:
        picked = [records[k] for k in chosen(records, MAX_MAPS)]
        yield "cloud-map", cloud_map(picked, len(records))


def has_map(record: Record) -> bool:
    """Tell whether the cloud of a pair or of a polaron is known shell by shell."""
    return any(record.get(name) is not None for name, _ in _names(record))


def cloud_map(records: Sequence[Record], of: int | None = None) -> Picture:
    """Draw the bonds and sites around an electron, by how far they are distorted: one column per point, above
    the polaron, below the pair.

    Args:
        records: of points whose clouds are known.
        of: number of points that they were chosen from.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    count = len(records)
    figure = layout.canvas(min(PAGE, COLUMN * max(1.0, 0.5 * count) + 0.5), 4.2)
    grid = layout.panels(figure, 2, count)
    highest = max(-one[name] for one in records for name, _ in _names(one) if one.get(name) is not None)
    colours = ScalarMappable(Normalize(0.0, highest), _MAP)
    rows: list[dict[str, Any]] = []
    names, plain = labels(records), point_names(records, tex=False)
    for column, record in enumerate(records):
        flagged = "" if all(concerns_tc_only(flag.code) for flag in flags_of(record)) else "flagged"
        for row, (observable, who) in enumerate(_SECTORS):
            axes = grid[row, column]
            layout.name_panel(axes, f"{names[column]}\n{', '.join(filter(None, (who, flagged)))}".strip())
            shared = {"point": plain[column], "of": who, "flags": record["flags"]}
            rows += _draw(axes, record, observable, colours, shared)
    bar = figure.colorbar(colours, ax=list(grid.ravel()), fraction=0.03, pad=0.02, aspect=35)
    bar.ax.tick_params(labelsize=SMALL, direction="in", width=0.6)
    bar.set_label(r"$-\langle X\rangle$", fontsize=TEXT)
    figure.suptitle(shared_name(records), fontsize=SMALL)
    chosen_from = "" if of is None or of == count else f" These are {count} of {of} points."
    caption = (
        "Mean distortion -⟨X⟩, in standard deviations of an oscillator at rest, of the bonds and sites "
        "around an electron (dot): of a polaron above, and of a pair below, where the other electron may be "
        "anywhere. Lines are bonds and circles sites; those in grey were not measured. Points called flagged "
        "have flags that speak not only against Tc." + chosen_from
    )
    return Picture(figure, rows, "The map of the cloud", caption)


def _shells(record: Record) -> list[Shell]:
    factors = (tuple(record.get(key) or ()) for key in FACTOR_KEYS)
    return shells_of(get_lattice(record[LATTICE.name]), record[COUPLING.name], *factors)


def _names(record: Record) -> list[tuple[str, Shell]]:
    """Return the names of the observables of both sectors with their shells."""
    shells = _shells(record)
    return [
        pair
        for observable, _ in _SECTORS
        for pair in zip(observable.members(len(shells)), shells, strict=True)
    ]


def _draw(
    axes: Axes, record: Record, observable: Observable, colours: Any, shared: dict[str, Any]
) -> list[dict[str, Any]]:
    """Draw one cloud; returns a row per shell."""
    from matplotlib.collections import LineCollection

    lattice, shells = get_lattice(record[LATTICE.name]), _shells(record)
    rows, lines, line_colours, sites, site_colours = [], [], [], [], []
    for name, shell in zip(observable.members(len(shells)), shells, strict=True):
        value = record.get(name)
        if value is None:
            continue
        place = {"where": shell.where, "distance": shell.distance, "along": shell.along}
        row = {**shared, **place, "members": len(shell.members), "x": value, "x_err": record[name + ERROR]}
        rows.append(row)
        colour = colours.to_rgba(max(-value, 0.0))
        for start, end in _in_plane(lattice, shell):
            if shell.where == BONDS:
                lines.append((start, end))
                line_colours.append(colour)
            else:
                sites.append(start)
                site_colours.append(colour)
    _background(axes, lattice)
    axes.add_collection(LineCollection(lines, colors=line_colours, lw=3.0, capstyle="round", zorder=2))
    if sites:
        x, y = np.array(sites).T
        axes.scatter(x, y, s=70, c=site_colours, edgecolors="0.4", lw=0.4, zorder=3)
    axes.plot(0.0, 0.0, "o", color="black", ms=3.0, zorder=4)
    axes.set(aspect="equal", xlim=(-3.3, 3.3), ylim=(-3.3, 3.3), xticks=[], yticks=[])
    if lattice.dimension == 1:
        axes.set_ylim(-1.0, 1.0)
    for line in axes.spines.values():
        line.set_visible(False)
    return rows


def _in_plane(lattice: Lattice, shell: Shell) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the two ends (x, y) of every member that lies in the plane of the first two coordinates."""
    primitive = np.array(lattice.primitive)
    found = []
    for axis, vector in shell.members:
        start = np.array(vector) @ primitive
        end = start + (np.array(lattice.axes[axis]) @ primitive if axis >= 0 else 0.0)
        if np.allclose(start[2:], 0.0) and np.allclose(end[2:], 0.0):
            found.append((_flat(start), _flat(end)))
    return found


def _background(axes: Axes, lattice: Lattice) -> None:
    """Draw all bonds nearby in grey."""
    from matplotlib.collections import LineCollection

    primitive = np.array(lattice.primitive)
    cells = np.indices((9,) * lattice.dimension).reshape(lattice.dimension, -1).T - 4
    starts = cells @ primitive
    lines = []
    for axis in lattice.axes:
        ends = starts + np.array(axis) @ primitive
        plane = np.isclose(starts[:, 2:], 0.0).all(axis=1) & np.isclose(ends[:, 2:], 0.0).all(axis=1)
        near = (np.abs(starts[:, :2]) < 3.3).all(axis=1) & (np.abs(ends[:, :2]) < 3.3).all(axis=1)
        lines += [(_flat(a), _flat(b)) for a, b in zip(starts[plane & near], ends[plane & near], strict=True)]
    axes.add_collection(LineCollection(lines, colors="0.88", lw=0.8, zorder=1))


def _flat(place: np.ndarray) -> np.ndarray:
    """Return the first two coordinates; those of a chain lie on a line."""
    return np.array([place[0], place[1] if len(place) > 1 else 0.0])
