"""Sizes, colours and markers of all figures.

Sizes are those of a journal: one column, or the whole width of a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Item = TypeVar("Item")

COLUMN, PAGE = 3.4, 7.0  # inches
TEXT, SMALL = 8.0, 7.0  # points
GREY, PALE = "0.45", "0.78"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F3C8D", "#000000")
"""The palette of Okabe and Ito, which readers with any colour vision can tell apart, in the order of use."""
MARKERS = "osD^v<>p"
MAX_COLOURED = len(COLOURS)
"""Number of curves that a panel shows in colour; all further curves are grey and lie below them."""
DOTS_PER_INCH = 220


@dataclass(frozen=True)
class SeriesStyle:
    """Colour and marker of a series of points.

    Attributes:
        colour, marker: as matplotlib takes them.
        front: whether it is one of the coloured series; the others are drawn small, grey and below them.
    """

    colour: str
    marker: str
    front: bool = True

    @classmethod
    def of(cls, number: int) -> SeriesStyle:
        """Return the style of series `number` (from 0); grey from `MAX_COLOURED` on."""
        return cls(COLOURS[number], MARKERS[number]) if number < MAX_COLOURED else cls(PALE, "o", False)


def sorted_to_front(items: Sequence[Item], rank: Callable[[Item], Any]) -> list[Item]:
    """Return the items with the `MAX_COLOURED` of highest rank first; in their order if they are not more."""
    if len(items) <= MAX_COLOURED:
        return list(items)
    best = sorted(range(len(items)), key=lambda i: rank(items[i]), reverse=True)[:MAX_COLOURED]
    return [items[i] for i in sorted(best)] + [item for i, item in enumerate(items) if i not in best]


def styles_by_sector(sectors: Mapping[str, str], rank: Callable[[str], float]) -> dict[str, SeriesStyle]:
    """Return the styles of ensembles, in the order of the legend.

    The `MAX_COLOURED` colours are shared out evenly among the sectors, within a sector by rank.

    Args:
        sectors: sectors of the ensembles, by their identity.
        rank: rank of an ensemble, of its identity.
    """
    groups = [
        [key for key in sectors if sectors[key] == sector] for sector in dict.fromkeys(sectors.values())
    ]
    front = []
    for group in groups:
        best = sorted(group, key=rank, reverse=True)[: MAX_COLOURED // len(groups)]
        front += [key for key in group if key in best]
    back = [key for key in sectors if key not in front]
    return {key: SeriesStyle.of(i) for i, key in enumerate(front)} | {
        key: SeriesStyle.of(MAX_COLOURED) for key in back
    }
