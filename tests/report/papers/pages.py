"""Pages that a command writes, compared on other processors: the same words, the numbers but for rounding."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_FILLING = re.compile(r"\s+|(?<=-)-+")
"""What the width of a table's columns changes."""


def differences(page: str, other: str) -> list[str]:
    """Return where two pages differ by more than one unit in the last digit of a number.

    An error at the edge between two roundings falls on either side, as the last bits of sums have it, which
    libraries for linear algebra form in the order that suits the processor.
    """
    words, others = (_FILLING.sub("", _NUMBER.sub("#", text)) for text in (page, other))
    if words != others:
        at = next((k for k, (a, b) in enumerate(zip(words, others, strict=False)) if a != b), len(words))
        return [f"{words[max(at - 60, 0) : at + 60]} | {others[max(at - 60, 0) : at + 60]}"]
    pairs = zip(_NUMBER.findall(page), _NUMBER.findall(other), strict=True)
    return [f"{a} | {b}" for a, b in pairs if abs(Decimal(a) - Decimal(b)) > _unit(a, b)]


def _unit(*numbers: str) -> Decimal:
    places = min(len(number.partition(".")[2]) for number in numbers)
    return Decimal(1).scaleb(-places)
