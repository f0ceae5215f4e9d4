"""Records that meet conditions on their parameters and on any other of their entries."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from hpcbip.errors import InputError
from hpcbip.reduction.export import Record
from hpcbip.superconductivity.scans import axis_value
from hpcbip.vocabulary.parameters import ADIABATICITY, COORDINATES, PARAMETERS, SEQUENCE_KEYS

SAME = 1e-9
"""Relative difference up to which two numbers are the same."""

_NEAR_ZERO = 1e-12
AnyRecord = TypeVar("AnyRecord", bound=Record)


def keyword_of(name: str) -> str:
    """Return the keyword under which `select` takes a condition on an entry: `t_over_omega` for t/omega."""
    return name.replace("/", "_over_")


def select(records: Sequence[AnyRecord], **conditions: Any) -> list[AnyRecord]:
    """Return the records that meet all conditions, in their order.

    Args:
        records: of points.
        conditions: by the name of a parameter, as lattice="square", U=8.0 (energies that scans give in units
            of t, such as U and V, in these units), t_over_omega=2.0 (for t/omega), lambda_=0.5 (or
            **{"lambda": 0.5}); or of any other entry, as campaign="square-dome", tc_valid=True. A value
            stands for itself, with a relative tolerance of 1e-9; a tuple (low, high) for a range with both
            ends; a list for any of its values; None for what a record does not have. For factors and shells
            (t_factors and the like) a list or tuple stands for itself.

    Raises:
        InputError: if no record has an entry of that name.
    """
    wanted = {_entry_name(keyword, records): value for keyword, value in conditions.items()}
    return [
        record
        for record in records
        if all(_meets(name, entry_value(record, name), value) for name, value in wanted.items())
    ]


def entry_value(record: Record, name: str) -> Any:
    """Return an entry of a record, a parameter as scans use it: energies such as U in units of t, t/omega."""
    return axis_value(record, name) if name in COORDINATES else record.get(name)


def _entry_name(keyword: str, records: Sequence[Record]) -> str:
    """Return the name of the entry that a keyword stands for."""
    names = dict.fromkeys([ADIABATICITY.name, *PARAMETERS, *(name for one in records for name in one)])
    known: Mapping[str, str] = {keyword_of(name): name for name in names} | {name: name for name in names}
    found = known.get(keyword) or known.get(keyword.removesuffix("_"))
    if found is None and records:
        near = difflib.get_close_matches(keyword, known, 3) or [*map(keyword_of, COORDINATES), "campaign"]
        raise InputError(f"{keyword}: no parameter or entry of the records; allowed: {', '.join(near)}, ...")
    return found or keyword


def _meets(name: str, value: Any, wanted: Any) -> bool:
    if name in SEQUENCE_KEYS:
        own, given = list(value or ()), list(wanted or ())
        return len(own) == len(given) and all(map(_same, own, given))
    if isinstance(wanted, tuple):
        low, high = wanted
        return _is_number(value) and (low < value < high or _same(value, low) or _same(value, high))
    if isinstance(wanted, list | set | frozenset):
        return any(_same(value, one) for one in wanted)
    return _same(value, wanted)


def _same(value: Any, wanted: Any) -> bool:
    if _is_number(value) and _is_number(wanted):
        return math.isclose(value, wanted, rel_tol=SAME, abs_tol=_NEAR_ZERO)
    return bool(value == wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
