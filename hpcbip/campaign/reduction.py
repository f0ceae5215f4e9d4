"""From bins to observables: values, errors, autocorrelation times, verdicts and flags, by the names of a campaign.

Everything is a function of the means of the bins' columns and goes through the delete-one jackknife, whose
pseudo-values are analysed like plain samples (`hpcbip.statistics`). Times X_tau are in bins. Masses: 2 t d/diffusion
for one electron (m_e = 1/(2t)), t d/diffusion for the pair (m0 = 1/t), with diffusion the rate of ⟨ΔR²⟩ in imaginary
time (PHYSICS.md section 2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpcbip.errors import InputError
from hpcbip.models import BULK_EDGE, get_lattice
from hpcbip.statistics import VERDICTS, LineFit, Summary, fit_line_past_transient, gamma_method, jackknife, summarise
from hpcbip.statistics.binning import Array, Chains
from hpcbip.superconductivity import in_kelvin, prefactor, radius2, transition_temperature, validity_flags

from .extras import Extras
from .plan import Plan

SECTORS = {
    "polaron": (
        "E_polaron", "mass_polaron", "mass_polaron_fit", "phonons_polaron", "bare_hops_polaron",
        "assisted_hops_polaron",
    ),
    "bipolaron": (
        "E_bipolaron", "mass_bipolaron", "mass_bipolaron_fit", "phonons_bipolaron", "bare_hops_bipolaron",
        "assisted_hops_bipolaron", "pair_distance2", "radius2", "potential", "contact", "tc_over_omega", "tc_kelvin",
    ),
}  # fmt: skip
"""Observables of each sector, in the order of the tables; binding_energy needs both."""

TARGETS = {
    "polaron": ("E_polaron", "mass_polaron"),
    "bipolaron": ("E_bipolaron", "mass_bipolaron", "pair_distance2", "radius2", "tc_over_omega"),
}
"""Observables that one sector's bins alone bring to a target error."""

OBSERVABLES: tuple[str, ...] = (*SECTORS["polaron"], *SECTORS["bipolaron"], "binding_energy")
PARAMETERS: tuple[str, ...] = (
    "lattice", "coupling", "t", "omega", "g", "lambda", "U", "V", "beta", "g_holstein", "omega_holstein", "t_factors",
    "g_factors", "shells",
)  # fmt: skip

MIN_BINS = 4  # fewer cannot have an error
_BETA_SHORT = 0.02  # weight that a broken pair may have left at the edge of the bulk


@dataclass(frozen=True)
class TcSettings:
    """How Tc follows from mass and size: see `hpcbip.superconductivity.tc`."""

    prefactor: float | str | None = None
    omega_meV: float | None = None


@dataclass(frozen=True)
class EnsembleBins:
    """The bins of one ensemble.

    Attributes:
        sector: "polaron" or "bipolaron".
        parameters: at least lattice, t, omega, beta.
        columns: names of the columns.
        chains: per chain an array (bins, columns); chains may have different lengths.
        lags: (K,) time differences of the columns displacement2[1..K].
    """

    sector: str
    parameters: Mapping[str, Any]
    columns: Sequence[str]
    chains: Chains
    lags: Array

    @property
    def bins(self) -> int:
        """Number of bins, over all chains."""
        return sum(len(chain) for chain in self.chains)

    def pick(self, names: Sequence[str]) -> list[Array]:
        """The chains that have bins, with these columns only.

        Raises:
            InputError: if a column is not there: the bins are another version's.
        """
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise InputError(f"the bins have no column {missing[0]}: they were made by another version of hpcbip")
        where = [self.columns.index(name) for name in names]
        return [chain[:, where] for chain in self.chains if len(chain)]


@dataclass(frozen=True)
class Reduced:
    """Observables of one ensemble: `names`, their `values` and their analysis, and the fit of the mass.

    `unresolved` are those of the dispersion whose wave has decayed into its noise.
    """

    names: tuple[str, ...] = ()
    values: Array = field(default_factory=lambda: np.empty(0))
    summary: Summary | None = None
    fit: LineFit | None = None
    lags: Array = field(default_factory=lambda: np.empty(0))
    mass_discrepancy: float = math.nan
    unresolved: frozenset[str] = frozenset()
    bins: int = 0
    chains: int = 0


def fit_displacement(data: EnsembleBins) -> tuple[LineFit, Array, list[str]] | None:
    """The straight part of ⟨|R(τ+lag)-R(τ)|²⟩: fit, lags used, and their columns; None with too few bins for it.

    Lags up to half the longest one: beyond, a path holds hardly one independent sample.
    """
    take = np.flatnonzero(data.lags <= 0.5 * data.lags.max()) if len(data.lags) > 8 else np.arange(len(data.lags))
    names = [f"displacement2[{k + 1}]" for k in take]
    if data.bins < len(take) + 10 or len(take) < 3:
        return None
    chains = data.pick(names)
    tau = max(0.5, float(np.mean(gamma_method(chains).tau)))
    rows = np.concatenate(chains)
    covariance = np.cov(rows.T) * 2.0 * tau / len(rows)
    samples = max(len(take) + 2, int(len(rows) / (2.0 * tau)))
    if not np.all(np.diag(covariance) > 0.0):
        return None
    lags = data.lags[take]
    return fit_line_past_transient(lags, rows.mean(axis=0), covariance, samples), lags, names


def reduce_ensemble(data: EnsembleBins, tc: TcSettings | None = None) -> Reduced:
    """Values, errors and verdicts of all observables of one sector (`SECTORS`); empty below `MIN_BINS` bins."""
    if data.bins < MIN_BINS:
        return Reduced(bins=data.bins, chains=len(data.chains))
    tc = tc or TcSettings()
    pair = data.sector == "bipolaron"
    lattice = get_lattice(data.parameters["lattice"])
    d, t, omega = lattice.dimension, float(data.parameters["t"]), float(data.parameters["omega"])
    unit = (1.0 if pair else 2.0) * t
    factor = prefactor(tc.prefactor, d)
    fitted = fit_displacement(data)
    used = ["energy", "diffusion", "phonons", "bare_hops", "assisted_hops"]
    extras = Extras.of(data.sector, data.parameters)
    if pair:
        used += ["pair_distance2", "potential", f"pair_weight[{','.join('0' * d)}]"]
    first_lag = len(used)
    used += fitted[2] if fitted else []
    first_extra = len(used)
    used += list(extras.columns)

    def observables(means: Array) -> Array:
        energy, diffusion, phonons, bare, assisted = np.moveaxis(means[..., :5], -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mass = unit * d / diffusion
            slope = means[..., first_lag:first_extra] @ fitted[0].weights if fitted else mass * np.nan
            mass_fit = unit * d / slope
            further = extras.observables(means[..., first_extra:], unit, data.lags)
        columns = [energy, mass, mass_fit, phonons, bare, assisted]
        if pair:
            distance2, potential, contact = np.moveaxis(means[..., 5:8], -1, 0)
            r2 = radius2(distance2)
            # of an anisotropic pair the geometric mean of its masses counts: it is the one in the density of states
            average = further[..., extras.masses].prod(axis=-1) ** (1.0 / d) if extras.anisotropic else mass
            ratio = transition_temperature(average / unit, r2, d, factor) / omega
            kelvin = ratio * np.nan if tc.omega_meV is None else in_kelvin(ratio, tc.omega_meV)
            columns += [distance2, r2, potential, contact, ratio, kelvin]
        # the last: do the two estimators of the mass agree?
        return np.concatenate([np.stack(columns, axis=-1), further, (mass - mass_fit)[..., None]], axis=-1)

    result = jackknife(observables, data.pick(used))
    summary = summarise(result.pseudo[0])
    discrepancy = abs(result.value[-1]) / summary.error[-1] if summary.error[-1] > 0.0 else math.nan
    return Reduced(
        (*SECTORS[data.sector], *extras.names), result.value[:-1], summary, fitted[0] if fitted else None,
        fitted[1] if fitted else np.empty(0), float(discrepancy),
        extras.unresolved(summary.error[len(SECTORS[data.sector]) : -1], data.lags), data.bins, len(data.chains),
    )  # fmt: skip


def binding(polaron: EnsembleBins, bipolaron: EnsembleBins) -> dict[str, Any]:
    """Δ = 2 E_polaron - E_bipolaron from two independent sectors: entries binding_energy, _err, _tau, _verdict."""
    sets = [data.pick(["energy"]) for data in (polaron, bipolaron)]
    result = jackknife(lambda one, two: 2.0 * one - two, *sets)
    parts = [summarise(pseudo) for pseudo in result.pseudo]
    error2 = sum(float(part.error[0]) ** 2 for part in parts)
    naive2 = sum(float(part.error[0]) ** 2 / (2.0 * float(part.tau[0])) for part in parts)
    return _entries(
        "binding_energy", float(result.value[0]), math.sqrt(error2), 0.5 * error2 / naive2 if naive2 > 0.0 else 0.5,
        max(int(part.verdict[0]) for part in parts),
    )  # fmt: skip


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
            record |= _entries(name, float(reduced.values[i]), float(summary.error[i]), float(summary.tau[i]), verdict)
    fit = reduced.fit
    window = (float(reduced.lags[fit.start]), float(reduced.lags[fit.stop - 1])) if fit else (None, None)
    p_value = fit.p_value if fit and math.isfinite(fit.p_value) else None
    fit_entries = {"from": window[0], "to": window[1], "p": p_value}
    record |= {f"mass_{sector}_fit_{key}": value for key, value in fit_entries.items()}
    return record | {f"bins_{sector}": reduced.bins, f"chains_{sector}": reduced.chains}


def reduce_point(
    point: Mapping[str, Any],
    polaron: EnsembleBins | None,
    bipolaron: EnsembleBins | None,
    tc: TcSettings | None = None,
    reduced: Mapping[str, Reduced] | None = None,
) -> dict[str, Any]:
    """The record of one point: parameters, observables X with X_err, X_tau (in bins), X_verdict, and flags.

    Args:
        point: the parameters of the point (`PARAMETERS`).
        polaron, bipolaron: bins of its two ensembles; None where there are none yet.
        tc: how Tc is worked out.
        reduced: results of `reduce_ensemble` by sector, where they are known already.

    Returns:
        a flat dict of JSON values; None for what is not known. `tc_valid` is True where no flag speaks against Tc.
    """
    tc = tc or TcSettings()
    data = {"polaron": polaron, "bipolaron": bipolaron}
    known = {s: (reduced or {}).get(s) or (reduce_ensemble(b, tc) if b else Reduced()) for s, b in data.items()}
    record: dict[str, Any] = {name: point[name] for name in PARAMETERS if name in point}
    for sector in SECTORS:
        record |= _sector_entries(sector, known[sector], point)
    both = polaron and bipolaron and polaron.bins >= MIN_BINS and bipolaron.bins >= MIN_BINS
    record |= binding(polaron, bipolaron) if both and polaron and bipolaron else _missing("binding_energy")
    d = get_lattice(record["lattice"]).dimension
    tc_flags = [f"no {sector} bins" for sector in SECTORS if known[sector].bins < MIN_BINS]
    energy, ratio = record["binding_energy"], record["tc_over_omega"]
    if known["bipolaron"].summary is not None:
        tc_value = ratio * record["omega"] if ratio is not None else math.nan
        r2 = record["radius2"] if record["radius2"] is not None else math.nan
        tc_flags += validity_flags(d, tc_value, r2, energy, record["binding_energy_err"])
    if energy is not None and math.exp(-min(700.0, energy * record["beta"] * BULK_EDGE)) > _BETA_SHORT:
        tc_flags.append("beta short")
    worst = [record[f"{x}_verdict"] for x in ("tc_over_omega", "binding_energy") if record[f"{x}_verdict"]]
    if worst and max(map(VERDICTS.index, worst)) == VERDICTS.index("not"):
        tc_flags.append("statistics not converged")
    flags = list(tc_flags)
    for sector in SECTORS:
        if known[sector].mass_discrepancy > 4.0:
            flags.append(f"mass_{sector}_fit differs by {known[sector].mass_discrepancy:.1f} sigma")
    record["tc_prefactor"] = prefactor(tc.prefactor, d) if d > 1 else None
    return record | {"tc_valid": ratio is not None and not tc_flags, "flags": flags}


def reduce_plan(
    plan: Plan, data: Mapping[str, EnsembleBins], tc: TcSettings | None = None
) -> tuple[list[dict[str, Any]], dict[str, Reduced]]:
    """Records of all points of a plan, in its order, and the reduced ensembles by identity.

    Args:
        plan: the campaign's plan.
        data: bins by identity of the ensemble; ensembles without bins may be absent.
        tc: how Tc is worked out.
    """
    ensembles = {key: reduce_ensemble(bins, tc) for key, bins in data.items()}
    records = []
    for point in plan.points:
        keys = point.ensembles
        bins = {sector: data.get(keys[sector]) for sector in SECTORS}
        done = {sector: ensembles[keys[sector]] for sector in SECTORS if keys[sector] in ensembles}
        record = reduce_point(point.parameters, bins["polaron"], bins["bipolaron"], tc, done)
        records.append({"point": point.identity, **record})
    return records, ensembles


def target_errors(
    plan: Plan, identity: str, chain_bins: Chains, partners: Mapping[str, Chains] | None = None
) -> dict[str, float]:
    """Relative errors of the observables that one ensemble's bins determine, for the stopping rule.

    Args:
        plan: the campaign's plan.
        identity: of the ensemble.
        chain_bins: its bins, one array (bins, columns) per chain.
        partners: bins of ensembles of the other sector, by identity. With them binding_energy is there too: the
            largest relative error over the points that join this ensemble with one of them, if the other sector's
            part of it becomes as small as this one's. (Its present part is left out: it may be far behind.)

    Returns:
        {observable: error/|value|}; infinite where the value is not resolved (too few bins, no mass, no transition).
    """
    data = _bins(plan, identity, chain_bins)
    entries = _sector_entries(data.sector, reduce_ensemble(data), data.parameters)
    result = {name: _relative(entries, name) for name in TARGETS[data.sector]}
    energy_error = entries[f"E_{data.sector}_err"]
    own = None if energy_error is None else math.sqrt(2.0) * energy_error * (2.0 if data.sector == "polaron" else 1.0)
    for other, bins in (partners or {}).items():
        joined = any({identity, other} == set(point.ensembles.values()) for point in plan.points)
        if not joined:
            continue
        pair = sorted((data, _bins(plan, other, bins)), key=lambda part: list(SECTORS).index(part.sector))
        enough = all(part.bins >= MIN_BINS for part in pair)
        value = binding(*pair)["binding_energy"] if enough else None
        error = math.inf if own is None or not value else own / abs(value)
        result["binding_energy"] = max(error, result.get("binding_energy", 0.0))
    return result


def _bins(plan: Plan, identity: str, chains: Chains) -> EnsembleBins:
    from hpcbip.qmc import columns, lags  # here, because it compiles

    record = plan.ensembles[identity]
    ensemble = record.build()
    return EnsembleBins(record.sector, record.parameters, columns(ensemble), chains, lags(ensemble))


def _relative(entries: Mapping[str, Any], name: str) -> float:
    value, error = entries[name], entries[f"{name}_err"]
    return math.inf if value is None or error is None or value == 0.0 else abs(error / value)
