"""Checks of a point: which of them it passes, and what a failed one means for its numbers.

Every flag of a record makes one of the checks yellow or red, so that a point whose checks are all green has
no flag. A check is declared, beside the function that makes it, in `sampling`, `validity` or `failures`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hpcbip.report.checks.check import LEVELS, NOTHING, Check, Finding, Level, worst_level
from hpcbip.report.checks.failures import FAILURE_CHECKS, NO
from hpcbip.report.checks.sampling import SAMPLING_CHECKS
from hpcbip.report.checks.validity import VALIDITY_CHECKS
from hpcbip.report.tables import Record
from hpcbip.vocabulary.flags import FLAGS, Flag, RaisedFlag, flags_of

__all__ = ["CHECKS", "LEVELS", "Check", "CheckResult", "Level", "run_checks", "worst"]


@dataclass(frozen=True)
class CheckResult:
    """The result of one check of one point.

    Attributes:
        name: of the check; the same checks in the same order for all points.
        level: "green", "yellow", "red", or "none" where nothing is known.
        value: what was found, in short: numbers with errors, and the flags that belong to the check.
        meaning: what that says about the numbers of the point, in a sentence.
    """

    name: str
    level: Level
    value: str
    meaning: str


def run_checks(record: Record) -> list[CheckResult]:
    """Make all checks of a point, in the order of `CHECKS`.

    Args:
        record: of a point, as `hpcbip.reduction.points.reduce_point` makes it; keys may be absent.
    """
    flags = flags_of(record)
    return [_run(check, record, flags) for check in CHECKS]


def worst(results: Iterable[CheckResult]) -> Level:
    """Return the level of a point as a whole: the most serious of its checks."""
    return worst_level(result.level for result in results)


def _run(check: Check, record: Record, flags: Sequence[RaisedFlag]) -> CheckResult:
    level, value = check.find(record)
    for raised in flags:
        flag = _declared(raised)
        if flag is not None and flag.check == check.name:
            level = worst_level([level, flag.severity])
            value = raised.text if value in (NOTHING, NO) else f"{value}; {raised.text}"
    return CheckResult(check.name, level, value, check.meanings.get(level, "Nothing is known yet."))


def _declared(raised: RaisedFlag) -> Flag | None:
    """Return the declaration of a flag; None for one that is not declared, or whose check is not made."""
    flag = FLAGS.get(raised.code.rpartition(":")[2])
    return flag if flag is not None and flag.check in _NAMES else None


def _find_others(record: Record) -> Finding:
    """List the flags that belong to no other check."""
    rest = [raised.text for raised in flags_of(record) if _declared(raised) is None]
    return ("yellow" if rest else "green"), "; ".join(rest) or NO


_DECLARED: tuple[Check, ...] = (*SAMPLING_CHECKS, *VALIDITY_CHECKS, *FAILURE_CHECKS)
_NAMES = frozenset(check.name for check in _DECLARED)
_OTHER_FLAGS = Check(
    "other flags",
    "Is there any other flag?",
    _find_others,
    {"green": "No other flag.", "yellow": "Flagged for another reason."},
)

CHECKS: tuple[Check, ...] = (*_DECLARED, _OTHER_FLAGS)
"""All checks, in the order in which they are shown."""
