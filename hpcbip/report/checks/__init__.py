"""Traffic lights for a point: which checks it passes, and what a failed one means for its numbers.

Green: passed. Yellow: look at it before quoting the number. Red: do not quote the number. None: nothing is
known yet. Every flag of a record turns one of the lights yellow or red, so that a point without such a light
has no flag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from hpcbip.report import check_levels
from hpcbip.report.check_levels import Judgement, Light
from hpcbip.report.tables import Record


@dataclass(frozen=True)
class Diagnostic:
    """One light of one point.

    Attributes:
        name: of the check; the same checks in the same order for all points.
        light: "green", "yellow", "red", or "none" where nothing is known.
        value: what was found, in short: numbers with errors, and the flags that belong here.
        meaning: what that says about the numbers of the point, in a sentence.
    """

    name: str
    light: Light
    value: str
    meaning: str


@dataclass(frozen=True)
class Check:
    """One kind of diagnostic: how it judges a record, what its lights mean, and which flags belong to it.

    Attributes:
        name: of the diagnostic.
        asks: the question that it answers.
        judge: (light, value) of a record, flags left aside.
        meanings: of the lights that it may show; `none` has the common one.
        flags: patterns of flags (whole string) and the light that each of them turns on.
    """

    name: str
    asks: str
    judge: Callable[[Record], Judgement]
    meanings: Mapping[Light, str]
    flags: Mapping[str, Light] = field(default_factory=dict)


def diagnostics(record: Record) -> list[Diagnostic]:
    """The lights of a point, one per check in the order of `CHECKS`.

    Args:
        record: of a point, as `hpcbip.reduction.points.reduce_point` makes it; keys may be absent.
    """
    flags = [str(flag) for flag in record.get("flags") or ()]
    return [_diagnostic(check, record, flags) for check in CHECKS]


def worst(found: Iterable[Diagnostic]) -> Light:
    """The light of a point as a whole: the worst of its lights."""
    return check_levels.worst(diagnostic.light for diagnostic in found)


def _diagnostic(check: Check, record: Record, flags: Iterable[str]) -> Diagnostic:
    light, value = check.judge(record)
    for flag in flags:
        for pattern, lit in check.flags.items():
            if re.fullmatch(pattern, flag):
                light = check_levels.worst([light, lit])
                value = flag if value in ("-", "no") else f"{value}; {flag}"
    return Diagnostic(check.name, light, value, check.meanings.get(light, "Nothing is known yet."))


def _others(record: Record) -> Judgement:
    patterns = [pattern for check in CHECKS for pattern in check.flags]
    rest = [
        flag for flag in record.get("flags") or () if not any(re.fullmatch(x, str(flag)) for x in patterns)
    ]
    return ("yellow" if rest else "green"), "; ".join(map(str, rest)) or "no"


_SECTOR = "(polaron|bipolaron)"

CHECKS: tuple[Check, ...] = (
    Check(
        "statistics",
        "Are there enough independent samples for the errors to be known?",
        check_levels.statistics,
        {
            "green": "At least 32 independent samples; binning and autocorrelation analysis agree.",
            "yellow": "Fewer than 32 independent samples, or two error analyses differ: the errors are uncertain.",
            "red": "Fewer than 10 independent samples: neither values nor errors can be trusted; sample longer.",
        },
        {"statistics not converged": "red", f"no {_SECTOR} bins": "red", f"{_SECTOR}: too few bins": "red"},
    ),
    Check(
        "chains",
        "Do the Markov chains agree with each other?",
        check_levels.chains,
        {
            "green": "The chains agree within their errors.",
            "yellow": "The chains differ a little; by chance that happens at about one point in twenty.",
            "red": "The chains are stuck in different places: the errors are too small; sample longer.",
        },
        {f"{_SECTOR}: chains disagree": "red"},
    ),
    Check(
        "thermalisation",
        "Has the start of the chains been forgotten?",
        check_levels.thermalisation,
        {
            "green": "First and second halves agree and there is no trend.",
            "yellow": "Halves differ or there is a trend; by chance that happens at about one point in ten.",
            "red": "The chains still drift: the averages are biased by their start; more thermal blocks are needed.",
        },
        {f"{_SECTOR}: not thermalised": "red"},
    ),
    Check(
        "displacement window",
        "Does the mass depend on the window of the displacement curve?",
        check_levels.window,
        {
            "green": "The mass does not depend on the window beyond its statistical error.",
            "yellow": "The window matters as much as the statistics: quote the systematic error with the mass.",
            "red": "The curve has no straight part, or estimates of the mass contradict each other.",
        },
        {f"mass_{_SECTOR}_fit differs by .* sigma": "yellow"},
    ),
    Check(
        "beta",
        "Is the path long enough to have relaxed to the ground state?",
        check_levels.beta,
        {
            "green": "The pair has relaxed well inside the bulk of the path.",
            "yellow": "A broken pair may leave a trace at the edge of the bulk; a longer beta would tell.",
            "red": "Beta is too short against the binding energy: the bulk still holds broken pairs.",
        },
        {"beta short": "red"},
    ),
    Check(
        "binding",
        "Is the pair bound?",
        check_levels.binding,
        {
            "green": "The pair is bound by more than four standard errors.",
            "yellow": "The pair is bound by less than four standard errors.",
            "red": "No binding is seen beyond two standard errors: there is no bipolaron to condense.",
        },
        {"not bound": "red", "binding energy unknown": "red"},
    ),
    Check(
        "Tc against binding",
        "Do the pairs survive up to Tc?",
        check_levels.transition,
        {
            "green": "Tc is below half of the binding energy.",
            "yellow": "Tc is above half of the binding energy, or not defined here.",
            "red": "The pairs would break before they condense, or there is no mass to work Tc out from.",
        },
        {"Tc >= binding energy": "red", "mass not resolved": "red", "no Tc in one dimension": "yellow"},
    ),
    Check(
        "pair size",
        "Are the pairs apart at the density that Tc is taken at?",
        check_levels.size,
        {
            "green": "The pairs do not overlap at that density.",
            "yellow": "The density is above that of touching pairs: the formula for dilute pairs is stretched.",
            "red": "The pairs overlap at that density: they are no dilute gas.",
        },
        {"pairs overlap": "red"},
    ),
    Check(
        "given up",
        "Was the sampling of a sector given up?",
        check_levels.failures,
        {
            "green": "Both sectors were sampled.",
            "red": "What there is of that sector is a biased choice; see the log.",
        },
        {f"{_SECTOR} failed": "red"},
    ),
    Check(
        "other flags",
        "Is there any other flag?",
        _others,
        {"green": "No other flag.", "yellow": "Flagged for another reason."},
    ),
)
"""All checks, in the order in which they are shown."""
