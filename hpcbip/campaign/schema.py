"""The configuration of a campaign: what a user writes in YAML, checked before any rank starts work.

    name: square-dome
    seed: 2023
    model: {lattice: square, coupling: bond, t: 1.0}
    grid: {omega: [0.5, 1.0], lambda: [0.3, 0.5], U: [8.0]}     # every list is an axis; the scan is their product
    points:                                                     # further points, one by one
      - {omega: 1.0, lambda: 0.9, U: 8.0}
    sampling: {chains: 4, target: {tc_over_omega: 0.02}, max_blocks: 200}
    tc: {omega_meV: 30}

Energies are in the unit in which t is given (t = 1: in units of the hopping), β in its inverse. The λ
convention is that of `hpcbip.models.couplings` for the lattice and the coupling.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from hpcbip.campaign.validation import (
    Count,
    NonNegative,
    NonNegativeCount,
    Number,
    Positive,
    Section,
    choice,
    explain,
    refusal,
    suggestion,
)
from hpcbip.campaign.yaml_reader import read_yaml
from hpcbip.errors import InputError
from hpcbip.models import COUPLINGS, LATTICES, MAX_SHELLS, get_lattice, written_lattice
from hpcbip.vocabulary.observables import TARGETS
from hpcbip.vocabulary.parameters import FACTOR_KEYS, LAMBDA, POINT_KEYS, SITE_KEYS

_OTHER_COUPLINGS = {
    "site-peierls": "has a sign problem in quantum Monte Carlo, use exact diagonalisation for it",
}


def _coupling(word: object) -> str:
    if isinstance(word, str) and word in _OTHER_COUPLINGS:
        raise refusal(_OTHER_COUPLINGS[word], ", ".join(COUPLINGS))
    return choice(word, COUPLINGS, "coupling")


def _lattice(word: object) -> str:
    """The name of a lattice; one that is written out gets its definition as its name."""
    if not isinstance(word, dict):
        return choice(word, LATTICES, "lattice")
    written = WrittenLattice.model_validate(word)
    try:
        return written_lattice(written.vectors, written.bonds).name
    except ValueError as error:
        allowed = "primitive vectors as rows of numbers, bonds as rows of integers in units of these"
        raise refusal(str(error), allowed) from None


def _distinct(values: tuple[float, ...]) -> tuple[float, ...]:
    for i, value in enumerate(values):
        if value in values[:i]:
            raise refusal(f"{value:g} is given twice", "distinct values")
    return values


def _one_coupling_strength(section: GridSection | PointSection) -> None:
    if (section.lam is None) == (section.g is None):
        wrong = "required key is missing" if section.lam is None else "given together with g"
        raise refusal(wrong, "either lambda or g", key="lambda", value=section.lam)


_axis = (Field(min_length=1), AfterValidator(_distinct))
_Integer = Annotated[int, Field(strict=True)]


class WrittenLattice(Section):
    """A Bravais lattice by its primitive vectors (rows, Cartesian) and one lattice-coordinate vector per bond
    axis."""

    vectors: tuple[tuple[Number, ...], ...]
    bonds: tuple[tuple[_Integer, ...], ...]


class ModelSection(Section):
    """What all points share: lattice, kind of coupling, hopping t; factors of t and g per bond axis;
    interactions of the neighbour shells, which add to the tail V/r."""

    lattice: Annotated[str, BeforeValidator(_lattice)]
    coupling: Annotated[str, BeforeValidator(_coupling)]
    t: Positive = 1.0
    t_factors: tuple[Positive, ...] = ()
    g_factors: tuple[NonNegative, ...] = ()
    shells: tuple[Number, ...] = Field((), max_length=MAX_SHELLS)

    @model_validator(mode="after")
    def _check(self) -> ModelSection:
        axes = len(get_lattice(self.lattice).axes)
        for key in FACTOR_KEYS:
            if len(getattr(self, key)) not in (0, axes):
                allowed = f"one factor per bond axis of the lattice, which has {axes}"
                raise refusal("wrong number of factors", allowed, key=key, value=list(getattr(self, key)))
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
        if self.g_factors and self.coupling == "holstein":
            wrong = "without a bond coupling they have no meaning"
            raise refusal(wrong, "no g_factors with holstein", key="g_factors", value=list(self.g_factors))
        return self


class PointSection(Section):
    """One point of the scan; exactly one of `lambda` (attribute `lam`) and `g` is given."""

    omega: Positive
    lam: NonNegative | None = Field(None, alias="lambda")
    g: NonNegative | None = None
    U: Number
    V: Number = 0.0
    g_holstein: NonNegative | None = None
    omega_holstein: Positive | None = None

    @model_validator(mode="after")
    def _check(self) -> PointSection:
        _one_coupling_strength(self)
        return self


class GridSection(Section):
    """The axes of the scan; exactly one of `lambda` (attribute `lam`) and `g` is given."""

    omega: Annotated[tuple[Positive, ...], *_axis]
    lam: Annotated[tuple[NonNegative, ...], *_axis] | None = Field(None, alias="lambda")
    g: Annotated[tuple[NonNegative, ...], *_axis] | None = None
    U: Annotated[tuple[Number, ...], *_axis]
    V: Annotated[tuple[Number, ...], *_axis] = (0.0,)
    g_holstein: Annotated[tuple[NonNegative, ...], *_axis] | None = None
    omega_holstein: Annotated[tuple[Positive, ...], *_axis] | None = None

    @model_validator(mode="after")
    def _check(self) -> GridSection:
        _one_coupling_strength(self)
        return self

    def points(self) -> Iterator[PointSection]:
        """The product of the axes, the last axis running fastest."""
        given = {key: getattr(self, "lam" if key == LAMBDA.name else key) for key in POINT_KEYS}
        axes = {key: values for key, values in given.items() if values is not None}
        for point in itertools.product(*axes.values()):
            yield PointSection.model_validate(dict(zip(axes, point, strict=True)))


class BetaSection(Section):
    """Projection length β of each sector, in units of 1/energy."""

    polaron: Positive
    bipolaron: Positive


def _beta(value: object) -> object:
    if isinstance(value, dict):
        return BetaSection.model_validate(value)
    if value == "auto":
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise refusal(
            "not a projection length", "auto, a number > 0, or {polaron: number, bipolaron: number}"
        )
    return float(value)


def _target(value: object) -> object:
    if isinstance(value, dict):
        for name in value:
            if name not in TARGETS:
                wrong = "unknown observable" + suggestion(name, TARGETS)
                raise refusal(wrong, ", ".join(TARGETS), key=str(name), value=value[name])
    return value


class ChainsSection(Section):
    """Chains of an ensemble that grow in number where much is missing, from `min` up to `max`."""

    min: Count
    max: Count

    @model_validator(mode="after")
    def _check(self) -> ChainsSection:
        if self.max < self.min:
            raise refusal("smaller than min", f">= min, which is {self.min}", key="max", value=self.max)
        return self


def _chains(value: object) -> object:
    if isinstance(value, dict):
        return ChainsSection.model_validate(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise refusal("not a number of chains", "an integer >= 1, or {min: integer, max: integer}")
    return value


class SamplingSection(Section):
    """How long and how finely the chains are sampled. All counts are per chain, whatever the number of
    ranks."""

    beta: Annotated[Literal["auto"] | float | BetaSection, BeforeValidator(_beta)] = "auto"
    chains: Annotated[int | ChainsSection, BeforeValidator(_chains)] = 4
    target: Annotated[dict[str, Positive], BeforeValidator(_target)] = Field(default_factory=dict)
    max_blocks: Count = 200
    min_blocks: Count = 8
    thermal_blocks: NonNegativeCount = 4
    bins_per_block: Count = 8
    updates_per_bin: Count = 500_000

    @property
    def least_chains(self) -> int:
        """Chains that every ensemble begins with."""
        return self.chains.min if isinstance(self.chains, ChainsSection) else self.chains

    @property
    def most_chains(self) -> int:
        """Chains that an ensemble may come to have."""
        return self.chains.max if isinstance(self.chains, ChainsSection) else self.chains

    @model_validator(mode="after")
    def _check(self) -> SamplingSection:
        if self.max_blocks < self.min_blocks:
            allowed = f">= min_blocks, which is {self.min_blocks}"
            raise refusal("smaller than min_blocks", allowed, key="max_blocks", value=self.max_blocks)
        return self


def _prefactor(value: object) -> object:
    if value is None or value == "published":
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise refusal("not a prefactor", "a number > 0, or published")
    return float(value)


class TcSection(Section):
    """How Tc is worked out from mass and size; None leaves the kelvin column out, takes the default
    prefactor, and the density (pairs per volume, in lattice constants) at which pairs touch."""

    omega_meV: Positive | None = None
    density: Positive | None = None
    prefactor: Annotated[float | Literal["published"] | None, BeforeValidator(_prefactor)] = None


class Config(Section):
    """A whole campaign."""

    name: Annotated[str, Field(strict=True)]
    seed: NonNegativeCount
    model: ModelSection
    grid: GridSection | None = None
    points: tuple[PointSection, ...] = ()
    sampling: SamplingSection = Field(default_factory=SamplingSection)
    tc: TcSection = Field(default_factory=TcSection)

    @model_validator(mode="after")
    def _check(self) -> Config:
        if not self.name.strip():
            raise refusal("must not be empty", "any text", key="name", value=self.name)
        if self.grid is None and not self.points:
            raise refusal("required key is missing", "a grid, a list of points, or both", key="grid")
        for i, point in enumerate(self.points):
            if point in self.points[:i]:
                raise refusal(
                    f"same as points[{self.points.index(point)}]", "distinct points", key=f"points[{i}]"
                )
        self._site_oscillators()
        return self

    def _site_oscillators(self) -> None:
        both = self.model.coupling == "bond+holstein"
        named = [("grid", self.grid)] * (self.grid is not None)
        for place, section in [*named, *((f"points[{i}]", point) for i, point in enumerate(self.points))]:
            for key in SITE_KEYS:
                value = getattr(section, key)
                if both == (value is None):
                    wrong = "required key is missing" if both else f"has no meaning for {self.model.coupling}"
                    raise refusal(
                        wrong,
                        "g_holstein and omega_holstein with bond+holstein only",
                        f"{place}.{key}",
                        value,
                    )

    def all_points(self) -> list[PointSection]:
        """The points of the grid, then the listed ones."""
        return [*(self.grid.points() if self.grid else ()), *self.points]

    def frozen(self) -> dict[str, Any]:
        """What must never change in a campaign that has begun, as {dotted key: JSON value}.

        Everything else may be extended or changed: the grid, points, targets, block limits, chains and the Tc
        step.
        """
        beta = self.sampling.beta
        return {
            "seed": self.seed,
            # what was not given is not there, so that campaigns of versions without that key go on
            **{
                f"model.{key}": value
                for key, value in self.model.model_dump(mode="json").items()
                if value != []
            },
            "sampling.beta": beta.model_dump() if isinstance(beta, BetaSection) else beta,
            "sampling.thermal_blocks": self.sampling.thermal_blocks,
            "sampling.bins_per_block": self.sampling.bins_per_block,
            "sampling.updates_per_bin": self.sampling.updates_per_bin,
        }


def load_config(path: str | Path) -> Config:
    """Read and check a configuration file.

    Raises:
        InputError: on anything wrong; one line `FILE: KEY.PATH: VALUE: what is wrong; allowed: ...`.
    """
    path = Path(path)
    data = read_yaml(path)
    if data is None:
        raise InputError(f"{path}: the file is empty; allowed: the keys {', '.join(Config.model_fields)}")
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise InputError(explain(str(path), error)) from None


def check_frozen(old: dict[str, Any], new: Config, source: str = "configuration") -> None:
    """Refuse a configuration that would mix different physics or different bins in one campaign.

    Args:
        old: `Config.frozen()` of the campaign as it was started, possibly through JSON.
        new: the configuration given now.
        source: the name of its file, for the message.

    Raises:
        InputError: naming the first frozen key that differs, and both values.
    """
    given = new.frozen()
    for key in sorted(old.keys() | given.keys()):
        if old.get(key) != given.get(key):
            raise InputError(
                f"{source}: {key}: {given.get(key)!r}: cannot change in a campaign that was started with "
                f"{old.get(key)!r}; allowed: {old.get(key)!r}, or another output directory"
            )
