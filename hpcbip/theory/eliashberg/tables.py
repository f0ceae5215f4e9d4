"""Tables of Migdal–Eliashberg theory: Tc/Ω against λ_ME, and λ_ME and Tc/Ω of the lattice models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hpcbip.models import Model
from hpcbip.theory.eliashberg.equations import (
    COULOMB_CUTOFF,
    allen_dynes,
    critical_coupling,
    critical_temperature,
    mcmillan,
    rescaled_mu_star,
)
from hpcbip.theory.eliashberg.fermi_surface import FermiSurface, find_fermi_surface, lambda_me
from hpcbip.theory.eliashberg.references import USUAL_MU_STAR
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import COUPLING, LAMBDA, LATTICE, OMEGA, G

LARGEST_CONFIRMED_LAMBDA = 0.4
"""λ_ME of the bare phonon up to which Monte Carlo of the two-dimensional Holstein model agrees with the
theory's superconducting susceptibility (λ_0 of Esterlis et al., PRB 97, 140501 (2018), abstract); at larger
values they differ widely."""


def eliashberg_table(lambdas: Sequence[float], mu_stars: Sequence[float]) -> list[dict[str, Any]]:
    """Tabulate Tc/Ω of the equations and of two formulas, a row per μ* and λ_ME.

    `mass` is m*/m = 1 + λ_ME; `reason` says why Tc is 0, if it is.

    Raises:
        InputError: for a λ or μ* out of range.
    """
    for mu_star in mu_stars:
        rescaled_mu_star(mu_star, 1.0, COULOMB_CUTOFF)
    rows = []
    for mu_star in mu_stars:
        for lam in lambdas:
            found = critical_temperature(lam, mu_star)
            row = {"lambda_me": lam, "mu_star": mu_star, TC_OVER_OMEGA.name: found.tc_over_omega}
            row |= {
                "allen_dynes": float(allen_dynes(lam, mu_star)),
                "mcmillan": float(mcmillan(lam, mu_star)),
            }
            rows.append(row | {"mass": 1.0 + lam, "reason": found.reason})
    return rows


def fermi_surface_table(
    models: Iterable[Model], fillings: Sequence[float], mu_star: float = USUAL_MU_STAR
) -> list[dict[str, Any]]:
    """Tabulate λ_ME, m*/m and the Tc/Ω of an Einstein phonon at that λ_ME, a row per filling and model.

    No row is left out: `flags` says what speaks against a row, for instance λ_ME above
    `LARGEST_CONFIRMED_LAMBDA`, and `reason` why Tc is 0. Tc is None where λ_ME is infinite, and where two
    kinds of oscillators have different frequencies.

    Args:
        models: models on one lattice, with the same hoppings.
        fillings: electrons per site, both spins, between 0 and 2.
        mu_star: Coulomb pseudopotential.

    Raises:
        InputError: for a filling or μ* out of range.
    """
    rescaled_mu_star(mu_star, 1.0, COULOMB_CUTOFF)
    some = list(models)
    surfaces = {
        filling: find_fermi_surface(some[0].bravais, filling, some[0].hoppings)
        for filling in fillings
        if some
    }
    return [
        _fermi_surface_row(model, filling, mu_star, surfaces[filling])
        for filling in fillings
        for model in some
    ]


def _fermi_surface_row(model: Model, filling: float, mu_star: float, fermi: FermiSurface) -> dict[str, Any]:
    found = lambda_me(model, filling, fermi)
    flags, reason, tc, tc_err = list(found.flags), "", None, None
    if found.lambda_me > LARGEST_CONFIRMED_LAMBDA and not fermi.van_hove:
        flags.append(f"lambda_ME > {LARGEST_CONFIRMED_LAMBDA:g}: not confirmed")
    if model.coupling == "bond+holstein" and model.site_frequency != model.omega:
        flags.append("two phonon frequencies: no Tc of an Einstein phonon")
    elif not fermi.van_hove:
        transition = critical_temperature(found.lambda_me, mu_star)
        tc, reason = transition.tc_over_omega, transition.reason
        above = critical_temperature(found.lambda_me + found.lambda_me_err, mu_star).tc_over_omega
        tc_err = abs(above - tc)
    return {
        LATTICE.name: model.lattice,
        COUPLING.name: model.coupling,
        OMEGA.name: model.omega,
        G.name: model.g,
        LAMBDA.name: found.lam,
        "filling": filling,
        "fermi_energy": fermi.energy,
        "fermi_energy_err": fermi.energy_err,
        "lambda_me": found.lambda_me,
        "lambda_me_err": found.lambda_me_err,
        "mass_ratio": found.mass_ratio,
        "mass_ratio_err": found.lambda_me_err,
        "mu_star": mu_star,
        TC_OVER_OMEGA.name: tc,
        TC_OVER_OMEGA.name + ERROR: tc_err,
        "reason": reason,
        "flags": flags,
    }


def eliashberg_line(temperatures: Sequence[float], mu_star: float) -> list[dict[str, Any]]:
    """Tabulate the λ_ME at which the equations give Tc/Ω, a row per temperature, with the columns of
    `eliashberg_table`.

    It is many times faster than the search for Tc at given λ_ME.

    Args:
        temperatures: Tc/Ω, at least `LOWEST_TC`.
        mu_star: Coulomb pseudopotential.

    Raises:
        InputError: for a value out of range.
    """
    rows = []
    for tc in temperatures:
        lam = critical_coupling(tc, mu_star)
        row = {"lambda_me": lam, "mu_star": mu_star, TC_OVER_OMEGA.name: tc}
        row |= {"allen_dynes": float(allen_dynes(lam, mu_star)), "mcmillan": float(mcmillan(lam, mu_star))}
        rows.append(row | {"mass": 1.0 + lam, "reason": ""})
    return rows


def model_line(
    lattice: str, coupling: str, filling: float, temperatures: Sequence[float], mu_star: float = USUAL_MU_STAR
) -> list[dict[str, Any]]:
    """Tabulate the λ of a lattice model at which Migdal–Eliashberg theory gives Tc/Ω, a row per temperature.

    λ_ME is proportional to g², so that one average over the Fermi surface gives the whole line.

    Args:
        lattice, coupling: of the model, bond or holstein.
        filling: electrons per site, both spins, between 0 and 2.
        temperatures, mu_star: as in `eliashberg_line`.

    Returns:
        rows of `eliashberg_line` with lattice, coupling, filling, λ and its error, and whether λ_ME is not
        above `LARGEST_CONFIRMED_LAMBDA` (`confirmed`).

    Raises:
        InputError: for a value out of range.
        ValueError: for another lattice or coupling.
    """
    unit = lambda_me(Model(lattice, coupling, 1.0, 1.0, 1.0), filling)
    rows = []
    for one in eliashberg_line(temperatures, mu_star):
        lam = unit.lam * one["lambda_me"] / unit.lambda_me
        row: dict[str, Any] = {LATTICE.name: lattice, COUPLING.name: coupling, "filling": filling}
        row |= {LAMBDA.name: lam, LAMBDA.name + ERROR: lam * unit.lambda_me_err / unit.lambda_me}
        rows.append(row | one | {"confirmed": one["lambda_me"] <= LARGEST_CONFIRMED_LAMBDA})
    return rows
