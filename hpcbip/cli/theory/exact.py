"""`hpcbip theory exact`: exact diagonalisation with phonons."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import (
    FINITE,
    NOT_NEGATIVE,
    POSITIVE,
    STATE_COUNT,
    Numbers,
    check_number_of_combinations,
    couplings_option,
    figure_option,
    lattice_option,
)
from hpcbip.cli.output import draw_and_save, format_option, print_records
from hpcbip.errors import InputError


@click.command()
@lattice_option("chain, square, ..., honeycomb, lieb, ..., or one written out", "chain")
@couplings_option("holstein, bond, site-peierls, ...+holstein", "holstein")
@click.option("--electrons", type=click.IntRange(1, 2), default=1, show_default=True)
@click.option("--spin", default="singlet", show_default=True, help="Of two electrons: singlet, triplet.")
@click.option("--t", type=POSITIVE, default=1.0, show_default=True)
@click.option("--omega", type=POSITIVE, default=1.0, show_default=True)
@click.option("--lambda", "lambdas", type=Numbers(least=0.0), help="As in 0.5,1,2. [default: 0.2:1.2:0.2]")
@click.option("--g", "strengths", type=Numbers(), help="Instead of --lambda.")
@click.option("--U", "interactions", default="0", show_default=True, type=Numbers())
@click.option("--V", "V", type=FINITE, default=0.0, show_default=True, help="Between neighbours.")
@click.option("--g-holstein", type=FINITE, default=0.0, show_default=True)
@click.option("--levels", type=Numbers(), help="Of the sites of the cell, as in 0,1,1.")
@click.option("--U-factors", "U_factors", type=Numbers(), help="Of U on the sites of the cell.")
@click.option("--t-factors", type=Numbers(), help="Of t along the bond axes.")
@click.option("--g-factors", type=Numbers(), help="Of g along the bond axes.")
@click.option("--omega-factors", type=Numbers(), help="Of Ω along the bond axes.")
@click.option(
    "--omega-holstein", type=NOT_NEGATIVE, help="Of the sites, with ...+holstein. [default: --omega]"
)
@click.option("--states", type=STATE_COUNT, help="Of the largest space. [default: 100000; --critical: 20000]")
@click.option(
    "--K", "K", type=FINITE, multiple=True, help="Total momentum in 1/a. [default: that of the lowest state]"
)
@click.option("--critical", is_flag=True, help="Instead: λ where the site-Peierls polaron leaves K = 0.")
@figure_option
@format_option
def exact(
    lattice: str,
    couplings: tuple[str, ...],
    electrons: int,
    spin: str,
    lambdas: list[float] | None,
    strengths: list[float] | None,
    interactions: list[float],
    states: int | None,
    K: tuple[float, ...],
    critical: bool,
    omega_holstein: float | None,
    figure: Path | None,
    form: str,
    t: float,
    omega: float,
    V: float,
    g_holstein: float,
    **lists: list[float] | None,
) -> None:
    """Exact diagonalisation of one or two electrons with phonons: E, mass, size, cloud, with errors."""
    from hpcbip.report.figures.theory.exact import critical_figure, exact_figure
    from hpcbip.theory.exact.convergence import DEFAULT_STATES
    from hpcbip.theory.exact.critical import CRITICAL_STATES, critical_lambda, critical_lambda_row
    from hpcbip.theory.exact.system import Geometry, System, g_from_lambda
    from hpcbip.theory.exact.tables import exact_table

    if critical:
        found = critical_lambda(omega, t, states or CRITICAL_STATES)
        print_records([critical_lambda_row(found, omega)], form)
        draw_and_save(lambda: critical_figure(found, omega / t), figure, form)
        return
    if lambdas and strengths:
        raise InputError("--lambda: give either --lambda or --g, not both")
    given = strengths or lambdas or [0.2, 0.4, 0.6, 0.8, 1.0, 1.2]
    check_number_of_combinations(couplings, interactions, given)
    of_sites = (omega_holstein or 0.0, omega if omega_holstein is None else omega_holstein)
    systems = [
        System(
            geometry,
            g=value if strengths else g_from_lambda(geometry, value, omega, t),
            t=t,
            omega=omega,
            U=U,
            V=V,
            g_holstein=g_holstein,
            omega_holstein=of_sites[geometry.coupling.endswith("+holstein")],
            **{name: tuple(values or ()) for name, values in lists.items()},
        )
        for geometry in [Geometry(lattice, coupling, electrons, spin) for coupling in couplings]
        for U in interactions
        for value in given
    ]
    rows = exact_table(systems, states or DEFAULT_STATES, K or None)
    print_records(rows, form)
    draw_and_save(lambda: exact_figure(rows), figure, form)
