"""A campaign without a kernel: known m*(λ, U) and R²(λ, U), noise that falls as 1/√(CPU seconds), kills at
will."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from hpcbip.campaign.plan import Point, make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.files import write_atomically
from hpcbip.store.directory import prepare_directory
from hpcbip.superconductivity import transition_temperature

Array = NDArray[np.float64]

SPREAD = np.array([0.17, 0.57])  # of ln m* and ln R² in a block
CORRELATION = -0.3
SECONDS = 0.125  # CPU time of a block
MIN_BLOCKS, MAX_BLOCKS = 64, 32000
PREFACTOR = 1.84 / math.pi
BINDING_SPREAD = 0.4  # of Δ in a block


def log_mass(lam: float, u: float) -> float:
    """Like the bond bipolaron's on the square lattice at t/Ω = 1 (docs/measured/map.md), with a dependence on
    U."""
    return 0.05 + 0.5 * lam + 0.95 * lam**2 + 0.5 * math.exp(-u / 5.0)


def log_size(lam: float, u: float) -> float:
    return -1.2 + 8.16 * math.exp(-2.47 * lam) + 0.03 * (u - 8.0)


def log_height(lam: float, u: float) -> float:
    """ln (Tc/Ω) at t/Ω = 1."""
    return math.log(PREFACTOR) - log_mass(lam, u) - max(log_size(lam, u), 0.0)


def binding_far_above(lam: float, u: float) -> float:
    """Δ/Ω that no Tc comes near to."""
    return 3.0


def limiting(lam: float, u: float) -> float:
    """Δ/Ω that Tc runs into at λ = 0.844, U = 8t, beyond the kink; unbound below λ = 0.45."""
    return 1.2 * max(lam - 0.45, 0.0) ** 2


binding = binding_far_above
"""Δ/Ω of the model; tests replace it."""


def blocks_of(seed: int, point: Point, number: int) -> Array:
    """(number, 2) noise of the blocks: a function of the campaign's seed and the point alone."""
    rng = np.random.default_rng([seed, int(point.identity, 16)])
    root = np.linalg.cholesky([[1.0, CORRELATION], [CORRELATION, 1.0]])
    return (rng.standard_normal((number, 2)) @ root.T) * SPREAD


def blocks_needed(point: Point, target: Mapping[str, float]) -> int:
    """Blocks at which a point meets its targets: of Tc, and of Δ - Tc if there is one."""
    lam, u = point.parameters["lambda"], point.parameters["U"]
    need = (tc_error(1) / target["tc_over_omega"]) ** 2
    if "binding_margin" in target:
        tc = math.exp(log_height(lam, u))
        unit = max(tc, abs(binding(lam, u) - tc))
        need = max(need, (BINDING_SPREAD / unit / target["binding_margin"]) ** 2)
    return min(MAX_BLOCKS, max(MIN_BLOCKS, math.ceil(need)))


def tc_error(number: int) -> float:
    """Relative error of Tc after so many blocks."""
    variance = SPREAD @ np.array([[1.0, CORRELATION], [CORRELATION, 1.0]]) @ SPREAD
    return math.sqrt(float(variance) / number)


def runner(source: Path, directory: Path, ranks: int, seconds: float, spent: Callable[[float], None]) -> int:
    """In place of `hpcbip run`: all points to the target, saved after every point."""
    config = load_config(source)
    prepare_directory(directory, config, source)
    path = directory / "blocks.json"
    blocks: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    left = seconds * ranks
    for point in make_plan(config).points:
        have = blocks.get(point.identity, 0)
        need = blocks_needed(point, config.sampling.target)
        new = min(max(0, need - have), int(left / SECONDS))
        blocks[point.identity] = have + new
        left -= new * SECONDS
        write_atomically(path, json.dumps(blocks))
        spent(new * SECONDS / ranks)
        if have + new < need:
            return 3
    return 0


def read_results(directory: Path) -> SimpleNamespace:
    """Records and replicates, in place of `hpcbip.reduction.results.read_results`."""
    blocks = json.loads((directory / "blocks.json").read_text())
    records, replicates = [], {}
    config = load_config(directory / "config.yaml")
    for point in make_plan(config).points:
        number = blocks.get(point.identity, 0)
        record = {
            **point.parameters,
            "point": point.identity,
            "flags": [],
            "tc_valid": True,
            "tc_prefactor": PREFACTOR,
        }
        lam, u = record["lambda"], record["U"]
        error = BINDING_SPREAD / math.sqrt(max(number, 1))
        noise = np.random.default_rng([config.seed, int(point.identity, 16), 1]).standard_normal(number)
        record |= {
            "binding_energy": binding(lam, u) + error * noise.sum() / math.sqrt(max(number, 1)),
            "binding_energy_err": error,
            "bins_polaron": number,
            "bins_bipolaron": number,
        }
        if number >= MIN_BLOCKS:
            rows = blocks_of(config.seed, point, number) + [log_mass(lam, u), log_size(lam, u)]
            mean = rows.mean(axis=0)
            mass, size = np.exp(mean)
            errors = rows.std(axis=0, ddof=1) / math.sqrt(number)
            tc = float(transition_temperature(mass, size, 2, PREFACTOR))
            record |= {
                "mass_bipolaron": float(mass),
                "mass_bipolaron_err": float(mass * errors[0]),
                "radius2": float(size),
                "radius2_err": float(size * errors[1]),
                "tc_over_omega": tc,
                "tc_over_omega_err": tc * tc_error(number),
            }
            replicates[point.identity] = np.exp(mean + (mean - rows) / (number - 1.0))
        records.append(record)
    return SimpleNamespace(records=records, replicates=replicates)
