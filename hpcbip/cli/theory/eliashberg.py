"""`hpcbip theory eliashberg`: Tc/Ω of Migdal–Eliashberg theory against λ_ME."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import Numbers, check_number_of_combinations, figure_option
from hpcbip.cli.output import draw_and_save, format_option, print_records


@click.command()
@click.option(
    "--lambda", "lambdas", default="0.2:3:0.2", show_default=True, type=Numbers(least=0.0), help="λ_ME."
)
@click.option("--mu-star", "mu_stars", default="0.12", show_default=True, type=Numbers(least=0.0))
@figure_option
@format_option
def eliashberg(lambdas: list[float], mu_stars: list[float], figure: Path | None, form: str) -> None:
    """Tc/Ω of Migdal–Eliashberg theory for an Einstein phonon, with Allen–Dynes and McMillan beside it."""
    from hpcbip.report.figures.theory.eliashberg import eliashberg_figure
    from hpcbip.theory.eliashberg.tables import eliashberg_table

    check_number_of_combinations(lambdas, mu_stars)
    rows = eliashberg_table(lambdas, mu_stars)
    print_records(rows, form)
    draw_and_save(lambda: eliashberg_figure(rows), figure, form)
