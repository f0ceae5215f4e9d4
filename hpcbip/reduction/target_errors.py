"""Relative errors of an ensemble's observables, by which the stopping rule decides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpcbip.campaign.plan import Plan
from hpcbip.reduction.ensembles import MIN_BINS, EnsembleBins, Reduced
from hpcbip.reduction.estimates import reduce_ensemble
from hpcbip.reduction.points import sector_entries
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import (
    BINDING_ENERGY,
    MASS_BIPOLARON,
    RADIUS2,
    TARGETS,
    TC_OVER_OMEGA,
    sector_observable,
)
from hpcbip.vocabulary.sectors import POLARON

if TYPE_CHECKING:
    from hpcbip.store.selection import SelectedBins

TRUSTED = 200  # independent samples from which on the stopping rule takes an error as it is


def mean_energy(plan: Plan, identity: str, bins: SelectedBins) -> float | None:
    """Return the mean energy of one ensemble; None below `MIN_BINS` samples."""
    data = _ensemble_bins(plan, identity, bins)
    return float(data.table(["energy"]).mean()) if data.samples >= MIN_BINS else None


def target_errors(
    plan: Plan, identity: str, bins: SelectedBins, partners: Mapping[str, float | None] | None = None
) -> dict[str, float]:
    """Return the relative errors of the observables that one ensemble's bins determine.

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
    data = _ensemble_bins(plan, identity, bins)
    reduced = reduce_ensemble(data)
    entries = sector_entries(data.sector, reduced, data.parameters)
    names = [name for name, target in TARGETS.items() if target.sectors == (data.sector,)]
    result = {name: _relative(entries, name) * _caution(reduced, name) for name in names}
    energy_name = sector_observable("energy", data.sector).name
    energy, energy_error = entries[energy_name], entries[energy_name + ERROR]
    polaron = data.sector == POLARON.name
    own = None if energy_error is None else math.sqrt(2.0) * energy_error * (2.0 if polaron else 1.0)
    for other, theirs in (partners or {}).items():
        joined = any({identity, other} == set(point.ensembles.values()) for point in plan.points)
        if not joined:
            continue
        value = 0.0
        if energy is not None and theirs is not None:
            value = 2.0 * energy - theirs if polaron else 2.0 * theirs - energy
        error = math.inf
        if own is not None and value:
            error = own / abs(value) * _caution(reduced, energy_name)
        result[BINDING_ENERGY.name] = max(error, result.get(BINDING_ENERGY.name, 0.0))
    return result


def _caution(reduced: Reduced, name: str) -> float:
    """Return the factor by which an error from few independent samples counts."""
    if reduced.summary is None:
        return 1.0
    parts = [name]
    if name == TC_OVER_OMEGA.name:
        parts += [MASS_BIPOLARON.name, RADIUS2.name]
    independent = min(float(reduced.summary.independent[reduced.index(part)]) for part in parts)
    return math.sqrt(max(1.0, TRUSTED / independent))


def _ensemble_bins(plan: Plan, identity: str, bins: SelectedBins) -> EnsembleBins:
    from hpcbip.qmc import columns, lags  # here, because it compiles

    record = plan.ensembles[identity]
    ensemble = record.build()
    return EnsembleBins(
        record.sector,
        record.parameters,
        columns(ensemble),
        bins.chains,
        lags(ensemble),
        bins.bins_per_row,
        bins.rows_per_sample,
    )


def _relative(entries: Mapping[str, Any], name: str) -> float:
    value, error = entries[name], entries[name + ERROR]
    return math.inf if value is None or error is None or value == 0.0 else abs(error / value)
