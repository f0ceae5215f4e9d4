"""A number with its error in one word."""

from __future__ import annotations

import math

import pytest

from hpcbip.statistics.notation import with_error, with_short_error


@pytest.mark.parametrize(
    "value,error,expected",
    [
        (5.4213, 0.1312, "5.42(13)"),
        (-9.61234, 0.00456, "-9.6123(46)"),
        (0.2, 0.0996, "0.20(10)"),
        (56.13, 1.24, "56.1(12)"),
        (123.4, 14.2, "123(14)"),
        (12345.0, 1420.0, "12300(1400)"),
        (1.0, 99.7, "0(100)"),
        (2.0, 0.0, "2(0)"),
        (2.0, None, "2(?)"),
        (None, 0.1, "-"),
        (math.nan, 0.1, "-"),
    ],
)
def test_value_with_error(value: float | None, error: float | None, expected: str) -> None:
    assert with_error(value, error) == expected


@pytest.mark.parametrize(
    "value,error,expected",
    [
        (0.1931, 0.0042, "0.193(4)"),
        (0.1931, 0.0023, "0.1931(23)"),
        (0.72, 0.031, "0.72(3)"),
        (8.31, 12.0, "8(12)"),
        (0.6, 0.0, "0.6"),
        (0.6, math.inf, "0.6"),
        (0.5, 0.0297, "0.50(3)"),
    ],
)
def test_value_with_short_error(value: float, error: float, expected: str) -> None:
    assert with_short_error(value, error) == expected
