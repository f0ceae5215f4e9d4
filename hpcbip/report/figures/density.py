"""Tc against the density of pairs, up to where they touch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import get_lattice
from hpcbip.report.figures import style
from hpcbip.report.figures.curves import chosen, labels, point_names, shared_name
from hpcbip.report.figures.style import COLUMN, FRONT, TEXT, Look, Picture
from hpcbip.report.tables import Record
from hpcbip.superconductivity import closest_packing, transition_temperature

_SAMPLES = 60
_WIDE = 10.0  # ratio of the densities at which the pairs touch from which both axes are logarithmic


def density(records: Sequence[Record]) -> Picture:
    """Tc/Ω of at most eight points, the best of each curve first, against pairs per a^d; a marker where they
    touch.

    The mass is the one that the point's Tc implies at the density it was taken at (for anisotropic pairs it
    is the geometric mean), and the law is that of `hpcbip.superconductivity.transition_temperature`. The
    bands have the relative statistical error of the point's Tc.

    Args:
        records: of points; those without Tc, and those in one dimension, are left out.
    """
    usable = [record for record in records if has_density(record)]
    shown = [usable[i] for i in chosen(usable, FRONT)]
    figure = style.canvas(COLUMN, 2.5)
    axes = style.panels(figure)[0, 0]
    axes.set_xlabel(r"density of pairs $\rho$ [$a^{-d}$]", fontsize=TEXT)
    axes.set_ylabel(r"$T_c/\Omega$", fontsize=TEXT)
    touching = [float(closest_packing(r["radius2"], get_lattice(r["lattice"]).dimension)) for r in shown]
    logarithmic = bool(shown) and max(touching) > _WIDE * min(touching)
    lowest = 0.1 * min(touching) if logarithmic else 0.0
    rows: list[dict[str, Any]] = []
    names = point_names(shown, tex=False)
    for i, (record, touch, label) in enumerate(zip(shown, touching, labels(shown), strict=True)):
        look = Look.of(i)
        rho = (np.geomspace if logarithmic else np.linspace)(lowest, touch, _SAMPLES)
        ratio = tc_of_density(record, rho)
        error = ratio * (record["tc_over_omega_err"] or 0.0) / record["tc_over_omega"]
        axes.plot(rho, ratio, color=look.colour, lw=1.0)
        axes.fill_between(rho, ratio - error, ratio + error, color=look.colour, alpha=0.2, lw=0)
        style.points(axes, rho[-1:], ratio[-1:], error[-1:], look, [not record["tc_valid"]])
        if label:
            style.look_entry(axes, label, look)
        rows += [
            {
                "point": names[i],
                "density": x,
                "tc_over_omega": y,
                "tc_over_omega_err": dy,
                "touching": x == rho[-1],
                "tc_valid": record["tc_valid"],
                "flags": record["flags"],
            }
            for x, y, dy in zip(rho.tolist(), ratio.tolist(), error.tolist(), strict=True)
        ]
    if logarithmic:
        axes.set(xscale="log", yscale="log")
        style.log_axis(axes.xaxis)
        style.log_axis(axes.yaxis)
    else:
        axes.set_xlim(left=0.0)
        axes.set_ylim(bottom=0.0)
    if any(not record["tc_valid"] for record in shown):
        style.hollow_entry(axes)
    style.legend(figure, axes, shared_name(shown))
    caption = (
        "Transition temperature against the density of pairs, at fixed mass and size of a pair, up to the density at "
        "which pairs of radius R touch (markers, with the statistical error; the bands have the same relative error). "
        f"Hollow: a flag speaks against the Tc of that point. Shown are {len(shown)} of the {len(usable)} points that "
        "have a Tc, the highest of each curve first."
    )
    return Picture(figure, rows, "Tc against the density of pairs", caption)


def has_density(record: Record) -> bool:
    """Whether the Tc of a point is one of a gas of pairs: not in one dimension, and the mass and size are
    known."""
    known = record["tc_over_omega"] is not None and record["radius2"] is not None
    return known and record["tc_over_omega"] > 0.0 and get_lattice(record["lattice"]).dimension > 1


def tc_of_density(record: Record, rho: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tc/Ω of a point (with Tc, R², `tc_prefactor`) at these densities in a^-d; at its own density it is its
    Tc."""
    d, factor, r2 = get_lattice(record["lattice"]).dimension, record["tc_prefactor"], record["radius2"]
    own = transition_temperature(1.0, r2, d, factor, record.get("density"))
    return record["tc_over_omega"] * transition_temperature(1.0, r2, d, factor, rho) / own
