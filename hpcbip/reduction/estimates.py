"""From the bins of ensembles to their observables: values, errors, autocorrelation times, and checks.

Everything is a function of the means of the bins' columns (`hpcbip.reduction.bindings`) and goes through the
delete-one jackknife, whose pseudo-values are analysed like plain samples (`hpcbip.statistics`). Times X_tau
are in bins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.qmc.estimators.displacement import SLOPE_FROM, SLOPE_TO
from hpcbip.reduction.bindings import MASS_DIFFERENCE, UNSATURATED_TC, Binding, binding_of, members
from hpcbip.reduction.displacement import DisplacementFit, displacement_columns, fit_displacements
from hpcbip.reduction.ensembles import (
    MIN_BINS,
    BoundEnsemble,
    EnsembleBins,
    Reduced,
    State,
    TcSettings,
)
from hpcbip.statistics import Summary, find_two_states, jackknife, rebin, summarise
from hpcbip.statistics.binning import Array
from hpcbip.statistics.samples import Samples
from hpcbip.vocabulary.displays import ENSEMBLE_CHECKS
from hpcbip.vocabulary.entries import Observable
from hpcbip.vocabulary.indexed import LATTICE_OBSERVABLES
from hpcbip.vocabulary.observables import (
    MASS_BIPOLARON,
    RADIUS2,
    TC_KELVIN,
    TC_OVER_OMEGA,
    sector_observable,
    sector_observables,
)
from hpcbip.vocabulary.sectors import BIPOLARON, POLARON

BLOCKS = 48  # of the replicates for functions of several points
STATE_COLUMNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {POLARON.name: ("phonons", "bare_hops"), BIPOLARON.name: ("phonons", "pair_distance2")}
)
"""Columns in which two states differ: the heavier one has more phonons, and hops less or is smaller."""
SLOW = 2.0  # autocorrelation time of the phonons in samples below which there are no rare switches
NOISE = 0.3  # error of the logarithm of a wave's decay above which an energy is not resolved, but biased


Place = int | slice | list[int]


class Evaluation:
    """The observables of one ensemble as a function of the means of some of its columns.

    Attributes:
        names: of the observables, in the order of the results.
        all_names: with the auxiliary ones that follow them.
        columns: names of the columns whose means are the arguments.
    """

    def __init__(self, data: EnsembleBins, tc: TcSettings, displacement: DisplacementFit | None) -> None:
        self.data, self.displacement, self.tc = data, displacement, tc
        self.ensemble = BoundEnsemble(data.sector, data.parameters, data.lags, tc, displacement)
        places: dict[str, int] = {}
        self._terms: list[tuple[Callable[..., Array], list[Place], bool]] = []
        self.names = tuple(self._add(sector_observables(data.sector), places))
        auxiliary = [one for one in (MASS_DIFFERENCE, UNSATURATED_TC) if data.sector in one.sectors]
        self.all_names = (*self.names, *self._add(auxiliary, places))
        self.columns = tuple(places)
        self._index = {name: i for i, name in enumerate(self.all_names)}

    def _add(self, observables: Iterable[Observable], places: dict[str, int]) -> list[str]:
        names: list[str] = []
        for observable in observables:
            binding = binding_of(observable)
            columns = self._columns(binding)
            if not observable.required and not {name for part in columns for name in part} <= {
                *self.data.columns
            }:
                continue  # bins of an earlier version
            own_names = members(observable, self.ensemble)
            if not own_names:
                continue
            for name in (name for part in columns for name in part):
                places.setdefault(name, len(places))
            where = [
                places[own] if isinstance(own, str) else _place([places[name] for name in part])
                for own, part in zip(binding.columns, columns, strict=True)
            ]
            self._terms.append((binding.function, where, observable.indexed))
            names += own_names
        return names

    def _columns(self, binding: Binding) -> list[tuple[str, ...]]:
        """Return the names of the columns of each argument."""
        return [(one,) if isinstance(one, str) else one(self.ensemble) for one in binding.columns]

    def index(self, observable: Observable | str) -> int:
        """Return where an observable is among the values."""
        return self._index[observable if isinstance(observable, str) else observable.name]

    def __call__(self, means: Array) -> Array:
        """Evaluate all observables: means (..., columns) to values (..., all_names)."""
        values: list[Array] = []
        with np.errstate(divide="ignore", invalid="ignore"):
            for function, where, indexed in self._terms:
                value = function(self.ensemble, *(means[..., place] for place in where))
                values += list(np.moveaxis(value, -1, 0)) if indexed else [value]
        return np.moveaxis(np.stack(values), 0, -1)


def _place(where: list[int]) -> Place:
    """Return a slice if the numbers are consecutive: it costs no copy."""
    start = where[0] if where else 0
    return slice(start, start + len(where)) if where == list(range(start, start + len(where))) else where


def reduce_ensemble(data: EnsembleBins, tc: TcSettings | None = None, details: bool = False) -> Reduced:
    """Reduce the bins of one ensemble; the result is empty below `MIN_BINS` samples.

    Args:
        data: its bins.
        tc: how Tc is worked out.
        details: with the displacement curve and P(r), for figures.

    Raises:
        InputError: if the bins lack a column: they are another version's.
    """
    return reduce_ensembles([data], tc, details)[0]


def reduce_ensembles(
    ensembles: Sequence[EnsembleBins], tc: TcSettings | None = None, details: bool = False
) -> list[Reduced]:
    """Reduce the bins of several ensembles (`reduce_ensemble`).

    Those whose chains are as long go through the statistics together, in less time: for arrays of this size
    the calls take longer than the numbers.
    """
    reduced: dict[int, Reduced] = {}
    same_lengths: dict[tuple[int, ...], list[int]] = {}
    for k, data in enumerate(ensembles):
        if data.samples < MIN_BINS:
            reduced[k] = _reduced(data)
        else:
            same_lengths.setdefault(data.lengths, []).append(k)
    tc = tc or TcSettings()
    for numbers in same_lengths.values():
        batch = _reduce_batch([ensembles[k] for k in numbers], tc, details)
        for k, one in zip(numbers, batch, strict=True):
            reduced[k] = replace(one, states=_states(ensembles[k], one, tc))
    return [reduced[k] for k in range(len(ensembles))]


def _reduced(data: EnsembleBins, **known: Any) -> Reduced:
    return Reduced(
        sector=data.sector, parameters=data.parameters, bins=data.bins, chains=len(data.chains), **known
    )


def _reduce_batch(ensembles: Sequence[EnsembleBins], tc: TcSettings, details: bool) -> list[Reduced]:
    """Reduce ensembles whose chains are as long."""
    fits = fit_displacements(ensembles)
    functions = [Evaluation(data, tc, fit) for data, fit in zip(ensembles, fits, strict=True)]
    tables = [function.data.table(function.columns) for function in functions]
    results = [jackknife(function, [table.T]) for function, table in zip(functions, tables, strict=True)]
    summary = summarise(Samples.stacked([result.rows[0] for result in results], ensembles[0].lengths))
    reduced, end = [], 0
    for function, table, result in zip(functions, tables, results, strict=True):
        start, end = end, end + len(result.value)
        own = summary.pick(slice(start, end)).in_bins(function.data.bins_per_sample)
        reduced.append(_finish(function, table, result.value, own, details))
    return reduced


def _finish(function: Evaluation, table: Array, value: Array, summary: Summary, details: bool) -> Reduced:
    data, fit, names = function.data, function.displacement, function.names
    pair = data.sector == BIPOLARON.name
    if pair and function.ensemble.dimension > 1 and function.tc.density is None:
        summary = _near_saturation(function, summary, value)
    difference = function.index(MASS_DIFFERENCE)
    error = summary.error[difference]
    return _reduced(
        data,
        names=names,
        values=value[: len(names)],
        summary=summary,
        fit=fit.fit if fit else None,
        lags=fit.lags if fit else np.empty(0),
        mass_discrepancy=float(abs(value[difference]) / error if error > 0.0 else math.nan),
        unresolved=_unresolved(function, summary.error),
        checked=tuple(function.index(observable) for observable in ENSEMBLE_CHECKS[data.sector]),
        replicates=_replicates(_block_means(table, data.lengths), function) if pair else None,
        **(_details(data, fit) if details else {}),
    )


def _states(data: EnsembleBins, reduced: Reduced, tc: TcSettings) -> tuple[State, ...]:
    """Reduce the two states that the chains sit in, each by itself; () if they sit in one.

    The bins of each come in stretches, which are analysed as chains are.
    """
    assert reduced.summary is not None
    phonons = reduced.index(sector_observable("phonons", data.sector))
    if reduced.summary.tau[phonons] < SLOW * data.bins_per_sample:
        return ()
    quantities = np.log1p(data.table(STATE_COLUMNS[data.sector]))  # in both states as wide
    if (found := find_two_states(quantities, data.lengths)) is None:
        return ()
    states = []
    for number, switches in enumerate((found.to_lower, found.to_upper)):
        own = replace(
            data,
            chains=_stretches(data, found.state == number),
            bins_per_row=data.bins_per_sample,
            rows_per_sample=1,
        )
        one = _reduce_batch([own], tc, False)[0] if own.samples >= MIN_BINS else _reduced(own)
        inside = np.where(found.state < 0, 0.5, found.state == number)  # beside a switch either is as likely
        share = summarise(Samples.stacked([inside[None]], data.lengths)).in_bins(data.bins_per_sample)
        states.append(State(one, share, switches))
    return tuple(states)


def _stretches(data: EnsembleBins, chosen: NDArray[np.bool_]) -> list[Array]:
    """Return what the chosen samples consist of without a gap and within a chain: arrays (rows, columns)."""
    parts, end = [], 0
    for length in data.lengths:
        start, end = end, end + length
        edges = np.flatnonzero(np.diff(chosen[start:end], prepend=False, append=False)).reshape(-1, 2)
        parts += [data.rows[start + first : start + last] for first, last in edges]
    return parts


def _unresolved(function: Evaluation, error: Array) -> frozenset[str]:
    """Return the names of the energies E(K) - E(0) whose wave has decayed into its noise."""
    time, names = function.ensemble.wave_time, set(function.names)
    found = set()
    for observable in LATTICE_OBSERVABLES.values():
        if observable.quantity == "dispersion":
            momenta = names.intersection(observable.members(len(function.ensemble.lattice.momenta)))
            found |= {name for name in momenta if not error[function.index(name)] * time < NOISE}
    return frozenset(found)


def _near_saturation(function: Evaluation, summary: Summary, value: Array) -> Summary:
    """Take the larger error of Tc of the two branches where the density saturates, at R² = 1.

    Where R² cannot be told from 1 the jackknife of Tc sees one branch only, below 1 that without the error of
    R²; the larger error and the fewer independent samples of the two branches count.
    """
    r2, ratio, other = (function.index(one) for one in (RADIUS2, TC_OVER_OMEGA, UNSATURATED_TC))
    if not abs(value[r2] - 1.0) < summary.error[r2]:
        return summary
    error, independent, verdict = summary.error.copy(), summary.independent.copy(), summary.verdict.copy()
    scale = np.fmax(1.0, error[other] / error[ratio])
    for i in (ratio, function.index(TC_KELVIN)):
        error[i] *= scale
        independent[i] = min(independent[i], independent[other])
        verdict[i] = max(verdict[i], verdict[other])
    return replace(summary, error=error, independent=independent, verdict=verdict)


def _block_means(table: Array, lengths: Sequence[int]) -> Array:
    """Average over about `BLOCKS` equal stretches of the chains, fewer if the chains are short.

    Returns:
        (columns, blocks).
    """
    size = min(max(lengths), max(1, sum(lengths) // BLOCKS))
    if len(set(lengths)) == 1:
        chains = table.reshape(len(table), len(lengths), -1)
        whole = chains[:, :, lengths[0] % size :].reshape(len(table), -1, size)
        return np.asarray(whole.mean(axis=2))
    return np.concatenate(
        [rebin(chain.T, size) for chain in np.split(table, np.cumsum(lengths)[:-1], axis=1)]
    ).T


def _replicates(blocks: Array, function: Evaluation) -> Array:
    """Return (blocks, 2): mass and R² without one block each."""
    if blocks.shape[1] < 2:
        return np.empty((0, 2))
    mean = blocks.mean(axis=1, keepdims=True)
    without = function((mean + (mean - blocks) / (blocks.shape[1] - 1.0)).T)
    return np.asarray(without[:, [function.index(MASS_BIPOLARON), function.index(RADIUS2)]])


def _details(data: EnsembleBins, fit: DisplacementFit | None) -> dict[str, Any]:
    """Return the displacement curve, and P(r) of a pair."""
    tau = fit.tau if fit else 0.5
    curve = data.table(displacement_columns(range(len(data.lags))))
    details: dict[str, Any] = {
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
        blocks = _block_means(table, data.lengths)
        details["pair_weight"] = table.mean(axis=1).reshape(shape)
        error = blocks.std(axis=1, ddof=min(1, blocks.shape[1] - 1)) / math.sqrt(blocks.shape[1])
        details["pair_weight_err"] = error.reshape(shape)
    return details
