"""The model of a campaign in words and as a formula (docs/method.md)."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from hpcbip.campaign.schema import Config
from hpcbip.models import get_lattice
from hpcbip.superconductivity import prefactor

if TYPE_CHECKING:
    from markupsafe import Markup

_KINDS = {
    "bond": "an oscillator on every bond modulates the hopping over it (bond-Peierls coupling)",
    "holstein": "an oscillator on every site couples to the density there (Holstein coupling)",
    "bond+holstein": "an oscillator on every bond modulates the hopping over it (bond-Peierls coupling), and one on "
    "every site couples to the density there (Holstein coupling)",
}
_HOP = "(<i>c</i>†<sub>iσ</sub> <i>c</i><sub>jσ</sub> + h.c.)"
_SUM = "Σ<sub>⟨ij⟩σ</sub>"


def model_words(config: Config) -> str:
    """One or two sentences: who moves where, coupled to what."""
    model = config.model
    lattice = f"the infinite {model.lattice} lattice"
    if model.lattice == "chain":
        lattice = "the infinite chain"
    elif model.lattice.startswith("{"):
        written = json.loads(model.lattice)
        lattice = (
            f"the infinite lattice with primitive vectors {written['vectors']} and bonds {written['bonds']}"
        )
    words = f"One and two electrons (a singlet) on {lattice}; {_KINDS[model.coupling]}."
    extras = []
    if any(point.V for point in config.all_points()):
        extras.append("an unscreened Coulomb tail V/r")
    if model.shells:
        extras.append(f"interactions {_list(model.shells)} of the first neighbour shells")
    if model.t_factors:
        extras.append(f"hopping multiplied by {_list(model.t_factors)} along the bond axes")
    if model.g_factors:
        extras.append(f"coupling multiplied by {_list(model.g_factors)} along the bond axes")
    return words + (f" With {', '.join(extras)}." if extras else "")


def _list(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def model_formula(config: Config) -> Markup:
    """The Hamiltonian, as HTML."""
    from markupsafe import Markup

    model, coupling = config.model, config.model.coupling
    terms = [
        f"<i>H</i> = −<i>t</i> {_SUM} {_HOP}",
        "<i>U</i> Σ<sub>i</sub> <i>n</i><sub>i↑</sub><i>n</i><sub>i↓</sub>",
    ]
    pairs = "Σ<sub>i&lt;j</sub>"
    densities = "<i>n</i><sub>i</sub><i>n</i><sub>j</sub>"
    if any(point.V for point in config.all_points()):
        terms.append(f"<i>V</i> {pairs} {densities}/|<b>r</b><sub>i</sub> − <b>r</b><sub>j</sub>|")
    if model.shells:
        terms.append(f"{pairs} <i>v</i>(|<b>r</b><sub>i</sub> − <b>r</b><sub>j</sub>|) {densities}")
    if coupling != "holstein":
        terms.append("Ω Σ<sub>⟨ij⟩</sub> <i>b</i>†<sub>ij</sub><i>b</i><sub>ij</sub>")
        terms.append(f"<i>g</i> {_SUM} {_HOP} (<i>b</i>†<sub>ij</sub> + <i>b</i><sub>ij</sub>)")
    if coupling != "bond":
        both = coupling == "bond+holstein"
        omega, g = ("Ω<sub>h</sub>", "<i>g</i><sub>h</sub>") if both else ("Ω", "<i>g</i>")
        terms.append(f"{omega} Σ<sub>i</sub> <i>b</i>†<sub>i</sub><i>b</i><sub>i</sub>")
        terms.append(f"{g} Σ<sub>i</sub> <i>n</i><sub>i</sub> (<i>b</i>†<sub>i</sub> + <i>b</i><sub>i</sub>)")
    return Markup(" + ".join(terms))  # of the constants above only


def tc_words(config: Config) -> str:
    """How Tc is worked out (`hpcbip.superconductivity.tc`)."""
    d = get_lattice(config.model.lattice).dimension
    if d == 1:
        return "A chain has no Tc."
    factor = prefactor(config.tc.prefactor, d)
    if d == 2:
        formula, touching = f"Tc = {math.pi * factor:.4g} ρ/m* (BKT transition", "1/(πR²)"
    else:
        formula, touching = f"Tc = {factor:.4g} ρ^(2/3)/m* (Bose–Einstein condensation", "3/(4πR³)"
    density = f"ρ = {touching}, at which pairs touch; R² counts as at least 1"
    if config.tc.density is not None:
        density = f"ρ = {config.tc.density:g} pairs per volume"
    return f"{formula} of the dilute pairs) at {density}."


def lambda_words(config: Config) -> str:
    """The convention of λ (`hpcbip.models.couplings`) for this lattice and coupling, as `λ = g²/(2Ωt)`."""
    lattice = get_lattice(config.model.lattice)
    number = 4 * lattice.dimension if config.model.coupling == "holstein" else lattice.coordination // 2
    return f"λ = g²/({'' if number == 1 else number}Ωt)"
