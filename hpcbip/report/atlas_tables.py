"""Tables of the atlas: its points with chosen columns, and its campaigns."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from hpcbip.errors import InputError
from hpcbip.report.tables import Record
from hpcbip.vocabulary.entries import ERROR, SYSTEMATIC, VERDICT, Observable
from hpcbip.vocabulary.observables import OBSERVABLES
from hpcbip.vocabulary.parameters import PARAMETERS
from hpcbip.vocabulary.sectors import SECTORS

CAMPAIGN = "campaign"
"""The entry of a record of the atlas that says from which campaign it is."""

_SECONDS_PER_HOUR = 3600.0
_ALWAYS = (CAMPAIGN, "point")
_FLAG_ENTRIES = ("tc_valid", "flags", "flag_codes")


def table_columns(names: Sequence[str], records: Sequence[Record]) -> tuple[list[Observable], list[str]]:
    """Return the observables among chosen columns, and the other entries among them.

    Raises:
        InputError: if no record has an entry of that name.
    """
    known = dict.fromkeys(name for record in records for name in record)
    observables, others = [], []
    for name in names:
        if name not in known and name not in OBSERVABLES:
            near = difflib.get_close_matches(name, [*OBSERVABLES, *known], 3) or list(OBSERVABLES)
            raise InputError(f"--columns: {name}: no entry of the records; allowed: {', '.join(near)}, ...")
        if name in OBSERVABLES or name + ERROR in known:
            observables.append(OBSERVABLES.get(name) or Observable(name=name, words=name, quantity=name))
        else:
            others.append(name)
    return observables, others


def restricted(records: Sequence[Record], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the records with nothing but campaign, point, parameters, flags, and chosen columns, of
    observables with their errors and verdicts."""
    wanted = [*_ALWAYS, *PARAMETERS]
    for name in names:
        wanted += [name, name + ERROR, name + SYSTEMATIC, name + VERDICT]
    wanted += _FLAG_ENTRIES
    return [{name: record[name] for name in dict.fromkeys(wanted) if name in record} for record in records]


def campaign_rows(records: Sequence[Record], names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return one row per campaign: its name, number of points and of flagged ones, CPU hours of its ensembles
    (each counted once), the versions that sampled it, and its seed; None for those without results.

    Args:
        records: of the points.
        names: of campaigns that are listed even if they have no points here.
    """
    rows = []
    for name in sorted({*names, *(record[CAMPAIGN] for record in records)}):
        own = [record for record in records if record[CAMPAIGN] == name]
        rows.append(
            {
                CAMPAIGN: name,
                "points": len(own),
                "flagged": sum(bool(record["flags"]) for record in own),
                "cpu_hours": round(cpu_seconds(own) / _SECONDS_PER_HOUR, 3) if own else None,
                "hpcbip": own[0]["hpcbip"] if own else None,
                "seed": own[0]["seed"] if own else None,
            }
        )
    return rows


def cpu_seconds(records: Sequence[Record]) -> float:
    """Return the CPU seconds of the ensembles of records of the atlas, each ensemble counted once."""
    seconds: dict[Any, float] = {}
    for record in records:
        for sector in SECTORS:
            seconds[record[CAMPAIGN], record[f"ensemble_{sector}"]] = record[f"seconds_{sector}"] or 0.0
    return sum(seconds.values())
