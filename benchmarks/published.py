"""The sampler against published numbers (docs/physics.md, "Published numbers"): one table with z-scores.

    python benchmarks/published.py --seconds 45 --out docs/measured/published.md

Every row is one Markov chain on one core, sampled for that many CPU seconds (energies twice as long); β is
that of `beta: auto`, for masses half as long again, because weakly bound pairs need it. Numbers read off
logarithmic figures count with ± 30 % (a range: its middle, and at least 30 %); z is the difference in units
of both errors together.
"""

from __future__ import annotations

import math
from pathlib import Path

import click
from sampling import benchmark, markdown, point

from hpcbip.campaign.plan import auto_beta
from hpcbip.report.papers.published import CHAIN_ENERGIES, MASSES
from hpcbip.statistics.notation import with_error

NUMBERS = (*MASSES, *CHAIN_ENERGIES)


@click.command(help=__doc__)
@click.option("--seconds", default=45.0, show_default=True, help="CPU seconds per row.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the table to this file as well.")
def main(seconds: float, out: Path | None) -> None:
    """Sample every point once and print the table."""
    known: dict[tuple[str, str, float, float, float, str], dict[str, dict[str, float]]] = {}
    rows = []
    for number in NUMBERS:
        sector = number.observable.split("_")[1]
        omega, lam = 1.0 / number.t_over_omega, number.lam_value or 0.0
        key = (number.lattice, number.coupling, omega, lam, number.U, sector)
        if key not in known:
            energy = number.observable.startswith("E_")
            beta = auto_beta(sector, 1.0, omega) * (1.0 if energy else 1.5)  # masses: weakly bound pairs
            ensemble = point(*key[:5], sector=sector, beta=beta)
            known[key] = benchmark(ensemble, 2.0 * seconds if energy else seconds)
        value, error = known[key]["value"][number.observable], known[key]["error"][number.observable]
        z = (value - number.value) / math.hypot(error, number.error)
        rows.append(
            {
                "lattice": number.lattice,
                "coupling": number.coupling,
                "t/Ω": number.t_over_omega,
                "λ": lam,
                "U/t": number.U,
                "observable": number.observable,
                "published": with_error(number.value, number.error),
                "hpcbip": with_error(value, error),
                "z": f"{z:+.1f}",
                "source": number.source,
            }
        )
        click.echo("  ".join(f"{cell}" for cell in rows[-1].values()))
    table = markdown(rows)
    click.echo(table)
    if out:
        text = (
            "# Published numbers\n\nMade by `python benchmarks/published.py "
            f"--seconds {seconds:g} --out docs/measured/published.md`; masses in m0 = 1/t. What is read off "
            "logarithmic figures counts with ± 30 %. 4.96(7) is 4.96 ± 0.07.\n\n"
        )
        out.write_text(text + table)


if __name__ == "__main__":
    main()
