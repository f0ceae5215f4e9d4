"""Flags for records that are made by hand."""

from __future__ import annotations

from typing import Any

from hpcbip.vocabulary.flags import all_codes, split_code

CODES: tuple[str, ...] = ("not_bound", *(code for code in all_codes() if code != "not_bound"))
"""Full codes of all flags of points."""


def flag_text(code: str) -> str:
    """Text of a flag, with an example of a number where it has one."""
    flag, sector = split_code(code)
    numbers = {"sigma": 4.2} if "{sigma" in flag.text else {}
    return flag.raised(sector, **numbers).text


def flagged(*codes: str) -> dict[str, Any]:
    """Entries of a record with these flags."""
    return {"flag_codes": list(codes), "flags": [flag_text(code) for code in codes]}
