"""What the figures of a campaign are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hpcbip.report.figures.curves import ensemble_names, varying_axes
from hpcbip.report.plotting.picture import Picture

if TYPE_CHECKING:
    from hpcbip.reduction.results import Results

SHORT_IDENTITY = 12
"""Digits of the identity of an ensemble by which the rows of tables name it."""


@dataclass(frozen=True)
class Source:
    """The results of a campaign, and what several figures derive from them."""

    results: Results

    @cached_property
    def axes(self) -> list[str]:
        """The axes of the scan, that with the longest curves first; none if nothing varies."""
        return varying_axes(self.results.records)

    @cached_property
    def ensemble_names(self) -> dict[str, str]:
        """Names of the ensembles by identity."""
        return ensemble_names(self.results.ensembles)

    @cached_property
    def short_names(self) -> dict[str, str]:
        """Names of the ensembles by the first digits of their identity."""
        return {key[:SHORT_IDENTITY]: name for key, name in self.ensemble_names.items()}


Figures = Iterator[tuple[str, Picture]]
"""Figures with the names of their files, without suffix, drawn one after the other."""

Draw = Callable[[Source], Figures]
"""Draws all figures of one kind for which the campaign has data."""


def file_name(kind: str, axis: str) -> str:
    """Return the name of the files of a figure along an axis; a slash has no place in it."""
    return f"{kind}-{axis.replace('/', '-over-')}"
