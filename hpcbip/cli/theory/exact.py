"""`hpcbip theory exact`: exact diagonalisation with phonons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hpcbip.cli.options import (
    FINITE,
    POSITIVE,
    STATE_COUNT,
    Numbers,
    check_number_of_combinations,
    couplings_option,
    figure_option,
    lattice_option,
    model_options,
    read_geometries,
    read_system_fields,
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
@model_options
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
    t: float,
    omega: float,
    lambdas: list[float] | None,
    strengths: list[float] | None,
    interactions: list[float],
    states: int | None,
    K: tuple[float, ...],
    critical: bool,
    figure: Path | None,
    form: str,
    **given: Any,
) -> None:
    """Exact diagonalisation of one or two electrons with phonons: E, mass, size, cloud, with errors."""
    from hpcbip.report.figures.theory.exact import critical_figure, exact_figure
    from hpcbip.theory.exact.convergence import DEFAULT_STATES
    from hpcbip.theory.exact.critical import CRITICAL_STATES, critical_lambda, critical_lambda_row
    from hpcbip.theory.exact.system import System, g_from_lambda
    from hpcbip.theory.exact.tables import exact_table

    if critical:
        found = critical_lambda(omega, t, states or CRITICAL_STATES)
        print_records([critical_lambda_row(found, omega)], form)
        draw_and_save(lambda: critical_figure(found, omega / t), figure, form)
        return
    if lambdas and strengths:
        raise InputError("--lambda: give either --lambda or --g, not both")
    values = strengths or lambdas or [0.2, 0.4, 0.6, 0.8, 1.0, 1.2]
    check_number_of_combinations(couplings, interactions, values)
    systems = [
        System(
            geometry,
            t,
            omega,
            value if strengths else g_from_lambda(geometry, value, omega, t),
            U,
            **read_system_fields(geometry.coupling, omega, given),
        )
        for geometry in read_geometries(lattice, couplings, (electrons, spin), t, given)
        for U in interactions
        for value in values
    ]
    rows = exact_table(systems, states or DEFAULT_STATES, K or None)
    print_records(rows, form)
    draw_and_save(lambda: exact_figure(rows), figure, form)
