"""All figures of a campaign; a figure is registered by its line in `FIGURES`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpcbip.report.figures.autocorrelation import draw_autocorrelation
from hpcbip.report.figures.cloud_map import draw_cloud_map
from hpcbip.report.figures.density import draw_density
from hpcbip.report.figures.displacement import draw_displacement
from hpcbip.report.figures.dome import draw_dome
from hpcbip.report.figures.observables import draw_observables
from hpcbip.report.figures.pair import draw_pair
from hpcbip.report.figures.plateaus import draw_plateaus
from hpcbip.report.figures.progress import draw_progress
from hpcbip.report.figures.source import Draw, Source

if TYPE_CHECKING:
    from hpcbip.reduction.results import Results

FIGURES: tuple[Draw, ...] = (
    draw_dome,
    draw_observables,
    draw_density,
    draw_pair,
    draw_cloud_map,
    draw_displacement,
    draw_plateaus,
    draw_autocorrelation,
    draw_progress,
)
"""What draws the figures, in the order of the page; each yields nothing where it has no data."""


@dataclass(frozen=True)
class Drawn:
    """A figure that has been written.

    Attributes:
        name: of the files, without suffix.
        title: a few words.
        caption: complete sentences: what is drawn, what hollow means, what is not shown, and which command
            made it.
        files: PNG, PDF and CSV.
    """

    name: str
    title: str
    caption: str
    files: list[Path]


def draw_all(results: Results, folder: Path) -> list[Drawn]:
    """Draw and save every figure for which there are data.

    Args:
        results: of a campaign.
        folder: for the files.

    Raises:
        InputError: if the files cannot be written.
    """
    source, drawn = Source(results), []
    for draw in FIGURES:
        for name, picture in draw(source):
            made = f"Made by `hpcbip report {results.directory.name}`; the numbers are in {name}.csv."
            caption = f"{picture.caption} {made}"
            drawn.append(Drawn(name, picture.title, caption, picture.save(folder / f"{name}.png")))
    return drawn
