"""Checks for what went wrong: sectors whose sampling was given up."""

from __future__ import annotations

from hpcbip.report.checks.check import Check, Finding
from hpcbip.report.tables import Record
from hpcbip.vocabulary import flags
from hpcbip.vocabulary.sectors import SECTORS

NO = "no"
"""Value of a check that asks for something bad and finds none."""


def find_failures(record: Record) -> Finding:
    """Tell whether there are bins at all; that a sector was given up is a flag."""
    return ("green" if any(record.get(f"bins_{sector}") for sector in SECTORS) else "none"), NO


FAILURE_CHECKS: tuple[Check, ...] = (
    Check(
        flags.GIVEN_UP,
        "Was the sampling of a sector given up?",
        find_failures,
        {
            "green": "Both sectors were sampled.",
            "red": "What there is of that sector is a biased choice; see the log.",
        },
    ),
)
