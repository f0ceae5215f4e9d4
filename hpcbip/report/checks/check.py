"""What a check of a point consists of: the question it answers, how it finds the answer, what that means."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from hpcbip.report.tables import Record
from hpcbip.vocabulary.sectors import SECTORS

Level = Literal["green", "yellow", "red", "none"]
"""Passed; examine before quoting the number; do not quote the number; nothing is known yet."""

LEVELS: tuple[Level, ...] = ("none", "green", "yellow", "red")
"""All levels, the more serious later."""

NOTHING = "-"
"""Value of a check that finds nothing to show."""

Finding = tuple[Level, str]
"""Level of a check, flags left aside, and in short what was found."""


@dataclass(frozen=True)
class Check:
    """One check, which is made of every point.

    Attributes:
        name: under which it is shown; the flags that name it belong to it (`hpcbip.vocabulary.flags`).
        question: that it answers.
        find: level and value of a record, flags left aside.
        meanings: what its levels say about the numbers of the point, in a sentence; "none" has a common one.
    """

    name: str
    question: str
    find: Callable[[Record], Finding]
    meanings: Mapping[Level, str]


@dataclass(frozen=True)
class Limits:
    """Numbers from which on a check is yellow, or red."""

    yellow: float
    red: float


def worst_level(levels: Iterable[Level]) -> Level:
    """Return the most serious level; "none" if there are none."""
    return max(levels, key=LEVELS.index, default="none")


def level_below(value: float | None, limits: Limits) -> Level:
    """Return the level of a value that should not be below the limits; "none" if it is not known."""
    if value is None or not math.isfinite(value):
        return "none"
    return "red" if value < limits.red else "yellow" if value < limits.yellow else "green"


def level_above(value: float | None, limits: Limits) -> Level:
    """Return the level of a value that should not be above the limits; "none" if it is not known."""
    return level_below(None if value is None else -value, Limits(-limits.yellow, -limits.red))


def by_sector(record: Record, name: str) -> dict[str, float]:
    """Return the entries `name_sector` of a record by sector, as far as they are known."""
    values = {sector: record.get(f"{name}_{sector}") for sector in SECTORS}
    return {sector: float(value) for sector, value in values.items() if value is not None}


def joined(parts: Iterable[str]) -> str:
    """Return the parts that are not empty as one text."""
    return "; ".join(filter(None, parts)) or NOTHING
