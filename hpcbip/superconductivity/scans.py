"""Points of a campaign that differ in nothing but the axes of a scan, as data of smooth curves of ln m*, ln
R² and the binding energy Δ."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import get_lattice
from hpcbip.statistics.smooth import Smooth, enough, smooth
from hpcbip.superconductivity.tc import closest_packing, transition_temperature
from hpcbip.vocabulary.parameters import ADIABATICITY, COORDINATES, LAMBDA, PARAMETERS

Array = NDArray[np.float64]
LEAST_SMOOTHED = 5  # points from which on their errors are smoothed
VARIANCE_NOISE = 0.5  # relative error of the variance of a point, as the blocks of a long-tailed size give it
LARGEST = 0.7  # of the logarithm of the factor by which an error is changed
_LEAST_BLOCKS = 8  # replicates with which an error and a correlation can be had


@dataclass(frozen=True, kw_only=True)
class ScanPoint:
    """What a scan takes of one point; None for what is not known. All errors are relative.

    Attributes:
        parameters: by their names (`hpcbip.vocabulary.parameters`).
        mass, mass_error: of the pair, in m0; of an anisotropic pair the mass that enters Tc.
        radius2, radius2_error: R².
        correlation: of the errors of mass and R².
        replicates: (B, 2) mass and R² without one block of bins each.
        density: pairs per volume at which Tc is taken. prefactor: of Tc.
        tc, tc_error, tc_systematic: Tc/Ω.
        binding, binding_error: binding energy over Ω and its error, which is absolute: Δ may be zero.
        pair_bins, all_bins: bins of the pair, and of both sectors: what the point has cost.
        valid: whether no flag speaks against Tc, apart from those that say that Δ is not above it.
        flags: texts of all flags.
    """

    parameters: Mapping[str, Any]
    mass: float | None = None
    mass_error: float | None = None
    radius2: float | None = None
    radius2_error: float | None = None
    correlation: float = 0.0
    replicates: Array | None = None
    density: float | None = None
    prefactor: float | None = None
    tc: float | None = None
    tc_error: float | None = None
    tc_systematic: float | None = None
    binding: float | None = None
    binding_error: float | None = None
    pair_bins: float = 0
    all_bins: float = 0
    valid: bool = False
    flags: tuple[str, ...] = ()

    def coordinate(self, axis: str) -> Any:
        """Return a parameter as scans use it (`axis_value`)."""
        return axis_value(self.parameters, axis)

    @property
    def dimension(self) -> int:
        """Dimension of space."""
        return int(get_lattice(self.parameters["lattice"]).dimension)


@dataclass(frozen=True)
class Scan:
    """The points of one curve (or surface).

    Attributes:
        axes: what it runs along, one or two of lambda, U (in units of t), t/omega.
        label: what all points share, as the figures name the curve.
        points: its n points, in the order of the axes.
        deviations: per point (B, 2), what leaving out one block does to ln m* and ln R² (mass in m0): the sum
            of the squares is the covariance of their errors.
        left_out: points without mass or size.
    """

    axes: tuple[str, ...]
    label: str
    points: tuple[ScanPoint, ...]
    deviations: tuple[Array, ...]
    left_out: tuple[ScanPoint, ...]

    @cached_property
    def x(self) -> Array:
        """(n, d): the points' places."""
        return np.array(
            [[point.coordinate(axis) for axis in self.axes] for point in self.points], dtype=float
        )

    @cached_property
    def y(self) -> Array:
        """(2, n): ln m* and ln R²."""
        return np.log(np.array([[point.mass, point.radius2] for point in self.points], dtype=float)).T

    @cached_property
    def noise(self) -> Array:
        """(n, 2, 2): covariance of the errors of ln m* and ln R², never quite one of the other."""
        return np.array([rows.T @ rows * [[1.0, 0.999], [0.999, 1.0]] for rows in self.deviations])

    @property
    def interpolates(self) -> bool:
        """Whether there are enough points for a smooth curve."""
        return len(self.points) > 0 and enough(self.x)

    @property
    def sound(self) -> Scan:
        """The scan of the points that no flag speaks against."""
        at = [i for i, point in enumerate(self.points) if point.valid]
        points, deviations = tuple(self.points[i] for i in at), tuple(self.deviations[i] for i in at)
        return replace(self, points=points, deviations=deviations)

    @cached_property
    def curves(self) -> Smooth:
        """ln m* and ln R² over the axes.

        Raises:
            InputError: if there are too few points.
        """
        return smooth(self.x, self.y, self.noise)

    @cached_property
    def binding_known(self) -> tuple[int, ...]:
        """The points whose binding energy is known with its error."""
        known = enumerate(self.points)
        return tuple(i for i, point in known if point.binding is not None and point.binding_error)

    @cached_property
    def binding(self) -> Smooth | None:
        """Δ/Ω over the axes; None where too few points have it for a smooth curve.

        Its errors count as independent of those of ln m* and ln R²: half of its variance or more comes from
        the polaron, which is another ensemble.
        """
        at = list(self.binding_known)
        if not at or not enough(self.x[at]):
            return None
        values = [[self.points[i].binding, self.points[i].binding_error] for i in at]
        binding, error = np.array(values, dtype=float).T
        return smooth(self.x[at], binding, error**2)

    def mean(self, at: Array) -> Array:
        """(q, m): the curves at places (m, d): ln m*, ln R² and, if there is one (q = 3), Δ/Ω."""
        rows = self.curves.mean(at)
        return rows if self.binding is None else np.vstack([rows, self.binding.mean(at)])

    def margin(self, at: Array, curves: Array) -> Array | None:
        """(..., m): (Δ - Tc)/Ω at places (m, d) for curves (..., q, m) there; None without a curve of Δ."""
        return curves[..., 2, :] - np.exp(self.log_tc(at, curves)) if curves.shape[-2] > 2 else None

    @cached_property
    def saturates(self) -> bool:
        """Whether Tc is taken at the density of touching pairs, which stops growing at R² = 1."""
        return self._density is None

    @cached_property
    def seed(self) -> int:
        """Seed of all random numbers: a hash of places, masses and sizes, to nine digits.

        Not of the errors: a fit goes through them, whose last digits depend on the processor.
        """
        values = [*self.x.ravel(), *(size for point in self.points for size in (point.mass, point.radius2))]
        text = ";".join(f"{value:.9e}" for value in values)
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

    def log_size(self, curves: Array) -> Array:
        """(..., m): what of ln R² enters Tc, of curves (..., 2, m); negative where the density is
        saturated."""
        return curves[..., 1, :] if self.saturates else np.full_like(curves[..., 1, :], -1.0)

    def log_tc(self, at: Array, curves: Array, size: bool = True) -> Array:
        """(..., m): ln (Tc/Ω) at places (m, d) for curves (..., 2, m) of ln m* and ln R² there.

        Args:
            at: places.
            curves: there.
            size: False takes R² for 1.
        """
        point = self.points[0]
        unit = transition_temperature(1.0, 1.0, point.dimension, point.prefactor, self._density)
        adiabaticity = (
            at[:, self.axes.index(ADIABATICITY.name)]
            if ADIABATICITY.name in self.axes
            else point.coordinate(ADIABATICITY.name)
        )
        value = np.log(float(unit) * adiabaticity) - curves[..., 0, :]
        return np.asarray(value - np.maximum(self.log_size(curves), 0.0) if size else value)

    def draws(self, at: Array, number: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw curves (number, q, m), as `mean` has them, that the points allow if they were exact, and what
        their errors add to each.

        The sum is a draw of the posterior; the errors are drawn with the covariance of the deviations.
        """
        weights = self.curves.weights(at)
        added = np.zeros((number, 2, len(at)))
        for i, deviations in enumerate(self.deviations):
            error = rng.standard_normal((number, len(deviations))) @ deviations
            added += np.einsum("kml,sl->skm", weights[..., i], error)
        exact = self.curves.samples(at, number, rng, noise=False)
        if self.binding is None:
            return exact, added
        rng = np.random.default_rng([self.seed, 1])  # one more curve leaves the draws of the others alone
        noise = rng.standard_normal((number, len(self.binding_known))) * np.sqrt(self.binding.noise[:, 0, 0])
        binding = self.binding.samples(at, number, rng, noise=False)
        further = np.einsum("ml,sl->sm", self.binding.weights(at)[0, :, 0], noise)[:, None]
        return np.concatenate([exact, binding], axis=1), np.concatenate([added, further], axis=1)

    @cached_property
    def _density(self) -> float | None:
        """Pairs per volume if Tc is not taken where pairs touch."""
        for point in self.points:
            if point.density is None or point.radius2 is None:
                continue
            touching = float(closest_packing(point.radius2, point.dimension))
            if not math.isclose(point.density, touching, rel_tol=1e-9):
                return float(point.density)
        return None


def scans(points: Sequence[ScanPoint], axes: tuple[str, ...] = (LAMBDA.name,)) -> list[Scan]:
    """Return the scans along `axes` among the points of a campaign, in the order of their first points.

    Points of chains, which have no Tc, are in none. Replicates are scaled so that their error is that of the
    point, which knows how blocks are correlated; without them that error and the correlation are all there
    is.

    Args:
        points: of the campaign.
        axes: one or two of `hpcbip.vocabulary.parameters.SCAN_AXES`.
    """
    groups: dict[tuple[str, ...], list[ScanPoint]] = {}
    for point in points:
        if point.dimension > 1:
            shared = tuple(
                str(point.parameters[name]) if name == "lattice" else parameter_text(point.parameters, name)
                for name in COORDINATES
                if name not in axes
            )
            groups.setdefault(shared, []).append(point)
    found = []
    for group in groups.values():
        group.sort(key=lambda point: [point.coordinate(axis) for axis in axes])
        known = [(point, _deviations(point)) for point in group]
        usable = tuple(point for point, rows in known if rows is not None)
        raw = tuple(rows for _, rows in known if rows is not None)
        without = tuple(point for point, rows in known if rows is None)
        label = scan_label(group[0].parameters, axes)
        found.append(Scan(axes, label, usable, _smoothed(usable, raw, axes), without))
    return found


def axis_value(parameters: Mapping[str, Any], axis: str) -> Any:
    """Return a parameter of a point as scans use it: energies in units of t."""
    if axis == ADIABATICITY.name:
        return parameters["t"] / parameters["omega"]
    value = parameters.get(axis)
    return value / parameters["t"] if value is not None and _in_units_of_t(axis) else value


def _in_units_of_t(name: str) -> bool:
    return name in PARAMETERS and PARAMETERS[name].in_units_of_t


def scan_label(parameters: Mapping[str, Any], axes: Sequence[str]) -> str:
    """Return `square, t/Ω = 1, U = 8t`: all parameters but the axes, as figures name a curve."""
    parts = []
    for name, parameter in COORDINATES.items():
        text = parameter_text(parameters, name)
        if name in axes or text == "None" or text == _plain_text(parameter.unremarkable):
            continue
        unit = "t" if parameter.in_units_of_t and text != "0" else ""
        parts.append(f"{parameter.symbol} = {text}{unit}" if parameter.symbol else text)
    return ", ".join(parts)


def parameter_text(parameters: Mapping[str, Any], name: str, digits: int = 6) -> str:
    """Return a parameter, or a value on an axis, in words."""
    return _plain_text(axis_value(parameters, name), digits)


def _plain_text(value: Any, digits: int = 6) -> str:
    if isinstance(value, int | float):
        return f"{value:.{digits}g}"
    if isinstance(value, str) and value.startswith("{"):
        return "written lattice"
    return ", ".join(f"{x:g}" for x in value) if isinstance(value, list | tuple) else str(value)


def _smoothed(
    points: tuple[ScanPoint, ...], raw: tuple[Array, ...], axes: Sequence[str]
) -> tuple[Array, ...]:
    """Return deviations whose variance per bin is that of a smooth curve through those of all points.

    R² has a long tail: a point whose bins have missed it comes out low, with an error that is too small
    (correlation of value and error about 0.6), and would pull the curve down with a weight it does not
    deserve.
    """
    x = np.array([[point.coordinate(axis) for axis in axes] for point in points], dtype=float)
    bins = np.array([point.pair_bins or np.nan for point in points], dtype=float)
    if len(points) < LEAST_SMOOTHED or not np.all(np.isfinite(bins)) or not enough(x):
        return raw
    variance = np.log([(rows**2).sum(axis=0) for rows in raw]).T
    per_bin = variance + np.log(bins)
    noise = np.tile(np.eye(2) * VARIANCE_NOISE**2, (len(points), 1, 1))
    change = 0.5 * (smooth(x, per_bin, noise).mean(x) - per_bin)
    return tuple(rows * np.exp(np.clip(change[:, i], -LARGEST, LARGEST)) for i, rows in enumerate(raw))


def _deviations(point: ScanPoint) -> Array | None:
    """Return what leaving out a block does to ln m* and ln R², (B, 2); None if one of them, or its error, is
    not known."""
    values = np.array([point.mass or np.nan, point.radius2 or np.nan], dtype=float)
    relative = np.array([point.mass_error or np.nan, point.radius2_error or np.nan], dtype=float)
    if not np.all(values > 0.0) or not np.all(np.isfinite(relative)) or not np.all(relative > 0.0):
        return None
    replicates = point.replicates
    if replicates is not None and len(replicates) >= _LEAST_BLOCKS and np.all(replicates > 0.0):
        rows = np.log(replicates) - np.log(replicates).mean(axis=0)
        size = np.sqrt((rows**2).sum(axis=0))
        if np.all(size > 0.0):
            return np.asarray(rows / size * relative)
    correlation = max(-0.99, min(0.99, point.correlation))
    root = np.linalg.cholesky([[1.0, correlation], [correlation, 1.0]]) * relative[:, None]
    return (
        np.tile(np.vstack([root.T, -root.T]), (8, 1)) / 4.0
    )  # 32 rows whose squares add up to the covariance
