"""The figures of a campaign: one module each; what they have in common is in `hpcbip.report.plotting`.

Each module has a function that returns a `Picture` (figure, its numbers, title and caption); `draw_all` draws
and saves them all.
"""

from hpcbip.report.figures.dome import dome_figure
from hpcbip.report.figures.gallery import Drawn, draw_all
from hpcbip.report.figures.plateaus import plateaus

__all__ = ["Drawn", "dome_figure", "draw_all", "plateaus"]
