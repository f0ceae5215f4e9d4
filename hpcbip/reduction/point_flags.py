"""Which flags are raised for a point."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from hpcbip.campaign.projection import MAX_EDGE_WEIGHT
from hpcbip.models import get_lattice
from hpcbip.reduction.ensembles import MIN_BINS, Reduced, TcSettings
from hpcbip.statistics import P_ALARM, UNDERSAMPLED, VERDICTS
from hpcbip.superconductivity import validity_flags
from hpcbip.vocabulary import flags
from hpcbip.vocabulary.displays import BETA_WEIGHT, CONVERGENCE, TC_VERDICT
from hpcbip.vocabulary.entries import VERDICT
from hpcbip.vocabulary.flags import RaisedFlag, invalidates_tc
from hpcbip.vocabulary.sectors import BIPOLARON, SECTORS

MASS_SIGMA = 4.0  # standard errors by which two estimators of one mass may differ


def point_flags(
    record: Mapping[str, Any], ensembles: Mapping[str, Reduced], tc: TcSettings
) -> list[RaisedFlag]:
    """Return the flags of a point, in the order of `hpcbip.vocabulary.flags.FLAGS`.

    Args:
        record: of the point, with all observables and what follows from them.
        ensembles: its reduced ensembles by sector.
        tc: how Tc is worked out.
    """
    raised = [flags.NO_BINS.raised(sector) for sector in SECTORS if ensembles[sector].bins < MIN_BINS]
    if ensembles[BIPOLARON.name].summary is not None:
        raised += _tc_flags(record, tc)
    bound = flags.NOT_BOUND.raised() not in raised
    if (record[BETA_WEIGHT.name] or 0.0) > MAX_EDGE_WEIGHT and bound:  # else no β would do
        raised.append(flags.BETA_SHORT.raised())
    for sector in SECTORS:
        raised += _statistics_flags(sector, record)
    raised += [flags.TWO_STATES.raised(sector) for sector in SECTORS if ensembles[sector].states]
    verdicts = [record[observable.name + VERDICT] for observable in TC_VERDICT]
    if "not" in verdicts:
        raised.append(flags.NOT_CONVERGED.raised())
    for sector in SECTORS:
        if (sigma := ensembles[sector].mass_discrepancy) > MASS_SIGMA:
            raised.append(flags.MASS_FIT_DIFFERS.raised(sector, sigma=sigma))
    return raised


def flag_entries(record: Mapping[str, Any], raised: Iterable[RaisedFlag]) -> dict[str, Any]:
    """Return the entries flags, flag_codes and tc_valid of a record: its flags so far, and those raised."""
    texts, codes = list(record.get("flags", ())), list(record.get("flag_codes", ()))
    for flag in raised:
        texts.append(flag.text)
        codes.append(flag.code)
    valid = record["tc_over_omega"] is not None and not invalidates_tc(codes)
    return {"tc_valid": valid, "flags": texts, "flag_codes": codes}


def is_converged(record: Mapping[str, Any]) -> bool:
    """Tell whether the mass, the size and the binding energy of a point are converged (`CONVERGENCE`)."""
    return all(record.get(observable.name + VERDICT) == VERDICTS[0] for observable in CONVERGENCE)


def _tc_flags(record: Mapping[str, Any], tc: TcSettings) -> list[RaisedFlag]:
    ratio, r2 = record["tc_over_omega"], record["radius2"]
    return validity_flags(
        get_lattice(record["lattice"]).dimension,
        ratio * record["omega"] if ratio is not None else math.nan,
        r2 if r2 is not None else math.nan,
        record["binding_energy"],
        record["binding_energy_err"],
        tc.density,
    )


def _statistics_flags(sector: str, record: Mapping[str, Any]) -> list[RaisedFlag]:
    def alarms(check: str) -> bool:
        p = record[f"{check}_{sector}"]
        return p is not None and p < P_ALARM

    raised = []
    if (independent := record[f"independent_{sector}"]) is not None and independent < UNDERSAMPLED:
        raised.append(flags.FEW_BINS.raised(sector))
    if alarms("half_p") or alarms("trend_p"):
        raised.append(flags.NOT_THERMALISED.raised(sector))
    if alarms("chain_p"):
        raised.append(flags.CHAINS_DISAGREE.raised(sector))
    return raised
