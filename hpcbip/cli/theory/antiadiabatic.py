"""`hpcbip theory antiadiabatic`: effective Hamiltonians of Ω >> t beside exact diagonalisation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hpcbip.cli.options import FINITE, NOT_NEGATIVE, Numbers, figure_option
from hpcbip.cli.output import drawn, format_option, output
from hpcbip.errors import InputError

TABLE = (
    "coupling",
    "omega",
    "order",
    "E_eff",
    "E",
    "difference",
    "mass_eff",
    "mass",
    "pair_distance2_eff",
    "pair_distance2",
    "binding_energy",
)


@click.command()
@click.option("--lattice", default="chain", show_default=True, help="chain, square, triangular, cubic.")
@click.option(
    "--coupling",
    "couplings",
    multiple=True,
    default=("bond",),
    show_default=True,
    help="holstein, bond, site-peierls; may be repeated.",
)
@click.option("--electrons", type=click.IntRange(1, 2), default=2, show_default=True)
@click.option("--lambda", "lam", type=NOT_NEGATIVE, help="λ, the same at all Ω. [default: 0.5]")
@click.option("--g2-over-omega", "ratio", type=NOT_NEGATIVE, help="Instead of λ: g²/Ω, in t.")
@click.option("--U", "U", type=FINITE, default=0.0, show_default=True)
@click.option(
    "--omega", "omegas", default="10,30,100", show_default=True, type=Numbers(above=0.0), help="Ω/t."
)
@click.option(
    "--order", "orders", type=int, multiple=True, default=(2, 4), show_default=True, help="In g; repeatable."
)
@click.option(
    "--states", type=click.IntRange(min=1), help="Of the exact solution. [default: 100000, chain; 400000]"
)
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
) -> None:
    """Ω >> t: phonons eliminated to second and fourth order in g, beside exact diagonalisation at fixed
    g²/Ω."""
    from hpcbip.report.figures.theory.antiadiabatic import antiadiabatic_figure
    from hpcbip.theory.antiadiabatic.scaling import amplitude_rows, compare, scan
    from hpcbip.theory.exact.system import Geometry, g_from_lambda

    if lam is not None and ratio is not None:
        raise InputError("--lambda: give either --lambda or --g2-over-omega, not both")
    if terms and figure is not None:
        raise InputError("--figure: not with --terms; allowed: one of them")
    scans, orders = [], tuple(dict.fromkeys(orders))
    for coupling in dict.fromkeys(couplings):
        geometry = Geometry(lattice, coupling, electrons)
        fixed = (
            g_from_lambda(geometry, 0.5 if lam is None else lam, 1.0, 1.0) ** 2 if ratio is None else ratio
        )
        scans.append(scan(geometry, fixed, omegas, U))
    if terms:
        output(
            [row for systems in scans for system in systems for row in amplitude_rows(system, orders)], form
        )
        return
    rows = [row for systems in scans for row in compare(systems, orders, states)]
    output([_short(row) for row in rows] if form == "table" else rows, form)
    if form == "table":
        _say_powers(rows)
    drawn(lambda: antiadiabatic_figure(rows), figure, form)


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name.removesuffix("_err") in TABLE}


def _say_powers(rows: list[dict[str, Any]]) -> None:
    """One line per coupling and order."""
    from hpcbip.statistics.notation import with_error

    for row in {(row["coupling"], row["order"]): row for row in rows}.values():
        said = [
            f"{what} {with_error(row[key], row[f'{key}_err'])}"
            for key, what in (("power", "E"), ("mass_power", "mass"))
            if row[key] is not None
        ]
        if said:
            click.echo(
                f"{row['coupling']}, order {row['order']}: difference ~ Omega^-p, p: {', '.join(said)}"
            )
