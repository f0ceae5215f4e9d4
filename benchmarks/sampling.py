"""What all benchmarks share: one point sampled by one Markov chain on one core, and the figures that count.

Errors are Γ-method errors; `err_sqrt_cpu` is error × √(CPU seconds), which does not depend on how long one
samples.
"""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from hpcbip.campaign.plan import auto_beta
from hpcbip.models import Model, coupling_from_lambda, get_lattice
from hpcbip.qmc import Chain, Ensemble, columns, warm_up
from hpcbip.statistics import gamma_method

BINS = 16  # rows per call; the clock is read in between


def point(
    lattice: str,
    coupling: str,
    omega: float,
    lam: float,
    U: float = 0.0,
    V: float = 0.0,
    sector: str = "bipolaron",
    beta: float | None = None,
    **fields: Any,
) -> Ensemble:
    """Build the ensemble of one point, t = 1, at the β of `beta: auto` unless it is given; `fields` are
    further ones of the model."""
    g = coupling_from_lambda(get_lattice(lattice), coupling, lam, omega, 1.0)
    pair = sector == "bipolaron"
    model = Model(lattice, coupling, 1.0, omega, g, *((U, V) if pair else ()), **fields)
    return Ensemble(model, 2 if pair else 1, beta or auto_beta(sector, 1.0, omega))


def sample(ensemble: Ensemble, seconds: float, seed: int = 1) -> tuple[np.ndarray, float]:
    """Sample bins of a chain for `seconds` of CPU time after a thermalisation of a fifth of that, and the CPU
    seconds they took."""
    warm_up([ensemble])
    chain = Chain.start(ensemble, np.random.SeedSequence(seed).generate_state(4, np.uint64))
    started = time.process_time()
    while time.process_time() - started < seconds / 5:
        chain.thermalise(50 * ensemble.interval)
    per_bin = 4 * ensemble.interval
    rows, started = [], time.process_time()
    while (cpu := time.process_time() - started) < seconds:
        rows.append(chain.run_block(BINS, per_bin))
    return np.vstack(rows), cpu


def observables(ensemble: Ensemble, rows: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Turn bin rows into energy, mass (linearised about its mean), phonon number and pair distance."""
    names = columns(ensemble)
    sector = "bipolaron" if ensemble.electrons == 2 else "polaron"
    unit = 3 - ensemble.electrons  # m_e = 1/(2t), m0 = 1/t
    diffusion = rows[:, names.index("diffusion")]
    mean = diffusion.mean()
    mass = unit * ensemble.model.t * ensemble.lattice.dimension / mean * (2.0 - diffusion / mean)
    result = {f"E_{sector}": rows[:, names.index("energy")], f"mass_{sector}": mass}
    if ensemble.electrons == 2:
        result["pair_distance2"] = rows[:, names.index("pair_distance2")]
    result[f"phonons_{sector}"] = rows[:, names.index("phonons")]
    return list(result), np.column_stack(list(result.values()))


def markdown(rows: list[dict[str, Any]], digits: int = 3) -> str:
    """Format a table in Markdown; floats with so many digits, — for None."""
    table = Table(*rows[0], box=box.MARKDOWN)
    for row in rows:
        shown = ("—" if cell is None else cell for cell in row.values())
        table.add_row(*(f"{cell:.{digits}g}" if isinstance(cell, float) else str(cell) for cell in shown))
    console = Console(file=io.StringIO(), width=1000, color_system=None)
    console.print(table)
    return "\n".join(line.strip() for line in console.file.getvalue().splitlines() if line.strip()) + "\n"


def benchmark(ensemble: Ensemble, seconds: float, seed: int = 1) -> dict[str, Any]:
    """Measure the figures of one point, as `benchmarks/kernel.py --json` prints them."""
    rows, cpu = sample(ensemble, seconds, seed)
    names, series = observables(ensemble, rows)
    analysis = gamma_method([series])
    table = {
        "value": analysis.mean,
        "error": analysis.error,
        "tau_cpu_s": analysis.tau * cpu / len(rows),
        "err_sqrt_cpu": analysis.error * np.sqrt(cpu),
    }
    return {
        "updates_per_s": len(rows) * 4 * ensemble.interval / cpu,
        "cpu_s": cpu,
        "bins": len(rows),
        "beta": ensemble.beta,
        **{key: dict(zip(names, values.tolist(), strict=True)) for key, values in table.items()},
        "acceptance": {
            name.removeprefix("accept:"): float(column.mean())
            for name, column in zip(columns(ensemble), rows.T, strict=True)
            if name.startswith("accept:")
        },
    }
