"""Checks of the sampling: number of independent samples, agreement of chains, thermalisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hpcbip.report.checks.check import (
    Check,
    Finding,
    Level,
    Limits,
    by_sector,
    joined,
    level_above,
    level_below,
    worst_level,
)
from hpcbip.report.tables import Record
from hpcbip.statistics import P_ALARM, UNDERSAMPLED, WELL_SAMPLED
from hpcbip.vocabulary import flags
from hpcbip.vocabulary.displays import STATISTICS_CHECK
from hpcbip.vocabulary.entries import VERDICT
from hpcbip.vocabulary.sectors import SECTORS

SAMPLE_LIMITS = Limits(yellow=WELL_SAMPLED, red=UNDERSAMPLED)
P_VALUE = Limits(yellow=1e-2, red=P_ALARM)
R_HAT = Limits(yellow=1.1, red=1.3)
"""Wide: of 32 independent samples in 4 chains that agree, R-hat is 1.1."""

_LEVEL_OF_VERDICT: Mapping[str, Level] = {"not": "red", "maybe": "yellow", "converged": "green"}


def find_statistics(record: Record) -> Finding:
    """Compare the independent samples of the sector with the fewest, and the verdicts, with their limits."""
    samples = by_sector(record, "independent")
    verdicts = {record.get(observable.name + VERDICT) for observable in STATISTICS_CHECK}
    level = worst_level(level for verdict, level in _LEVEL_OF_VERDICT.items() if verdict in verdicts)
    values = [f"{sector} {number:.0f}" for sector, number in samples.items()]
    if level in ("red", "yellow"):
        values.append("not converged" if level == "red" else "perhaps not converged")
    levels = [level, *(level_below(number, SAMPLE_LIMITS) for number in samples.values())]
    return worst_level(levels), joined(values)


def _find_p_values(
    record: Record, tests: Mapping[str, str], sectors: Iterable[str]
) -> tuple[Level, list[str]]:
    """Return the level of the smallest p-value of these tests (entry: word in the text), and all values."""
    known = {
        f"{sector}{word}": float(p)
        for sector in sectors
        for name, word in tests.items()
        if (p := record.get(f"{name}_{sector}")) is not None
    }
    level = worst_level(level_below(p, P_VALUE) for p in known.values())
    return level, [f"{name} p = {p:.2g}" for name, p in known.items()]


def find_chains(record: Record) -> Finding:
    """Test whether the means of the chains agree, and their split R-hat.

    Source: Gelman et al., Bayesian Data Analysis.
    """
    several = [sector for sector in SECTORS if (record.get(f"chains_{sector}") or 0) > 1]
    level, values = _find_p_values(record, {"chain_p": ""}, several)
    r_hat = {sector: x for sector, x in by_sector(record, "r_hat").items() if sector in several}
    if r_hat:
        values.append(f"R-hat {max(r_hat.values()):.3f}")
    elif not several and any(record.get(f"chains_{sector}") for sector in SECTORS):
        values.append("one chain only")
    return worst_level([level, *(level_above(x, R_HAT) for x in r_hat.values())]), joined(values)


def find_thermalisation(record: Record) -> Finding:
    """Test the first against the second halves of the chains, and a linear trend."""
    level, values = _find_p_values(record, {"half_p": " halves", "trend_p": " trend"}, SECTORS)
    return level, joined(values)


SAMPLING_CHECKS: tuple[Check, ...] = (
    Check(
        flags.STATISTICS,
        "Are there enough independent samples for the errors to be known?",
        find_statistics,
        {
            "green": "At least 32 independent samples; binning and autocorrelation analysis agree.",
            "yellow": "Fewer than 32 independent samples, or two error analyses differ: the errors are "
            "uncertain.",
            "red": "Fewer than 10 independent samples: neither values nor errors can be trusted; sample "
            "longer.",
        },
    ),
    Check(
        flags.CHAINS,
        "Do the Markov chains agree with each other?",
        find_chains,
        {
            "green": "The chains agree within their errors.",
            "yellow": "The chains differ a little; by chance that happens at about one point in twenty.",
            "red": "The chains are stuck in different places, or in two states, of which the means are a "
            "mixture: sample longer, or see `hpcbip states`.",
        },
    ),
    Check(
        flags.THERMALISATION,
        "Has the start of the chains been forgotten?",
        find_thermalisation,
        {
            "green": "First and second halves agree and there is no trend.",
            "yellow": "Halves differ or there is a trend; by chance that happens at about one point in ten.",
            "red": "The chains still drift: the averages are biased by their start; more thermal blocks are "
            "needed.",
        },
    ),
)
