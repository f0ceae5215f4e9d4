"""Which points lie on one curve, along which axis a scan runs, and the names of points and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpcbip.models import get_lattice, lambda_from_coupling
from hpcbip.report.tables import Record, number_text
from hpcbip.superconductivity.scans import axis_value, parameter_text, scan_label
from hpcbip.vocabulary.observables import TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import ADIABATICITY, COORDINATES, LAMBDA, LATTICE, SCAN_AXES, U

_KEY_DIGITS, _LABEL_DIGITS = 9, 4
"""Digits to which parameters are compared, and shown."""


def coordinate_text(record: Record, name: str) -> str:
    """Return a coordinate of a point as text; equal where two points do not differ in it."""
    return str(record[name]) if name == LATTICE.name else parameter_text(record, name, digits=_KEY_DIGITS)


def varying(records: Sequence[Record], without: str = "") -> list[str]:
    """Return the names of the parameters in which the records differ, except the axis `without`."""
    return [
        name
        for name in COORDINATES
        if name != without and len({coordinate_text(record, name) for record in records}) > 1
    ]


def describe(record: Record, names: Sequence[str], tex: bool = True) -> str:
    """Return `t/Ω = 2, U = 8t`: these parameters of a record, for a legend (`tex`) or for a sentence.

    Parameters that the record does not have, and unremarkable values, are left out.
    """
    parts = []
    for name in names:
        parameter, text = COORDINATES[name], parameter_text(record, name, digits=_LABEL_DIGITS)
        if text in ("None", number_text(parameter.unremarkable)):
            continue
        symbol = parameter.tex if tex else parameter.symbol
        unit = ("$t$" if tex else "t") if parameter.in_units_of_t and text != "0" else ""
        parts.append(f"{symbol} = {text}{unit}" if symbol else text)
    return ", ".join(parts)


def point_names(records: Sequence[Record], tex: bool = True) -> list[str]:
    """Return what tells the points apart, one name each; of a single point t/Ω, λ and U."""
    names = varying(records) or [ADIABATICITY.name, LAMBDA.name, U.name]
    return [describe(record, names, tex) for record in records]


def labels(records: Sequence[Record]) -> list[str]:
    """Return `point_names`, but an empty name for a single point: `shared_name` says everything of it."""
    return point_names(records) if len(records) > 1 else [""] * len(records)


def shared_name(records: Sequence[Record], axis: str = "", tex: bool = True) -> str:
    """Return what all the records have in common: `square, U = 8t`."""
    if not records:
        return ""
    differ = varying(records)
    return describe(records[0], [name for name in COORDINATES if name != axis and name not in differ], tex)


@dataclass(frozen=True)
class Curve:
    """The points that differ in nothing but the axis (and what follows from it), along it.

    Attributes:
        records: sorted by the axis.
        x: their values on it.
        label: what tells it from the other curves, for the legend; empty if it is alone.
        name: in plain text and with what all curves share, as peaks are called.
    """

    records: tuple[Record, ...]
    x: tuple[float, ...]
    label: str
    name: str


def curves(records: Sequence[Record], axis: str) -> list[Curve]:
    """Return the curves of a scan along `axis` (a key of `SCAN_AXES`), in the order of their first points."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(
            tuple(coordinate_text(record, name) for name in COORDINATES if name != axis), []
        ).append(record)
    differ = varying(records, axis)
    result = []
    for group in groups.values():
        group.sort(key=lambda record: axis_value(record, axis))
        x = tuple(axis_value(record, axis) for record in group)
        result.append(Curve(tuple(group), x, describe(group[0], differ), scan_label(group[0], (axis,))))
    return result


def pooled(lines: Sequence[Curve], front: int) -> list[Curve]:
    """Return the first `front` curves, and one with the points of all others, which are drawn at once."""
    back = lines[front:]
    records = tuple(record for line in back for record in line.records)
    rest = Curve(records, tuple(x for line in back for x in line.x), "", "")
    return [*lines[:front], *([rest] if back else [])]


def varying_axes(records: Sequence[Record]) -> list[str]:
    """Return the axes along which a curve has several points, that with the longest curves first."""
    lengths = {}
    for axis in SCAN_AXES:
        sizes = [len(set(curve.x)) for curve in curves(records, axis)]
        if sizes and max(sizes) > 1:
            lengths[axis] = sum(sizes) / len(sizes)
    return sorted(lengths, key=lambda axis: -lengths[axis])  # stable: ties in the order of SCAN_AXES


def scan_axis(records: Sequence[Record]) -> str:
    """Return the axis along which the curves are longest; λ if nothing varies."""
    return next(iter(varying_axes(records)), LAMBDA.name)


def chosen(records: Sequence[Record], number: int) -> list[int]:
    """Return the positions of at most `number` points that are shown one by one.

    The point with the highest Tc of each curve comes first, then the second highest of each, and so on;
    within a curve the points that no flag speaks against come before the others.
    """

    def rank(record: Record) -> tuple[bool, float]:
        tc = record.get(TC_OVER_OMEGA.name)
        return bool(record.get("tc_valid")), -1.0 if tc is None else tc

    where = {id(record): i for i, record in enumerate(records)}
    rows = [sorted(curve.records, key=rank, reverse=True) for curve in curves(records, scan_axis(records))]
    order = [(depth, record) for row in rows for depth, record in enumerate(row)]
    order.sort(key=lambda item: (-item[0], rank(item[1])), reverse=True)
    return [where[id(record)] for _, record in order[:number]]


def ensemble_record(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an ensemble with λ, so that it can be named like a point."""
    lattice = get_lattice(parameters["lattice"])
    g, omega, t = float(parameters["g"]), float(parameters["omega"]), float(parameters["t"])
    lam = lambda_from_coupling(lattice, parameters["coupling"], g, omega, t)
    return {**parameters, LAMBDA.name: round(lam, _KEY_DIGITS)}


def ensemble_names(ensembles: Mapping[str, Any], tex: bool = True) -> dict[str, str]:
    """Return names of ensembles by identity: the sector, then what tells the ensembles of that sector apart.

    Args:
        ensembles: objects with `sector` and `parameters`, by identity.
        tex: for a legend; otherwise for a table.
    """
    names = {}
    for sector in dict.fromkeys(reduced.sector for reduced in ensembles.values()):
        keys = [key for key, reduced in ensembles.items() if reduced.sector == sector]
        records = [ensemble_record(ensembles[key].parameters) for key in keys]
        for key, name in zip(keys, point_names(records, tex), strict=True):
            names[key] = f"{sector}: {name}"
    return names
