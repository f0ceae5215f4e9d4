"""The table of results as data: columns, cells that read value(error) and sort by number, and checks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hpcbip.report.checks import CHECKS, LEVELS, CheckResult, Level, run_checks, worst
from hpcbip.report.tables import VERDICT_MARKS, Record, number_text, varying_parameters
from hpcbip.statistics.notation import with_error
from hpcbip.vocabulary.displays import FLAGS_ENTRY, HOURS, INDEPENDENT, RESULTS_TABLE
from hpcbip.vocabulary.entries import ERROR, VERDICT
from hpcbip.vocabulary.flags import FLAGS, RaisedFlag, flags_of
from hpcbip.vocabulary.observables import TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import ADIABATICITY, COUPLING, LATTICE, PARAMETERS
from hpcbip.vocabulary.sectors import SECTORS

POINT_GROUP = "point"
"""Group of the columns of parameters."""
UNKNOWN = "–"
_SECONDS_PER_HOUR = 3600.0
_SORT_DIGITS = 9
_TC_GROUP = TC_OVER_OMEGA.group
_IN_WORDS = (LATTICE.name, COUPLING.name)  # told by the description of the model
_SHARED = [name for name, p in PARAMETERS.items() if not p.follows and name not in _IN_WORDS]


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


VALUES: tuple[Column, ...] = tuple(
    Column(entry.name, entry.html, entry.group, entry.words) for entry in RESULTS_TABLE
)
"""The columns that are not parameters."""


@dataclass(frozen=True)
class Row:
    """One point.

    Attributes:
        number: from 1, in the order of the configuration.
        cells: text of each column.
        keys: what each column is sorted by: a number, a word, or None for what is not known.
        against: per column, whether a flag speaks against the cell.
        level: the most serious of its checks.
        flags: texts of its flags.
        kinds: texts of its flags without numbers, under which they are counted.
        label: the parameters that vary.
        parameters: all parameters.
        checks: the results of its checks.
    """

    number: int
    cells: tuple[str, ...]
    keys: tuple[float | str | None, ...]
    against: tuple[bool, ...]
    level: Level
    flags: tuple[str, ...]
    kinds: tuple[str, ...]
    label: str
    parameters: str
    checks: tuple[CheckResult, ...]


def shared_parameters(records: Sequence[Record]) -> str:
    """Return what all points have in common, as `t = 1, V = 0`, without lattice and coupling."""
    varying = varying_parameters(records)
    return ", ".join(
        f"{name} = {_plain(value)}"
        for name, value in records[0].items()
        if name in _SHARED and name not in varying and value is not None
    )


def table(records: Sequence[Record]) -> tuple[list[Column], list[Row]]:
    """Return the columns, without those that have nothing in them, and one row per point.

    Args:
        records: of all points (`hpcbip.reduction.points`), at least one.
    """
    extended = [{**record, **_sampling(record)} for record in records]
    names = varying_parameters(records)
    columns = [Column(name, PARAMETERS[name].html, POINT_GROUP, name) for name in names]
    columns += [column for column in VALUES if any(record.get(column.key) is not None for record in extended)]
    return columns, [_row(i, record, columns, names) for i, record in enumerate(extended, 1)]


def _sampling(record: Record) -> dict[str, float | None]:
    samples = [x for sector in SECTORS if (x := record.get(f"independent_{sector}")) is not None]
    seconds = [x for sector in SECTORS if (x := record.get(f"seconds_{sector}")) is not None]
    hours = sum(seconds) / _SECONDS_PER_HOUR if seconds else None
    return {INDEPENDENT.name: min(samples, default=None), HOURS.name: hours}


def _row(number: int, record: Record, columns: Sequence[Column], names: Sequence[str]) -> Row:
    checks = tuple(run_checks(record))
    flags = flags_of(record)
    parameters = [f"{name} = {_plain(record[name])}" for name in PARAMETERS if record.get(name) is not None]
    if "t" in record and record.get("omega"):
        parameters.append(f"{ADIABATICITY.name} = {record['t'] / record['omega']:.4g}")
    return Row(
        number=number,
        cells=tuple(_text(record, column) for column in columns),
        keys=tuple(_key(record.get(column.key)) for column in columns),
        against=tuple(column.group == _TC_GROUP and not record.get("tc_valid") for column in columns),
        level=worst(checks),
        flags=tuple(flag.text for flag in flags),
        kinds=tuple(map(_kind, flags)),
        label=", ".join(f"{PARAMETERS[name].html} = {_plain(record.get(name))}" for name in names),
        parameters=", ".join(parameters),
        checks=checks,
    )


def _kind(raised: RaisedFlag) -> str:
    """Return the text of a flag without its numbers; all of it if the flag is not declared."""
    sector, _, code = raised.code.rpartition(":")
    return FLAGS[code].counted_as(sector) if code in FLAGS else raised.text


def _text(record: Record, column: Column) -> str:
    value = record.get(column.key)
    if column.key == FLAGS_ENTRY.name:
        return "; ".join(map(str, value or ()))
    if column.group == POINT_GROUP:
        return _plain(value)
    if value is None:
        return UNKNOWN
    if column.key + ERROR not in record:
        return f"{value:.0f}" if column.key == INDEPENDENT.name or value >= 100.0 else f"{value:.2g}"
    text = with_error(value, record[column.key + ERROR])
    return text + VERDICT_MARKS.get(record.get(column.key + VERDICT) or "", "")


def _plain(value: Any) -> str:
    return UNKNOWN if value is None else number_text(value)


def _key(value: Any) -> float | str | None:
    if isinstance(value, int | float):
        return float(f"{value:.{_SORT_DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value)) or None
    return None if value is None else str(value)


def for_script(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the rows as compact JSON values for the page's script.

    A row is [cells, keys, against, level, flags, label, parameters, checks], a check [level, value, meaning].
    Levels are indices into `levels`; flags and meanings, which recur, are indices into `words`; `against`
    lists indices of columns. `kinds` has the text without numbers of the flags that have some.
    """
    words: dict[str, int] = {}

    def word(text: str) -> int:
        return words.setdefault(text, len(words))

    def level(name: Level) -> int:
        return LEVELS.index(name)

    packed = [
        [
            row.cells,
            row.keys,
            [i for i, against in enumerate(row.against) if against],
            level(row.level),
            [word(flag) for flag in row.flags],
            row.label,
            row.parameters,
            [[level(check.level), check.value, word(check.meaning)] for check in row.checks],
        ]
        for row in rows
    ]
    return {
        "levels": LEVELS,
        "checks": [check.name for check in CHECKS],
        "rows": packed,
        "words": list(words),
        "kinds": {
            flag: kind
            for row in rows
            for flag, kind in zip(row.flags, row.kinds, strict=True)
            if flag != kind
        },
    }


def level_counts(rows: Sequence[Row]) -> list[tuple[str, str, dict[Level, int]]]:
    """Return, for every check, its name, its question, and how many points have which of its levels."""
    counts: list[dict[Level, int]] = [dict.fromkeys(LEVELS, 0) for _ in CHECKS]
    for row in rows:
        for count, result in zip(counts, row.checks, strict=True):
            count[result.level] += 1
    return [(check.name, check.question, count) for check, count in zip(CHECKS, counts, strict=True)]
