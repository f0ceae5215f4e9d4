"""Which points lie on one curve, what the axis of a scan is, and how points and curves are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpcbip.models import get_lattice, lambda_from_coupling
from hpcbip.report.tables import Record
from hpcbip.superconductivity.scans import axis_value, parameter_text, scan_label

AXES = {"lambda": r"$\lambda$", "U": "$U/t$", "t/omega": r"$t/\Omega$"}
"""What a scan may run along, with the label of the axis."""
AXIS_WORDS = {"lambda": "λ", "U": "U/t", "t/omega": "t/Ω"}
"""The same for sentences."""

FLAGS_OF_TC = ("no Tc in one dimension", "Tc >= binding energy", "pairs overlap")
"""Flags that speak against Tc and against nothing else."""

WORDS = {
    "E_polaron": "energy, one electron",
    "mass_polaron": "mass, one electron",
    "E_bipolaron": "energy, pair",
    "mass_bipolaron": "mass, pair",
    "pair_distance2": r"$\langle (r_1-r_2)^2\rangle$",
    "radius2": "$R^2$",
    "tc_over_omega": "$T_c$",
    "binding_energy": "binding energy",
}
"""Observables as panels are called."""

_NAMES = (
    "lattice",
    "coupling",
    "t/omega",
    "lambda",
    "U",
    "V",
    "g_holstein",
    "omega_holstein",
    "t_factors",
    "g_factors",
    "shells",
)
_SYMBOLS = {
    "t/omega": (r"$t/\Omega$", "t/Ω", ""),
    "lambda": (r"$\lambda$", "λ", ""),
    "U": ("$U$", "U", "t"),
    "V": ("$V$", "V", "t"),
    "g_holstein": ("$g_H$", "g_H", "t"),
    "omega_holstein": (r"$\Omega_H$", "Ω_H", "t"),
    "t_factors": ("$t$ factors", "t factors", ""),
    "g_factors": ("$g$ factors", "g factors", ""),
    "shells": ("shells", "shells", ""),
}


def _key(record: Record, name: str) -> str:
    return str(record[name]) if name == "lattice" else parameter_text(record, name, digits=9)


def varying(records: Sequence[Record], without: str = "") -> list[str]:
    """Names of the parameters in which the records differ, but for the axis `without`."""
    return [
        name for name in _NAMES if name != without and len({_key(record, name) for record in records}) > 1
    ]


def describe(record: Record, names: Sequence[str], tex: bool = True) -> str:
    """`t/Ω = 2, U = 8t`: these parameters of a record, for a legend (`tex`) or a sentence; zero V is left
    out."""
    parts = []
    for name in names:
        text = parameter_text(record, name, digits=4)
        if text == "None" or (name == "V" and text == "0") or (name == "coupling" and text == "bond"):
            continue
        symbol, plain, unit = _SYMBOLS.get(name, ("", "", ""))
        unit = f"${unit}$" if unit and tex else unit
        parts.append(f"{symbol if tex else plain} = {text}{unit if text != '0' else ''}" if symbol else text)
    return ", ".join(parts)


def point_names(records: Sequence[Record], tex: bool = True) -> list[str]:
    """What tells the points apart, one name each; of a single one λ, t/Ω and U."""
    names = varying(records) or ["t/omega", "lambda", "U"]
    return [describe(record, names, tex) for record in records]


def labels(records: Sequence[Record]) -> list[str]:
    """As `point_names`, but empty for a single point: of that `shared_name` says everything."""
    return point_names(records) if len(records) > 1 else [""] * len(records)


def shared_name(records: Sequence[Record], axis: str = "", tex: bool = True) -> str:
    """What all the records have in common: `square, U = 8t`."""
    if not records:
        return ""
    differ = varying(records)
    return describe(records[0], [name for name in _NAMES if name != axis and name not in differ], tex)


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
    """The curves of a scan along `axis` (a key of `AXES`), in the order of their first points."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(tuple(_key(record, name) for name in _NAMES if name != axis), []).append(record)
    differ = varying(records, axis)
    result = []
    for group in groups.values():
        group.sort(key=lambda record: axis_value(record, axis))
        x = tuple(axis_value(record, axis) for record in group)
        result.append(Curve(tuple(group), x, describe(group[0], differ), scan_label(group[0], (axis,))))
    return result


def pooled(lines: Sequence[Curve], front: int) -> list[Curve]:
    """The first `front` curves, and one with the points of all others, which are not told apart (and drawn at
    once)."""
    back = lines[front:]
    records = tuple(record for line in back for record in line.records)
    rest = Curve(records, tuple(x for line in back for x in line.x), "", "")
    return [*lines[:front], *([rest] if back else [])]


def varying_axes(records: Sequence[Record]) -> list[str]:
    """The axes along which at least one curve has several points, that with the longest curves first."""
    lengths = {}
    for axis in AXES:
        sizes = [len(set(curve.x)) for curve in curves(records, axis)]
        if sizes and max(sizes) > 1:
            lengths[axis] = sum(sizes) / len(sizes)
    return sorted(lengths, key=lambda axis: -lengths[axis])  # stable: ties in the order of AXES


def scan_axis(records: Sequence[Record]) -> str:
    """The axis along which the curves are longest; λ if nothing varies."""
    return next(iter(varying_axes(records)), "lambda")


def chosen(records: Sequence[Record], number: int) -> list[int]:
    """Positions of at most `number` points to show one by one: the highest Tc of each curve first, then the
    second highest of each, and so on; within a curve those that no flag speaks against come before the
    others."""

    def rank(record: Record) -> tuple[bool, float]:
        tc = record.get("tc_over_omega")
        return bool(record.get("tc_valid")), -1.0 if tc is None else tc

    where = {id(record): i for i, record in enumerate(records)}
    rows = [sorted(curve.records, key=rank, reverse=True) for curve in curves(records, scan_axis(records))]
    order = [(depth, record) for row in rows for depth, record in enumerate(row)]
    order.sort(key=lambda item: (-item[0], rank(item[1])), reverse=True)
    return [where[id(record)] for _, record in order[:number]]


def ensemble_record(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an ensemble with λ, so that it can be named like a point."""
    names = ("g", "omega", "t")
    lattice = get_lattice(parameters["lattice"])
    lam = lambda_from_coupling(lattice, parameters["coupling"], *(float(parameters[name]) for name in names))
    return {**parameters, "lambda": round(lam, 9)}


def ensemble_names(ensembles: Mapping[str, Any], tex: bool = True) -> dict[str, str]:
    """Names of ensembles by identity: the sector's, then what tells the ensembles of that sector apart.

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
