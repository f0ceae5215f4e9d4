"""Paths between neighbouring translates of a minimum: minimum-energy path, saddle, path of least action.

In the units of `hpcbip.theory.instanton.surface` a path x(u) has the action S = (t/Ω) s with s = ∫ √(2 (v -
v_min)) |dx|, the length of the path in the Jacobi metric; the semiclassical instanton (PRB 109, L220502) is
its shortest geodesic, not the path that is lowest in energy. Every path gives an upper bound of the least
action.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize

from hpcbip.errors import InputError
from hpcbip.theory.instanton.surface import (
    AdiabaticSurface,
    StationaryPoint,
    describe_stationary_point,
    hessian,
    localised_stationary_points,
    self_trapped_minima,
)

Array = NDArray[np.float64]
QUADRATURE_POINTS = 8  # points per segment of the quadrature of s
SMALLEST_NORM = 1e-14
ROUGH_ITERATIONS = 80  # iterations after which the start paths are compared
SIDE_STEP = 0.05  # displacement that breaks the symmetry of a path, in units of its length


@dataclass(frozen=True)
class Path:
    """A path from a minimum to its translate.

    Attributes:
        x: fields along it, shape (points, modes).
        profile: v - v_min along it, in t, shape (points,).
        length: length of the path up to each point, from 0, shape (points,).
        action: s = ∫ √(2 (v - v_min)) |dx|; S = (t/Ω) s.
    """

    x: Array
    profile: Array
    length: Array
    action: float

    @property
    def barrier(self) -> float:
        """Largest v - v_min on the path, in t."""
        return float(self.profile.max())


@dataclass(frozen=True)
class Instanton:
    """The instanton: tunnelling of a self-trapped carrier by one lattice constant.

    Attributes:
        surface: the energy surface.
        minimum: lowest minimum.
        others: higher stationary points found from the start fields.
        saddle: stationary point next to the top of the minimum-energy path, or without it of the path of
            least action, by Newton's method. A first-order saddle has `negative == 1`.
        least_action_path: path of least action.
        minimum_energy_path: minimum-energy path; None if it was not asked for.
        force: largest remaining force across the minimum-energy path, in t; None without it.
    """

    surface: AdiabaticSurface
    minimum: StationaryPoint
    others: tuple[StationaryPoint, ...]
    saddle: StationaryPoint
    least_action_path: Path
    minimum_energy_path: Path | None
    force: float | None

    @property
    def barrier(self) -> float:
        """Energy of the saddle above the minimum, in t."""
        return self.saddle.energy - self.minimum.energy


def _redistribute(x: Array, number: int, measure: Array | None = None) -> Array:
    """Place points at equal steps of a measure (shape (points,), by default the length) on the polygon x."""
    if measure is None:
        measure = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(x, axis=0), axis=1))])
    at = np.linspace(0.0, measure[-1], number)
    return np.array([np.interp(at, measure, column) for column in x.T]).T


def path_with_action(surface: AdiabaticSurface, x: Array, floor: float) -> Path:
    """Compute the profile and action of a path; `floor` is v_min, `x` has shape (points, modes)."""
    knots = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(x, axis=0), axis=1))])
    parts = np.arange(QUADRATURE_POINTS) / QUADRATURE_POINTS
    at = np.append((knots[:-1, None] + parts * np.diff(knots)[:, None]).ravel(), knots[-1])
    fine = CubicSpline(knots, x)(at)  # on a curved manifold the corners of a polygon would lie far above it
    profile = surface.energy(fine)[0] - floor
    speed = np.sqrt(2.0 * np.maximum(profile, 0.0))
    steps = np.linalg.norm(np.diff(fine, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    return Path(fine, profile, length, float((0.5 * (speed[1:] + speed[:-1]) * steps).sum()))


def find_least_action_path(
    surface: AdiabaticSurface, x: Array, floor: float, points: int = 25, iterations: int = 1000
) -> Path:
    """Find the geodesic of the Jacobi metric near a path, with its ends fixed.

    Minimises n Σ_k f_k² |x_{k+1} - x_k|², f = √(2 (v - v_min)) averaged over the ends of a segment. By
    Cauchy's inequality it is at least s², and equal to it where all segments are equally long in the metric,
    so that the points spread evenly without a constraint.
    """
    path = path_with_action(surface, x, floor)
    speed = np.sqrt(2.0 * np.maximum(path.profile, 0.0)) + 1e-3
    weight = np.cumsum(0.5 * (speed[1:] + speed[:-1]) * np.diff(path.length))
    start = _redistribute(path.x, points, np.concatenate([[0.0], weight]))
    ends = start[:1], start[-1:]

    def target(inner: Array) -> tuple[float, Array]:
        whole = np.concatenate([ends[0], inner.reshape(points - 2, -1), ends[1]])
        v, slope = surface.energy(whole[1:-1])
        f = np.sqrt(2.0 * np.maximum(v - floor, 0.0) + SMALLEST_NORM)
        g = 0.5 * (np.concatenate([[0.0], f]) + np.concatenate([f, [0.0]]))
        d = np.diff(whole, axis=0)
        d2 = (d * d).sum(axis=1)
        gd2 = g * d2
        by_f = (gd2[1:] + gd2[:-1]) / f
        stretch = (2.0 * g * g)[:, None] * d
        grad = by_f[:, None] * slope + stretch[:-1] - stretch[1:]
        return (points - 1) * float((g * gd2).sum()), (points - 1) * grad.ravel()

    options = {"maxiter": iterations, "maxfun": 2 * iterations, "ftol": 1e-10, "gtol": 1e-7}
    found = minimize(target, start[1:-1].ravel(), jac=True, method="L-BFGS-B", options=options)
    return path_with_action(
        surface, np.concatenate([ends[0], found.x.reshape(points - 2, -1), ends[1]]), floor
    )


def _tangents(x: Array, v: Array) -> Array:
    """Compute unit tangents at the inner points: towards the higher neighbour, mixed at extrema.

    Henkelman and Jónsson, J. Chem. Phys. 113, 9978 (2000).
    """
    ahead, behind = np.diff(x, axis=0)[1:], np.diff(x, axis=0)[:-1]
    up, down = v[2:] - v[1:-1], v[:-2] - v[1:-1]
    large, small = np.maximum(abs(up), abs(down)), np.minimum(abs(up), abs(down))
    forward = np.where(v[2:] > v[:-2], large, small)
    backward = np.where(v[2:] > v[:-2], small, large)
    slope = (up > 0) & (down < 0), (up < 0) & (down > 0)
    forward, backward = (
        np.select(slope, values, mixed) for values, mixed in (((1, 0), forward), ((0, 1), backward))
    )
    tangent = forward[:, None] * ahead + backward[:, None] * behind
    return np.asarray(tangent / np.linalg.norm(tangent, axis=1)[:, None])


def find_minimum_energy_path(
    surface: AdiabaticSurface, x: Array, points: int = 25, iterations: int = 600, tolerance: float = 2e-3
) -> tuple[Array, float]:
    """Find the minimum-energy path by the string method.

    Weinan E, Ren, Vanden-Eijnden, J. Chem. Phys. 126, 164103: all points descend across the path, then they
    are placed at equal distances. As v'' ≤ 1, a step of one gradient never overshoots.

    Returns:
        the path, shape (points, modes), and the largest force across it.
    """
    path, force, pace = _redistribute(x, points), np.inf, 1.0
    for _ in range(iterations):
        v, slope = surface.energy(path)
        tangent = _tangents(path, v)
        across = slope[1:-1] - (slope[1:-1] * tangent).sum(axis=1)[:, None] * tangent
        size = np.linalg.norm(across, axis=1)
        pace = max(0.1, 0.9 * pace) if size.max() > force else min(1.0, 1.1 * pace)
        force = float(size.max())
        if force < tolerance:
            break
        most = 0.5 * float(np.linalg.norm(np.diff(path, axis=0), axis=1).min())
        across *= pace * np.minimum(1.0, most / np.maximum(size, SMALLEST_NORM))[:, None]
        path = _redistribute(np.concatenate([path[:1], path[1:-1] - across, path[-1:]]), points)
    return path, force


def refine_saddle(surface: AdiabaticSurface, path: Path, steps: int = 60) -> StationaryPoint:
    """Find the saddle next to the top of a path by Newton's method: uphill along it, downhill across."""
    top = int(np.clip(np.argmax(path.profile), 1, len(path.x) - 2))
    x, along = path.x[top], path.x[top + 1] - path.x[top - 1]
    for _ in range(steps):
        slope = surface.energy(x)[1]
        if np.abs(slope).max() < 1e-8:
            break
        values, vectors = np.linalg.eigh(hessian(surface, x))
        follow = int(np.argmax(np.abs(vectors.T @ along)))
        along = vectors[:, follow]
        parts = vectors.T @ slope / np.maximum(np.abs(values), 1e-4)
        parts[follow] *= -1.0
        move = -vectors @ parts
        x = x + move * min(1.0, 0.02 * path.length[-1] / max(float(np.linalg.norm(move)), SMALLEST_NORM))
    return describe_stationary_point(surface, x, "saddle")


def _start_paths(
    surface: AdiabaticSurface, minimum: StationaryPoint, others: list[StationaryPoint]
) -> list[Array]:
    """Build paths from the minimum to its translate: direct, and through each of the other points.

    A point is taken at its translate nearest to the middle. Between the points the electrons' weights are
    interpolated and the fields follow them (`AdiabaticSurface.equilibrium_field`). For strong bond coupling
    such a path stays near the degenerate manifold, where a straight line would climb ∝ Λ.
    """
    step = (1,) + (0,) * (surface.dimension - 1)
    first, last = minimum.x, surface.translated(minimum.x, step)
    stops = [[first, last]]
    for other in others:
        cells = np.ndindex(*(surface.size,) * surface.dimension)
        moved = [surface.translated(other.x, steps) for steps in cells]
        middle = min(moved, key=lambda y: float(np.linalg.norm(y - 0.5 * (first + last))))
        stops.append([first, middle, last])
    return [
        np.concatenate([_interpolate(surface, *ends)[k > 0 :] for k, ends in enumerate(pairwise(x))])
        for x in stops
    ]


def _interpolate(surface: AdiabaticSurface, first: Array, last: Array, number: int = 12) -> Array:
    u = np.linspace(0.0, 1.0, number + 1)[:, None]
    n, m = (surface.density(x).ravel() for x in (first, last))
    bent = np.array([surface.equilibrium_field((1.0 - v) * n + v * m) for v in u[:, 0]])
    return bent + (1.0 - u) * (first - bent[0]) + u * (last - bent[-1])


def find_instanton(
    surface: AdiabaticSurface, points: int = 25, with_minimum_energy_path: bool = True
) -> Instanton:
    """Find the minimum, the saddle, and the paths to the nearest translate.

    Args:
        surface: the energy surface.
        points: number of points of the paths before the quadrature, 9 to 101.
        with_minimum_energy_path: whether to find the minimum-energy path too.

    Raises:
        NotSelfTrapped: where the carriers do not trap themselves.
        InputError: for points out of range.
    """
    if not 9 <= points <= 101:
        raise InputError(f"points = {points}: allowed are 9 to 101")
    found = localised_stationary_points(surface)
    minimum, others = self_trapped_minima(surface, found)[0], found[1:]
    starts = _start_paths(surface, minimum, others)
    candidates = [
        find_least_action_path(surface, x, minimum.energy, points, ROUGH_ITERATIONS) for x in starts
    ]
    best = find_least_action_path(
        surface, min(candidates, key=lambda path: path.action).x, minimum.energy, points
    )
    top = refine_saddle(surface, best)
    start = best.x
    if top.negative > 1:  # the path keeps a mirror symmetry that the saddle breaks
        aside = np.linalg.eigh(hessian(surface, top.x))[1][:, 1]
        bump = np.sin(np.pi * best.length / best.length[-1])
        start = best.x + SIDE_STEP * best.length[-1] * bump[:, None] * aside
        best = min(
            best, find_least_action_path(surface, start, minimum.energy, points), key=lambda path: path.action
        )
    if not with_minimum_energy_path:
        return Instanton(surface, minimum, tuple(others), top, best, None, None)
    x, force = find_minimum_energy_path(surface, start, points)
    path = path_with_action(surface, x, minimum.energy)
    return Instanton(surface, minimum, tuple(others), refine_saddle(surface, path), best, path, force)
