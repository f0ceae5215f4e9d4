"""`hpcbip theory ...`: the companion theories. Each is a small exact calculation of its own; none needs a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hpcbip.errors import InputError

from .antiadiabatic import antiadiabatic
from .output import format_option, numbers, output

POSITIVE = click.FloatRange(0.0, float("inf"), min_open=True, max_open=True)


@click.group()
def theory() -> None:
    """What the Monte Carlo is measured against and framed by."""


theory.add_command(antiadiabatic)


def _optional_numbers(context: click.Context, parameter: click.Parameter, text: str | None) -> list[float]:
    return [] if text is None else numbers(context, parameter, text)


@theory.command()
@click.option("--lambda", "lambdas", default="0.2:3:0.2", show_default=True, callback=numbers, help="λ_ME.")
@click.option("--mu-star", type=click.FloatRange(0.0, 1.0), default=0.12, show_default=True)
@click.option("--figure", type=click.Path(path_type=Path), help="Draw it: PNG, with PDF and CSV beside it.")
@format_option
def eliashberg(lambdas: list[float], mu_star: float, figure: Path | None, form: str) -> None:
    """Tc/Ω of Migdal–Eliashberg theory for an Einstein phonon, with Allen–Dynes and McMillan beside it."""
    from hpcbip.superconductivity.eliashberg import allen_dynes, critical_temperature, mcmillan

    rows: list[dict[str, Any]] = []
    for lam in lambdas:
        found = critical_temperature(lam, mu_star)
        row = {"lambda_me": lam, "mu_star": mu_star, "tc_over_omega": found.tc_over_omega}
        row |= {"allen_dynes": float(allen_dynes(lam, mu_star)), "mcmillan": float(mcmillan(lam, mu_star))}
        rows.append(row | {"mass": 1.0 + lam, "reason": found.reason})
    if figure is not None:
        from hpcbip.report.figures.eliashberg import ceiling_figure

        ceiling_figure(rows, figure)
    output(rows, form)


def _number(_: click.Context, parameter: click.Parameter, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{parameter.opts[0]}: {text}: not a number; allowed: a number, or inf") from None


@theory.command()
@click.option("--lattice", default="square", show_default=True, help="chain, square, triangular, cubic, bct.")
@click.option("--U", "U", default="-8", show_default=True, callback=_number, help="On one site; inf: a hard core.")
@click.option("--V", "V", type=float, multiple=True, help="Of the next shell of neighbours; may be repeated.")
@click.option("--t-prime", type=float, default=0.0, show_default=True, help="Diagonal hop -t'; hole-like if negative.")
@click.option("--t-perp", type=float, default=0.0, show_default=True, help="Between the layers of bct.")
@click.option("--K", "K", type=float, multiple=True, help="Total momentum, a phase per primitive vector.")
@click.option("--thresholds", type=click.IntRange(0, 3), help="Instead: from which U (0) or V of a shell they bind.")
@format_option
def pair(
    lattice: str, U: float, V: tuple[float, ...], t_prime: float, t_perp: float, K: tuple[float, ...],
    thresholds: int | None, form: str,
) -> None:  # fmt: skip
    """Two electrons without phonons: bound states by symmetry channel, exact (energies in t, masses in m0)."""
    from hpcbip.theory.pair import PairModel, rows
    from hpcbip.theory.pair_threshold import threshold_rows

    hops = (t_prime, t_perp) if lattice == "bct" else (t_prime,) if t_prime else ()
    model = PairModel(lattice, U, V, hops, K)
    output(rows(model) if thresholds is None else threshold_rows(model, thresholds), form)


@theory.command()
@click.option("--amplitude", type=float, default=1.0, show_default=True, help="h; hole-like if positive.")
@click.option("--attraction", type=float, default=0.0, show_default=True, help="V.")
@click.option("--model", default="a", show_default=True, help="a or b.")
@format_option
def ring(amplitude: float, attraction: float, model: str, form: str) -> None:
    """The four-site ring behind d-wave pairs: levels and symmetries."""
    from hpcbip.theory.ring import rows

    output(rows(amplitude, attraction, model), form)


@theory.command()
@click.option("--lattice", default="chain", show_default=True, help="chain, square.")
@click.option("--coupling", default="bond", show_default=True, help="bond, holstein.")
@click.option("--sector", default="bipolaron", show_default=True, help="polaron, bipolaron.")
@click.option("--U", "U", type=float, default=0.0, show_default=True)
@click.option("--lambda", "lambdas", default="1,1.8,3.2,5.6,10", show_default=True, callback=numbers)
@click.option("--size", type=int, help="Of the cluster, sites along each axis. [default: 8; square: 5]")
@click.option("--points", type=click.IntRange(9, 101), default=17, show_default=True, help="On a path.")
@click.option("--figure", type=click.Path(path_type=Path), help="Draw minimum, saddle, barrier and s against λ.")
@format_option
def instanton(
    lambdas: list[float], size: int | None, points: int, figure: Path | None, form: str, **surface_words: Any
) -> None:
    """Semiclassical tunnelling of self-trapped (bi)polarons: barriers, actions s = S Ω/t, the power of λ in ln m*."""
    from hpcbip.theory.instanton import Surface
    from hpcbip.theory.instanton_law import draw, exponent, rows, scan
    from hpcbip.theory.instanton_path import instanton as full_instanton

    size = size or {"chain": 8}.get(surface_words["lattice"], 5)
    surfaces = [Surface(lam=lam, size=size, **surface_words) for lam in lambdas]  # refuses before any work
    found = scan(surfaces[0], lambdas, points)
    output(rows(found), form)
    if len(found) >= 4 and form == "table":
        law = exponent(lambdas, [each.least.action for each in found])
        click.echo(f"s ~ lambda^p: p = {law.p:.3f} +- {law.p_err:.3f} (how far it is from a pure power)")
    if figure is not None:
        middle = surfaces[len(surfaces) // 2]
        label = f"{middle.lattice}, {middle.coupling}, {middle.sector}"
        draw(full_instanton(middle, points), [(label, found)], figure)


@theory.command()
@click.option("--lattice", default="chain", show_default=True, help="chain, square, triangular, cubic.")
@click.option("--coupling", default="holstein", show_default=True, help="holstein, bond, site-peierls, ...+holstein.")
@click.option("--electrons", type=click.IntRange(1, 2), default=1, show_default=True)
@click.option("--spin", default="singlet", show_default=True, help="Of two electrons: singlet, triplet.")
@click.option("--t", type=POSITIVE, default=1.0, show_default=True)
@click.option("--omega", type=POSITIVE, default=1.0, show_default=True)
@click.option("--lambda", "lambdas", callback=_optional_numbers, help="As in 0.5,1,2; or --g.")
@click.option("--g", "couplings", callback=_optional_numbers, help="As in 0.5,1,2.")
@click.option("--U", "interactions", default="0", show_default=True, callback=numbers)
@click.option("--V", "V", type=float, default=0.0, show_default=True, help="Between neighbours.")
@click.option("--g-holstein", type=float, default=0.0, show_default=True)
@click.option("--omega-holstein", type=float, default=0.0, help="Of the sites, with ...+holstein.")
@click.option("--nh", type=int, help="Size of the space: how often the coupling acts. [default: from --states]")
@click.option("--states", type=click.IntRange(min=1), default=100_000, show_default=True, help="At most.")
@click.option("--K", "K", type=float, multiple=True, help="Total momentum in 1/a. [default: that of the lowest state]")
@click.option("--critical", is_flag=True, help="Instead: λ where the site-Peierls polaron leaves K = 0.")
@format_option
def exact(
    lattice: str, coupling: str, electrons: int, spin: str, lambdas: list[float], couplings: list[float],
    interactions: list[float], nh: int | None, states: int, K: tuple[float, ...], critical: bool, form: str,
    **energies: float,
) -> None:  # fmt: skip
    """Exact diagonalisation of one or two electrons with phonons: E, mass, size, cloud, converged and with errors."""
    from hpcbip.theory.exact import critical_lambda, rows
    from hpcbip.theory.exact_system import Geometry, System, g_from_lambda

    t, omega = energies["t"], energies["omega"]
    if critical:
        found = critical_lambda(omega, t, nh or 9)
        by_nh = {f"nh = {size}": lam for size, _, lam in found.by_nh}
        output([{"omega": omega, "lambda": found.lam.value, "lambda_err": found.lam.error, **by_nh}], form)
        return
    if bool(lambdas) == bool(couplings):
        raise InputError("--lambda: give either --lambda or --g; allowed: numbers as in 0.5,1,2")
    geometry = Geometry(lattice, coupling, electrons, spin)
    strengths = couplings or [g_from_lambda(geometry, lam, omega, t) for lam in lambdas]
    systems = [System(geometry, g=g, U=U, **energies) for U in interactions for g in strengths]
    output(rows(systems, nh, states, K or None), form)
