"""`hpcbip theory antiadiabatic`: effective Hamiltonians of Ω >> t beside exact diagonalisation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hpcbip.cli.options import (
    FINITE,
    NOT_NEGATIVE,
    STATE_COUNT,
    Numbers,
    couplings_option,
    figure_option,
    lattice_option,
    model_options,
    read_geometries,
    read_system_fields,
)
from hpcbip.cli.output import draw_and_save, format_option, print_records
from hpcbip.errors import InputError
from hpcbip.vocabulary.observables import BINDING_ENERGY, PAIR_DISTANCE2
from hpcbip.vocabulary.parameters import COUPLING, OMEGA

COLUMNS_OF_TABLE = (
    COUPLING.name,
    OMEGA.name,
    "order",
    "E_eff",
    "E",
    "difference",
    "mass_eff",
    "mass",
    f"{PAIR_DISTANCE2.name}_eff",
    PAIR_DISTANCE2.name,
    BINDING_ENERGY.name,
)


@click.command()
@lattice_option("chain, square, ..., honeycomb, lieb, ..., or one written out", "chain")
@couplings_option("holstein, bond, site-peierls, ...+holstein", "bond")
@click.option("--electrons", type=click.IntRange(1, 2), default=2, show_default=True)
@click.option("--lambda", "lam", type=NOT_NEGATIVE, help="λ, the same at all Ω. [default: 0.5]")
@click.option("--g2-over-omega", "ratio", type=NOT_NEGATIVE, help="Instead of λ: g²/Ω, in t.")
@click.option("--U", "U", type=FINITE, default=0.0, show_default=True)
@click.option(
    "--omega",
    "omegas",
    default="10,30,100",
    show_default=True,
    type=Numbers(above=0.0),
    help="Ω/t. Other frequencies and g² are given at the first and grow with it.",
)
@model_options
@click.option(
    "--order", "orders", type=int, multiple=True, default=(2, 4), show_default=True, help="In g; repeatable."
)
@click.option("--states", type=STATE_COUNT, help="Of the exact solution. [default: 20000, chain; 50000]")
@click.option("--terms", is_flag=True, help="Instead: the amplitudes of the effective Hamiltonians.")
@figure_option
@format_option
def antiadiabatic(
    lattice: str,
    couplings: tuple[str, ...],
    electrons: int,
    lam: float | None,
    ratio: float | None,
    U: float,
    omegas: list[float],
    orders: tuple[int, ...],
    states: int | None,
    terms: bool,
    figure: Path | None,
    form: str,
    **given: Any,
) -> None:
    """Ω >> t: phonons eliminated to second and fourth order in g, and exact diagonalisation at fixed g²/Ω."""
    from hpcbip.report.figures.theory.antiadiabatic import antiadiabatic_figure
    from hpcbip.theory.antiadiabatic.scaling import amplitude_table, antiadiabatic_table, scan_systems
    from hpcbip.theory.exact.system import g_from_lambda

    if lam is not None and ratio is not None:
        raise InputError("--lambda: give either --lambda or --g2-over-omega, not both")
    if terms and figure is not None:
        raise InputError("--figure: not with --terms; allowed: one of them")
    scans, orders = [], tuple(dict.fromkeys(orders))
    for geometry in read_geometries(lattice, dict.fromkeys(couplings), (electrons, "singlet"), 1.0, given):
        fixed = (
            g_from_lambda(geometry, 0.5 if lam is None else lam, 1.0, 1.0) ** 2 if ratio is None else ratio
        )
        fields = read_system_fields(geometry.coupling, omegas[0], given)
        scans.append(scan_systems(geometry, fixed, omegas, U, **fields))
    if terms:
        print_records(
            [row for systems in scans for system in systems for row in amplitude_table(system, orders)], form
        )
        return
    rows = [row for systems in scans for row in antiadiabatic_table(systems, orders, states)]
    print_records([_columns_of_table(row) for row in rows] if form == "table" else rows, form)
    if form == "table":
        _print_powers(rows)
    draw_and_save(lambda: antiadiabatic_figure(rows), figure, form)


def _columns_of_table(row: dict[str, Any]) -> dict[str, Any]:
    """Keep the columns that fit a terminal; csv and json have all of them."""
    return {name: value for name, value in row.items() if name.removesuffix("_err") in COLUMNS_OF_TABLE}


def _print_powers(rows: list[dict[str, Any]]) -> None:
    """Print the fitted powers, one line per coupling and order."""
    from hpcbip.statistics.notation import with_error

    for row in {(row["coupling"], row["order"]): row for row in rows}.values():
        powers = [
            f"{what} {with_error(row[key], row[f'{key}_err'])}"
            for key, what in (("power", "E"), ("mass_power", "mass"))
            if row[key] is not None
        ]
        if powers:
            click.echo(
                f"{row['coupling']}, order {row['order']}: difference ~ Omega^-p, p: {', '.join(powers)}"
            )
