"""The law of the semiclassical mass: ln m* ≃ S(λ) = (t/Ω) s(λ), its exponents, and s beside Monte Carlo masses.

Fluctuations around the instanton and the power of t/Ω in front are left out, so m* itself is not given, only how its
logarithm grows (PRB 109, L220502).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError

from .instanton import NotTrapped, Surface
from .instanton_path import Instanton, instanton

MIN_POINTS = 4  # of a fit


@dataclass(frozen=True)
class Exponent:
    """ln s = ln c + p ln λ.

    Attributes:
        p: the exponent.
        p_err: standard error of the fit and half the difference between the two halves' slopes, in quadrature: no
            statistics, but how far from a pure power the curve is.
        c: s at λ = 1 on the fitted line.
        lam_from, lam_to: smallest and largest λ of the fit.
    """

    p: float
    p_err: float
    c: float
    lam_from: float
    lam_to: float


@dataclass(frozen=True)
class Comparison:
    """One Monte Carlo mass beside the action.

    Attributes:
        lam: λ.
        log_mass, log_mass_err: ln m* and its error, m* in m0 (pair) or m_e (polaron).
        action: S = (t/Ω) s, None where there is no self-trapped minimum.
    """

    lam: float
    log_mass: float
    log_mass_err: float
    action: float | None


def scan(surface: Surface, lams: Iterable[float], points: int = 25) -> list[Instanton]:
    """The path of least action for each λ, without the minimum-energy paths.

    Raises:
        InputError: as `instanton`.
    """
    return [instanton(replace(surface, lam=float(lam)), points, lowest=False) for lam in lams]


def exponent(lams: Sequence[float], actions: Sequence[float]) -> Exponent:
    """The power of λ in s by least squares in the logarithms.

    Raises:
        InputError: for fewer than four points, or values that are not positive.
    """
    if len(lams) != len(actions) or len(lams) < MIN_POINTS or min(*lams, *actions) <= 0.0:
        raise InputError(f"{len(lams)} lambdas, {len(actions)} actions: allowed are {MIN_POINTS} or more, all positive")
    x, y = np.log(lams), np.log(actions)
    order = np.argsort(x)
    x, y = x[order], y[order]
    (p, c), rest = np.polyfit(x, y, 1, full=True)[:2]
    error2 = float(rest[0]) / (len(x) - 2) / float(((x - x.mean()) ** 2).sum()) if rest.size else 0.0
    half = (len(x) + 1) // 2
    low, high = np.polyfit(x[:half], y[:half], 1)[0], np.polyfit(x[-half:], y[-half:], 1)[0]
    error = float(np.sqrt(error2 + 0.25 * (high - low) ** 2))
    return Exponent(float(p), error, float(np.exp(c)), float(np.exp(x[0])), float(np.exp(x[-1])))


def compare(
    surface: Surface, masses: Iterable[tuple[float, float, float]], t_over_omega: float, points: int = 25
) -> list[Comparison]:
    """ln m* from rows of (λ, mass, mass_err) beside S at the same λ; the surface gives all but λ.

    Raises:
        InputError: for a mass or t/Ω that is not positive, or an error below zero.
    """
    if not t_over_omega > 0.0:
        raise InputError(f"t/Omega = {t_over_omega}: allowed are values above 0")
    found = []
    for lam, mass, error in masses:
        if not (mass > 0.0 and error >= 0.0):
            raise InputError(f"mass {mass} +- {error} at lambda = {lam}: allowed are masses above 0, errors from 0 on")
        here = replace(surface, lam=lam)
        try:
            action = t_over_omega * instanton(here, points, lowest=False).least.action
        except NotTrapped:  # the row is fine; the theory has nothing to say where the carriers are not trapped
            action = None
        found.append(Comparison(lam, float(np.log(mass)), error / mass, action))
    return found


def manifold_spread(surface: Surface, number: int = 200, seed: int = 1) -> tuple[float, float]:
    """Smallest and largest v/Λ on the degenerate manifold of strong bond coupling, from random weights.

    Draws weights with ½ in all on each side of a star, or of a plaquette on the square lattice, with the fields that
    follow them. Both tend to -1 (polaron) or -4 (pair) as Λ grows: the spread is of order t, v of order Λt.

    Raises:
        InputError: for Holstein coupling, which has no such manifold.
    """
    if surface.coupling != "bond":
        raise InputError("coupling 'holstein': the degenerate manifold belongs to bond coupling")
    rng = np.random.default_rng(seed)
    steps = [tuple(int(a == b) for b in range(surface.dimension)) for a in range(surface.dimension)]
    corner = (0,) * surface.dimension
    sides: list[list[list[tuple[int, ...]]]] = [
        [[corner], [tuple(sign * c for c in step) for step in steps for sign in (1, -1)]]
    ]
    if surface.dimension == 2:
        sides.append([[(0, 0), (1, 1)], [(0, 1), (1, 0)]])
    fields = []
    for k in range(number):
        weights = np.zeros(surface.shape[1:])
        for side in sides[k % len(sides)]:
            for site, share in zip(side, rng.dirichlet(np.ones(len(side))), strict=True):
                weights[site] = 0.5 * share
        fields.append(surface.pattern(weights))
    v = surface.energy(np.array(fields))[0] / surface.strength
    return float(v.min()), float(v.max())


def rows(found: Iterable[Instanton]) -> list[dict[str, Any]]:
    """One flat row per instanton, for tables."""
    return [
        {
            "lattice": i.surface.lattice,
            "coupling": i.surface.coupling,
            "sector": i.surface.sector,
            "U": i.surface.U,
            "lambda": i.surface.lam,
            "size": i.surface.size,
            "minimum": i.minimum.start,
            "energy": i.minimum.energy,
            "sites": i.minimum.sites,
            "trapped": i.minimum.trapped,
            "barrier": i.barrier,
            "negative": i.saddle.negative,
            "action": i.least.action,
            "barrier_least": i.least.barrier,
            "action_lowest": i.lowest.action if i.lowest else None,
            "force": i.force,
        }
        for i in found
    ]


def comparison_rows(found: Iterable[Comparison]) -> list[dict[str, Any]]:
    """One flat row per Monte Carlo mass, for tables."""
    return [
        {"lambda": c.lam, "log_mass": c.log_mass, "log_mass_err": c.log_mass_err, "action": c.action} for c in found
    ]


def bond_picture(surface: Surface, x: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """A field as drawn, centred in the cluster.

    Returns:
        `sites` (sites, 2) and their `density`; `starts`, `stops` (modes, 2) of the bonds (Holstein: both the site) and
        y = √(2Λ) x on them as `change`.
    """
    middle = (surface.size // 2,) * surface.dimension
    moved = surface.translated(x, middle)
    grid = np.stack(np.meshgrid(*[np.arange(surface.size)] * surface.dimension, indexing="ij"), -1)
    place = np.zeros((surface.sites, 2))
    place[:, : surface.dimension] = grid.reshape(surface.sites, -1)
    starts, stops = place[surface.ends[0]], place[surface.ends[1]].copy()
    if surface.coupling == "bond":
        for axis in range(surface.dimension):
            of_axis = slice(axis * surface.sites, (axis + 1) * surface.sites)
            stops[of_axis] = starts[of_axis] + np.eye(2)[axis]
    density = surface.density(moved).ravel()
    return {
        "sites": place,
        "density": density,
        "starts": starts,
        "stops": stops,
        "change": np.sqrt(2.0 * surface.strength) * moved,
    }


def draw(shown: Instanton, laws: Sequence[tuple[str, Sequence[Instanton]]], path: File) -> None:
    """Distortion of minimum and saddle, barrier profiles, s against λ with fits; to a file.

    Args:
        shown: with its minimum-energy path.
        laws: label and instantons of each curve, four λ or more.
        path: where to.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 5.6), layout="constrained", dpi=220)
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2)
    for axis, point, title in ((axes[0, 0], shown.minimum, "minimum"), (axes[0, 1], shown.saddle, "saddle")):
        data = bond_picture(shown.surface, point.x)
        largest = float(np.abs(data["change"]).max())
        for start, stop, change in zip(data["starts"], data["stops"], data["change"], strict=True):
            ends = np.array([start, stop]).T
            axis.plot(*ends, color="#D55E00", lw=0.3 + 5.0 * abs(change) / largest, marker=".", ms=1)
        axis.scatter(*data["sites"].T, s=4.0 + 220.0 * data["density"], color="#0072B2", zorder=3)
        axis.set_aspect("equal")
        axis.set_axis_off()
        name = f"{title}, $\\lambda$ = {shown.surface.lam:g}"
        axis.set_title(f"{name}; largest change {largest:.2g} t", fontsize=8)
    lines = ((shown.lowest, "lowest in energy", "#0072B2"), (shown.least, "least action", "#D55E00"))
    for line, label, colour in lines:
        if line is not None:
            label = f"{label}: s = {line.action:.3f}"
            axes[1, 0].plot(line.length / line.length[-1], line.profile, color=colour, label=label)
    axes[1, 0].set(xlabel="length along the path", ylabel=r"$(v - v_\mathrm{min})/t$")
    axes[1, 0].margins(y=0.25)
    for (label, found), colour in zip(laws, ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"), strict=False):
        lams, actions = [i.surface.lam for i in found], [i.least.action for i in found]
        fit = exponent(lams, actions)
        axes[1, 1].loglog(lams, actions, "o", ms=3, color=colour)
        ends = np.array([fit.lam_from, fit.lam_to])
        text = f"{label}: p = {fit.p:.2f} ± {fit.p_err:.2f}"
        axes[1, 1].loglog(ends, fit.c * ends**fit.p, color=colour, lw=1, label=text)
    axes[1, 1].set(xlabel=r"$\lambda$", ylabel=r"$s = S\Omega/t$")
    for axis, place in zip(axes[1], ("upper left", "lower right"), strict=True):
        axis.legend(fontsize=6, frameon=False, loc=place)
        axis.xaxis.label.set_size(8)
        axis.yaxis.label.set_size(8)
        axis.tick_params(labelsize=7)
    figure.savefig(path)
