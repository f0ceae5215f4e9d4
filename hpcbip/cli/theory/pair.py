"""`hpcbip theory pair`: two electrons without phonons, by symmetry."""

from __future__ import annotations

import itertools
from pathlib import Path

import click

from hpcbip.cli.options import FINITE, Numbers, check_number_of_combinations, figure_option
from hpcbip.cli.output import draw_and_save, format_option, print_records
from hpcbip.errors import InputError


@click.command()
@click.option("--lattice", default="square", show_default=True, help="chain, square, triangular, cubic, bct.")
@click.option(
    "--U", "U", default="-8", show_default=True, type=Numbers(infinite=True), help="inf: a hard core."
)
@click.option(
    "--V", "V", type=Numbers(), multiple=True, help="Of the next shell of neighbours; may be repeated."
)
@click.option("--t-prime", default="0", type=Numbers(), help="Diagonal hop -t'; hole-like if negative.")
@click.option("--t-perp", default="0", type=Numbers(), help="Between the layers of bct.")
@click.option("--K", "K", type=FINITE, multiple=True, help="Total momentum, a phase per primitive vector.")
@click.option(
    "--thresholds", type=click.IntRange(0, 3), help="Instead: from which U (0) or V of a shell they bind."
)
@figure_option
@format_option
def pair(
    lattice: str,
    U: list[float],
    V: tuple[list[float], ...],
    t_prime: list[float],
    t_perp: list[float],
    K: tuple[float, ...],
    thresholds: int | None,
    figure: Path | None,
    form: str,
) -> None:
    """Two electrons without phonons: bound states by symmetry channel, exact (energies in t, masses in m0).

    U, V, t' and t_perp may be lists, as in 0,4,8 or -8:8:1. The figure of one model shows its pairs in real
    space and the order parameter of their condensate in k space; that of several, binding energies, masses
    and sizes.
    """
    from hpcbip.report.figures.theory.pair import pair_figure
    from hpcbip.theory.pair.model import PairModel
    from hpcbip.theory.pair.tables import pair_table, threshold_table

    if thresholds is not None and figure is not None:
        raise InputError("--figure: there is none of --thresholds; allowed: one of the two")
    check_number_of_combinations(U, t_prime, t_perp, *V)
    models = []
    for u, prime, perp, *shells in itertools.product(U, t_prime, t_perp, *V):
        hops = (prime, perp) if perp or lattice == "bct" else (prime,) if prime else ()
        models.append(PairModel(lattice, u, tuple(shells), hops, K))
    if thresholds is not None:
        print_records([row for model in models for row in threshold_table(model, thresholds)], form)
        return
    found = [row for model in models for row in pair_table(model)]
    print_records(found, form)
    draw_and_save(lambda: pair_figure(models, found), figure, form)
