"""The model and the points of a scan, as a user writes them in YAML."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from hpcbip.campaign.validation import NonNegative, Number, Positive, Section, choice, refusal
from hpcbip.models import (
    COUPLINGS,
    LATTICES,
    MAX_SHELLS,
    Model,
    coupling_from_lambda,
    get_lattice,
    lattice_with_basis,
    refuse_dispersion,
    slowest_phonon,
    written_lattice,
)
from hpcbip.vocabulary.numbers import is_positive
from hpcbip.vocabulary.parameters import (
    CELL_KEYS,
    FACTOR_KEYS,
    G_FACTORS,
    LAMBDA,
    OMEGA_FACTORS,
    PHONON_HOPPING,
    POINT_KEYS,
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


def _distinct(values: tuple[float, ...]) -> tuple[float, ...]:
    seen = set()
    for value in values:
        if value in seen:
            raise refusal(f"{value:g} is given twice", "distinct values")
        seen.add(value)
    return values


def _one_coupling_strength(section: GridSection | PointSection) -> None:
    if (section.lam is None) == (section.g is None):
        wrong = "required key is missing" if section.lam is None else "given together with g"
        raise refusal(wrong, "either lambda or g", key="lambda", value=section.lam)


def _none_if_zero(value: float | None) -> float | None:
    """Take what does nothing for what is not given: it has the same identity."""
    return value or None


_axis = (Field(min_length=1), AfterValidator(_distinct))
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


class ModelSection(Section):
    """The part of the model that all points share: lattice, kind of coupling, hopping t; factors of t, g and
    Ω per bond axis; energies and factors of U per site of the cell; interactions of the neighbour shells,
    which add to the tail V/r."""

    lattice: Annotated[str, BeforeValidator(_lattice)]
    coupling: Annotated[str, BeforeValidator(_coupling)]
    t: Positive = 1.0
    t_factors: tuple[Positive, ...] = ()
    g_factors: tuple[NonNegative, ...] = ()
    omega_factors: tuple[Positive, ...] = ()
    levels: tuple[Number, ...] = ()
    U_factors: tuple[Number, ...] = ()
    shells: tuple[Number, ...] = Field((), max_length=MAX_SHELLS)

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
        return self


class BetaSection(Section):
    """Projection length β of each sector, in units of 1/energy."""

    polaron: Positive
    bipolaron: Positive


def projection_length(value: object) -> object:
    """Check a projection length: auto, one number, or one per sector."""
    if isinstance(value, dict):
        return BetaSection.model_validate(value)
    if value == "auto":
        return value
    if not is_positive(value):
        raise refusal(
            "not a projection length", "auto, a number > 0, or {polaron: number, bipolaron: number}"
        )
    assert isinstance(value, int | float)
    return float(value)


def _own_length(value: object) -> object:
    return None if value is None else projection_length(value)


class PointSection(Section):
    """One point of the scan; exactly one of `lambda` (attribute `lam`) and `g` is given.

    `beta` takes the place of `sampling.beta` at this point: weakly bound pairs need long paths.
    """

    omega: Positive
    lam: NonNegative | None = Field(None, alias="lambda")
    g: NonNegative | None = None
    U: Number
    V: Number = 0.0
    g_holstein: NonNegative | None = None
    omega_holstein: Positive | None = None
    phonon_hopping: Annotated[NonNegative | None, AfterValidator(_none_if_zero)] = None
    beta: Annotated[Literal["auto"] | float | BetaSection | None, BeforeValidator(_own_length)] = None

    @model_validator(mode="after")
    def _check(self) -> PointSection:
        _one_coupling_strength(self)
        return self

    def coupling(self, model: ModelSection) -> float:
        """Return g, given or from λ."""
        if self.g is not None:
            return self.g
        assert self.lam is not None  # one of the two is given
        return coupling_from_lambda(get_lattice(model.lattice), model.coupling, self.lam, self.omega, model.t)

    def slowest_phonon(self, model: ModelSection) -> float:
        """Return the energy of a phonon that sets the time of relaxation: where phonons hop the bottom of
        their band."""
        if self.phonon_hopping is None:
            return min(self.omega, self.omega_holstein or self.omega)
        lattice = get_lattice(model.lattice)
        return slowest_phonon(lattice, self.omega, model.omega_factors, self.phonon_hopping)

    def check_dispersion(self, model: ModelSection, place: str) -> None:
        """Refuse an amplitude with which phonons cannot hop; `place` is that of the point in the file."""
        w, lattice = self.phonon_hopping or 0.0, get_lattice(model.lattice)
        lowest = slowest_phonon(lattice, self.omega, model.omega_factors, 0.0)
        refused = refuse_dispersion(lattice, model.coupling, lowest, w)
        if refused is not None:
            key = f"{place}.{PHONON_HOPPING.name}"
            raise refusal(refused.wrong, refused.allowed, key=key, value=w)

    def hamiltonian(self, model: ModelSection) -> Model:
        """Make the Hamiltonian of this point."""
        return Model(
            model.lattice,
            model.coupling,
            model.t,
            self.omega,
            self.coupling(model),
            self.U,
            self.V,
            model.shells,
            self.g_holstein or 0.0,
            self.omega_holstein or 0.0,
            model.t_factors,
            model.g_factors,
            model.omega_factors,
            model.levels,
            model.U_factors,
            self.phonon_hopping or 0.0,
        )


class GridSection(Section):
    """The axes of the scan; exactly one of `lambda` (attribute `lam`) and `g` is given."""

    omega: Annotated[tuple[Positive, ...], *_axis]
    lam: Annotated[tuple[NonNegative, ...], *_axis] | None = Field(None, alias="lambda")
    g: Annotated[tuple[NonNegative, ...], *_axis] | None = None
    U: Annotated[tuple[Number, ...], *_axis]
    V: Annotated[tuple[Number, ...], *_axis] = (0.0,)
    g_holstein: Annotated[tuple[NonNegative, ...], *_axis] | None = None
    omega_holstein: Annotated[tuple[Positive, ...], *_axis] | None = None
    phonon_hopping: Annotated[tuple[NonNegative, ...], *_axis] | None = None

    @model_validator(mode="after")
    def _check(self) -> GridSection:
        _one_coupling_strength(self)
        return self

    @property
    def size(self) -> int:
        """Count the points."""
        return math.prod(map(len, self._axes.values()))

    @property
    def _axes(self) -> dict[str, tuple[float, ...]]:
        given = {key: getattr(self, "lam" if key == LAMBDA.name else key) for key in POINT_KEYS}
        return {key: values for key, values in given.items() if values is not None}

    def extremes(self) -> Iterator[PointSection]:
        """Make the points with the smallest and largest values of all axes."""
        yield from _product({key: tuple({min(xs), max(xs)}) for key, xs in self._axes.items()})

    def points(self) -> Iterator[PointSection]:
        """Make the product of the axes, the last axis running fastest."""
        yield from _product(self._axes)


def _product(axes: Mapping[str, tuple[float, ...]]) -> Iterator[PointSection]:
    for point in itertools.product(*axes.values()):
        yield PointSection.model_validate(dict(zip(axes, point, strict=True)))
