"""A number with its error in one word: 5.42(13) in tables, 5.4(1) where a sentence names a place."""

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


def with_short_error(value: float, error: float) -> str:
    """0.193(4): the value with the error of its last digit, two digits of it if it begins with 1 or 2.

    Without a finite error, the value to four digits.
    """
    if not 0.0 < error < math.inf:
        return f"{value:.4g}"
    digits = -math.floor(math.log10(error))
    digits += round(error * 10.0**digits, 1) < 3.0
    if digits <= 0:
        return f"{value:.0f}({error:.0f})"
    return f"{value:.{digits}f}({round(error * 10.0**digits)})"
