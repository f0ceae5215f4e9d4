"""Speed of the sampler at one point: error × √(CPU seconds), the figure that counts, and updates per second.

    python benchmarks/kernel.py --lattice square --coupling bond --omega 0.3 --lambda 0.5 --U 8 --sector bipolaron
    --seconds 100

Runs one Markov chain on one core after a thermalisation of a tenth of the time. Errors are Γ-method errors.
"""

from __future__ import annotations

import json
import time

import click
import numpy as np

from hpcbip.campaign.plan import auto_beta
from hpcbip.models import Model, coupling_from_lambda, get_lattice
from hpcbip.qmc import Chain, Ensemble, columns, warm_up
from hpcbip.statistics import gamma_method


def observables(ensemble: Ensemble, rows: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Bin rows turned into energy, mass (linearised about its mean) and pair distance."""
    names = columns(ensemble)
    sector = "bipolaron" if ensemble.electrons == 2 else "polaron"
    unit = ensemble.electrons == 1
    diffusion = rows[:, names.index("diffusion")]
    mean = diffusion.mean()
    mass = (1 + unit) * ensemble.model.t * ensemble.lattice.dimension / mean * (2.0 - diffusion / mean)
    result = {f"E_{sector}": rows[:, names.index("energy")], f"mass_{sector}": mass}
    if ensemble.electrons == 2:
        result["pair_distance2"] = rows[:, names.index("pair_distance2")]
    return list(result), np.column_stack(list(result.values()))


def benchmark(ensemble: Ensemble, seconds: float, seed: int) -> dict[str, object]:
    """Sample for `seconds` of CPU time; see the module's docstring for what comes back."""
    warm_up()
    chain = Chain.start(ensemble, np.random.SeedSequence(seed).generate_state(4, np.uint64))
    started = time.process_time()
    while time.process_time() - started < seconds / 10:
        chain.thermalise(500_000)
    per_bin = 16 * ensemble.interval
    rows, started = [], time.process_time()
    while (cpu := time.process_time() - started) < seconds:
        rows.append(chain.run_block(16, per_bin))
    table = np.vstack(rows)
    names, series = observables(ensemble, table)
    analysis = gamma_method([series])
    per_row = cpu / len(table)
    return {
        "updates_per_s": len(table) * per_bin / cpu,
        "cpu_s": cpu,
        "bins": len(table),
        "beta": ensemble.beta,
        "value": dict(zip(names, analysis.mean.tolist(), strict=True)),
        "error": dict(zip(names, analysis.error.tolist(), strict=True)),
        "tau_cpu_s": dict(zip(names, (analysis.tau * per_row).tolist(), strict=True)),
        "err_sqrt_cpu": dict(zip(names, (analysis.error * np.sqrt(cpu)).tolist(), strict=True)),
        "acceptance": {
            name.removeprefix("accept:"): float(column.mean())
            for name, column in zip(columns(ensemble), table.T, strict=True)
            if name.startswith("accept:")
        },
    }


@click.command(help=__doc__)
@click.option("--lattice", default="square", show_default=True)
@click.option("--coupling", default="bond", show_default=True)
@click.option("--omega", default=0.3, show_default=True)
@click.option("--lambda", "lam", default=0.5, show_default=True)
@click.option("--U", "repulsion", default=8.0, show_default=True)
@click.option("--sector", type=click.Choice(["polaron", "bipolaron"]), default="bipolaron", show_default=True)
@click.option("--beta", type=float, help="Default: that of `beta: auto`.")
@click.option("--seconds", default=30.0, show_default=True, help="CPU seconds of sampling.")
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(
    lattice: str, coupling: str, omega: float, lam: float, repulsion: float, sector: str, beta: float | None,
    seconds: float, seed: int, as_json: bool,
) -> None:
    """Run the benchmark and print it."""
    g = coupling_from_lambda(get_lattice(lattice), coupling, lam, omega, 1.0)
    model = Model(lattice, coupling, 1.0, omega, g, repulsion if sector == "bipolaron" else 0.0)
    ensemble = Ensemble(model, 2 if sector == "bipolaron" else 1, beta or auto_beta(sector, 1.0, omega))
    result = benchmark(ensemble, seconds, seed)
    if as_json:
        click.echo(json.dumps(result, indent=1))
        return
    click.echo(f"{result['updates_per_s']:.3g} updates/s, {result['cpu_s']:.1f} CPU seconds, beta = {ensemble.beta:g}")
    for name in result["value"]:
        value, error = result["value"][name], result["error"][name]
        click.echo(
            f"{name:16s} {value:11.5f} ± {error:.5f}   tau {result['tau_cpu_s'][name]:8.4f} CPU s   "
            f"error × √CPU s {result['err_sqrt_cpu'][name]:.4f}"
        )
    click.echo("acceptance: " + ", ".join(f"{name} {rate:.3f}" for name, rate in result["acceptance"].items()))


if __name__ == "__main__":
    main()
