"""`hpcbip theory d-wave`: d-wave pairs between the layers of the body-centred tetragonal lattice."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import FINITE, Finite, Numbers, check_number_of_combinations, figure_option
from hpcbip.cli.output import draw_and_save, format_option, print_records


@click.command("d-wave")
@click.option(
    "--t", "t", default=-1.0, show_default=True, type=FINITE, help="In the plane; hole-like if < 0."
)
@click.option("--t-perp", default="0:2:0.1", show_default=True, type=Numbers(), help="Between the layers.")
@click.option("--U", "U", default="inf", show_default=True, type=Numbers(least=0.0, infinite=True))
@click.option(
    "--pair-t-perp", default=0.25, show_default=True, type=FINITE, help="Of the pairs in the figure."
)
@click.option(
    "--pair-V",
    "pair_V",
    default=-2.0,
    show_default=True,
    type=Finite(max=0.0, max_open=True),
    help="V_perp of the pair whose order parameter is drawn.",
)
@figure_option
@format_option
def d_wave(
    t: float,
    t_perp: list[float],
    U: list[float],
    pair_t_perp: float,
    pair_V: float,
    figure: Path | None,
    form: str,
) -> None:
    """Pairs between layers of the body-centred tetragonal lattice: thresholds, and where s and d exchange.

    V_perp acts between nearest sites of neighbouring layers; energies in |t|. The figure adds binding
    energies and the order parameter of one pair.
    """
    from hpcbip.report.figures.theory.d_wave import d_wave_figure
    from hpcbip.theory.pair.tetragonal import interlayer_table

    check_number_of_combinations(t_perp, U)
    table = [row for u in U for row in interlayer_table(t, u, t_perp)]
    print_records(table, form)
    draw_and_save(lambda: d_wave_figure(table, t, pair_t_perp, U[0], pair_V), figure, form)
