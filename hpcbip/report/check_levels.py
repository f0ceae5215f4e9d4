"""How each check judges a record: its light, and in short what was found. `diagnostics` says what that
means."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

from hpcbip.models import get_lattice
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity import closest_packing

Light = Literal["green", "yellow", "red", "none"]
LIGHTS: tuple[Light, ...] = ("none", "green", "yellow", "red")
"""In the order in which one outweighs the other."""

SECTORS = ("polaron", "bipolaron")
JUDGED = ("binding_energy", "mass_bipolaron", "radius2", "tc_over_omega")
"""Observables whose verdict speaks for the statistics of the point."""

SAMPLES = {"red": 10.0, "yellow": 32.0}  # as in `hpcbip.statistics.summary`
P_VALUE = {"red": 1e-4, "yellow": 1e-2}
R_HAT = {"red": 1.3, "yellow": 1.1}  # wide: from 32 independent samples in 4 chains that agree it is 1.1
FIT_SIGMA = {"red": 6.0, "yellow": 3.0}
BETA_WEIGHT = {"red": 0.02, "yellow": 0.005}
BINDING_SIGMA = {"red": 2.0, "yellow": 4.0}
TC_OVER_BINDING = {"red": 1.0, "yellow": 0.5}
LARGE_SYSTEMATIC = 0.1  # of the mass

Judgement = tuple[Light, str]
"""A light, and what was found; flags are left aside. "-": nothing."""


def worst(lights: Iterable[Light]) -> Light:
    """The light that outweighs the others; "none" for no lights."""
    return max(lights, key=LIGHTS.index, default="none")


def _if_below(value: float | None, limits: Mapping[str, float]) -> Light:
    if value is None or not math.isfinite(value):
        return "none"
    return "red" if value < limits["red"] else "yellow" if value < limits["yellow"] else "green"


def _if_above(value: float | None, limits: Mapping[str, float]) -> Light:
    return _if_below(None if value is None else -value, {name: -limit for name, limit in limits.items()})


def _of_sectors(record: Record, name: str) -> dict[str, float]:
    """name_polaron and name_bipolaron, as far as they are known."""
    values = {sector: record.get(f"{name}_{sector}") for sector in SECTORS}
    return {sector: float(value) for sector, value in values.items() if value is not None}


def _words(parts: Iterable[str]) -> str:
    return "; ".join(filter(None, parts)) or "-"


def statistics(record: Record) -> Judgement:
    """Independent samples of the sector that has the fewest, and the verdicts on the errors
    (`hpcbip.statistics`)."""
    samples = _of_sectors(record, "independent")
    verdicts = {record.get(f"{name}_verdict") for name in JUDGED}
    judged: Light = (
        "red"
        if "not" in verdicts
        else "yellow"
        if "maybe" in verdicts
        else "green"
        if "converged" in verdicts
        else "none"
    )
    values = [f"{sector} {number:.0f}" for sector, number in samples.items()]
    if judged in ("red", "yellow"):
        values.append("not converged" if judged == "red" else "perhaps not converged")
    return worst([judged, *(_if_below(number, SAMPLES) for number in samples.values())]), _words(values)


def _p_values(record: Record, names: Mapping[str, str], sectors: Iterable[str]) -> tuple[Light, list[str]]:
    known = {
        f"{sector}{word}": float(p)
        for sector in sectors
        for name, word in names.items()
        if (p := record.get(f"{name}_{sector}")) is not None
    }
    light = worst(_if_below(p, P_VALUE) for p in known.values())
    return light, [f"{name} p = {p:.2g}" for name, p in known.items()]


def chains(record: Record) -> Judgement:
    """p-value of the agreement of the chains' means, and the split R-hat (Gelman et al., Bayesian Data
    Analysis)."""
    several = [sector for sector in SECTORS if (record.get(f"chains_{sector}") or 0) > 1]
    light, values = _p_values(record, {"chain_p": ""}, several)
    r_hat = {sector: x for sector, x in _of_sectors(record, "r_hat").items() if sector in several}
    if r_hat:
        values.append(f"R-hat {max(r_hat.values()):.3f}")
    elif not several and any(record.get(f"chains_{sector}") for sector in SECTORS):
        values.append("one chain only")
    return worst([light, *(_if_above(x, R_HAT) for x in r_hat.values())]), _words(values)


def thermalisation(record: Record) -> Judgement:
    """p-values of first against second halves and of a linear trend."""
    light, values = _p_values(record, {"half_p": " halves", "trend_p": " trend"}, SECTORS)
    return light, _words(values)


def window(record: Record) -> Judgement:
    """The mass against that of the straight part of the displacement curve, its fit, and how the window moves
    it.

    The distance of the two masses is divided by both errors together; they share their data, so it is a lower
    bound.
    """
    lights: list[Light] = []
    values = []
    for sector in SECTORS:
        name = f"mass_{sector}"
        mass, error, fit, p, spread = (
            record.get(name + end) for end in ("", "_err", "_fit", "_fit_p", "_sys")
        )
        if mass is None or error is None:
            continue
        said = []
        if fit is not None:
            fit_error = record.get(f"{name}_fit_err")
            apart = abs(mass - fit) / math.hypot(error, fit_error or 0.0) if error > 0.0 else None
            lights += [_if_above(apart, FIT_SIGMA), _if_below(p, P_VALUE)]
            said.append(f"fit {with_error(fit, fit_error)}" + ("" if p is None else f" (p = {p:.2g})"))
        if spread is not None:
            large = spread > LARGE_SYSTEMATIC * abs(mass)
            lights.append("green" if spread <= error else "red" if large else "yellow")
            said.append(f"window ±{spread:.2g}")
        if said:
            values.append(f"{sector} {with_error(mass, error)}, {', '.join(said)}")
    return worst(lights), _words(values)


def beta(record: Record) -> Judgement:
    """Weight that a broken pair may have left at the edge of the bulk window."""
    weight = record.get("beta_weight")
    if weight is None:
        return "none", "-"
    return _if_above(weight, BETA_WEIGHT), f"weight {weight:.2g} at β = {record['beta']:g}"


def binding(record: Record) -> Judgement:
    """The binding energy against its error."""
    energy, error = record.get("binding_energy"), record.get("binding_energy_err")
    if energy is None or error is None:
        return "none", "-"
    sigma = energy / error if error > 0.0 else math.copysign(1e9, energy)
    return _if_below(sigma, BINDING_SIGMA), f"Δ = {with_error(energy, error)}"


def transition(record: Record) -> Judgement:
    """Tc over the binding energy."""
    ratio = record.get("tc_over_binding")
    if ratio is None:
        return "none", "-"
    return "red" if ratio < 0.0 else _if_above(ratio, TC_OVER_BINDING), f"Tc/Δ = {ratio:.3g}"


def size(record: Record) -> Judgement:
    """The radius against the lattice constant, below which it saturates in Tc, and against the density of the
    pairs."""
    radius, density = record.get("radius"), record.get("density")
    if radius is None:
        return "none", "-"
    if radius < 1.0:
        values = [f"R = {radius:.3g}, below the lattice constant: R² counts as 1 in Tc"]
    else:
        values = [f"R = {radius:.3g} lattice constants, {radius - 1.0:.2g} above one"]
    d = get_lattice(record["lattice"]).dimension
    if density is None or d == 1:
        return "green", values[0]
    values.append(f"density {density:.3g}")
    # the pairs overlap where R exceeds their distance, and touch at the closest packing
    crowded = density > 1.001 * float(closest_packing(radius**2, d))
    return "red" if radius > density ** (-1.0 / d) else "yellow" if crowded else "green", _words(values)


def failures(record: Record) -> Judgement:
    """Whether there are bins at all; that a sector was given up is told by a flag."""
    return ("green" if record.get("bins_polaron") or record.get("bins_bipolaron") else "none"), "no"
