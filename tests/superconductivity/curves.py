"""Known curves of m* and R², and the records and replicates that a campaign would have of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import coupling_from_lambda, get_lattice
from hpcbip.reduction.peaks import scan_points
from hpcbip.superconductivity import BEC_PREFACTOR, BKT_PREFACTOR, transition_temperature
from hpcbip.superconductivity.scans import Scan
from hpcbip.superconductivity.scans import scans as scans_of_points

Array = NDArray[np.float64]
Function = Callable[[Any], Any]

BLOCKS = 48
ERRORS = np.array([0.012, 0.03])  # of ln m* and ln R², as of 2 to 3 % of Tc
CORRELATION = -0.4


@dataclass(frozen=True)
class Truth:
    """ln m* and ln R² along an axis, and where a scan looks."""

    axis: str
    places: tuple[float, ...]
    log_mass: Function
    log_size: Function
    binding: Function | None = None  # Δ/Ω; None: far above Tc
    binding_error: float = 0.02

    def log_height(self, x: Array) -> Array:
        """ln (Tc/Ω) at t/Ω = 1, or along t/omega."""
        scale = np.log(x) if self.axis == "t/omega" else 0.0
        return math.log(BKT_PREFACTOR) + scale - self.log_mass(x) - np.maximum(self.log_size(x), 0.0)

    @property
    def maximum(self) -> tuple[float, float]:
        """Position, and ln (Tc/Ω) there, where Δ > Tc."""
        x = np.linspace(self.places[0], self.places[-1], 200001)
        y = self.log_height(x)
        if self.binding is not None:
            y = np.where(self.binding(x) > np.exp(y), y, -np.inf)
        return float(x[y.argmax()]), float(y.max())

    def campaign(
        self, seed: int | list[int], places: Any = None, skew: float = 0.0
    ) -> tuple[list[dict[str, Any]], dict[str, Array]]:
        """Records and replicates of noisy points; with `skew` the blocks of R² have a long tail of that
        skewness."""
        rng = np.random.default_rng(seed)
        root = np.linalg.cholesky([[1.0, CORRELATION], [CORRELATION, 1.0]])
        records, replicates = [], {}
        for x in self.places if places is None else places:
            noise = rng.standard_normal((BLOCKS, 2))
            if skew:
                tail = 4.0 / skew**2
                noise[:, 1] = (rng.gamma(tail, size=BLOCKS) - tail) / math.sqrt(tail)
                noise = noise @ root[::-1, ::-1].T  # the size keeps its tail, the mass is correlated with it
            rows = (noise if skew else noise @ root.T) * ERRORS * math.sqrt(BLOCKS)
            rows += np.array([self.log_mass(x), self.log_size(x)])
            mean = rows.mean(axis=0)
            without = np.exp(mean + (mean - rows) / (BLOCKS - 1.0))
            errors = math.sqrt(BLOCKS - 1.0) * without.std(axis=0)
            entry = record(
                **{self.axis: x}, mass=math.exp(mean[0]), size=math.exp(mean[1]), errors=tuple(errors)
            )
            if self.binding is not None:
                over_omega = self.binding(x) + self.binding_error * rng.standard_normal()
                entry["binding_energy"] = over_omega * entry["omega"]
                entry["binding_energy_err"] = self.binding_error * entry["omega"]
            records.append(entry)
            replicates[entry["point"]] = without
        return records, replicates


KINK = Truth(
    "lambda",
    tuple(np.linspace(0.3, 1.2, 7)),
    lambda x: 0.05 + 0.5 * x + 0.95 * x * x,
    lambda x: -1.2 + 8.16 * np.exp(-2.47 * x),
)
"""Square lattice, t/Ω = 1, U = 8t (docs/measured/map.md): the density saturates while m* still grows
slowly."""
SMOOTH = Truth(
    "lambda",
    tuple(np.linspace(0.3, 0.9, 7)),
    lambda x: 0.2 + 0.2 * x + 3.2 * x * x,
    lambda x: -1.0 + 6.5 * np.exp(-2.6 * x),
)
"""Like t/Ω = 2: m* grows fast, the maximum comes before R² = 1."""
SATURATED = Truth(
    "t/omega", tuple(np.linspace(0.5, 2.5, 7)), lambda x: 0.3 + 0.25 * x * x, lambda x: -0.3 - 0.1 * x
)
"""R² < 1 everywhere: a smooth maximum of 1/m*."""
ALONG_U = Truth(
    "U",
    tuple(np.linspace(0.0, 16.0, 6)),
    lambda x: 1.6 * np.exp(-x / 6.0) + 0.02 * x,
    lambda x: -0.6 + 0.075 * x,
)
TRUTHS = {"kink": KINK, "smooth": SMOOTH, "saturated": SATURATED, "along U": ALONG_U}

LIMITED = replace(KINK, binding=lambda x: 1.2 * np.maximum(x - 0.45, 0.0) ** 2)
"""Unbound below λ = 0.45, as in three dimensions; Δ = Tc at λ = 0.844, beyond the kink."""
LIMITED_SMOOTH = replace(SMOOTH, binding=lambda x: 5.0 * np.exp(-1.6 / np.maximum(x - 0.2, 1e-9)))
"""Bound however weakly, as in two dimensions; Δ = Tc beyond the smooth maximum."""
LIMITED_ABOVE = replace(ALONG_U, binding=lambda x: 0.75 * np.exp(-x / 5.0) + 0.05)
"""U unbinds the pair before Tc comes to its top: Tc rises up to the crossing."""
OPEN = replace(SMOOTH, binding=lambda x: 7.5 * np.exp(-1.6 / np.maximum(x - 0.2, 1e-9)))
"""Δ - Tc = 0.005 at the top of the formula, a quarter of the error of Δ."""
LIMITS = {"binding": LIMITED, "binding, smooth": LIMITED_SMOOTH, "binding, U": LIMITED_ABOVE, "open": OPEN}


def record(
    mass: float = 2.0,
    size: float = 1.5,
    errors: tuple[float, float] = (0.02, 0.04),
    lattice: str = "square",
    **other: Any,
) -> dict[str, Any]:
    """A point; `t/omega` sets omega."""
    omega = other.get("omega", 1.0 / other.pop("t/omega", 1.0))
    entry: dict[str, Any] = {
        "lattice": lattice,
        "coupling": "bond",
        "t": 1.0,
        "omega": omega,
        "lambda": 0.7,
        "U": 8.0,
        "V": 0.0,
        "beta": 60.0,
        "mass_bipolaron": mass,
        "mass_bipolaron_err": errors[0],
        "radius2": size,
        "radius2_err": errors[1],
        "mass_radius_correlation": CORRELATION,
        "binding_energy": 2.0,
        "binding_energy_err": 0.01,
        "density": None,
        "tc_over_omega_sys": None,
        "tc_valid": True,
        "flags": [],
        "bins_polaron": 100,
        "bins_bipolaron": 100,
    } | other
    dimension = 3 if lattice == "cubic" else 2
    entry["g"] = coupling_from_lambda(get_lattice(lattice), "bond", entry["lambda"], omega, 1.0)
    entry["tc_prefactor"] = BEC_PREFACTOR if dimension == 3 else BKT_PREFACTOR
    tc = transition_temperature(mass, size, dimension, entry["tc_prefactor"], entry["density"])
    entry["tc_over_omega"] = float(tc) / entry["omega"]
    entry["tc_over_omega_err"] = entry["tc_over_omega"] * math.hypot(errors[0] / mass, errors[1] / size)
    entry["point"] = f"{entry['lambda']:g},{entry['U']:g},{omega:g}"
    return entry


def scans(
    records: list[dict[str, Any]],
    replicates: dict[str, Array] | None = None,
    axes: tuple[str, ...] = ("lambda",),
) -> list[Scan]:
    """The scans along `axes` among points with these records."""
    return scans_of_points(scan_points(records, replicates), axes)
