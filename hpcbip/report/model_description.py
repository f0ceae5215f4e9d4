"""The model of a campaign for the page: its formula as HTML, and how Tc is worked out (docs/physics.md)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from hpcbip.campaign.schema import Config
from hpcbip.models import get_lattice
from hpcbip.models.description import hamiltonian, model_in_words
from hpcbip.superconductivity import prefactor

if TYPE_CHECKING:
    from markupsafe import Markup

_SUBSCRIPT = re.compile(r"_\{([^}]*)\}")
_SYMBOL = re.compile(r"(?<![\w.&])([HtUVgcnbvw])(?![\w.;])")  # a quantity, not a part of "h.c." or "&lt;"
_VECTOR = re.compile(r"(?<![\w.&])r(?![\w.;])")


def has_coulomb_tail(config: Config) -> bool:
    """Tell whether a point of the campaign has a tail V/r."""
    return any(point.V for point in config.all_points())


def has_hopping_phonons(config: Config) -> bool:
    """Tell whether phonons hop at a point of the campaign."""
    return any(point.phonon_hopping for point in config.all_points())


def model_words(config: Config) -> str:
    """Return the model in one or two sentences."""
    return model_in_words(config.model, has_coulomb_tail(config), has_hopping_phonons(config))


def model_formula(config: Config) -> Markup:
    """Return the Hamiltonian as HTML: quantities in italics, vectors in bold."""
    formula = hamiltonian(config.model, has_coulomb_tail(config), has_hopping_phonons(config))
    return formula_as_html(formula)


def formula_as_html(formula: str) -> Markup:
    """Return a formula of `hpcbip.models.description` as HTML."""
    from markupsafe import Markup, escape

    parts = _SUBSCRIPT.split(formula)  # text and subscripts in turns
    for i, part in enumerate(parts):
        text = str(escape(part))
        if i % 2:
            parts[i] = f"<sub>{text}</sub>"
        else:
            parts[i] = _VECTOR.sub("<b>r</b>", _SYMBOL.sub(r"<i>\1</i>", text))
    return Markup("".join(parts))


def tc_words(config: Config) -> str:
    """Return how Tc is worked out (`hpcbip.superconductivity.tc`)."""
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
