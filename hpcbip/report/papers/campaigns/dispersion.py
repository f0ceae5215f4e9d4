"""Phonons that hop, beside those that do not: whether dispersion raises Tc (arXiv:2409.14132)."""

from __future__ import annotations

from collections.abc import Sequence

from hpcbip.report.papers import drawing
from hpcbip.report.papers.campaigns.neighbours import two_panels
from hpcbip.report.papers.figure import NoPoints, PaperFigure, missing_sentence
from hpcbip.report.papers.points import PREFACTOR_SENTENCE, Wanted, conditions, wanted_series
from hpcbip.report.plotting.picture import Picture
from hpcbip.report.plotting.style import SeriesStyle
from hpcbip.report.tables import Record
from hpcbip.vocabulary.observables import MASS_BIPOLARON
from hpcbip.vocabulary.parameters import LAMBDA, PHONON_HOPPING

BAND_HALF_WIDTH = 0.4
"""2dw/Ω of the campaigns, the same in two and in three dimensions."""

SCANS = (("square", 2, 1.0), ("square", 2, 2.0), ("square", 2, 10 / 3), ("cubic", 3, 1.0))
"""Lattices, their dimensions and t/Ω."""


def _curves() -> list[Wanted]:
    """Return the curves with and without dispersion of every scan, one after the other."""
    curves = []
    for number, (lattice, dimension, ratio) in enumerate(SCANS):
        for hops in (True, False):
            share = BAND_HALF_WIDTH / (2 * dimension) if hops else 0.0
            label, name = rf"{lattice}, $t/\Omega = {ratio:.3g}$", f"{lattice}, t/Ω = {ratio:.3g}"
            if hops:
                label, name = label + rf", $w = \Omega/{1 / share:g}$", name + f", w = Ω/{1 / share:g}"
            chosen = conditions(
                lattice=lattice,
                coupling="bond",
                U=8.0,
                V=0.0,
                t_over_omega=ratio,
                phonon_hopping=share / ratio,
            )
            curves.append(Wanted(label, name, SeriesStyle.of(2 * number + (not hops)), chosen))
    return curves


DISPERSION_CURVES = _curves()


def draw_dispersion(records: Sequence[Record]) -> Picture:
    """Draw Tc/Ω and m* with and without dispersion on the square and on the cubic lattice.

    Raises:
        NoPoints: if there are no points with phonons that hop.
    """
    plain = [{**one, PHONON_HOPPING.name: one.get(PHONON_HOPPING.name) or 0.0} for one in records]
    found, missing = wanted_series(plain, DISPERSION_CURVES)
    if not any(one.records[0][PHONON_HOPPING.name] for one in found):
        raise NoPoints("no points with phonons that hop")
    title = "$U = 8t$"
    picture, maxima = two_panels(found, LAMBDA.name, r"$\lambda$", MASS_BIPOLARON.name, title)
    caption = (
        "Tc/Ω and mass of bond-Peierls bipolarons on the square and on the cubic lattice at U = 8t, with "
        "phonons that hop (w = Ω/10 and Ω/15, both a band from 0.6 Ω to 1.4 Ω) and without; Ω is the middle "
        "of the band, in λ as well."
        + PREFACTOR_SENTENCE
        + drawing.HOLLOW_SENTENCE
        + drawing.maxima_sentence(maxima)
        + missing_sentence(missing)
    )
    return Picture(picture.figure, picture.rows, "Phonons that hop", caption)


DISPERSION = PaperFigure(
    name="dispersion",
    number="",
    title="Phonons that hop",
    message=(
        "Phonons of a band with its bottom at zero momentum bind pairs at smaller λ than Einstein phonons of "
        "the frequency in its middle, and make them heavier, so that domes move to smaller λ and get lower, "
        "in two and in three dimensions. In units of Ω the domes do not grow from t/Ω = 1 to 10/3: without "
        "dispersion their heights are the same within the errors, with it they fall a little."
    ),
    campaigns=(
        "square-dispersive",
        "cubic-dispersive",
        "square-bond-1",
        "square-bond-2",
        "square-bond-3.3",
        "cubic-bond-1-V0",
    ),
    draw=draw_dispersion,
)
