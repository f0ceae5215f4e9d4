"""From the bins of a few chains to the record that a campaign has of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hpcbip.campaign.plan import EnsembleRecord
from hpcbip.qmc import columns, lags
from hpcbip.reduction.ensembles import EnsembleBins, Reduced
from hpcbip.reduction.estimates import reduce_ensemble
from hpcbip.reduction.points import reduce_point, sector_entries
from hpcbip.reduction.target_errors import TRUSTED
from hpcbip.store.segment import block_means
from hpcbip.store.selection import bins_per_row
from hpcbip.store.store import Rows
from hpcbip.vocabulary.displays import DERIVED
from hpcbip.vocabulary.entries import ERROR, TIME, VERDICT
from hpcbip.vocabulary.flags import split_code
from hpcbip.vocabulary.observables import BINDING_ENERGY
from hpcbip.vocabulary.parameters import BETA, PARAMETERS
from hpcbip.vocabulary.sectors import BIPOLARON, POLARON, SECTORS


def reduce_chains(
    point: Mapping[str, Any],
    ensembles: Mapping[str, EnsembleRecord],
    chains: Mapping[str, Sequence[Rows]],
    bins_per_block: int,
) -> dict[str, Any]:
    """Reduce the bins of one or both sectors of a model as a campaign reduces those of a point.

    Args:
        point: parameters of the model (`hpcbip.campaign.plan.Point`).
        ensembles: of the sectors.
        chains: per sector arrays (bins, columns).
        bins_per_block: means of blocks are reduced where there are many.

    Returns:
        the record (`hpcbip.reduction.points.reduce_point`); of one sector alone without the entries of the
            other.
    """
    reduced = {
        sector: reduce_ensemble(_ensemble_bins(record, chains[sector], bins_per_block))
        for sector, record in ensembles.items()
    }
    if len(ensembles) == 1:
        (ensemble,) = ensembles.values()
        point = {**point, BETA.name: ensemble.parameters[BETA.name]}
    record = reduce_point(point, reduced.get(POLARON.name), reduced.get(BIPOLARON.name))
    for sector in SECTORS.keys() - ensembles.keys():
        record = _without(sector, record)
    return record


def _without(sector: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a sector has a part in: parameters, observables, checks, flags."""
    absent = set(sector_entries(sector, Reduced(sector=sector), record))
    absent |= {BINDING_ENERGY.name + end for end in ("", ERROR, TIME, VERDICT)}
    if sector == BIPOLARON.name:
        absent |= {entry.name for entry in DERIVED} | {p.name for p in PARAMETERS.values() if p.of_pair}
        absent |= {"tc_valid"}
    flags = {
        code: text
        for code, text in zip(record["flag_codes"], record["flags"], strict=True)
        if sector not in split_code(code)
    }
    own = {key: value for key, value in record.items() if key not in absent}
    return own | {"flags": list(flags.values()), "flag_codes": list(flags)}


def meets_targets(record: Mapping[str, Any], target: Mapping[str, float]) -> bool:
    """Tell whether the relative errors in a record are as small as wanted.

    The error from n < `TRUSTED` independent samples counts √(TRUSTED/n) times, as in a campaign.
    """
    known = [n for sector in SECTORS if (n := record.get(f"independent_{sector}")) is not None]
    if not known:
        return False
    caution = math.sqrt(max(1.0, TRUSTED / min(known)))
    for name, wanted in target.items():
        value, error = record.get(name), record.get(name + ERROR)
        if not value or error is None or error * caution > wanted * abs(value):
            return False
    return True


def _ensemble_bins(record: EnsembleRecord, chains: Sequence[Rows], bins_per_block: int) -> EnsembleBins:
    ensemble = record.build()
    size = bins_per_row([len(rows) for rows in chains], bins_per_block)
    means = [block_means(rows, bins_per_block) for rows in chains] if size > 1 else chains
    return EnsembleBins(
        record.sector,
        record.parameters,
        columns(ensemble),
        means,
        lags(ensemble),
        *((bins_per_block, size // bins_per_block) if size > 1 else ()),
    )
