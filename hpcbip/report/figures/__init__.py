"""The figures of a campaign: what is drawn is in one small file each, how it looks in `style`.

Each file has a function that makes a `style.Picture` (figure, its numbers, title and caption); `draw_all` saves all.
"""

from .dome import dome_figure
from .gallery import Drawn, draw_all
from .plateaus import PLATEAUS, plateaus

__all__ = ["PLATEAUS", "Drawn", "dome_figure", "draw_all", "plateaus"]
