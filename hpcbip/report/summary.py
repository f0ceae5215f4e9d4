"""Sentences about the points of a campaign: how converged they are, where Tc is highest, what to do next."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from hpcbip.messages import counted
from hpcbip.reduction.point_flags import is_converged
from hpcbip.report.tables import Record, number_text
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity.scans import axis_value, parameter_text
from hpcbip.superconductivity.suggestions import Suggestion
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import MASS_BIPOLARON, TC_KELVIN, TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import (
    ADIABATICITY,
    COORDINATES,
    COUPLING,
    LAMBDA,
    LATTICE,
    MODEL_KEYS,
    PARAMETERS,
)
from hpcbip.vocabulary.sectors import BIPOLARON

_DIGITS, _DIGITS_OF_RATIO = 6, 4  # of parameters in labels of curves; of t/omega


def convergence(records: Sequence[Record]) -> str:
    """Return one sentence: relative errors of m* and Tc, and how many points are converged and flagged."""
    parts = []
    for observable, symbol in ((MASS_BIPOLARON, BIPOLARON.mass_symbol), (TC_OVER_OMEGA, "Tc")):
        name = observable.name
        errors = [
            abs(record[name + ERROR] / record[name])
            for record in records
            if record.get(name) and record.get(name + ERROR) is not None
        ]
        if errors:
            median, worst = 100 * statistics.median(errors), 100 * max(errors)
            parts.append(f"{symbol} {median:.1f} % (worst {worst:.1f} %)")
    flagged = sum(bool(record["flags"]) for record in records)
    errors_text = "median relative error of " + ", ".join(parts) if parts else "no errors yet"
    return (
        f"Convergence: {errors_text}; mass, radius and binding energy converged at "
        f"{number_converged(records)} of {counted(len(records), 'point')}, {flagged} flagged."
    )


def number_converged(records: Sequence[Record]) -> int:
    """Return the number of points whose mass, radius and binding energy are converged."""
    return sum(map(is_converged, records))


def highest(records: Sequence[Record]) -> list[str]:
    """Return a line of text for every curve with several points: where along lambda its Tc is highest."""
    tc, kelvin = TC_OVER_OMEGA.name, TC_KELVIN.name
    curves: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        if record.get(tc) is not None:
            curves.setdefault(curve_key(record), []).append(record)
    lines = []
    for curve in curves.values():
        valid = [record for record in curve if record["tc_valid"]]
        if len(curve) < 2 or not valid:
            continue
        top = max(valid, key=lambda record: record[tc])
        value = with_error(top[tc], top[tc + ERROR])
        if top.get(kelvin):
            value += f" ({with_error(top[kelvin], top[kelvin + ERROR])} K)"
        lam = top[LAMBDA.name]
        couplings = [record[LAMBDA.name] for record in curve]
        where = ", the end of the scan" if lam in (min(couplings), max(couplings)) else ""
        lines.append(f"{curve_label(top)}: highest Tc/omega = {value} at lambda = {lam:g}{where}")
    return lines


def curve_key(record: Record) -> tuple[str, ...]:
    """Return what two points on one curve of Tc against lambda have in common."""
    return tuple(
        str(record.get(name))
        for name, parameter in PARAMETERS.items()
        if not parameter.follows and parameter is not LAMBDA
    )


def curve_label(record: Record) -> str:
    """Return `square, t/omega = 2, U = 8t`: all parameters but lambda, by their names."""
    label = parameter_text(record, LATTICE.name)
    coupling = record.get(COUPLING.name, COUPLING.unremarkable)
    if coupling != COUPLING.unremarkable:
        label += f" {coupling}"
    for name, parameter in COORDINATES.items():
        if name in MODEL_KEYS or parameter is LAMBDA:
            continue
        value = axis_value(record, name)
        if value is None or value == parameter.unremarkable:
            continue
        digits = _DIGITS_OF_RATIO if parameter is ADIABATICITY else _DIGITS
        unit = "t" if parameter.in_units_of_t else ""
        label += f", {name} = {parameter_text(record, name, digits)}{unit}"
    return label


def suggestion_records(suggestions: Sequence[Suggestion]) -> list[dict[str, Any]]:
    """Return one flat record per suggestion.

    Its entries: kind, curve, the parameters of the new point, target and the observable that it is of,
    expected (error over the present one), and why.
    """
    return [
        {
            "kind": s.kind,
            "curve": s.label,
            **s.parameters,
            "target": s.target,
            "observable": None if s.target is None else s.observable,
            "expected": s.expected,
            "why": s.why,
        }
        for s in suggestions
    ]


def suggestion_text(suggestion: Suggestion) -> str:
    """Return `square, t/Ω = 1, U = 8t: new point omega = 1, lambda = 0.67, U = 8: ...` and why."""
    if suggestion.target is not None:
        what = f"target {suggestion.observable}: {suggestion.target:g}"
    else:
        new = {key: x for key, x in suggestion.parameters.items() if key not in MODEL_KEYS}
        what = "new point " + ", ".join(f"{key} = {number_text(x)}" for key, x in new.items())
    return f"{suggestion.label}: {what}: {suggestion.why}"
