"""Numbers on the command line: finite, within limits, and not too many."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from hpcbip.errors import InputError

MOST = 10_000
"""Values that an option, or all combinations of several, may stand for."""


class Finite(click.FloatRange):
    """A finite number within limits; click's own types let nan and inf through."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; click's BadParameter if it is none, not finite, or not within the limits."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


FINITE = Finite()
POSITIVE = Finite(min=0.0, min_open=True)
NOT_NEGATIVE = Finite(min=0.0)


class Numbers(click.ParamType):
    """`0.5,1,2`, or `0.2:3:0.2` (begin:end:step, the end included): a list of numbers.

    Args:
        above, below: all have to lie between them.
        least: and are at least this.
        infinite: whether inf is allowed.
    """

    name = "numbers"

    def __init__(
        self,
        above: float = -math.inf,
        below: float = math.inf,
        least: float = -math.inf,
        infinite: bool = False,
    ) -> None:
        self.above, self.below, self.least, self.infinite = above, below, least, infinite
        limits = ((f"> {above:g}", above), (f">= {least:g}", least), (f"< {below:g}", below))
        words = " and ".join(text for text, limit in limits if math.isfinite(limit))
        self.allowed = f"{'' if infinite else 'finite '}numbers {words}{'or inf' if infinite else ''}".strip()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[float]:
        """The numbers.

        Raises:
            InputError: if they cannot be read, are out of range, none, or more than `MOST`.
        """
        name = param.opts[0] if param else self.name
        try:
            found = _read(str(value))
        except (ValueError, ZeroDivisionError, OverflowError):
            allowed = "numbers as in 0.5,1,2, or begin:end:step"
            raise InputError(f"{name}: {value}: cannot be read; allowed: {allowed}") from None
        if not found:
            raise InputError(f"{name}: {value}: no value, or more than {MOST}; allowed: 1 to {MOST} values")
        for number in found:
            inside = math.isfinite(number) and self.above < number < self.below and number >= self.least
            if not inside and not (self.infinite and number == math.inf):
                raise InputError(f"{name}: {number:g}; allowed: {self.allowed}")
        return found


def _read(text: str) -> list[float]:
    """The numbers; none if there are more than `MOST`."""
    if ":" not in text:
        found = [float(word) for word in text.split(",")]
        return found if len(found) <= MOST else []
    begin, end, step = map(float, text.split(":"))
    steps = (end - begin) / step + 1e-9
    return [begin + k * step for k in range(int(steps) + 1)] if 0.0 <= steps < MOST else []


def few(*options: list[Any] | tuple[Any, ...]) -> None:
    """Raises:
    InputError: if these options have more than `MOST` combinations.
    """
    number = math.prod(map(len, options))
    if number > MOST:
        raise InputError(f"{number} combinations of these options; allowed: up to {MOST}")


figure_option = click.option(
    "--figure", type=click.Path(path_type=Path), help="Draw it: PNG, with PDF and CSV beside it."
)
