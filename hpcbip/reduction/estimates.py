"""From the bins of ensembles to their observables: values, errors, autocorrelation times, and what was
checked.

Everything is a function of the means of the bins' columns and goes through the delete-one jackknife, whose
pseudo-values are analysed like plain samples (`hpcbip.statistics`). Times X_tau are in bins. Masses: 2 t
d/diffusion for one electron (m_e = 1/(2t)), t d/diffusion for the pair (m0 = 1/t), with diffusion the rate of
⟨ΔR²⟩ in imaginary time (PHYSICS.md section 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpcbip.models import get_lattice
from hpcbip.qmc.estimators.displacement import SLOPE_FROM, SLOPE_TO
from hpcbip.reduction.dispersion import Extras
from hpcbip.reduction.ensembles import MIN_BINS, SECTORS, EnsembleBins, Reduced, TcSettings
from hpcbip.statistics import (
    LineFit,
    Summary,
    fit_lines_past_transient,
    gamma_method,
    jackknife,
    rebin,
    summarise,
)
from hpcbip.statistics.binning import Array
from hpcbip.statistics.samples import Samples
from hpcbip.superconductivity import in_kelvin, prefactor, radius2, transition_temperature

BLOCKS = 48  # of the replicates for functions of several points


def reduce_ensemble(data: EnsembleBins, tc: TcSettings | None = None, details: bool = False) -> Reduced:
    """Values, errors and verdicts of all observables of one sector (`SECTORS`); empty below `MIN_BINS`
    samples.

    Args:
        data: its bins.
        tc: how Tc is worked out.
        details: with the displacement curve and P(r), for figures.

    Raises:
        InputError: if the bins lack a column: they are another version's.
    """
    return reduce_ensembles([data], tc, details)[0]


def reduce_ensembles(
    many: Sequence[EnsembleBins], tc: TcSettings | None = None, details: bool = False
) -> list[Reduced]:
    """`reduce_ensemble` of each. Those whose chains are as long go through the statistics together, in less
    time: for arrays of this size the calls take longer than the numbers."""
    found: dict[int, Reduced] = {}
    alike: dict[tuple[int, ...], list[int]] = {}
    for k, data in enumerate(many):
        if data.samples < MIN_BINS:
            found[k] = _reduced(data)
        else:
            alike.setdefault(data.lengths, []).append(k)
    for members in alike.values():
        found |= zip(
            members, _reduce_together([many[k] for k in members], tc or TcSettings(), details), strict=True
        )
    return [found[k] for k in range(len(many))]


def _reduced(data: EnsembleBins, **known: Any) -> Reduced:
    return Reduced(
        sector=data.sector, parameters=data.parameters, bins=data.bins, chains=len(data.chains), **known
    )


def _reduce_together(many: Sequence[EnsembleBins], tc: TcSettings, details: bool) -> list[Reduced]:
    """Those of ensembles whose chains are as long."""
    functions = [
        _Observables(data, tc, curve) for data, curve in zip(many, fit_displacements(many), strict=True)
    ]
    tables = [function.data.table(function.columns) for function in functions]
    results = [jackknife(function, [table.T]) for function, table in zip(functions, tables, strict=True)]
    summary = summarise(Samples.together([result.rows[0] for result in results], many[0].lengths))
    reduced, end = [], 0
    for function, table, result in zip(functions, tables, results, strict=True):
        start, end = end, end + len(result.value)
        own = summary.pick(slice(start, end)).in_bins(function.data.bins_per_sample)
        reduced.append(_finish(function, table, result.value, own, details))
    return reduced


@dataclass(frozen=True)
class Curve:
    """The straight part of ⟨|R(τ+lag)-R(τ)|²⟩: its fit, the lags used, their columns, and the autocorrelation
    time in samples."""

    fit: LineFit
    lags: Array
    columns: list[str]
    tau: float


def fit_displacements(many: Sequence[EnsembleBins]) -> list[Curve | None]:
    """The straight parts of the displacement curves of ensembles whose chains are as long; None with too few
    samples.

    Lags up to half the longest one: beyond, a path holds hardly one independent sample.
    """
    takes = []
    for data in many:
        take = (
            np.flatnonzero(data.lags <= 0.5 * data.lags.max())
            if len(data.lags) > 8
            else np.arange(len(data.lags))
        )
        takes.append(take if data.samples >= len(take) + 10 and len(take) >= 3 else take[:0])
    names = [[f"displacement2[{k + 1}]" for k in take] for take in takes]
    if not any(names):
        return [None] * len(many)
    tables = [data.table(columns) for data, columns in zip(many, names, strict=True) if columns]
    samples = Samples.together(tables, many[0].lengths)
    taus = gamma_method(samples).tau
    curves: list[Curve | None] = [None] * len(many)
    alike: dict[bytes, list[_Points]] = {}
    end = 0
    for k, (data, take, columns) in enumerate(zip(many, takes, names, strict=True)):
        start, end = end, end + len(take)
        which = slice(start, end)
        if not columns:
            continue
        points = _Points(k, data.lags[take], columns, max(0.5, float(np.mean(taus[which]))), samples, which)
        if np.all(np.diag(points.covariance) > 0.0):
            alike.setdefault(points.lags.tobytes(), []).append(points)
    for members in alike.values():
        y, covariance = np.stack([p.y for p in members]), np.stack([p.covariance for p in members])
        fits = fit_lines_past_transient(members[0].lags, y, covariance, np.array([p.worth for p in members]))
        for p, fit in zip(members, fits, strict=True):
            curves[p.ensemble] = Curve(fit, p.lags, p.columns, p.tau)
    return curves


class _Points:
    """What a straight line is fitted to."""

    def __init__(
        self, ensemble: int, lags: Array, columns: list[str], tau: float, samples: Samples, which: slice
    ) -> None:
        deviation, n = samples.deviation[which], samples.total
        self.ensemble, self.lags, self.columns, self.tau = ensemble, lags, columns, tau
        self.y = samples.mean[which]
        self.covariance = deviation @ deviation.T * (2.0 * tau / ((n - 1.0) * n))
        self.worth = max(len(lags) + 2, int(n / (2.0 * tau)))  # independent samples


class _Observables:
    """The observables of one ensemble as a function of the means of some of its columns."""

    def __init__(self, data: EnsembleBins, tc: TcSettings, curve: Curve | None) -> None:
        self.data, self.curve, self.tc = data, curve, tc
        self.pair = data.sector == "bipolaron"
        self.dimension = d = get_lattice(data.parameters["lattice"]).dimension
        self.extras = Extras.of(data.sector, data.parameters)
        self._unit = (1.0 if self.pair else 2.0) * float(data.parameters["t"])
        self._factor = prefactor(tc.prefactor, d)
        self.names = (*SECTORS[data.sector], *self.extras.names)
        used = ["energy", "diffusion", "phonons", "bare_hops", "assisted_hops"]
        if self.pair:
            used += ["pair_distance2", "potential", f"pair_weight[{','.join('0' * d)}]"]
        self._lags = slice(len(used), len(used) + len(curve.columns if curve else ()))
        self.columns = [*used, *(curve.columns if curve else ()), *self.extras.columns]

    def __call__(self, means: Array) -> Array:
        """Means (..., columns) to values (..., names and two more): do the estimators of the mass agree? and
        Tc on the branch R² > 1, whatever R² is."""
        unit, d, tc = self._unit, self.dimension, self.tc
        energy, diffusion, phonons, bare, assisted = np.moveaxis(means[..., :5], -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mass = unit * d / diffusion
            slope = means[..., self._lags] @ self.curve.fit.weights if self.curve else mass * np.nan
            mass_fit = unit * d / slope
            further = self.extras.observables(means[..., self._lags.stop :], unit, self.data.lags)
        columns = [energy, mass, mass_fit, phonons, bare, assisted]
        hidden = [mass - mass_fit, mass]
        if self.pair:
            distance2, potential, contact = np.moveaxis(means[..., 5:8], -1, 0)
            r2, masses = radius2(distance2), further[..., self.extras.masses]
            # of an anisotropic pair the geometric mean of its masses counts: it is the one in the density of
            # states
            average = masses.prod(axis=-1) ** (1.0 / d) if self.extras.anisotropic else mass
            omega = float(self.data.parameters["omega"])
            ratio = transition_temperature(average / unit, r2, d, self._factor, tc.density) / omega
            kelvin = ratio * np.nan if tc.omega_meV is None else in_kelvin(ratio, tc.omega_meV)
            columns += [distance2, r2, potential, contact, ratio, kelvin]
            hidden[1] = ratio * np.maximum(r2, 1.0) / r2
        return np.moveaxis(np.stack([*columns, *np.moveaxis(further, -1, 0), *hidden]), 0, -1)


def _finish(function: _Observables, table: Array, value: Array, summary: Summary, details: bool) -> Reduced:
    data, curve, names = function.data, function.curve, function.names
    if function.pair and function.dimension > 1 and function.tc.density is None:
        summary = _near_the_kink(summary, value, names)
    discrepancy = abs(value[-2]) / summary.error[-2] if summary.error[-2] > 0.0 else math.nan
    judged = (f"E_{data.sector}", f"mass_{data.sector}", "radius2")
    return _reduced(
        data,
        names=names,
        values=value[:-2],
        summary=summary,
        fit=curve.fit if curve else None,
        lags=curve.lags if curve else np.empty(0),
        mass_discrepancy=float(discrepancy),
        unresolved=function.extras.unresolved(summary.error[len(SECTORS[data.sector]) : -2], data.lags),
        judged=tuple(names.index(name) for name in judged if name in names),
        replicates=_replicates(_blocks(table, data.lengths), function) if function.pair else None,
        **(_details(data, curve.tau if curve else 0.5) if details else {}),
    )


def _near_the_kink(summary: Summary, value: Array, names: Sequence[str]) -> Summary:
    """The density saturates at R² = 1. Where R² cannot be told from 1 the jackknife of Tc sees one branch
    only, below 1 that without the error of R²; the larger error and the fewer independent samples of the two
    branches count."""
    r2, ratio, kelvin = (names.index(name) for name in ("radius2", "tc_over_omega", "tc_kelvin"))
    if not abs(value[r2] - 1.0) < summary.error[r2]:
        return summary
    error, independent, verdict = summary.error.copy(), summary.independent.copy(), summary.verdict.copy()
    scale = np.fmax(1.0, error[-1] / error[ratio])
    for i in (ratio, kelvin):
        error[i] *= scale
        independent[i], verdict[i] = min(independent[i], independent[-1]), max(verdict[i], verdict[-1])
    return replace(summary, error=error, independent=independent, verdict=verdict)


def _blocks(table: Array, lengths: Sequence[int]) -> Array:
    """(columns, blocks) means over about `BLOCKS` equal stretches of the chains; fewer if the chains are
    short."""
    size = min(max(lengths), max(1, sum(lengths) // BLOCKS))
    if len(set(lengths)) == 1:
        chains = table.reshape(len(table), len(lengths), -1)
        whole = chains[:, :, lengths[0] % size :].reshape(len(table), -1, size)
        return np.asarray(whole.mean(axis=2))
    return np.concatenate(
        [rebin(chain.T, size) for chain in np.split(table, np.cumsum(lengths)[:-1], axis=1)]
    ).T


def _replicates(blocks: Array, function: _Observables) -> Array:
    """(blocks, 2) mass and R² without one block each."""
    if blocks.shape[1] < 2:
        return np.empty((0, 2))
    mean = blocks.mean(axis=1, keepdims=True)
    without = function((mean + (mean - blocks) / (blocks.shape[1] - 1.0)).T)
    return np.asarray(without[:, [function.names.index("mass_bipolaron"), function.names.index("radius2")]])


def _details(data: EnsembleBins, tau: float) -> dict[str, Any]:
    """The displacement curve, and P(r) of a pair."""
    curve = data.table([f"displacement2[{k + 1}]" for k in range(len(data.lags))])
    found: dict[str, Any] = {
        "curve_lags": data.lags,
        "curve": curve.mean(axis=1),
        "curve_err": curve.std(axis=1, ddof=1) * math.sqrt(2.0 * tau / data.samples),
        "slope_lags": data.lags[[SLOPE_FROM - 1, SLOPE_TO - 1]],
    }
    weights = [name for name in data.columns if name.startswith("pair_weight[")]
    if weights:
        d = weights[0].count(",") + 1
        shape = (round(len(weights) ** (1.0 / d)),) * d
        table = data.table(weights)
        blocks = _blocks(table, data.lengths)
        found["pair_weight"] = table.mean(axis=1).reshape(shape)
        error = blocks.std(axis=1, ddof=min(1, blocks.shape[1] - 1)) / math.sqrt(blocks.shape[1])
        found["pair_weight_err"] = error.reshape(shape)
    return found
