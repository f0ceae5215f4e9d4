"""Relative errors of an ensemble's observables, by which the stopping rule decides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcbip.campaign.plan import Plan
from hpcbip.qmc.layout import columns, lags
from hpcbip.reduction.ensembles import MIN_BINS, EnsembleBins, Reduced
from hpcbip.reduction.estimates import reduce_ensemble
from hpcbip.reduction.points import sector_entries
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import (
    BINDING_ENERGY,
    BINDING_MARGIN,
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


class PartnerMeans(NamedTuple):
    """What the errors of an ensemble need of one of the other sector; None: not known.

    Attributes:
        energy: of the ensemble.
        tc: in the unit of energies, if it is one of a pair and wanted.
    """

    energy: float | None
    tc: float | None = None


def partner_means(plan: Plan, identity: str, bins: SelectedBins, with_tc: bool = False) -> PartnerMeans:
    """Return the mean energy of one ensemble, and its Tc `with_tc`; None below `MIN_BINS` samples."""
    data = _ensemble_bins(plan, identity, bins)
    if data.samples < MIN_BINS:
        return PartnerMeans(None)
    energy = float(data.table(["energy"]).mean())
    if data.sector == POLARON.name or not with_tc:
        return PartnerMeans(energy)
    return PartnerMeans(
        energy, _tc(sector_entries(data.sector, reduce_ensemble(data), data.parameters), data)
    )


def target_errors(
    plan: Plan, identity: str, bins: SelectedBins, partners: Mapping[str, PartnerMeans] | None = None
) -> dict[str, float]:
    """Return the relative errors of the observables that one ensemble's bins determine.

    Sizes and masses have long tails: a run that happens to miss them has a mean and an error that are both
    too small, and a rule that stops where the error is small picks just these. So an error from n < `TRUSTED`
    independent samples counts √(TRUSTED/n) times.

    Args:
        plan: the campaign's plan.
        identity: of the ensemble.
        bins: its bins.
        partners: of ensembles of the other sector (`partner_means`), by identity. With them binding_energy
            and binding_margin are there too: the largest error over the points that join this ensemble with
            one of them, if the other sector's part of it becomes as small as this one's. (Its present part is
            left out: it may be far behind.) That of Δ is relative; that of Δ - Tc, which may be zero, is that
            of Δ over Tc or over |Δ - Tc|, whichever is larger: as long as it is small Δ is known as well as
            Tc is asked to be, and where Δ and Tc are far apart that is not needed.

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
    own = None
    if energy_error is not None:
        own = math.sqrt(2.0) * energy_error * (2.0 if polaron else 1.0) * _caution(reduced, energy_name)
    for other, theirs in (partners or {}).items():
        joined = any({identity, other} == set(point.ensembles.values()) for point in plan.points)
        if not joined:
            continue
        error = margin_error = math.inf
        tc = theirs.tc if polaron else _tc(entries, data)
        if own is not None and energy is not None and theirs.energy is not None:
            value = 2.0 * energy - theirs.energy if polaron else 2.0 * theirs.energy - energy
            error = own / abs(value) if value else math.inf
            if tc is not None:
                margin_error = own / max(tc, abs(value - tc))
            elif polaron:  # no Tc to compare with: that of the pair has to come first
                margin_error = 0.0
        for name, found in ((BINDING_ENERGY.name, error), (BINDING_MARGIN.name, margin_error)):
            result[name] = max(found, result.get(name, 0.0))
    return result


def _tc(entries: Mapping[str, Any], data: EnsembleBins) -> float | None:
    """Return Tc in the unit of energies; None where it is not resolved or there is none."""
    ratio = entries[TC_OVER_OMEGA.name]
    return None if ratio is None else float(ratio * data.parameters["omega"])


def _caution(reduced: Reduced, name: str) -> float:
    """Return the factor by which an error from few independent samples counts."""
    if reduced.summary is None or name not in reduced.names:  # bins of earlier versions may lack a column
        return 1.0
    parts = [name]
    if name == TC_OVER_OMEGA.name:
        parts += [MASS_BIPOLARON.name, RADIUS2.name]
    independent = min(float(reduced.summary.independent[reduced.index(part)]) for part in parts)
    return math.sqrt(max(1.0, TRUSTED / independent))


def _ensemble_bins(plan: Plan, identity: str, bins: SelectedBins) -> EnsembleBins:
    record = plan.ensembles[identity]
    ensemble = record.build()
    return EnsembleBins(
        record.sector,
        record.parameters,
        bins.columns or columns(ensemble),
        bins.chains,
        lags(ensemble),
        bins.bins_per_row,
        bins.rows_per_sample,
    )


def _relative(entries: Mapping[str, Any], name: str) -> float:
    value, error = entries[name], entries[name + ERROR]
    return math.inf if value is None or error is None or value == 0.0 else abs(error / value)
