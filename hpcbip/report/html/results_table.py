"""The table of results as data: columns, cells that read value(error) and sort by number, and lights."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hpcbip.report.check_levels import LIGHTS, SECTORS, Light
from hpcbip.report.checks import CHECKS, Diagnostic, diagnostics, worst
from hpcbip.report.tables import Record, with_error
from hpcbip.vocabulary.parameters import PARAMETERS

_MARKS = {"maybe": "?", "not": "??"}
_ALWAYS = ("omega", "lambda", "U")
_FOLLOW = ("g", "beta")  # from the others: not worth a column
_SYMBOLS = {"omega": "Ω", "lambda": "λ"}


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        key: of the record; the name of the column in results.csv where it has one.
        title: short HTML for its head.
        group: of columns.
        hint: what it is, in words.
    """

    key: str
    title: str
    group: str
    hint: str


VALUES: tuple[Column, ...] = (
    Column(
        "tc_over_omega", "<i>T</i><sub>c</sub>/Ω", "transition", "transition temperature over phonon energy"
    ),
    Column(
        "tc_over_omega_sys", "± syst.", "transition", "its systematic error: window of the mass, finite beta"
    ),
    Column("tc_kelvin", "<i>T</i><sub>c</sub> [K]", "transition", "transition temperature in kelvin"),
    Column(
        "tc_over_binding",
        "<i>T</i><sub>c</sub>/Δ",
        "transition",
        "over the binding energy; has to be below 1",
    ),
    Column("flags", "flags", "what speaks against it", "flags; most of them speak against Tc"),
    Column(
        "mass_bipolaron",
        "<i>m</i>*/<i>m</i><sub>0</sub>",
        "pair",
        "mass of the pair, in 2 electron masses = 1/t",
    ),
    Column("radius2", "<i>R</i>²", "pair", "mean-square distance of an electron from the pair's centre"),
    Column("phonons_bipolaron", "phonons", "pair", "phonons in the cloud of the pair"),
    Column("mass_polaron", "<i>m</i><sub>pol</sub>/<i>m</i><sub>e</sub>", "polaron", "mass of one electron"),
    Column(
        "binding_energy", "Δ", "energies", "binding energy, twice that of one electron less that of the pair"
    ),
    Column("E_bipolaron", "<i>E</i><sub>bip</sub>", "energies", "energy of the pair"),
    Column("E_polaron", "<i>E</i><sub>pol</sub>", "energies", "energy of one electron"),
    Column("independent", "samples", "sampling", "independent samples, of the sector that has fewer"),
    Column("hours", "CPU h", "sampling", "CPU hours; a polaron that points share counts at each"),
)


@dataclass(frozen=True)
class Row:
    """One point.

    Attributes:
        number: from 1, in the order of the configuration.
        cells: text of each column.
        keys: what each column is sorted by: a number, a word, or None for what is not known.
        against: per column, whether a flag speaks against the cell.
        light: the worst of its lights.
        flags: as in the record.
        label: the parameters that vary.
        parameters: all parameters.
        diagnostics: its lights.
    """

    number: int
    cells: tuple[str, ...]
    keys: tuple[float | str | None, ...]
    against: tuple[bool, ...]
    light: Light
    flags: tuple[str, ...]
    label: str
    parameters: str
    diagnostics: tuple[Diagnostic, ...]


def varying(records: Sequence[Record]) -> list[str]:
    """Names of the parameters that tell points apart; omega, lambda and U always."""
    return [
        name
        for name in PARAMETERS
        if name in _ALWAYS or (name not in _FOLLOW and len({str(record.get(name)) for record in records}) > 1)
    ]


def shared_parameters(records: Sequence[Record]) -> str:
    """What all points have in common, as `t = 1, V = 0`; the model's lattice and coupling are told in
    words."""
    hidden = {"lattice", "coupling", *_FOLLOW, *varying(records)}
    return ", ".join(
        f"{name} = {_plain(value)}"
        for name, value in records[0].items()
        if name in PARAMETERS and name not in hidden and value is not None
    )


def table(records: Sequence[Record]) -> tuple[list[Column], list[Row]]:
    """Columns (those with nothing in them are left out) and one row per point.

    Args:
        records: of all points (`hpcbip.reduction.points`), at least one.
    """
    extended = [{**record, **_sampling(record)} for record in records]
    names = varying(records)
    columns = [Column(name, _SYMBOLS.get(name, name), "point", name) for name in names]
    columns += [column for column in VALUES if any(record.get(column.key) is not None for record in extended)]
    return columns, [_row(i, record, columns, names) for i, record in enumerate(extended, 1)]


def _sampling(record: Record) -> dict[str, float | None]:
    samples = [x for sector in SECTORS if (x := record.get(f"independent_{sector}")) is not None]
    seconds = [x for sector in SECTORS if (x := record.get(f"seconds_{sector}")) is not None]
    return {"independent": min(samples, default=None), "hours": sum(seconds) / 3600.0 if seconds else None}


def _row(number: int, record: Record, columns: Sequence[Column], names: Sequence[str]) -> Row:
    found = tuple(diagnostics(record))
    flags = tuple(str(flag) for flag in record.get("flags") or ())
    label = ", ".join(f"{_SYMBOLS.get(name, name)} = {_plain(record.get(name))}" for name in names)
    parameters = [f"{name} = {_plain(record[name])}" for name in PARAMETERS if record.get(name) is not None]
    if "t" in record and record.get("omega"):
        parameters.append(f"t/omega = {record['t'] / record['omega']:.4g}")
    return Row(
        number,
        tuple(_text(record, column) for column in columns),
        tuple(_key(record.get(column.key)) for column in columns),
        tuple(column.key.startswith("tc_") and not record.get("tc_valid") for column in columns),
        worst(found),
        flags,
        label,
        ", ".join(parameters),
        found,
    )


def _text(record: Record, column: Column) -> str:
    value = record.get(column.key)
    if column.key == "flags":
        return "; ".join(map(str, value or ()))
    if column.group == "point":
        return _plain(value)
    if value is None:
        return "–"
    if f"{column.key}_err" not in record:
        return f"{value:.0f}" if column.key == "independent" or value >= 100.0 else f"{value:.2g}"
    text = with_error(value, record[f"{column.key}_err"])
    return text + _MARKS.get(record.get(f"{column.key}_verdict") or "", "")


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _key(value: Any) -> float | str | None:
    if isinstance(value, int | float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value)) or None
    return None if value is None else str(value)


def kind(flag: str) -> str:
    """A flag without the numbers in it, so that the same flag of several points is counted as one."""
    return re.sub(r" by \S+ sigma$", "", flag)


def for_script(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows as compact JSON values for the page's script: sentences that recur are in `words`, by their
    index.

    A row is [cells, keys, against, light, flags, label, parameters, diagnostics], a diagnostic [light, value,
    meaning]; lights are indices into `lights`; flags and meanings into `words`; `against` lists indices of
    columns.
    """
    words: dict[str, int] = {}

    def word(text: str) -> int:
        return words.setdefault(text, len(words))

    def light(name: Light) -> int:
        return LIGHTS.index(name)

    packed = [
        [
            row.cells,
            row.keys,
            [i for i, against in enumerate(row.against) if against],
            light(row.light),
            [word(flag) for flag in row.flags],
            row.label,
            row.parameters,
            [[light(d.light), d.value, word(d.meaning)] for d in row.diagnostics],
        ]
        for row in rows
    ]
    return {
        "lights": LIGHTS,
        "checks": [check.name for check in CHECKS],
        "rows": packed,
        "words": list(words),
    }


def light_counts(rows: Sequence[Row]) -> list[tuple[str, str, dict[Light, int]]]:
    """Per check its name, what it asks, and how many points have which of its lights."""
    counts: list[dict[Light, int]] = [dict.fromkeys(LIGHTS, 0) for _ in CHECKS]
    for row in rows:
        for count, diagnostic in zip(counts, row.diagnostics, strict=True):
            count[diagnostic.light] += 1
    return [(check.name, check.asks, count) for check, count in zip(CHECKS, counts, strict=True)]
