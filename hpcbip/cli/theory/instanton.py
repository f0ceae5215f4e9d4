"""`hpcbip theory instanton`: semiclassical tunnelling, alone or beside the masses of a campaign."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpcbip.cli.options import FOLDER, NOT_NEGATIVE, POSITIVE, Numbers, figure_option, lattice_option
from hpcbip.cli.output import draw_and_save, format_option, print_records
from hpcbip.errors import InputError
from hpcbip.vocabulary.observables import sector_observable
from hpcbip.vocabulary.parameters import COUPLING, FACTOR_KEYS, HOPPING, LAMBDA, LATTICE, OMEGA, SHELLS, U, V

if TYPE_CHECKING:
    from hpcbip.theory.instanton.scaling import MonteCarloMass
    from hpcbip.theory.instanton.surface import AdiabaticSurface


@click.command()
@lattice_option("chain, square", "chain")
@click.option("--coupling", default="bond", show_default=True, help="bond, holstein.")
@click.option("--sector", default="bipolaron", show_default=True, help="polaron, bipolaron.")
@click.option("--U", "U", type=NOT_NEGATIVE, default=0.0, show_default=True, help="In t.")
@click.option("--lambda", "lambdas", type=Numbers(above=0.0), help="[default: 1,1.8,3.2,5.6,10]")
@click.option(
    "--size", type=int, help="Of the cluster, sites along each axis. [default: 8; square: 5, with U 4]"
)
@click.option("--points", type=click.IntRange(9, 101), default=17, show_default=True, help="On a path.")
@click.option("--campaign", type=FOLDER, help="Instead: S beside the masses of its points.")
@click.option("--t-over-omega", type=POSITIVE, help="t/Ω of the points of --campaign.")
@figure_option
@format_option
def instanton(
    lambdas: list[float] | None,
    size: int | None,
    points: int,
    campaign: Path | None,
    t_over_omega: float | None,
    figure: Path | None,
    form: str,
    **surface_options: Any,
) -> None:
    """Semiclassical tunnelling of self-trapped (bi)polarons: barriers, actions s = S Ω/t, powers of λ."""
    from hpcbip.report.figures.theory.instanton import comparison_figure, instanton_figure
    from hpcbip.theory.instanton.scaling import (
        compare_masses,
        fit_power_law,
        instanton_table,
        mass_comparison_table,
        scan_coupling,
    )
    from hpcbip.theory.instanton.surface import AdiabaticSurface
    from hpcbip.theory.instanton.tunnelling import find_instanton

    if size is None:
        size = 8 if surface_options["lattice"] == "chain" else 4 if surface_options["U"] else 5
    given = lambdas or [1.0, 1.8, 3.2, 5.6, 10.0]
    surfaces = [
        AdiabaticSurface(lam=lam, size=size, **surface_options) for lam in given
    ]  # refuses before any work
    middle = surfaces[len(surfaces) // 2]
    if campaign is not None:
        if t_over_omega is None or lambdas is not None:
            raise InputError(
                "--campaign: goes with --t-over-omega, and without --lambda: λ is that of its points"
            )
        compared = compare_masses(middle, _masses(campaign, middle, t_over_omega), t_over_omega, points)
        print_records(mass_comparison_table(compared), form)
        draw_and_save(lambda: comparison_figure(compared, middle, t_over_omega), figure, form)
        return
    if t_over_omega is not None:
        raise InputError("--t-over-omega: goes with --campaign only; s = S Ω/t does not depend on it")
    found = scan_coupling(surfaces[0], given, points)
    print_records(instanton_table(found), form)
    if len(found) >= 4 and form == "table":
        fit = fit_power_law(given, [each.least_action_path.action for each in found])
        click.echo(f"s ~ lambda^p: p = {fit.p:.3f} +- {fit.p_err:.3f} (how far it is from a pure power)")
    label = f"{middle.lattice}, {middle.coupling}, {middle.sector}"
    draw_and_save(lambda: instanton_figure(find_instanton(middle, points), [(label, found)]), figure, form)


def _masses(directory: Path, surface: AdiabaticSurface, t_over_omega: float) -> list[MonteCarloMass]:
    """Collect the masses of a campaign's points with the parameters of a surface, in the order of λ.

    Points that share an ensemble are listed once.

    Raises:
        InputError: if the directory is no campaign, or no point has these parameters.
    """
    from hpcbip.reduction.results import read_results
    from hpcbip.theory.instanton.scaling import MonteCarloMass
    from hpcbip.vocabulary.flags import concerns_tc_only, flags_of

    records = read_results(directory).records
    name = sector_observable("mass", surface.sector).name
    found = []
    for record in records:
        mass, error = record.get(name), record.get(f"{name}_err")
        if not _has_parameters(record, surface, t_over_omega) or mass is None or not 0.0 < mass < math.inf:
            continue
        flags = [flag.text for flag in flags_of(record) if not concerns_tc_only(flag.code)]
        if error is None:
            flags.append("error of the mass unknown")
        found.append(
            MonteCarloMass(record[LAMBDA.name], mass, math.inf if error is None else error, tuple(flags))
        )
    if not found:
        ratios = sorted({f"{record[HOPPING.name] / record[OMEGA.name]:.6g}" for record in records})
        raise InputError(
            f"{directory}: no point with a {name}, {surface.lattice}, {surface.coupling}, "
            f"U = {surface.U:g}t, V = 0 and t/omega = {t_over_omega:g}; t/omega there: {', '.join(ratios)}"
        )
    return sorted(dict.fromkeys(found), key=lambda mass: mass.lam)


def _has_parameters(record: dict[str, Any], surface: AdiabaticSurface, t_over_omega: float) -> bool:
    """Tell whether a point has the parameters of a surface and this t/Ω, and nothing else."""
    if (record[LATTICE.name], record[COUPLING.name]) != (surface.lattice, surface.coupling):
        return False
    if any(record.get(key) for key in (V.name, SHELLS.name, *FACTOR_KEYS)):
        return False
    t = record[HOPPING.name]
    if surface.electrons == 2 and not math.isclose(record[U.name] / t, surface.U, rel_tol=1e-6, abs_tol=1e-9):
        return False
    return math.isclose(t / record[OMEGA.name], t_over_omega, rel_tol=1e-6)
