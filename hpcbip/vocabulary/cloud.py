"""Observables of the phonon cloud on the bonds: their distortion, and what it does to the hopping."""

from __future__ import annotations

from hpcbip.vocabulary.entries import Observable, per_sector
from hpcbip.vocabulary.sectors import BIPOLARON

_PAIR = (BIPOLARON.name,)

DISTORTION_POLARON, DISTORTION_BIPOLARON = per_sector(
    Observable(
        name="distortion_{sector}",
        quantity="distortion",
        words="distortion <X> of a bond that touches an electron, of {who}",
        tex=r"$\langle X\rangle$",
        column="distortion",
        required=False,
    )
)
MODULATION_POLARON, MODULATION_BIPOLARON = per_sector(
    Observable(
        name="modulation_{sector}",
        quantity="modulation",
        words="modulation -g<X>/t of the hopping there, of {who}",
        tex=r"$-g\langle X\rangle/t$",
        html="−<i>g</i>⟨<i>X</i>⟩/<i>t</i>",
        group="cloud",
        panel="modulation, {who}",
        target=True,
        column="modulation",
        required=False,
    )
)
MODULATION_SPREAD_POLARON, MODULATION_SPREAD_BIPOLARON = per_sector(
    Observable(
        name="modulation_spread_{sector}",
        quantity="modulation_spread",
        words="standard deviation of gX/t there, of {who}",
        tex=r"$g\,\sigma_X/t$",
        html="<i>g</i>σ<sub><i>X</i></sub>/<i>t</i>",
        group="cloud",
        required=False,
    )
)
SIGN_CHANGE_POLARON, SIGN_CHANGE_BIPOLARON = per_sector(
    Observable(
        name="sign_change_{sector}",
        quantity="sign_change",
        words="probability that the hopping t - gX there is negative, of {who}",
        terminal="P(t<gX)_{sector}",
        tex=r"$P(t<gX)$",
        html="<i>P</i>(<i>t</i> &lt; <i>gX</i>)",
        group="cloud",
        panel="change of sign, {who}",
        target=True,
        column="sign_change",
        required=False,
    )
)
DISTORTION_BETWEEN = Observable(
    name="distortion_between",
    quantity="distortion_between",
    sectors=_PAIR,
    words="distortion <X> of the bond between electrons on neighbouring sites",
    tex=r"$\langle X\rangle_{12}$",
    required=False,
)
MODULATION_BETWEEN = Observable(
    name="modulation_between",
    quantity="modulation_between",
    sectors=_PAIR,
    words="modulation -g<X>/t of the hopping there",
    tex=r"$-g\langle X\rangle_{12}/t$",
    html="−<i>g</i>⟨<i>X</i>⟩<sub>12</sub>/<i>t</i>",
    group="cloud",
    panel="modulation, between the electrons",
    target=True,
    required=False,
)
MODULATION_SPREAD_BETWEEN = Observable(
    name="modulation_spread_between",
    quantity="modulation_spread_between",
    sectors=_PAIR,
    words="standard deviation of gX/t there",
    tex=r"$g\,\sigma_{X,12}/t$",
    html="<i>g</i>σ<sub><i>X</i>,12</sub>/<i>t</i>",
    group="cloud",
    required=False,
)
SIGN_CHANGE_BETWEEN = Observable(
    name="sign_change_between",
    quantity="sign_change_between",
    sectors=_PAIR,
    words="probability that the hopping t - gX there is negative",
    tex=r"$P_{12}(t<gX)$",
    html="<i>P</i><sub>12</sub>(<i>t</i> &lt; <i>gX</i>)",
    group="cloud",
    panel="change of sign, between the electrons",
    target=True,
    required=False,
)

CLOUD_POLARON: tuple[Observable, ...] = (
    DISTORTION_POLARON,
    MODULATION_POLARON,
    MODULATION_SPREAD_POLARON,
    SIGN_CHANGE_POLARON,
)
CLOUD_BIPOLARON: tuple[Observable, ...] = (
    DISTORTION_BIPOLARON,
    MODULATION_BIPOLARON,
    MODULATION_SPREAD_BIPOLARON,
    SIGN_CHANGE_BIPOLARON,
    DISTORTION_BETWEEN,
    MODULATION_BETWEEN,
    MODULATION_SPREAD_BETWEEN,
    SIGN_CHANGE_BETWEEN,
)
"""Of each sector, in the order of the results."""
