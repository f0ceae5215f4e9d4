"""A claim of a paper, what the numbers say about it, and how that is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hpcbip.report.papers.points import peaks_along
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity.peaks import Peak, place_name
from hpcbip.superconductivity.tops import BINDING_KIND, UNBOUND_KIND
from hpcbip.vocabulary.flags import PEAK_LIMITED_BY_BINDING

Verdict = Literal["confirmed", "confirmed in part", "limited", "contradicted", "open"]
"""confirmed, contradicted: every comparison says so; confirmed in part: the others cannot tell; limited: some
say so, some the opposite; open: none can tell."""

LIMITED = PEAK_LIMITED_BY_BINDING.code
"""Code of the flag that `peak_text` spells out, so that it is not listed once more."""

SIGMAS = 2.0
"""Errors by which a difference has to exceed zero to count."""


@dataclass(frozen=True)
class Finding:
    """What the numbers say.

    Attributes:
        comparisons: whether each of them supports the claim; None where it cannot tell.
        numbers: sentences with the values and their errors.
        missing: what there are no points for.
    """

    comparisons: Sequence[bool | None]
    numbers: Sequence[str]
    missing: Sequence[str] = ()

    @property
    def verdict(self) -> Verdict:
        """Judge the claim by the comparisons that can tell."""
        told = [one for one in self.comparisons if one is not None]
        if not told:
            return "open"
        if all(told):
            return "confirmed" if len(told) == len(self.comparisons) else "confirmed in part"
        return "limited" if any(told) else "contradicted"


@dataclass(frozen=True)
class Claim:
    """A claim of one of the papers, or a statement beside them.

    Attributes:
        paper: "first" (arXiv:2605.16625) or "second" (arXiv:2502.04647); "model": not a paper's, but what its
            results presuppose of the model.
        number: within the paper.
        statement: what is claimed, in one sentence.
        figure: name of the figure that shows it.
        examine: works out the finding from records of points.
    """

    paper: Literal["first", "second", "model"]
    number: str
    statement: str
    figure: str
    examine: Callable[[Sequence[Record]], Finding]


def exceeds(difference: float, error: float) -> bool | None:
    """Tell whether a difference is above zero, by `SIGMAS` errors; None if neither that nor the opposite."""
    if abs(difference) <= SIGMAS * error:
        return None
    return difference > 0.0


def counted_peak(records: Sequence[Record], axis: str) -> Peak | None:
    """Return the maximum of Tc along an axis, of points of one curve; None if there is none that counts."""
    peaks = [peak for peak in peaks_along(records, axis) if peak.kind != UNBOUND_KIND and not peak.limit]
    return peaks[0] if len(peaks) == 1 else None


def peak_text(peak: Peak) -> str:
    """Return `Tc/Ω = 0.193(4) at λ = 0.72(3)`, what limits it, and what speaks against it."""
    limited = ", limited by binding" if peak.kind == BINDING_KIND else ""
    flags = [text for text, code in zip(peak.flags, peak.flag_codes, strict=True) if code != LIMITED]
    marks = f" (flagged: {'; '.join(flags)})" if flags else ""
    place = place_name(peak.axis, peak.position, peak.position_err)
    return f"Tc/Ω = {with_error(peak.height, peak.height_err)} at {place}{limited}{marks}"
