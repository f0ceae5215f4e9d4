"""From reduced ensembles to the points of a campaign: binding energy, Tc, systematic errors, checks and
flags.

The observables of one ensemble are `hpcbip.reduction.ensembles`'.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcbip.campaign.plan import Plan
from hpcbip.models import BULK_EDGE, get_lattice
from hpcbip.qmc.layout import columns, lags
from hpcbip.reduction.dispersion import Extras
from hpcbip.reduction.ensembles import MIN_BINS, SECTORS, EnsembleBins, Reduced, TcSettings
from hpcbip.reduction.estimates import reduce_ensemble
from hpcbip.statistics import VERDICTS
from hpcbip.superconductivity import closest_packing, prefactor, validity_flags

if TYPE_CHECKING:
    from hpcbip.store.selection import Analysed

TARGETS = {
    "polaron": ("E_polaron", "mass_polaron"),
    "bipolaron": ("E_bipolaron", "mass_bipolaron", "pair_distance2", "radius2", "tc_over_omega"),
}
"""Observables that one sector's bins alone bring to a target error."""

OBSERVABLES: tuple[str, ...] = (*SECTORS["polaron"], *SECTORS["bipolaron"], "binding_energy")
PARAMETERS: tuple[str, ...] = (
    "lattice",
    "coupling",
    "t",
    "omega",
    "g",
    "lambda",
    "U",
    "V",
    "beta",
    "g_holstein",
    "omega_holstein",
    "t_factors",
    "g_factors",
    "shells",
)

MIN_INDEPENDENT = 10  # samples below which an error is hardly known
TRUSTED = 200  # samples from which on the stopping rule takes an error as it is
P_ALARM = 1e-4  # of the checks of chains, halves and trend
BETA_SHORT = 0.02  # weight that a broken pair may have left at the edge of the bulk


def binding(polaron: Reduced, bipolaron: Reduced) -> dict[str, Any]:
    """Δ = 2 E_polaron - E_bipolaron from two independent sectors: entries binding_energy, _err, _tau,
    _verdict.

    It is linear in the two energies, so that their errors add in quadrature.
    """
    if polaron.summary is None or bipolaron.summary is None:
        return _missing("binding_energy")
    error2 = naive2 = 0.0
    for factor, part in ((2.0, polaron.summary), (1.0, bipolaron.summary)):
        error2 += (factor * float(part.error[0])) ** 2
        naive2 += (factor * float(part.error[0])) ** 2 / (2.0 * float(part.tau[0]))
    value = 2.0 * float(polaron.values[0]) - float(bipolaron.values[0])
    tau = 0.5 * error2 / naive2 if naive2 > 0.0 else 0.5
    verdict = max(int(part.summary.verdict[0]) for part in (polaron, bipolaron) if part.summary)
    return _entries("binding_energy", value, math.sqrt(error2), tau, verdict)


def _entries(name: str, value: float, error: float, tau: float, verdict: int) -> dict[str, Any]:
    known = math.isfinite(value) and math.isfinite(error)
    return {
        name: value if known else None,
        f"{name}_err": error if known else None,
        f"{name}_tau": tau if known and math.isfinite(tau) else None,
        f"{name}_verdict": VERDICTS[verdict] if known else None,
    }


def _missing(name: str) -> dict[str, Any]:
    return _entries(name, math.nan, math.nan, math.nan, 2)


def _sector_entries(sector: str, reduced: Reduced, parameters: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for i, name in enumerate((*SECTORS[sector], *Extras.of(sector, parameters).names)):
        summary = reduced.summary
        if summary is None:
            record |= _missing(name)
        else:
            verdict = 2 if name in reduced.unresolved else int(summary.verdict[i])
            record |= _entries(
                name, float(reduced.values[i]), float(summary.error[i]), float(summary.tau[i]), verdict
            )
    fit, mass = reduced.fit, record[f"mass_{sector}"]
    window = (float(reduced.lags[fit.start]), float(reduced.lags[fit.stop - 1])) if fit else (None, None)
    p_value = fit.p_value if fit and math.isfinite(fit.p_value) else None
    fit_entries = {"from": window[0], "to": window[1], "p": p_value}
    record |= {f"mass_{sector}_fit_{key}": value for key, value in fit_entries.items()}
    relative = reduced.window_systematic
    record[f"mass_{sector}_sys"] = None if relative is None or mass is None else abs(mass) * relative
    return (
        record
        | _checks(sector, reduced)
        | {f"bins_{sector}": reduced.bins, f"chains_{sector}": reduced.chains}
    )


def _checks(sector: str, reduced: Reduced) -> dict[str, Any]:
    """What the checks of energy, mass and size say: number of independent samples, smallest p-values, largest
    R-hat."""
    found: dict[str, float] = {}
    if reduced.summary is not None:
        s, at = reduced.summary, list(reduced.judged)
        found["independent"] = float(s.independent[at].min())
        for name in ("half_p", "trend_p", "chain_p"):
            found[name] = float(getattr(s, name)[at].min())
        known = s.r_hat[at][np.isfinite(s.r_hat[at])]
        found["r_hat"] = float(known.max()) if len(known) else math.nan
    names = ("independent", "half_p", "trend_p", "chain_p", "r_hat")
    return {f"{name}_{sector}": _known(found.get(name)) for name in names}


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _statistics_flags(sector: str, record: Mapping[str, Any]) -> list[str]:
    flags = []
    if (independent := record[f"independent_{sector}"]) is not None and independent < MIN_INDEPENDENT:
        flags.append(f"{sector}: too few bins")
    if any((p := record[f"{check}_{sector}"]) is not None and p < P_ALARM for check in ("half_p", "trend_p")):
        flags.append(f"{sector}: not thermalised")
    if (p := record[f"chain_p_{sector}"]) is not None and p < P_ALARM:
        flags.append(f"{sector}: chains disagree")
    return flags


def _edge_weight(energy: float | None, beta: float) -> float | None:
    """Weight that a broken pair, of an energy higher by `energy`, may have left at the edge of the bulk
    window."""
    return None if energy is None else math.exp(-max(-700.0, min(700.0, energy * beta * BULK_EDGE)))


def _tc_systematic(record: Mapping[str, Any], bipolaron: Reduced) -> float | None:
    """Relative systematic error of Tc: the mass's from the window, and what is left of excited states of the
    ends.

    On the average over the bulk; their energy is that of a broken pair or of a phonon, whichever is lower.
    """
    window, energy, beta = bipolaron.window_systematic, record["binding_energy"], record["beta"]
    if window is None or energy is None or energy <= 0.0:
        return None
    gap = min(energy, record["omega"], record.get("omega_holstein") or math.inf)
    edge, bulk = BULK_EDGE * beta * gap, (1.0 - 2.0 * BULK_EDGE) * beta * gap
    left = min(1.0, 2.0 * math.exp(-edge) * -math.expm1(-bulk) / bulk)
    return math.hypot(window, left)


def reduce_point(
    point: Mapping[str, Any],
    polaron: Reduced | None,
    bipolaron: Reduced | None,
    tc: TcSettings | None = None,
) -> dict[str, Any]:
    """The record of one point: parameters, observables X with X_err, X_tau (in bins), X_verdict, checks and
    flags.

    Args:
        point: the parameters of the point (`PARAMETERS`).
        polaron, bipolaron: its two ensembles (`reduce_ensemble`); None where there are no bins yet.
        tc: how Tc is worked out.

    Returns:
        a flat dict of JSON values; None for what is not known. `tc_valid` is True where no flag speaks
        against Tc. Besides the observables, S one of the sectors: mass_S_sys (systematic error from the
        window), independent_S (number of independent samples), half_p_S, trend_p_S, chain_p_S, r_hat_S
        (checks), radius (√R²), density (pairs per volume), tc_over_binding (Tc/Δ), beta_weight (weight that a
        broken pair may have left at the edge of the bulk), mass_radius_correlation (of the errors of m* and
        R²), tc_over_omega_sys, tc_kelvin_sys.
    """
    tc = tc or TcSettings()
    known = {"polaron": polaron or Reduced(), "bipolaron": bipolaron or Reduced()}
    record: dict[str, Any] = {name: point[name] for name in PARAMETERS if name in point}
    for sector in SECTORS:
        record |= _sector_entries(sector, known[sector], point)
    record |= binding(known["polaron"], known["bipolaron"])
    d = get_lattice(record["lattice"]).dimension
    record |= _pair_entries(record, known["bipolaron"], d, tc)
    tc_flags = [f"no {sector} bins" for sector in SECTORS if known[sector].bins < MIN_BINS]
    energy, ratio, r2 = record["binding_energy"], record["tc_over_omega"], record["radius2"]
    if known["bipolaron"].summary is not None:
        tc_value = ratio * record["omega"] if ratio is not None else math.nan
        size = r2 if r2 is not None else math.nan
        tc_flags += validity_flags(d, tc_value, size, energy, record["binding_energy_err"], tc.density)
    if (record["beta_weight"] or 0.0) > BETA_SHORT and "not bound" not in tc_flags:  # else no β would do
        tc_flags.append("beta short")
    tc_flags += [flag for sector in SECTORS for flag in _statistics_flags(sector, record)]
    worst = [record[f"{x}_verdict"] for x in ("tc_over_omega", "binding_energy") if record[f"{x}_verdict"]]
    if worst and max(map(VERDICTS.index, worst)) == VERDICTS.index("not"):
        tc_flags.append("statistics not converged")
    flags = list(tc_flags)
    for sector in SECTORS:
        if known[sector].mass_discrepancy > 4.0:
            flags.append(f"mass_{sector}_fit differs by {known[sector].mass_discrepancy:.1f} sigma")
    return record | {"tc_valid": ratio is not None and not tc_flags, "flags": flags}


def _pair_entries(record: Mapping[str, Any], pair: Reduced, dimension: int, tc: TcSettings) -> dict[str, Any]:
    """What follows from mass, size and binding energy together."""
    r2, ratio, energy = record["radius2"], record["tc_over_omega"], record["binding_energy"]
    found: dict[str, Any] = dict.fromkeys(
        (
            "radius",
            "density",
            "tc_over_binding",
            "beta_weight",
            "mass_radius_correlation",
            "tc_over_omega_sys",
            "tc_kelvin_sys",
            "tc_prefactor",
        )
    )
    if r2 is not None and r2 >= 0.0:
        found["radius"] = math.sqrt(r2)
        if dimension > 1:
            found["density"] = float(closest_packing(r2, dimension)) if tc.density is None else tc.density
    if ratio is not None and energy:
        found["tc_over_binding"] = ratio * record["omega"] / energy
    found["beta_weight"] = _edge_weight(energy, record["beta"])
    if pair.replicates is not None and len(pair.replicates) > 2:
        with np.errstate(invalid="ignore"):
            found["mass_radius_correlation"] = _known(float(np.asarray(np.corrcoef(pair.replicates.T))[0, 1]))
    relative = _tc_systematic(record, pair)
    for name in ("tc_over_omega", "tc_kelvin"):
        if relative is not None and record[name] is not None:
            found[f"{name}_sys"] = abs(record[name]) * relative
    found["tc_prefactor"] = prefactor(tc.prefactor, dimension) if dimension > 1 else None
    return found


def reduce_plan(
    plan: Plan, ensembles: Mapping[str, Reduced], tc: TcSettings | None = None
) -> list[dict[str, Any]]:
    """Records of all points of a plan, in its order.

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


def mean_energy(plan: Plan, identity: str, bins: Analysed) -> float | None:
    """Mean energy of one ensemble; None below `MIN_BINS` samples."""
    data = _data(plan, identity, bins)
    return float(data.table(["energy"]).mean()) if data.samples >= MIN_BINS else None


def target_errors(
    plan: Plan, identity: str, bins: Analysed, partners: Mapping[str, float | None] | None = None
) -> dict[str, float]:
    """Relative errors of the observables that one ensemble's bins determine, for the stopping rule.

    Sizes and masses have long tails: a run that happens to miss them has a mean and an error that are both
    too small, and a rule that stops where the error is small picks just these. So an error from n < `TRUSTED`
    independent samples counts √(TRUSTED/n) times.

    Args:
        plan: the campaign's plan.
        identity: of the ensemble.
        bins: its bins.
        partners: energies of ensembles of the other sector (`mean_energy`), by identity. With them
            binding_energy is there too: the largest relative error over the points that join this ensemble
            with one of them, if the other sector's part of it becomes as small as this one's. (Its present
            part is left out: it may be far behind.)

    Returns:
        {observable: error/|value|}; infinite where the value is not resolved (too few bins, no mass, no
        transition).
    """
    data = _data(plan, identity, bins)
    reduced = reduce_ensemble(data)
    entries = _sector_entries(data.sector, reduced, data.parameters)
    result = {name: _relative(entries, name) * _caution(reduced, name) for name in TARGETS[data.sector]}
    energy, energy_error = entries[f"E_{data.sector}"], entries[f"E_{data.sector}_err"]
    own = (
        None
        if energy_error is None
        else math.sqrt(2.0) * energy_error * (2.0 if data.sector == "polaron" else 1.0)
    )
    for other, theirs in (partners or {}).items():
        joined = any({identity, other} == set(point.ensembles.values()) for point in plan.points)
        if not joined:
            continue
        value = 0.0
        if energy is not None and theirs is not None:
            value = 2.0 * energy - theirs if data.sector == "polaron" else 2.0 * theirs - energy
        error = (
            math.inf if own is None or not value else own / abs(value) * _caution(reduced, f"E_{data.sector}")
        )
        result["binding_energy"] = max(error, result.get("binding_energy", 0.0))
    return result


def _caution(reduced: Reduced, name: str) -> float:
    if reduced.summary is None:
        return 1.0
    parts = {"tc_over_omega": ("tc_over_omega", "mass_bipolaron", "radius2")}.get(name, (name,))
    independent = min(float(reduced.summary.independent[reduced.names.index(part)]) for part in parts)
    return math.sqrt(max(1.0, TRUSTED / independent))


def _data(plan: Plan, identity: str, bins: Analysed) -> EnsembleBins:
    record = plan.ensembles[identity]
    ensemble = record.build()
    return EnsembleBins(
        record.sector,
        record.parameters,
        columns(ensemble),
        bins.chains,
        lags(ensemble),
        bins.bins_per_row,
        bins.together,
    )


def _relative(entries: Mapping[str, Any], name: str) -> float:
    value, error = entries[name], entries[f"{name}_err"]
    return math.inf if value is None or error is None or value == 0.0 else abs(error / value)
