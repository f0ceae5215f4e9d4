"""The figures of a campaign: what is drawn is in one small file each, how it looks in `style`."""

from .autocorrelation import autocorrelation_figure
from .density import density_figure
from .displacement import displacement_figure
from .dome import dome_figure
from .gallery import Drawn, draw_all
from .observables import observables_figure
from .pair import pair_figure
from .plateaus import PLATEAUS, plateau_figure
from .progress import progress_figure

__all__ = [
    "PLATEAUS",
    "Drawn",
    "autocorrelation_figure",
    "density_figure",
    "displacement_figure",
    "dome_figure",
    "draw_all",
    "observables_figure",
    "pair_figure",
    "plateau_figure",
    "progress_figure",
]
