"""`hpcbip theory exact`: exact diagonalisation with phonons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from hpcbip.models import Family
    from hpcbip.theory.exact.geometry import Geometry


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
@click.option("--V", "V", type=FINITE, default=0.0, show_default=True, help="Of V/r.")
@click.option("--g-holstein", type=FINITE, default=0.0, show_default=True)
@click.option("--levels", type=Numbers(), help="Of the sites of the cell, as in 0,1,1.")
@click.option("--U-factors", "U_factors", type=Numbers(), help="Of U on the sites of the cell.")
@click.option("--t-factors", type=Numbers(), help="Of t along the bond axes.")
@click.option("--g-factors", type=Numbers(), help="Of g along the bond axes.")
@click.option("--omega-factors", type=Numbers(), help="Of Ω along the bond axes.")
@click.option(
    "--omega-holstein", type=NOT_NEGATIVE, help="Of the sites, with ...+holstein. [default: --omega]"
)
@click.option(
    "--phonon-hopping", type=NOT_NEGATIVE, default=0.0, show_default=True, help="Between neighbours."
)
@click.option("--profile", type=Numbers(least=0.0), help="Of the density on sites and neighbour shells.")
@click.option(
    "--phonons", "listed", help="Further families, as in '[{where: bonds, omega: 2, lambda: 0.1}]'."
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
    profile: list[float] | None,
    listed: str | None,
    **others: Any,
) -> None:
    """Exact diagonalisation of one or two electrons with phonons: E, mass, size, cloud, with errors."""
    from hpcbip.report.figures.theory.exact import critical_figure, exact_figure
    from hpcbip.theory.exact.convergence import DEFAULT_STATES
    from hpcbip.theory.exact.critical import CRITICAL_STATES, critical_lambda, critical_lambda_row
    from hpcbip.theory.exact.system import System, g_from_lambda
    from hpcbip.theory.exact.tables import exact_table

    t, omega = others["t"], others["omega"]
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
    energies: dict[str, Any] = {
        name: x if isinstance(x, float) else tuple(x or ()) for name, x in others.items()
    }
    particles = (electrons, spin)
    geometries = _geometries(lattice, couplings, particles, profile, listed, t, others["phonon_hopping"])
    systems = [
        System(
            geometry,
            g=value if strengths else g_from_lambda(geometry, value, omega, t),
            U=U,
            omega_holstein=of_sites[geometry.coupling.endswith("+holstein")],
            **energies,
        )
        for geometry in geometries
        for U in interactions
        for value in given
    ]
    rows = exact_table(systems, states or DEFAULT_STATES, K or None)
    print_records(rows, form)
    draw_and_save(lambda: exact_figure(rows), figure, form)


def _geometries(
    lattice: str,
    couplings: tuple[str, ...],
    electrons: tuple[int, str],
    profile: list[float] | None,
    listed: str | None,
    t: float,
    phonon_hopping: float,
) -> list[Geometry]:
    """Make a geometry for every coupling; `electrons` are their number and spin."""
    from hpcbip.theory.exact.geometry import Geometry

    families = read_families(listed, lattice, t) if listed else ()
    return [
        Geometry(
            lattice,
            coupling,
            *electrons,
            profile=tuple(profile or ()),
            phonons=families,
            dispersive=phonon_hopping > 0.0,
        )
        for coupling in couplings
    ]


def read_families(text: str, lattice: str, t: float) -> tuple[Family, ...]:
    """Read families of phonons as a configuration lists them.

    Raises:
        InputError: with what is allowed.
    """
    from pydantic import ValidationError

    from hpcbip.campaign.model_section import ModelSection
    from hpcbip.campaign.validation import explain
    from hpcbip.campaign.yaml_reader import parse_yaml
    from hpcbip.vocabulary.parameters import COUPLING, FURTHER_PHONONS, HOPPING, LATTICE

    listed = parse_yaml(text, "--phonons")
    try:
        section = ModelSection.model_validate(
            {LATTICE.name: lattice, COUPLING.name: "bond", HOPPING.name: t, FURTHER_PHONONS.name: listed}
        )
    except ValidationError as error:
        raise InputError(explain("--phonons", error)) from None
    return section.further_families
