"""The sampler against published numbers (PHYSICS.md section 4): one table with z-scores.

    python benchmarks/published.py --seconds 45 --out docs/published.md

Every row is one Markov chain on one core, sampled for that many CPU seconds (energies twice as long); β is that of
`beta: auto`, for masses half as long again, because weakly bound pairs need it. Numbers read off
logarithmic figures count with ± 30 % (a range: its middle, and at least 30 %); z is the difference in units of both
errors together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import click
from sampling import benchmark, markdown, point

from hpcbip.campaign.plan import auto_beta
from hpcbip.statistics.notation import with_error


@dataclass(frozen=True)
class Published:
    """One published number: where, which observable, value and error."""

    source: str
    lattice: str
    coupling: str
    omega: float
    lam: float
    U: float
    observable: str
    value: float
    error: float


def _figure(omega: float, lam: float, U: float, value: float) -> Published:
    source = "PRX 13, 011010, figure"
    return Published(source, "square", "bond", omega, lam, U, "mass_bipolaron", value, 0.3 * value)


NUMBERS = (
    Published("PRX 13, 011010, displacement", "square", "bond", 0.3, 0.5, 8.0, "mass_bipolaron", 5.4, 0.3),
    Published("PRX 13, 011010, dispersion", "square", "bond", 0.3, 0.5, 8.0, "mass_bipolaron", 6.33, 1.0),
    _figure(0.3, 0.3, 8.0, 2.0),
    _figure(0.3, 0.6, 8.0, 17.5),
    _figure(0.3, 0.65, 0.0, 95.0),
    _figure(0.5, 0.4, 8.0, 2.0),
    _figure(0.5, 1.0, 8.0, 25.0),
    _figure(1.0, 0.5, 8.0, 1.25),
    _figure(1.0, 1.0, 8.0, 4.5),
    # g = Ω = t = 1 is λ = 1/4 in the convention of the chain
    Published("PRB 60, 1633", "chain", "holstein", 1.0, 0.25, 0.0, "E_polaron", -2.46968, 0.00001),
    Published("PRL 84, 3153", "chain", "holstein", 1.0, 0.25, 0.0, "E_bipolaron", -5.4247, 0.0001),
)


@click.command(help=__doc__)
@click.option("--seconds", default=45.0, show_default=True, help="CPU seconds per row.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the table to this file as well.")
def main(seconds: float, out: Path | None) -> None:
    """Sample every point once and print the table."""
    known: dict[tuple[str, str, float, float, float, str], dict[str, dict[str, float]]] = {}
    rows = []
    for number in NUMBERS:
        sector = number.observable.split("_")[1]
        key = (number.lattice, number.coupling, number.omega, number.lam, number.U, sector)
        if key not in known:
            energy = number.observable.startswith("E_")
            beta = auto_beta(sector, 1.0, number.omega) * (
                1.0 if energy else 1.5
            )  # masses: weakly bound pairs
            ensemble = point(*key[:5], sector=sector, beta=beta)
            known[key] = benchmark(ensemble, 2.0 * seconds if energy else seconds)
        value, error = known[key]["value"][number.observable], known[key]["error"][number.observable]
        z = (value - number.value) / math.hypot(error, number.error)
        rows.append(
            {
                "lattice": number.lattice,
                "coupling": number.coupling,
                "t/Ω": 1 / number.omega,
                "λ": number.lam,
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
            f"--seconds {seconds:g} --out docs/published.md`; masses in m0 = 1/t. What is read off logarithmic figures "
            "counts with ± 30 %. 4.96(7) is 4.96 ± 0.07.\n\n"
        )
        out.write_text(text + table)


if __name__ == "__main__":
    main()
