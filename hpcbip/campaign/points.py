"""The points of a scan, as a user writes them in YAML."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from hpcbip.campaign.model_section import ModelSection, check_coupling_strength
from hpcbip.campaign.validation import NonNegative, Number, Positive, Section, refusal
from hpcbip.models import (
    Model,
    coupling_from_lambda,
    get_lattice,
    refuse_dispersion,
    slowest_phonon,
)
from hpcbip.vocabulary.numbers import is_positive
from hpcbip.vocabulary.parameters import (
    LAMBDA,
    PHONON_HOPPING,
    POINT_KEYS,
)


def _distinct(values: tuple[float, ...]) -> tuple[float, ...]:
    seen = set()
    for value in values:
        if value in seen:
            raise refusal(f"{value:g} is given twice", "distinct values")
        seen.add(value)
    return values


def _none_if_zero(value: float | None) -> float | None:
    """Take what does nothing for what is not given: it has the same identity."""
    return value or None


_axis = (Field(min_length=1), AfterValidator(_distinct))


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
        check_coupling_strength(self)
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
            further = [section.omega for section in model.phonons]
            return min([self.omega, self.omega_holstein or self.omega, *further])
        lattice = get_lattice(model.lattice)
        return slowest_phonon(lattice, self.omega, model.omega_factors, self.phonon_hopping)

    def check_dispersion(self, model: ModelSection, place: str) -> None:
        """Refuse an amplitude with which phonons cannot hop; `place` is that of the point in the file."""
        w, lattice = self.phonon_hopping or 0.0, get_lattice(model.lattice)
        lowest = slowest_phonon(lattice, self.omega, model.omega_factors, 0.0)
        refused = refuse_dispersion(lattice, model.coupling, lowest, w)
        key = f"{place}.{PHONON_HOPPING.name}"
        if w > 0.0 and (model.phonons or len(model.profile) > 1):
            wrong = "phonons of several families, or with a profile, do not hop"
            raise refusal(wrong, "no phonon_hopping, or no phonons and profile", key=key, value=w)
        if refused is not None:
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
            model.profile,
            model.further_families,
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
        check_coupling_strength(self)
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
