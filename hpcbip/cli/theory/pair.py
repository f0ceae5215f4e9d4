"""`hpcbip theory pair`: two electrons without phonons, by symmetry."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpcbip.cli.options import FINITE, Numbers, check_number_of_combinations, figure_option, lattice_option
from hpcbip.cli.output import draw_and_save, format_option, print_records
from hpcbip.errors import InputError

if TYPE_CHECKING:
    from hpcbip.theory.pair.model import PairModel


@click.command()
@lattice_option("chain, square (the default), triangular, cubic, bct")
@click.option("--model", help="a or b, instead of a lattice: the two models behind the ring.")
@click.option(
    "--U", "U", default="-8", show_default=True, type=Numbers(infinite=True), help="inf: a hard core."
)
@click.option(
    "--V", "V", type=Numbers(), multiple=True, help="Of the next shell of neighbours; may be repeated."
)
@click.option("--t", "t", default="1", show_default=True, type=Numbers(), help="Hop -t; hole-like if < 0.")
@click.option("--t-prime", default="0", type=Numbers(), help="Diagonal hop -t'; hole-like if negative.")
@click.option("--t-perp", default="0", type=Numbers(), help="Between the layers of bct.")
@click.option("--K", "K", type=FINITE, multiple=True, help="Total momentum, a phase per primitive vector.")
@click.option(
    "--thresholds", type=click.IntRange(0, 3), help="Instead: from which U (0) or V of a shell they bind."
)
@click.option("--tc", "with_tc", is_flag=True, help="Add Tc of a gas of touching pairs, BKT or BEC.")
@figure_option
@format_option
def pair(
    lattice: str | None,
    model: str | None,
    U: list[float],
    V: tuple[list[float], ...],
    t: list[float],
    t_prime: list[float],
    t_perp: list[float],
    K: tuple[float, ...],
    thresholds: int | None,
    with_tc: bool,
    figure: Path | None,
    form: str,
) -> None:
    """Two electrons without phonons: bound states by symmetry channel, exact (energies in |t|, masses in m0).

    U, V, t, t' and t_perp may be lists, as in 0,4,8 or -8:8:1. The figure of one model shows its pairs in
    real space and the order parameter of their condensate in k space; that of several, binding energies,
    masses and sizes. Models a and b have one hop, --t, and one attraction, --V.
    """
    from hpcbip.report.figures.theory.pair import pair_figure
    from hpcbip.report.pair_condensation import condensation
    from hpcbip.theory.pair.ring import pairs_of_ring_model
    from hpcbip.theory.pair.tables import pair_rows, threshold_table

    if thresholds is not None and (figure is not None or with_tc):
        raise InputError("--thresholds: without --figure and --tc; allowed: one of the three")
    if with_tc and any(K):
        raise InputError("--tc: for pairs at rest; allowed: without --K")
    values = (U, t, t_prime, t_perp, *V)
    check_number_of_combinations(*values)
    if model is None:
        models = [_on_lattice(lattice or "square", K, *each) for each in itertools.product(*values)]
    elif lattice is not None or any(t_prime) or any(t_perp) or K or len(V) > 1:
        raise InputError(f"--model {model}: allowed beside it: --t, --U and one --V")
    else:
        attractions = V[0] if V else [0.0]
        models = [pairs_of_ring_model(model, h, v, u) for u, h, v in itertools.product(U, t, attractions)]
    if thresholds is not None:
        print_records([row for one in models for row in threshold_table(one, thresholds)], form)
        return
    found = []
    for row, state in (pair for one in models for pair in pair_rows(one)):
        found.append(row | condensation(state) if with_tc and state is not None else row)
    print_records(found, form)
    draw_and_save(lambda: pair_figure(models, found), figure, form)


def _on_lattice(
    lattice: str, K: tuple[float, ...], U: float, t: float, t_prime: float, t_perp: float, *V: float
) -> PairModel:
    from hpcbip.theory.pair.model import PairModel

    hops = (t_prime, t_perp) if t_perp or lattice == "bct" else (t_prime,) if t_prime else ()
    return PairModel(lattice, U, V, hops, K, t)
