"""Checks of the physics: mass, length of the path, binding, and the gas of pairs that has the Tc."""

from __future__ import annotations

import math

from hpcbip.campaign.projection import MAX_EDGE_WEIGHT
from hpcbip.models import get_lattice
from hpcbip.report.checks.check import (
    NOTHING,
    Check,
    Finding,
    Level,
    Limits,
    joined,
    level_above,
    level_below,
    worst_level,
)
from hpcbip.report.checks.sampling import P_VALUE
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity import MIN_BINDING_SIGMA, closest_packing
from hpcbip.vocabulary import flags
from hpcbip.vocabulary.entries import ERROR, SYSTEMATIC
from hpcbip.vocabulary.observables import sector_observable
from hpcbip.vocabulary.sectors import SECTORS

FIT_SIGMA = Limits(yellow=3.0, red=6.0)
"""Distance of two estimates of the mass, in standard errors."""
BETA_WEIGHT_LIMITS = Limits(yellow=0.005, red=MAX_EDGE_WEIGHT)
BINDING_SIGMA = Limits(yellow=4.0, red=MIN_BINDING_SIGMA)
"""Binding energy in standard errors."""
TC_OVER_BINDING_LIMITS = Limits(yellow=0.5, red=1.0)
LARGE_SYSTEMATIC = 0.1
"""Systematic error over the mass from which on it is red."""
TOUCHING = 1.001
"""Density over that of touching pairs from which on pairs overlap; the rest is rounding."""


def find_window(record: Record) -> Finding:
    """Compare the mass with that of the straight part of the displacement curve, for both sectors.

    The distance of the two masses is divided by both errors in quadrature; they share their data, so it is a
    lower bound. The spread over the windows is compared with the statistical error.
    """
    levels: list[Level] = []
    values = []
    for sector in SECTORS:
        name, fit_name = (sector_observable(quantity, sector).name for quantity in ("mass", "mass_fit"))
        mass, error, spread = (record.get(name + suffix) for suffix in ("", ERROR, SYSTEMATIC))
        fit, p = record.get(fit_name), record.get(f"{fit_name}_p")
        if mass is None or error is None:
            continue
        found = []
        if fit is not None:
            fit_error = record.get(fit_name + ERROR)
            apart = abs(mass - fit) / math.hypot(error, fit_error or 0.0) if error > 0.0 else None
            levels += [level_above(apart, FIT_SIGMA), level_below(p, P_VALUE)]
            found.append(f"fit {with_error(fit, fit_error)}" + ("" if p is None else f" (p = {p:.2g})"))
        if spread is not None:
            large = spread > LARGE_SYSTEMATIC * abs(mass)
            levels.append("green" if spread <= error else "red" if large else "yellow")
            found.append(f"window ±{spread:.2g}")
        if found:
            values.append(f"{sector} {with_error(mass, error)}, {', '.join(found)}")
    return worst_level(levels), joined(values)


def find_path_length(record: Record) -> Finding:
    """Compare the weight that a broken pair may have left at the edge of the bulk with its limits."""
    weight = record.get("beta_weight")
    if weight is None:
        return "none", NOTHING
    return level_above(weight, BETA_WEIGHT_LIMITS), f"weight {weight:.2g} at β = {record['beta']:g}"


def find_binding(record: Record) -> Finding:
    """Compare the binding energy with its error."""
    energy, error = record.get("binding_energy"), record.get("binding_energy_err")
    if energy is None or error is None:
        return "none", NOTHING
    sigma = energy / error if error > 0.0 else math.copysign(1e9, energy)
    return level_below(sigma, BINDING_SIGMA), f"Δ = {with_error(energy, error)}"


def find_tc_over_binding(record: Record) -> Finding:
    """Compare Tc with the binding energy."""
    ratio = record.get("tc_over_binding")
    if ratio is None:
        return "none", NOTHING
    return "red" if ratio < 0.0 else level_above(ratio, TC_OVER_BINDING_LIMITS), f"Tc/Δ = {ratio:.3g}"


def find_size(record: Record) -> Finding:
    """Compare the radius with the lattice constant, below which it saturates in Tc, and with the density."""
    radius, density = record.get("radius"), record.get("density")
    if radius is None:
        return "none", NOTHING
    if radius < 1.0:
        values = [f"R = {radius:.3g}, below the lattice constant: R² counts as 1 in Tc"]
    else:
        values = [f"R = {radius:.3g} lattice constants, {radius - 1.0:.2g} above one"]
    d = get_lattice(record["lattice"]).dimension
    if density is None or d == 1:
        return "green", values[0]
    values.append(f"density {density:.3g}")
    # the pairs overlap where R exceeds their distance, and touch at the closest packing
    crowded = density > TOUCHING * float(closest_packing(radius**2, d))
    return "red" if radius > density ** (-1.0 / d) else "yellow" if crowded else "green", joined(values)


VALIDITY_CHECKS: tuple[Check, ...] = (
    Check(
        flags.WINDOW,
        "Does the mass depend on the window of the displacement curve?",
        find_window,
        {
            "green": "The mass does not depend on the window beyond its statistical error.",
            "yellow": "The window matters as much as the statistics: quote the systematic error with the "
            "mass.",
            "red": "The curve has no straight part, or estimates of the mass contradict each other.",
        },
    ),
    Check(
        flags.PATH_LENGTH,
        "Is the path long enough to have relaxed to the ground state?",
        find_path_length,
        {
            "green": "The pair has relaxed well inside the bulk of the path.",
            "yellow": "A broken pair may leave a trace at the edge of the bulk; a longer beta would tell.",
            "red": "Beta is too short against the binding energy: the bulk still holds broken pairs.",
        },
    ),
    Check(
        flags.BINDING,
        "Is the pair bound?",
        find_binding,
        {
            "green": "The pair is bound by more than four standard errors.",
            "yellow": "The pair is bound by less than four standard errors.",
            "red": "No binding is seen beyond two standard errors: there is no bipolaron to condense.",
        },
    ),
    Check(
        flags.TC_AGAINST_BINDING,
        "Do the pairs survive up to Tc?",
        find_tc_over_binding,
        {
            "green": "Tc is below half of the binding energy.",
            "yellow": "Tc is above half of the binding energy, or not defined here.",
            "red": "The pairs would break before they condense, or there is no mass to work Tc out from.",
        },
    ),
    Check(
        flags.PAIR_SIZE,
        "Are the pairs apart at the density that Tc is taken at?",
        find_size,
        {
            "green": "The pairs do not overlap at that density.",
            "yellow": "The density is above that of touching pairs: the formula for dilute pairs is "
            "stretched.",
            "red": "The pairs overlap at that density: they are no dilute gas.",
        },
    ),
)
