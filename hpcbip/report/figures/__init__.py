"""The figures of a campaign: what is drawn is in one small file each, how it looks in `style`.

Each file has a function that makes a `style.Picture` (figure, its numbers, title and caption); `draw_all`
saves all.
"""

from hpcbip.report.figures.dome import dome_figure
from hpcbip.report.figures.gallery import Drawn, draw_all
from hpcbip.report.figures.plateaus import PLATEAUS, plateaus

__all__ = ["PLATEAUS", "Drawn", "dome_figure", "draw_all", "plateaus"]
