"""`hpcbip theory fermi-surface`: λ_ME of the lattice models, and the Tc/Ω that it gives."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import (
    FINITE,
    NOT_NEGATIVE,
    POSITIVE,
    Numbers,
    check_number_of_combinations,
    couplings_option,
    figure_option,
    lattice_option,
)
from hpcbip.cli.output import draw_and_save, format_option, print_records
from hpcbip.errors import InputError


@click.command("fermi-surface")
@lattice_option("chain, square, triangular, cubic, bcc, fcc", "square")
@couplings_option("bond, holstein, bond+holstein", "bond", "holstein")
@click.option(
    "--filling",
    "fillings",
    default="0.5",
    show_default=True,
    type=Numbers(above=0.0, below=2.0),
    help="Electrons per site, both spins.",
)
@click.option("--omega", type=POSITIVE, default=0.2, show_default=True, help="In t.")
@click.option("--lambda", "lambdas", type=Numbers(least=0.0), help="Of the model. [default: 0.05:1:0.05]")
@click.option("--g", "strengths", type=Numbers(), help="Instead of --lambda, in t.")
@click.option("--g-holstein", type=FINITE, default=0.0, show_default=True, help="Of bond+holstein, in t.")
@click.option("--omega-holstein", type=POSITIVE, help="Of bond+holstein. [default: --omega]")
@click.option("--mu-star", type=NOT_NEGATIVE, default=0.12, show_default=True)
@figure_option
@format_option
def fermi_surface(
    lattice: str,
    couplings: tuple[str, ...],
    fillings: list[float],
    omega: float,
    lambdas: list[float] | None,
    strengths: list[float] | None,
    g_holstein: float,
    omega_holstein: float | None,
    mu_star: float,
    figure: Path | None,
    form: str,
) -> None:
    """λ_ME and m*/m of the lattice models from averages over the Fermi surface, and the Tc/Ω they give."""
    from hpcbip.models import Model, coupling_from_lambda, get_lattice
    from hpcbip.report.figures.theory.fermi_surface import fermi_surface_figure
    from hpcbip.theory.eliashberg.tables import fermi_surface_table

    if lambdas and strengths:
        raise InputError("--lambda: give either --lambda or --g, not both")
    if (g_holstein or omega_holstein) and "bond+holstein" not in couplings:
        raise InputError(
            "--g-holstein, --omega-holstein: go with --coupling bond+holstein, and with no other"
        )
    given = strengths or lambdas or [0.05 * n for n in range(1, 21)]
    check_number_of_combinations(couplings, fillings, given)
    models = []
    try:
        bravais = get_lattice(lattice)
        for coupling in couplings:
            site_phonon = (g_holstein, omega_holstein or omega) if coupling == "bond+holstein" else (0.0, 0.0)
            for value in given:
                g = value if strengths else coupling_from_lambda(bravais, coupling, value, omega, 1.0)
                models.append(
                    Model(
                        lattice,
                        coupling,
                        1.0,
                        omega,
                        g,
                        g_holstein=site_phonon[0],
                        omega_holstein=site_phonon[1],
                    )
                )
    except (KeyError, ValueError) as error:
        raise InputError(error.args[0]) from None
    rows = fermi_surface_table(models, fillings, mu_star)
    print_records(rows, form)
    draw_and_save(lambda: fermi_surface_figure(rows), figure, form)
