"""A model in words, its Hamiltonian as a formula, and the convention of its λ.

Formulas are plain text in which `_{...}` is a subscript.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Protocol

from hpcbip.models.couplings import BOND_COUPLINGS, SITE_COUPLINGS
from hpcbip.models.families import BONDS, Family, number_of_families
from hpcbip.models.named_lattices import get_lattice

_BOND_WORDS = "an oscillator on every bond modulates the hopping over it (bond-Peierls coupling)"
_SITE_WORDS = "couples to the density there (Holstein coupling)"
_HOPPING_PHONONS = "phonons hop between neighbouring oscillators"

_SHELLS = "the density on the site of an oscillator and on its neighbour shells"

_HOP = "(c†_{iσ} c_{jσ} + h.c.)"
_BONDS = "Σ_{⟨ij⟩σ}"
_PAIRS = "Σ_{i<j}"
_DENSITIES = "n_{i}n_{j}"
_DISTANCE = "|r_{i} − r_{j}|"


class ModelKind(Protocol):
    """What the models of all points of a campaign have in common."""

    @property
    def lattice(self) -> str:
        """Name of the lattice (`hpcbip.models.get_lattice`)."""

    @property
    def coupling(self) -> str:
        """Name of the coupling, one of `hpcbip.models.COUPLINGS`."""

    @property
    def shells(self) -> tuple[float, ...]:
        """Interactions of the neighbour shells."""

    @property
    def t_factors(self) -> tuple[float, ...]:
        """Factors of the hopping along the bond axes."""

    @property
    def g_factors(self) -> tuple[float, ...]:
        """Factors of the coupling along the bond axes."""

    @property
    def omega_factors(self) -> tuple[float, ...]:
        """Factors of the phonon energy along the bond axes."""

    @property
    def levels(self) -> tuple[float, ...]:
        """Energies of an electron on the sites of the cell."""

    @property
    def U_factors(self) -> tuple[float, ...]:
        """Factors of U on the sites of the cell."""

    @property
    def profile(self) -> tuple[float, ...]:
        """Factors of g for the density on the site of an oscillator and on its neighbour shells."""

    @property
    def further_families(self) -> tuple[Family, ...]:
        """Families of phonons beside those of the coupling."""


def model_in_words(model: ModelKind, coulomb: bool = False, dispersive: bool = False) -> str:
    """Return one or two sentences: who moves on which lattice, coupled to what.

    Args:
        model: `hpcbip.models.Model`, or what its points share.
        coulomb: whether there is a tail V/r.
        dispersive: whether phonons hop.
    """
    words = f"One and two electrons (a singlet) on {_lattice_in_words(model.lattice)}; "
    words += f"{_coupling_in_words(model.coupling)}"
    if dispersive:
        words += f"; {_HOPPING_PHONONS}{' of one bond axis' if model.coupling in BOND_COUPLINGS else ''}"
    words += "."
    more = []
    if coulomb:
        more.append("an unscreened Coulomb tail V/r")
    if model.shells:
        more.append(f"interactions {_numbers(model.shells)} of the first neighbour shells")
    if model.t_factors:
        more.append(f"hopping multiplied by {_numbers(model.t_factors)} along the bond axes")
    if model.g_factors:
        more.append(f"coupling multiplied by {_numbers(model.g_factors)} along the bond axes")
    if model.omega_factors:
        more.append(f"phonon energy multiplied by {_numbers(model.omega_factors)} along the bond axes")
    if model.levels:
        more.append(f"energies {_numbers(model.levels)} of an electron on the sites of the cell")
    if model.U_factors:
        more.append(f"U multiplied by {_numbers(model.U_factors)} on the sites of the cell")
    if model.profile:
        more.append(f"g multiplied by {_numbers(model.profile)} for {_SHELLS}")
    words += f" With {', '.join(more)}." if more else ""
    for number, family in _numbered(model):
        words += f" Phonons of family {number}: {_family_in_words(family)}."
    return words


def _numbered(model: ModelKind) -> Iterator[tuple[int, Family]]:
    """Yield the further families with their numbers, those of the coupling counted first, from 1 on."""
    yield from enumerate(model.further_families, 1 + number_of_families(model.coupling, ""))


def _family_in_words(family: Family) -> str:
    places = "every bond" if family.where == BONDS else "every site"
    if family.places:
        kind = "the bonds of axis" if family.where == BONDS else "site"
        places = f"{kind} {', '.join(map(str, family.places))}"
        places += f"{'' if family.where == BONDS else ' of the cell'}, counted from 0"
    words = f"an oscillator with Ω = {family.omega:g} and g = {family.g:g} on {places}"
    if family.profile != (1.0,):
        words += f", g multiplied by {_numbers(family.profile)} for {_SHELLS}"
    return words


def _lattice_in_words(lattice: str) -> str:
    if lattice == "chain":
        return "the infinite chain"
    if lattice.startswith("{"):
        written = json.loads(lattice)
        vectors, bonds = written["vectors"], written["bonds"]
        if "sites" in written:
            sites = ", ".join(f"{name} at {at}" for name, at in written["sites"].items())
            ends = ", ".join(f"{bond['from']}–{bond['to']} {bond['cell']}" for bond in bonds)
            return f"the infinite lattice with primitive vectors {vectors}, sites {sites} and bonds {ends}"
        return f"the infinite lattice with primitive vectors {vectors} and bonds {bonds}"
    return f"the infinite {lattice} lattice"


def _coupling_in_words(coupling: str) -> str:
    if coupling not in SITE_COUPLINGS:
        return _BOND_WORDS
    if coupling not in BOND_COUPLINGS:
        return f"an oscillator on every site {_SITE_WORDS}"
    return f"{_BOND_WORDS}, and one on every site {_SITE_WORDS}"


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def hamiltonian(model: ModelKind, coulomb: bool = False, dispersive: bool = False) -> str:
    """Return the Hamiltonian as a formula (`hpcbip.models.Model`).

    Args:
        model: a model, or what its points share.
        coulomb: whether there is a tail V/r.
        dispersive: whether phonons hop: between neighbours k and l among the oscillators of one bond axis, or
            of the sites.
    """
    phonons_hop = " − w Σ_{⟨kl⟩} (b†_{k}b_{l} + h.c.)" if dispersive else ""
    terms = [f"H = −t {_BONDS} {_HOP}", "U Σ_{i} n_{i↑}n_{i↓}"]
    if coulomb:
        terms.append(f"V {_PAIRS} {_DENSITIES}/{_DISTANCE}")
    if model.levels:
        terms.append("Σ_{i} ε_{i}n_{i}")
    if model.shells:
        terms.append(f"{_PAIRS} v({_DISTANCE}) {_DENSITIES}")
    if model.coupling in BOND_COUPLINGS:
        terms += ["Ω Σ_{⟨ij⟩} b†_{ij}b_{ij}" + phonons_hop, f"g {_BONDS} {_HOP} (b†_{{ij}} + b_{{ij}})"]
    if model.coupling in SITE_COUPLINGS:
        omega, g = ("Ω_{h}", "g_{h}") if model.coupling in BOND_COUPLINGS else ("Ω", "g")
        density = _acting("p") if len(model.profile) > 1 else "n_{i}"
        terms += [
            f"{omega} Σ_{{i}} b†_{{i}}b_{{i}}{phonons_hop}",
            f"{g} Σ_{{i}} {density} (b†_{{i}} + b_{{i}})",
        ]
    for number, family in _numbered(model):
        place, acting = ("ij", f"{_BONDS} {_HOP}") if family.where == BONDS else ("i", "Σ_{i} n_{i}")
        if family.spreads:
            acting = "Σ_{i} " + _acting(f"p_{{{number}}}")
        own = f"{number},{place}"
        terms += [
            f"Ω_{{{number}}} Σ b†_{{{own}}}b_{{{own}}}",
            f"g_{{{number}}} {acting} (b†_{{{own}}} + b_{{{own}}})",
        ]
    return " + ".join(terms)


def _acting(profile: str) -> str:
    """Write the density that acts on the oscillator of site i."""
    return f"[Σ_{{j}} {profile}({_DISTANCE}) n_{{j}}]"


def lambda_convention(model: ModelKind) -> str:
    """Return the convention of λ (`hpcbip.models.couplings`) for this model, as `λ = g²/(2Ωt)`."""
    lattice = get_lattice(model.lattice)
    number = Fraction(4 * lattice.dimension)
    if model.coupling in BOND_COUPLINGS:
        number = Fraction(len(lattice.axes), lattice.kinds)
    above, below = (str(x) if x > 1 else "" for x in (number.denominator, number.numerator))
    return f"λ = {above}g²/({below}Ωt)"
