"""A number with its error in one short word: 5.42(13)."""

from __future__ import annotations

import math

MOST_DIGITS = 30
"""Digits before or after the point beyond which value and error are written with exponents."""


def with_error(value: float | None, error: float | None) -> str:
    """5.42(13): the value with the error of its last digits, two digits of it; `-` for what is not known.

    An error of 10 or more is rounded like the value: 123(14), 12300(1400).
    """
    if value is None or not math.isfinite(value):
        return "-"
    if error is None or not math.isfinite(error):
        return f"{value:.4g}(?)"
    if error <= 0.0:
        return f"{value:.6g}(0)"
    digits = 1 - math.floor(math.log10(error))
    if abs(digits) > MOST_DIGITS:
        return f"{value:.6g}({error:.2g})"
    if round(error * 10.0**digits) == 100:  # 0.0996 shows as 0.10
        digits -= 1
    if digits <= 0:
        scale = 10.0**-digits
        return f"{round(value / scale) * scale:.0f}({round(error / scale) * scale:.0f})"
    return f"{value:.{digits}f}({round(error * 10.0**digits)})"
