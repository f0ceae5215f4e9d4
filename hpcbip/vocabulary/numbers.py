"""What counts as a number in a configuration: within limits that no unit of energy leads out of.

Squares and products of a few such numbers stay within the range of doubles (1e-308 to 1e308), whatever the
unit; 1 meV is 1.6e-22 J, and 2.4e11 Hz. How far ratios of them may go is said by
`hpcbip.qmc.limits`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SMALLEST, LARGEST = 1e-30, 1e30
"""Limits of the absolute value of numbers: the upper one of all, the lower one of those that must be above
0."""

NUMBER_WORDS = f"a number up to {LARGEST:g}"
POSITIVE_WORDS = f"a number > 0, from {SMALLEST:g} to {LARGEST:g}"


def is_number(value: Any) -> bool:
    """Tell whether a value is a number within the limits; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def is_positive(value: Any) -> bool:
    """Tell whether a value is a number above 0, within the limits."""
    return is_number(value) and value >= SMALLEST


def is_non_negative(value: Any) -> bool:
    """Tell whether a value is a number from 0 on, within the limits."""
    return is_number(value) and value >= 0


def is_word(value: Any) -> bool:
    """Tell whether a value is a text that is not empty."""
    return isinstance(value, str) and bool(value)


def each(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return the check of a list, all of whose entries pass this one."""
    return lambda values: isinstance(values, list | tuple) and all(map(check, values))
