"""Words for the user."""

from __future__ import annotations

import pytest

from hpcbip.messages import counted


@pytest.mark.parametrize(
    "number,words,expected",
    [
        (0, ("point",), "0 points"),
        (1, ("point",), "1 point"),
        (2, ("point",), "2 points"),
        (1, ("other is", "others are"), "1 other is"),
        (3, ("other is", "others are"), "3 others are"),
    ],
)
def test_a_count_takes_the_noun_in_its_number(number: int, words: tuple[str, ...], expected: str) -> None:
    assert counted(number, *words) == expected
