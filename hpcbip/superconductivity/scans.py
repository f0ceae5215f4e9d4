"""Points of a campaign that differ in nothing but the axes of a scan, as data of smooth curves of ln m* and
ln R²."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import get_lattice
from hpcbip.statistics.smooth import Smooth, enough, smooth
from hpcbip.superconductivity.tc import closest_packing, transition_temperature

Array = NDArray[np.float64]
Record = Mapping[str, Any]

_NAMES = (
    "lattice",
    "coupling",
    "t/omega",
    "lambda",
    "U",
    "V",
    "g_holstein",
    "omega_holstein",
    "t_factors",
    "g_factors",
    "shells",
)
_ENERGIES = {"U": "U", "V": "V", "g_holstein": "g_H", "omega_holstein": "Ω_H"}  # shown in units of t
_PLAIN = {"t/omega": "t/Ω", "lambda": "λ", "t_factors": "t factors", "g_factors": "g factors"}
LEAST_EVENED = 5  # points from which on their errors are smoothed
VARIANCE_NOISE = 0.5  # relative error of the variance of a point, as the blocks of a long-tailed size give it
LARGEST = 0.7  # of the logarithm of the factor by which an error is changed
_LEAST_BLOCKS = 8  # replicates with which an error and a correlation can be had


@dataclass(frozen=True)
class Scan:
    """The points of one curve (or surface).

    Attributes:
        axes: what it runs along, one or two of lambda, U (in units of t), t/omega.
        label: what all points share, as the figures name the curve.
        records: of its n points, in the order of the axes.
        deviations: per point (B, 2), what leaving out one block does to ln m* and ln R² (mass in m0): the sum
            of the squares is the covariance of their errors.
        left_out: records without mass or size.
    """

    axes: tuple[str, ...]
    label: str
    records: tuple[Record, ...]
    deviations: tuple[Array, ...]
    left_out: tuple[Record, ...]

    @cached_property
    def x(self) -> Array:
        """(n, d): the points' places."""
        return np.array(
            [[axis_value(record, axis) for axis in self.axes] for record in self.records], dtype=float
        )

    @cached_property
    def y(self) -> Array:
        """(2, n): ln m* and ln R²."""
        return np.log([[_mass(record), record["radius2"]] for record in self.records]).T

    @cached_property
    def noise(self) -> Array:
        """(n, 2, 2): covariance of the errors of ln m* and ln R², never quite one of the other."""
        return np.array([rows.T @ rows * [[1.0, 0.999], [0.999, 1.0]] for rows in self.deviations])

    @property
    def interpolates(self) -> bool:
        """Whether there are enough points for a smooth curve."""
        return len(self.records) > 0 and enough(self.x)

    @cached_property
    def curves(self) -> Smooth:
        """ln m* and ln R² over the axes.

        Raises:
            InputError: if there are too few points.
        """
        return smooth(self.x, self.y, self.noise)

    @cached_property
    def saturates(self) -> bool:
        """Whether Tc is taken at the density of touching pairs, which stops growing at R² = 1."""
        return self._density is None

    @cached_property
    def seed(self) -> int:
        """Of all random numbers: a hash of the data, to nine digits."""
        text = ";".join(f"{value:.9e}" for part in (self.x, self.y, self.noise) for value in part.ravel())
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
        record = self.records[0]
        dimension = get_lattice(record["lattice"]).dimension
        unit = transition_temperature(1.0, 1.0, dimension, record.get("tc_prefactor"), self._density)
        adiabaticity = (
            at[:, self.axes.index("t/omega")] if "t/omega" in self.axes else axis_value(record, "t/omega")
        )
        value = np.log(float(unit) * adiabaticity) - curves[..., 0, :]
        return np.asarray(value - np.maximum(self.log_size(curves), 0.0) if size else value)

    def draws(self, at: Array, number: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Curves (number, 2, m) that the points allow if they were exact, and what their errors add to each.

        The sum is a draw of the posterior; the errors are drawn with the covariance of the deviations.
        """
        weights = self.curves.weights(at)
        added = np.zeros((number, 2, len(at)))
        for i, deviations in enumerate(self.deviations):
            error = rng.standard_normal((number, len(deviations))) @ deviations
            added += np.einsum("kml,sl->skm", weights[..., i], error)
        return self.curves.samples(at, number, rng, noise=False), added

    @cached_property
    def _density(self) -> float | None:
        """Pairs per volume if Tc is not taken where pairs touch."""
        for record in self.records:
            density, touching = record.get("density"), closest_packing(record["radius2"], _dimension(record))
            if density is not None and not math.isclose(density, touching, rel_tol=1e-9):
                return float(density)
        return None


def scans(
    records: Sequence[Record],
    replicates: Mapping[str, Array] | None = None,
    axes: tuple[str, ...] = ("lambda",),
) -> list[Scan]:
    """The scans along `axes` among the points of a campaign, in the order of their first points.

    Points of chains, which have no Tc, are in none.

    Args:
        records: of the points.
        replicates: by the record's "point", (B, 2) mass and R² without one block each. They are scaled so
            that their error is the one in the record, which knows how blocks are correlated; without them
            that error and `mass_radius_correlation` are all there is.
        axes: one or two of lambda, U, t/omega.
    """
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        if _dimension(record) > 1:
            key = tuple(
                str(record[name]) if name == "lattice" else parameter_text(record, name) for name in _NAMES
            )
            shared = tuple(text for name, text in zip(_NAMES, key, strict=True) if name not in axes)
            groups.setdefault(shared, []).append(record)
    found = []
    for group in groups.values():
        group.sort(key=lambda record: [axis_value(record, axis) for axis in axes])
        known = [
            (record, _deviations(record, (replicates or {}).get(record.get("point", "")))) for record in group
        ]
        usable = tuple(record for record, rows in known if rows is not None)
        raw = tuple(rows for _, rows in known if rows is not None)
        without = tuple(record for record, rows in known if rows is None)
        found.append(Scan(axes, scan_label(group[0], axes), usable, _evened_out(usable, raw, axes), without))
    return found


def axis_value(record: Record, axis: str) -> Any:
    """A parameter of a point as scans use it: energies in units of t."""
    if axis == "t/omega":
        return record["t"] / record["omega"]
    value = record.get(axis)
    return value / record["t"] if value is not None and axis in _ENERGIES else value


def scan_label(record: Record, axes: Sequence[str]) -> str:
    """`square, t/Ω = 1, U = 8t`: all parameters but the axes, as figures name a curve."""
    parts = []
    for name in _NAMES:
        text = parameter_text(record, name)
        if (
            name in axes
            or text == "None"
            or (name == "V" and text == "0")
            or (name, text) == ("coupling", "bond")
        ):
            continue
        unit = "t" if name in _ENERGIES and text != "0" else ""
        symbol = _ENERGIES.get(name) or _PLAIN.get(name) or name
        parts.append(text if name in ("lattice", "coupling") else f"{symbol} = {text}{unit}")
    return ", ".join(parts)


def parameter_text(record: Record, name: str, digits: int = 6) -> str:
    """A parameter, or a value on an axis, in words."""
    value = axis_value(record, name)
    if isinstance(value, int | float):
        return f"{value:.{digits}g}"
    if isinstance(value, str) and value.startswith("{"):
        return "written lattice"
    return ", ".join(f"{x:g}" for x in value) if isinstance(value, list | tuple) else str(value)


def _dimension(record: Record) -> int:
    return int(get_lattice(record["lattice"]).dimension)


def _mass(record: Record) -> float:
    """The mass that enters Tc: of an anisotropic pair the geometric mean (`hpcbip.reduction.dispersion`)."""
    along = [record.get(f"mass_bipolaron[{a + 1}]") for a in range(_dimension(record))]
    known = [float(mass) for mass in along if mass is not None]
    return (
        math.prod(known) ** (1.0 / len(known))
        if len(known) == len(along)
        else float(record["mass_bipolaron"])
    )


def _evened_out(
    records: tuple[Record, ...], raw: tuple[Array, ...], axes: Sequence[str]
) -> tuple[Array, ...]:
    """Deviations whose variance per bin is that of a smooth curve through those of all points.

    R² has a long tail: a point whose bins have missed it comes out low, with an error that is too small
    (correlation of value and error about 0.6), and would pull the curve down with a weight it does not
    deserve.
    """
    x = np.array([[axis_value(record, axis) for axis in axes] for record in records], dtype=float)
    bins = np.array([record.get("bins_bipolaron") or np.nan for record in records], dtype=float)
    if len(records) < LEAST_EVENED or not np.all(np.isfinite(bins)) or not enough(x):
        return raw
    variance = np.log([(rows**2).sum(axis=0) for rows in raw]).T
    per_bin = variance + np.log(bins)
    noise = np.tile(np.eye(2) * VARIANCE_NOISE**2, (len(records), 1, 1))
    change = 0.5 * (smooth(x, per_bin, noise).mean(x) - per_bin)
    return tuple(rows * np.exp(np.clip(change[:, i], -LARGEST, LARGEST)) for i, rows in enumerate(raw))


def _deviations(record: Record, replicates: Array | None) -> Array | None:
    """What leaving out a block does to ln m* and ln R², (B, 2); None if one of them, or its error, is not
    known."""
    values = np.array([record.get(name) or np.nan for name in ("mass_bipolaron", "radius2")], dtype=float)
    errors = np.array(
        [record.get(f"{name}_err") or np.nan for name in ("mass_bipolaron", "radius2")], dtype=float
    )
    relative = errors / values
    if not np.all(values > 0.0) or not np.all(np.isfinite(relative)) or not np.all(relative > 0.0):
        return None
    if replicates is not None and len(replicates) >= _LEAST_BLOCKS and np.all(replicates > 0.0):
        rows = np.log(replicates) - np.log(replicates).mean(axis=0)
        size = np.sqrt((rows**2).sum(axis=0))
        if np.all(size > 0.0):
            return np.asarray(rows / size * relative)
    correlation = max(-0.99, min(0.99, record.get("mass_radius_correlation") or 0.0))
    root = np.linalg.cholesky([[1.0, correlation], [correlation, 1.0]]) * relative[:, None]
    return (
        np.tile(np.vstack([root.T, -root.T]), (8, 1)) / 4.0
    )  # 32 rows whose squares add up to the covariance
