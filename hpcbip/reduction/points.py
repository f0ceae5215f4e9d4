"""From reduced ensembles to the points of a campaign: binding energy, Tc, systematic errors, checks and
flags."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from hpcbip.campaign.plan import Plan
from hpcbip.campaign.projection import edge_weight
from hpcbip.models import BULK_EDGE, families_from_text, get_lattice, slowest_phonon
from hpcbip.reduction.bindings import sector_names
from hpcbip.reduction.ensembles import Reduced, TcSettings
from hpcbip.reduction.point_flags import flag_entries, point_flags
from hpcbip.statistics import VERDICTS
from hpcbip.superconductivity import closest_packing, prefactor, transition_temperature, validity_flags
from hpcbip.superconductivity.gas import gas_band
from hpcbip.vocabulary.displays import (
    DERIVED,
    STATE,
    STATE_NAMES,
    STATE_SHARE,
    SWITCHES,
    TC_GAS_FLAGS,
    TC_GAS_HIGH,
    TC_GAS_LOW,
    TC_OVER_BINDING,
    TC_PREFACTOR,
)
from hpcbip.vocabulary.entries import ERROR, SYSTEMATIC, TIME, VERDICT
from hpcbip.vocabulary.flags import FLAGS, TC_ABOVE_BINDING, RaisedFlag, split_code
from hpcbip.vocabulary.observables import (
    BINDING_ENERGY,
    BINDING_MARGIN,
    TC_KELVIN,
    TC_OVER_OMEGA,
    sector_observable,
)
from hpcbip.vocabulary.parameters import FURTHER_PHONONS, OMEGA_FACTORS, PARAMETERS, PHONON_HOPPING
from hpcbip.vocabulary.sectors import BIPOLARON, POLARON, SECTORS

STATISTICS_ENTRIES = ("independent", "half_p", "trend_p", "chain_p", "r_hat")
"""Entries that say, per sector, how the statistical checks of energy, mass and size came out."""


def binding(polaron: Reduced, bipolaron: Reduced) -> dict[str, Any]:
    """Return Δ = 2 E_polaron - E_bipolaron from two independent ensembles: entries binding_energy, _err, _tau
    and _verdict.

    It is linear in the two energies, so that their errors add in quadrature.
    """
    if polaron.summary is None or bipolaron.summary is None:
        return _unknown(BINDING_ENERGY.name)
    value = error2 = naive2 = 0.0
    verdicts = []
    for factor, reduced, summary in (
        (2.0, polaron, polaron.summary),
        (-1.0, bipolaron, bipolaron.summary),
    ):
        i = reduced.index(sector_observable("energy", reduced.sector))
        variance = (factor * float(summary.error[i])) ** 2
        value += factor * float(reduced.values[i])
        error2 += variance
        naive2 += variance / (2.0 * float(summary.tau[i]))
        verdicts.append(int(summary.verdict[i]))
    tau = 0.5 * error2 / naive2 if naive2 > 0.0 else 0.5
    return _entries(BINDING_ENERGY.name, value, math.sqrt(error2), tau, max(verdicts))


def binding_margin(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return Δ - Tc, in the unit of energies: entries binding_margin, _err, _tau and _verdict.

    The errors add in quadrature: that of Tc is of mass and size, which hardly know the energies. τ and
    verdict are those of Δ and of Tc, whichever is worse.
    """
    name, omega = BINDING_MARGIN.name, record["omega"]
    energy, ratio = record[BINDING_ENERGY.name], record[TC_OVER_OMEGA.name]
    if energy is None or ratio is None:
        return _unknown(name)
    errors = record[BINDING_ENERGY.name + ERROR], omega * record[TC_OVER_OMEGA.name + ERROR]
    parts = BINDING_ENERGY.name, TC_OVER_OMEGA.name
    tau = max((record[part + TIME] or 0.0 for part in parts), default=math.nan)
    verdict = max(VERDICTS.index(record[part + VERDICT] or "not") for part in parts)
    return _entries(name, energy - ratio * omega, math.hypot(*errors), tau, verdict)


def _entries(name: str, value: float, error: float, tau: float, verdict: int) -> dict[str, Any]:
    known = math.isfinite(value) and math.isfinite(error)
    return {
        name: value if known else None,
        name + ERROR: error if known else None,
        name + TIME: tau if known and math.isfinite(tau) else None,
        name + VERDICT: VERDICTS[verdict] if known else None,
    }


def _unknown(name: str) -> dict[str, Any]:
    return _entries(name, math.nan, math.nan, math.nan, VERDICTS.index("not"))


def sector_entries(sector: str, reduced: Reduced, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a record that one ensemble determines.

    Args:
        sector: of the ensemble.
        reduced: the ensemble, which may be empty.
        parameters: of the point or of the ensemble.
    """
    record: dict[str, Any] = {}
    for name in sector_names(sector, parameters):
        summary = reduced.summary
        if summary is None or name not in reduced.names:
            record |= _unknown(name)
            continue
        i = reduced.index(name)
        verdict = VERDICTS.index("not") if name in reduced.unresolved else int(summary.verdict[i])
        record |= _entries(
            name, float(reduced.values[i]), float(summary.error[i]), float(summary.tau[i]), verdict
        )
    return (
        record
        | _mass_entries(sector, reduced, record)
        | _checks(sector, reduced)
        | {f"bins_{sector}": reduced.bins, f"chains_{sector}": reduced.chains}
    )


def _mass_entries(sector: str, reduced: Reduced, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the window and p-value of the fit of the mass, and the systematic error of the mass."""
    name, fit_name = (sector_observable(quantity, sector).name for quantity in ("mass", "mass_fit"))
    fit, mass, relative = reduced.fit, record[name], reduced.window_systematic
    return {
        f"{fit_name}_from": float(reduced.lags[fit.start]) if fit else None,
        f"{fit_name}_to": float(reduced.lags[fit.stop - 1]) if fit else None,
        f"{fit_name}_p": _finite(fit.p_value) if fit else None,
        name + SYSTEMATIC: None if relative is None or mass is None else abs(mass) * relative,
    }


def _checks(sector: str, reduced: Reduced) -> dict[str, Any]:
    """Return what the checks of energy, mass and size say: number of independent samples, smallest p-values,
    largest R-hat."""
    found: dict[str, float] = {}
    if (summary := reduced.summary) is not None:
        at = list(reduced.checked)
        found = {name: float(getattr(summary, name)[at].min()) for name in STATISTICS_ENTRIES}
        known = summary.r_hat[at][np.isfinite(summary.r_hat[at])]
        found["r_hat"] = float(known.max()) if len(known) else math.nan
    return {f"{name}_{sector}": _finite(found.get(name)) for name in STATISTICS_ENTRIES}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _tc_systematic(record: Mapping[str, Any], bipolaron: Reduced) -> float | None:
    """Return the relative systematic error of Tc.

    It consists of that of the mass, from the window, and of what is left of excited states of the ends on the
    average over the bulk; their energy is that of a broken pair or of a phonon, whichever is lower.
    """
    window, energy, beta = bipolaron.window_systematic, record["binding_energy"], record["beta"]
    if window is None or energy is None or energy <= 0.0:
        return None
    gap = min(energy, _slowest_phonon(record), record.get("omega_holstein") or math.inf)
    edge, bulk = BULK_EDGE * beta * gap, (1.0 - 2.0 * BULK_EDGE) * beta * gap
    left = min(1.0, 2.0 * math.exp(-edge) * -math.expm1(-bulk) / bulk)
    return math.hypot(window, left)


def _slowest_phonon(record: Mapping[str, Any]) -> float:
    """Return the lowest Ω of all families, or where phonons hop the bottom of their band."""
    families = families_from_text(record.get(FURTHER_PHONONS.name) or "")
    omega: float = min([record["omega"], *(family.omega for family in families)])
    w = record.get(PHONON_HOPPING.name) or 0.0
    if w == 0.0:
        return omega
    return slowest_phonon(get_lattice(record["lattice"]), omega, record.get(OMEGA_FACTORS.name) or (), w)


def reduce_point(
    point: Mapping[str, Any],
    polaron: Reduced | None,
    bipolaron: Reduced | None,
    tc: TcSettings | None = None,
) -> dict[str, Any]:
    """Make the record of one point: parameters, observables X with X_err, X_tau (in bins) and X_verdict,
    checks and flags.

    Args:
        point: the parameters of the point (`hpcbip.vocabulary.parameters.PARAMETERS`).
        polaron, bipolaron: its two ensembles (`reduce_ensemble`); None where there are no bins yet.
        tc: how Tc is worked out.

    Returns:
        a flat dict of JSON values; None for what is not known. `tc_valid` is True where no flag speaks
        against Tc; `flags` holds texts, `flag_codes` the codes of the same flags
        (`hpcbip.vocabulary.flags`). Besides the observables, S one of the sectors: mass_S_sys (systematic
        error from the window), independent_S (number of independent samples), half_p_S, trend_p_S, chain_p_S,
        r_hat_S (checks), and the entries `hpcbip.vocabulary.displays.DERIVED`.
    """
    tc = tc or TcSettings()
    ensembles = {
        sector.name: reduced or Reduced(sector=sector.name)
        for sector, reduced in ((POLARON, polaron), (BIPOLARON, bipolaron))
    }
    record: dict[str, Any] = {name: point[name] for name in PARAMETERS if name in point}
    for sector, reduced in ensembles.items():
        record |= sector_entries(sector, reduced, point)
    record |= binding(ensembles[POLARON.name], ensembles[BIPOLARON.name])
    record |= binding_margin(record)
    record |= _pair_entries(record, ensembles[BIPOLARON.name], tc)
    return record | flag_entries(record, point_flags(record, ensembles, tc))


def _pair_entries(record: Mapping[str, Any], pair: Reduced, tc: TcSettings) -> dict[str, Any]:
    """Return what follows from mass, size and binding energy (`DERIVED`)."""
    dimension = get_lattice(record["lattice"]).dimension
    r2, ratio, energy = record["radius2"], record["tc_over_omega"], record["binding_energy"]
    found: dict[str, Any] = {entry.name: None for entry in DERIVED}
    if r2 is not None and r2 >= 0.0:
        found["radius"] = math.sqrt(r2)
        if dimension > 1:
            found["density"] = float(closest_packing(r2, dimension)) if tc.density is None else tc.density
    if ratio is not None and energy:
        found["tc_over_binding"] = ratio * record["omega"] / energy
    found["beta_weight"] = None if energy is None else edge_weight(energy, record["beta"])
    if pair.replicates is not None and len(pair.replicates) > 2:
        with np.errstate(invalid="ignore"):
            rows = np.ascontiguousarray(pair.replicates.T)  # the last bit depends on the order in memory
            correlation = float(np.asarray(np.corrcoef(rows))[0, 1])
        found["mass_radius_correlation"] = _finite(correlation)
    relative = _tc_systematic(record, pair)
    for name in (TC_OVER_OMEGA.name, TC_KELVIN.name):
        if relative is not None and record[name] is not None:
            found[name + SYSTEMATIC] = abs(record[name]) * relative
    found["tc_prefactor"] = prefactor(tc.prefactor, dimension) if dimension > 1 else None
    return found | _gas_entries(record, found, dimension)


def _gas_entries(
    record: Mapping[str, Any], found: Mapping[str, Any], dimension: int
) -> dict[str, float | list[str]]:
    """Return the band of Tc of an interacting gas (`hpcbip.superconductivity.gas`); nothing without a Tc."""
    ratio, r2, density = record[TC_OVER_OMEGA.name], record["radius2"], found["density"]
    if not ratio or ratio < 0.0 or density is None:
        return {}
    tc, omega = ratio * record["omega"], record["omega"]
    mass = float(transition_temperature(1.0, r2, dimension, found["tc_prefactor"], density)) / tc
    band = gas_band(mass, r2, dimension, density, record.get("V") or 0.0)
    return {
        TC_GAS_LOW.name: band.low / omega,
        TC_GAS_HIGH.name: band.high / omega,
        TC_GAS_FLAGS.name: [flag.text for flag in band.flags],
    }


def reduce_plan(
    plan: Plan, ensembles: Mapping[str, Reduced], tc: TcSettings | None = None
) -> list[dict[str, Any]]:
    """Make the records of all points of a plan, in its order.

    Args:
        plan: the campaign's plan.
        ensembles: reduced ensembles by identity; those without bins may be absent.
        tc: how Tc is worked out.
    """
    records = []
    for point in plan.points:
        polaron, bipolaron = (ensembles.get(point.ensembles[sector]) for sector in SECTORS)
        records.append({"point": point.identity, **reduce_point(point.parameters, polaron, bipolaron, tc)})
    return records


def state_records(
    plan: Plan, ensembles: Mapping[str, Reduced], points: Collection[str], tc: TcSettings
) -> list[dict[str, Any]]:
    """Make records of the two states that chains sit in: each that of the point, if there were no other one.

    Args:
        plan, ensembles, tc: as for `reduce_plan`.
        points: identities of the points that are looked at.

    Returns:
        flat dicts: point, sector whose chains they are, state (one of `STATE_NAMES`), share
        of the samples with error, τ and verdict, switches to that state within chains, and the entries of
        `reduce_point`.
    """
    found = []
    for point in (one for one in plan.points if one.identity in points):
        whole = {sector: ensembles.get(point.ensembles[sector]) for sector in SECTORS}
        for sector, reduced in whole.items():
            for name, state in zip(STATE_NAMES, reduced.states if reduced else (), strict=False):
                record: dict[str, Any] = {"point": point.identity, "sector": sector, STATE.name: name}
                share, error, tau = (
                    float(x[0]) for x in (state.share.mean, state.share.error, state.share.tau)
                )
                record |= _entries(STATE_SHARE.name, share, error, tau, int(state.share.verdict[0]))
                record[SWITCHES.name] = state.switches
                parts = whole | {sector: state.reduced}
                polaron, bipolaron = (parts[one] for one in SECTORS)
                found.append(record | reduce_point(point.parameters, polaron, bipolaron, tc))
    return found


def with_prefactor(record: Mapping[str, Any], choice: float | str | None) -> dict[str, Any]:
    """Return the record of a point with Tc at another prefactor, in which Tc is linear.

    Of the flags only that of Tc against the binding energy depends on it.

    Args:
        record: of `reduce_point`.
        choice: a number, "published", or None for the default of the dimension.
    """
    dimension = get_lattice(record["lattice"]).dimension
    old, ratio = record.get(TC_PREFACTOR.name), record[TC_OVER_OMEGA.name]
    if old is None or ratio is None:
        return dict(record)
    changed = dict(record) | {TC_PREFACTOR.name: prefactor(choice, dimension)}
    factor = changed[TC_PREFACTOR.name] / old
    linear = [
        name + suffix for name in (TC_OVER_OMEGA.name, TC_KELVIN.name) for suffix in ("", ERROR, SYSTEMATIC)
    ]
    for name in (*linear, TC_OVER_BINDING.name):
        if changed.get(name) is not None:
            changed[name] *= factor
    if BINDING_MARGIN.name in record:
        changed |= binding_margin(changed)
    code = TC_ABOVE_BINDING.code
    pairs = [pair for pair in zip(record["flag_codes"], record["flags"], strict=True) if pair[0] != code]
    raised = validity_flags(
        dimension,
        factor * ratio * record["omega"],
        record["radius2"],
        record["binding_energy"],
        record["binding_energy_err"],
    )
    pairs += [(flag.code, flag.text) for flag in raised if flag.code == code]
    order = list(FLAGS)
    pairs.sort(key=lambda pair: order.index(split_code(pair[0])[0].code))
    changed |= {"flag_codes": [], "flags": []}
    return changed | flag_entries(changed, [RaisedFlag(*pair) for pair in pairs])
