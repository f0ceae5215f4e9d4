"""All claims of the papers with what the numbers say, as rows and as a page of the documentation."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpcbip.errors import InputError
from hpcbip.files import write_atomically
from hpcbip.report.papers.claims.claim import SIGMAS, Claim, Finding
from hpcbip.report.papers.claims.comparisons import ELIASHBERG_CLAIM, MASS_CLAIM
from hpcbip.report.papers.claims.light_pairs import DOME, LIGHT_AND_SMALL
from hpcbip.report.papers.claims.real_space_pairs import LAYERS_CLAIM, ORDER_PARAMETER_CLAIM, RING_CLAIM
from hpcbip.report.papers.claims.regimes import REGIME_CLAIM
from hpcbip.report.papers.claims.repulsion import REPULSION_CLAIM, TAIL_CLAIM
from hpcbip.report.tables import Record

CLAIMS: tuple[Claim, ...] = (
    LIGHT_AND_SMALL,
    DOME,
    REPULSION_CLAIM,
    TAIL_CLAIM,
    ELIASHBERG_CLAIM,
    MASS_CLAIM,
    RING_CLAIM,
    LAYERS_CLAIM,
    ORDER_PARAMETER_CLAIM,
    REGIME_CLAIM,
)
"""In the order of the papers."""

_HEADINGS = {
    "first": "The first paper",
    "second": "The second paper",
    "model": "The linear coupling of the model",
}

_WIDTH = 110
_FIRST = f"""# The claims of the papers

What the last section of the first paper (arXiv:2605.16625) and the second one (arXiv:2502.04647) state, and
what the program's own numbers say about it; at the end, whether the domes rest on the sign of the hopping
t - gX. The page is made from the atlas and the theories by

    hpcbip claims --page docs/papers/claims.md

A comparison counts if it exceeds {SIGMAS:g} of its errors. *Confirmed*: all comparisons say so.
*Confirmed in part*: the others cannot tell. *Limited*: some say so, some the opposite. *Contradicted*: all
say the opposite. *Open*: none can tell, or there are no points. A maximum counts only where pairs are bound
by more than Tc. Tc in two dimensions is at the published prefactor 0.5; the default, 1.84/π, makes it larger
by 1.171.
"""


def examined_claims(records: Sequence[Record]) -> list[tuple[Claim, Finding]]:
    """Examine all claims.

    Args:
        records: of points, as those of the atlas.
    """
    return [(claim, claim.examine(records)) for claim in CLAIMS]


def claim_rows(found: Sequence[tuple[Claim, Finding]]) -> list[dict[str, Any]]:
    """Return one row per claim: paper, number, verdict, statement, numbers and what is missing."""
    return [
        {
            "paper": claim.paper,
            "number": claim.number,
            "verdict": finding.verdict,
            "statement": claim.statement,
            "numbers": list(finding.numbers),
            "missing": list(finding.missing),
        }
        for claim, finding in found
    ]


def page_text(found: Sequence[tuple[Claim, Finding]]) -> str:
    """Return the page in Markdown, without a date: equal numbers, equal page."""
    parts, paper = [_FIRST], ""
    for claim, finding in found:
        if claim.paper != paper:
            paper = claim.paper
            parts.append(f"## {_HEADINGS[paper]}\n")
        parts.append(_wrapped(f"**{claim.number}** {claim.statement} *{finding.verdict.capitalize()}.*"))
        parts += [_item(text) for text in finding.numbers]
        if finding.missing:
            parts.append(_item(f"No points yet for: {'; '.join(finding.missing)}."))
        parts.append(_wrapped(f"`hpcbip figure {claim.figure}` shows it."))
    return "\n".join(parts)


def write_page(path: Path, found: Sequence[tuple[Claim, Finding]]) -> None:
    """Write the page.

    Raises:
        InputError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, page_text(found).encode())
    except OSError as error:
        raise InputError(f"{path}: the page cannot be written: {error.strerror}") from None


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"


def _item(text: str) -> str:
    plain = text.replace("*", r"\*").replace("<", "&lt;").replace("|", r"\|")
    return (
        textwrap.fill(
            plain,
            _WIDTH,
            initial_indent="- ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        + "\n"
    )
