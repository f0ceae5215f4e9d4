"""Speed of the sampler at one point: error × √(CPU seconds), the figure that counts, and updates per second.

    python benchmarks/kernel.py --lattice square --coupling bond --omega 0.3 --lambda 0.5 --U 8 --sector
    bipolaron --seconds 100

Runs one Markov chain on one core after a thermalisation of a fifth of the time. Errors are Γ-method errors.
"""

from __future__ import annotations

import json

import click
from sampling import benchmark, point

from hpcbip.models import COUPLINGS, LATTICES


@click.command(help=__doc__)
@click.option("--lattice", type=click.Choice(list(LATTICES)), default="square", show_default=True)
@click.option("--coupling", type=click.Choice(COUPLINGS[:2]), default="bond", show_default=True)
@click.option("--omega", type=click.FloatRange(0, min_open=True), default=0.3, show_default=True)
@click.option("--lambda", "lam", type=click.FloatRange(0), default=0.5, show_default=True)
@click.option("--U", "repulsion", default=8.0, show_default=True)
@click.option("--V", "tail", default=0.0, show_default=True, help="Strength of the Coulomb tail V/r.")
@click.option("--sector", type=click.Choice(["polaron", "bipolaron"]), default="bipolaron", show_default=True)
@click.option("--beta", type=click.FloatRange(0, min_open=True), help="Default: that of `beta: auto`.")
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), default=30.0, show_default=True, help="CPU seconds."
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(
    lattice: str,
    coupling: str,
    omega: float,
    lam: float,
    repulsion: float,
    tail: float,
    sector: str,
    beta: float | None,
    seconds: float,
    seed: int,
    as_json: bool,
) -> None:
    """Run the benchmark and print it."""
    result = benchmark(point(lattice, coupling, omega, lam, repulsion, tail, sector, beta), seconds, seed)
    if as_json:
        click.echo(json.dumps(result, indent=1))
        return
    click.echo(
        f"{result['updates_per_s']:.3g} updates/s, {result['cpu_s']:.1f} CPU seconds, "
        f"beta = {result['beta']:g}"
    )
    for name, value in result["value"].items():
        click.echo(
            f"{name:18s} {value:11.5f} ± {result['error'][name]:.5f}   "
            f"tau {result['tau_cpu_s'][name]:8.4f} CPU s   "
            f"error × √CPU s {result['err_sqrt_cpu'][name]:.4f}"
        )
    click.echo(
        "acceptance: "
        + ", ".join(f"{name} {rate:.3f}" for name, rate in result["acceptance"].items() if rate)
    )


if __name__ == "__main__":
    main()
