"""The model that all points of a scan share, as a user writes it in YAML."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from hpcbip.campaign.validation import NonNegative, Number, Positive, Section, choice, refusal
from hpcbip.models import (
    COUPLINGS,
    LATTICES,
    MAX_SHELLS,
    PLACES,
    SITES,
    Family,
    Lattice,
    check_families,
    coupling_from_lambda,
    get_lattice,
    lattice_with_basis,
    written_lattice,
)
from hpcbip.models.families import MOST_FAMILIES
from hpcbip.vocabulary.parameters import (
    CELL_KEYS,
    FACTOR_KEYS,
    FURTHER_PHONONS,
    G_FACTORS,
    OMEGA_FACTORS,
    PROFILE,
)

_OTHER_COUPLINGS = {
    "site-peierls": "has a sign problem in quantum Monte Carlo, use exact diagonalisation for it",
}


def _coupling(word: object) -> str:
    if isinstance(word, str) and word in _OTHER_COUPLINGS:
        raise refusal(_OTHER_COUPLINGS[word], ", ".join(COUPLINGS))
    return choice(word, COUPLINGS, "coupling")


def _lattice(word: object) -> str:
    """Check the name of a lattice; one that is written out gets its definition as its name."""
    if not isinstance(word, dict):
        return choice(word, LATTICES, "lattice")
    with_basis = "sites" in word
    try:
        if with_basis:
            basis = WrittenBasis.model_validate(word)
            bonds = [(bond.start, bond.end, bond.cell) for bond in basis.bonds]
            return lattice_with_basis(basis.vectors, basis.sites, bonds).name
        written = WrittenLattice.model_validate(word)
        return written_lattice(written.vectors, written.bonds).name
    except ValidationError:
        raise
    except ValueError as error:
        allowed = "primitive vectors as rows of numbers, bonds as rows of integers in units of these"
        if with_basis:
            allowed = "vectors as rows of numbers, sites as name: position, bonds as {from, to, cell}"
        raise refusal(str(error), allowed) from None


def check_coupling_strength(section: Any) -> None:
    """Check that exactly one of λ and g is given in a section that has both."""
    if (section.lam is None) == (section.g is None):
        wrong = "required key is missing" if section.lam is None else "given together with g"
        raise refusal(wrong, "either lambda or g", key="lambda", value=section.lam)


_Integer = Annotated[int, Field(strict=True)]


class WrittenLattice(Section):
    """A Bravais lattice by its primitive vectors (rows, Cartesian) and one lattice-coordinate vector per bond
    axis."""

    vectors: tuple[tuple[Number, ...], ...]
    bonds: tuple[tuple[_Integer, ...], ...]


class WrittenBond(Section):
    """A bond of a cell: the names of the sites at its ends, and the lattice vector from the cell of the first
    to that of the second."""

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    cell: tuple[_Integer, ...]


class WrittenBasis(Section):
    """A lattice with several sites per cell: primitive vectors (rows, Cartesian), positions of the sites by
    name (in units of the vectors, Cartesian heights after them), and bonds."""

    vectors: tuple[tuple[Number, ...], ...]
    sites: dict[str, tuple[Number, ...]]
    bonds: tuple[WrittenBond, ...]


class PhononSection(Section):
    """A further family of phonons (`hpcbip.models.families`); exactly one of `lambda` (attribute `lam`) and
    `g` is given. `places` are numbers of bond axes, or numbers or names of sites of the cell, from 0 on."""

    where: Annotated[str, BeforeValidator(lambda word: choice(word, PLACES, "place"))]
    omega: Positive
    lam: NonNegative | None = Field(None, alias="lambda")
    g: NonNegative | None = None
    places: tuple[_Integer | str, ...] = ()
    profile: tuple[NonNegative, ...] = (1.0,)

    @model_validator(mode="after")
    def _check(self) -> PhononSection:
        check_coupling_strength(self)
        return self

    def family(self, lattice: Lattice, t: float) -> Family:
        """Make the family on a lattice with the hopping t.

        Raises:
            ValueError: if it is not possible there.
        """
        g = self.g
        if g is None:
            assert self.lam is not None  # one of the two is given
            coupling = "holstein" if self.where == SITES else "bond"
            g = coupling_from_lambda(lattice, coupling, self.lam, self.omega, t)
        places = []
        for place in self.places:
            if isinstance(place, str):
                names = lattice.site_names if self.where == SITES else ()
                if place not in names:
                    allowed = f"site, of {', '.join(names)}" if names else "number"
                    raise ValueError(f"places: {place!r} is no {allowed}")
                place = lattice.site_names.index(place)
            places.append(place)
        family = Family(self.where, self.omega, g, tuple(places), self.profile)
        check_families(lattice, [family])
        return family


class ModelSection(Section):
    """The part of the model that all points share: lattice, kind of coupling, hopping t; factors of t, g and
    Ω per bond axis; energies and factors of U per site of the cell; interactions of the neighbour shells,
    which add to the tail V/r; the profile of the site oscillators, and further families of phonons."""

    lattice: Annotated[str, BeforeValidator(_lattice)]
    coupling: Annotated[str, BeforeValidator(_coupling)]
    t: Positive = 1.0
    t_factors: tuple[Positive, ...] = ()
    g_factors: tuple[NonNegative, ...] = ()
    omega_factors: tuple[Positive, ...] = ()
    levels: tuple[Number, ...] = ()
    U_factors: tuple[Number, ...] = ()
    shells: tuple[Number, ...] = Field((), max_length=MAX_SHELLS)
    profile: tuple[NonNegative, ...] = ()
    phonons: tuple[PhononSection, ...] = Field((), max_length=MOST_FAMILIES)

    @model_validator(mode="after")
    def _check(self) -> ModelSection:
        axes = len(get_lattice(self.lattice).axes)
        for key in FACTOR_KEYS:
            if len(getattr(self, key)) not in (0, axes):
                allowed = f"one factor per bond axis of the lattice, which has {axes}"
                raise refusal("wrong number of factors", allowed, key=key, value=list(getattr(self, key)))
        kinds = get_lattice(self.lattice).kinds
        for key in CELL_KEYS:
            if len(getattr(self, key)) not in ((0, kinds) if kinds > 1 else (0,)):
                allowed = f"one number per site of the cell, which has {kinds}"
                if kinds == 1:
                    allowed = "one number per site of the cell, on a lattice whose cell has several"
                raise refusal("wrong number of values", allowed, key=key, value=list(getattr(self, key)))
        if self.shells:
            try:
                get_lattice(self.lattice).shells(len(self.shells))
            except ValueError as error:
                raise refusal(
                    str(error),
                    "fewer shells, or shorter primitive vectors",
                    key="shells",
                    value=list(self.shells),
                ) from None
        for key in (G_FACTORS.name, OMEGA_FACTORS.name):
            if (values := getattr(self, key)) and self.coupling == "holstein":
                wrong = "without a bond coupling they have no meaning"
                raise refusal(wrong, f"no {key} with holstein", key=key, value=list(values))
        self._check_phonons()
        return self

    def _check_phonons(self) -> None:
        lattice = get_lattice(self.lattice)
        if self.profile:
            shown = list(self.profile)
            if self.coupling == "bond":
                wrong = "without a coupling on sites it has no meaning"
                raise refusal(wrong, "no profile with bond", key=PROFILE.name, value=shown)
            try:
                check_families(lattice, [Family(SITES, 1.0, 1.0, (), self.profile)])
            except ValueError as error:
                allowed = "numbers >= 0 of the own site and of near shells, not all of them zero"
                raise refusal(str(error), allowed, key=PROFILE.name, value=shown) from None
        for k, section in enumerate(self.phonons):
            try:
                section.family(lattice, self.t)
            except ValueError as error:
                given = section.model_dump(mode="json", by_alias=True, exclude_unset=True)
                key = f"{FURTHER_PHONONS.name}[{k}]"
                raise refusal(str(error), FURTHER_PHONONS.allowed, key=key, value=given) from None

    @property
    def further_families(self) -> tuple[Family, ...]:
        """The further families of phonons."""
        lattice = get_lattice(self.lattice)
        return tuple(section.family(lattice, self.t) for section in self.phonons)
