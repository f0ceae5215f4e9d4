"""From records of points to what the search for maxima of Tc takes (`hpcbip.superconductivity.scans`)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hpcbip.models import get_lattice
from hpcbip.statistics.binning import Array
from hpcbip.superconductivity.scans import ScanPoint
from hpcbip.vocabulary.entries import ERROR, SYSTEMATIC
from hpcbip.vocabulary.flags import NOT_BOUND, TC_ABOVE_BINDING, invalidates_tc
from hpcbip.vocabulary.indexed import AXIS_MASS_BIPOLARON
from hpcbip.vocabulary.observables import BINDING_ENERGY, MASS_BIPOLARON, RADIUS2, TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import PARAMETERS
from hpcbip.vocabulary.sectors import SECTORS

Record = Mapping[str, Any]


def scan_points(records: Sequence[Record], replicates: Mapping[str, Array] | None = None) -> list[ScanPoint]:
    """Return the points of a campaign as points of scans.

    Args:
        records: of points (`hpcbip.reduction.points.reduce_point`); keys may be absent.
        replicates: by the record's "point", (B, 2) values of mass and R² of the pair with one block of bins
            left out.
    """
    return [_scan_point(record, (replicates or {}).get(record.get("point", ""))) for record in records]


def _scan_point(record: Record, replicates: Array | None) -> ScanPoint:
    return ScanPoint(
        parameters={name: record[name] for name in PARAMETERS if name in record},
        mass=_mass(record),
        mass_error=_relative_error(record, MASS_BIPOLARON.name),
        radius2=record.get(RADIUS2.name),
        radius2_error=_relative_error(record, RADIUS2.name),
        correlation=record.get("mass_radius_correlation") or 0.0,
        replicates=replicates,
        density=record.get("density"),
        prefactor=record.get("tc_prefactor"),
        tc=record.get(TC_OVER_OMEGA.name),
        tc_error=_relative_error(record, TC_OVER_OMEGA.name),
        tc_systematic=_relative(record, TC_OVER_OMEGA.name, SYSTEMATIC),
        binding=_over_omega(record, BINDING_ENERGY.name),
        binding_error=_over_omega(record, BINDING_ENERGY.name + ERROR),
        pair_bins=record.get(f"bins_{MASS_BIPOLARON.sectors[0]}") or 0,
        all_bins=sum(record.get(f"bins_{sector}") or 0 for sector in SECTORS),
        valid=bool(record.get("tc_valid")) or _concerns_binding_only(record),
        flags=tuple(record.get("flags", ())),
    )


def _over_omega(record: Record, name: str) -> float | None:
    energy = record.get(name)
    return None if energy is None else float(energy / record["omega"])


def _concerns_binding_only(record: Record) -> bool:
    """Tell whether all that speaks against Tc is that Δ is not above it: the curve of Δ knows that."""
    against = {code for code in record.get("flag_codes") or () if invalidates_tc([code])}
    return bool(against) and against <= {NOT_BOUND.code, TC_ABOVE_BINDING.code}


def _relative(record: Record, name: str, suffix: str) -> float | None:
    value, error = record.get(name), record.get(name + suffix)
    return error / value if value and error is not None else None


def _relative_error(record: Record, name: str) -> float | None:
    return _relative(record, name, ERROR) or None


def _mass(record: Record) -> float | None:
    """Return the mass that enters Tc: of an anisotropic pair the geometric mean."""
    dimension = get_lattice(record["lattice"]).dimension
    along = [record.get(name) for name in AXIS_MASS_BIPOLARON.members(dimension)]
    known = [float(mass) for mass in along if mass is not None]
    if len(known) == len(along):
        return math.prod(known) ** (1.0 / len(known))
    return record.get(MASS_BIPOLARON.name)
