"""The declaration of a figure of the papers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hpcbip.errors import InputError
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.tables import Record

MISSING_WORDS = "No points for:"
"""Words with which a caption begins to name curves without points."""


class NoPoints(InputError):
    """Raised where a figure would be empty: none of the points that it shows are known."""


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the papers.

    Attributes:
        name: on the command line, and of its files.
        number: of the figure of the first paper that it regenerates, "" if there is none.
        title: a few words.
        message: two sentences: what it shows.
        campaigns: names of the campaigns of the atlas whose points it shows.
        draw: makes it from records of points, whatever campaign they are from; what it has no points for is
            named in its caption. Raises `NoPoints` if nothing is left to draw.
    """

    name: str
    number: str
    title: str
    message: str
    campaigns: tuple[str, ...]
    draw: Callable[[Sequence[Record]], Picture]


def missing_sentence(labels: Sequence[str]) -> str:
    """Return the sentence of a caption that names curves without points, with a space before it."""
    return f" {MISSING_WORDS} {'; '.join(labels)}." if labels else ""
