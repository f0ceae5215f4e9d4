"""A campaign without a kernel: known m*(λ, U) and R²(λ, U), noise that falls as 1/√(CPU seconds), kills at
will."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
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


def log_mass(lam: float, u: float) -> float:
    """Like the bond bipolaron's on the square lattice at t/Ω = 1 (docs/measured/map.md), with a dependence on
    U."""
    return 0.05 + 0.5 * lam + 0.95 * lam**2 + 0.5 * math.exp(-u / 5.0)


def log_size(lam: float, u: float) -> float:
    return -1.2 + 8.16 * math.exp(-2.47 * lam) + 0.03 * (u - 8.0)


def log_height(lam: float, u: float) -> float:
    """ln (Tc/Ω) at t/Ω = 1."""
    return math.log(PREFACTOR) - log_mass(lam, u) - max(log_size(lam, u), 0.0)


def blocks_of(seed: int, point: Point, number: int) -> Array:
    """(number, 2) noise of the blocks: a function of the campaign's seed and the point alone."""
    rng = np.random.default_rng([seed, int(point.identity, 16)])
    root = np.linalg.cholesky([[1.0, CORRELATION], [CORRELATION, 1.0]])
    return (rng.standard_normal((number, 2)) @ root.T) * SPREAD


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
        target = config.sampling.target["tc_over_omega"]
        need = min(MAX_BLOCKS, max(MIN_BLOCKS, math.ceil((tc_error(1) / target) ** 2)))
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
        record |= {
            "binding_energy": 3.0,
            "binding_energy_err": 0.01,
            "bins_polaron": number,
            "bins_bipolaron": number,
        }
        if number >= MIN_BLOCKS:
            lam, u = record["lambda"], record["U"]
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
