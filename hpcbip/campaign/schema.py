"""The configuration of a campaign: what a user writes in YAML, checked before any rank starts work.

    name: square-dome
    seed: 2023
    model: {lattice: square, coupling: bond, t: 1.0}
    grid: {omega: [0.5, 1.0], lambda: [0.3, 0.5], U: [8.0]}    # every list is an axis of the scan
    points:                                                    # further points, one by one
      - {omega: 1.0, lambda: 0.9, U: 8.0}
    sampling: {chains: 4, target: {tc_over_omega: 0.02}, max_blocks: 200}
    tc: {omega_meV: 30}

Energies are in the unit in which t is given (t = 1: in units of the hopping), β in its inverse. The λ
convention is that of `hpcbip.models.couplings` for the lattice and the coupling.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from hpcbip.campaign.model_section import ModelSection
from hpcbip.campaign.points import BetaSection, GridSection, PointSection, projection_length
from hpcbip.campaign.projection import projection_length_of
from hpcbip.campaign.validation import (
    Count,
    NonNegativeCount,
    Positive,
    Section,
    explain,
    refusal,
    suggestion,
)
from hpcbip.campaign.yaml_reader import read_yaml
from hpcbip.errors import InputError
from hpcbip.models import families_to_text
from hpcbip.qmc.limits import find_excess
from hpcbip.vocabulary.numbers import is_positive
from hpcbip.vocabulary.observables import TARGETS
from hpcbip.vocabulary.parameters import BETA, FURTHER_PHONONS, LAMBDA, SITE_KEYS, G
from hpcbip.vocabulary.sectors import SECTORS


def _target(value: object) -> object:
    if isinstance(value, dict):
        for name in value:
            if name not in TARGETS:
                wrong = "unknown observable" + suggestion(name, TARGETS)
                raise refusal(wrong, ", ".join(TARGETS), key=str(name), value=value[name])
    return value


MAX_POINTS = 50_000
"""Most points of a campaign: so many are planned within seconds; room for their bins takes minutes, which is
told."""

MAX_CHAINS, MAX_FIRST_CHAINS = 1_000_000, 2_000_000
"""Most chains of an ensemble, and most that all ensembles together begin with."""

MAX_BLOCKS, MAX_BINS = 1_000_000, 10_000
"""Most blocks of a chain, and most bins of a block."""

_Chains = Annotated[Count, Field(le=MAX_CHAINS)]
_Blocks = Annotated[Count, Field(le=MAX_BLOCKS)]


class ChainsSection(Section):
    """Chains of an ensemble that grow in number where much is missing, from `min` up to `max`."""

    min: _Chains
    max: _Chains

    @model_validator(mode="after")
    def _check(self) -> ChainsSection:
        if self.max < self.min:
            raise refusal("smaller than min", f">= min, which is {self.min}", key="max", value=self.max)
        return self


def _chains(value: object) -> object:
    if isinstance(value, dict):
        return ChainsSection.model_validate(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_CHAINS:
        allowed = f"an integer >= 1, up to {MAX_CHAINS}, or {{min: integer, max: integer}}"
        raise refusal("not a number of chains", allowed)
    return value


class SamplingSection(Section):
    """How long and how finely the chains are sampled. All counts are per chain, whatever the number of
    ranks. The projection length of `beta: auto` is worked out by `hpcbip.campaign.projection.auto_beta`."""

    beta: Annotated[Literal["auto"] | float | BetaSection, BeforeValidator(projection_length)] = "auto"
    chains: Annotated[int | ChainsSection, BeforeValidator(_chains)] = 4
    target: Annotated[dict[str, Positive], BeforeValidator(_target)] = Field(default_factory=dict)
    max_blocks: _Blocks = 200
    min_blocks: _Blocks = 8
    thermal_blocks: Annotated[NonNegativeCount, Field(le=MAX_BLOCKS)] = 4
    bins_per_block: Annotated[Count, Field(le=MAX_BINS)] = 8
    updates_per_bin: Count = 500_000

    @property
    def least_chains(self) -> int:
        """Chains that every ensemble begins with."""
        return self.chains.min if isinstance(self.chains, ChainsSection) else self.chains

    @property
    def most_chains(self) -> int:
        """Chains that an ensemble may come to have."""
        return self.chains.max if isinstance(self.chains, ChainsSection) else self.chains

    def bins_after(self, blocks: int) -> int:
        """Count the bins of a chain after so many blocks, thermal ones included."""
        return max(0, blocks - self.thermal_blocks) * self.bins_per_block

    @model_validator(mode="before")
    @classmethod
    def _defaults_that_follow(cls, data: Any) -> Any:
        """Let the default of one of max_blocks and min_blocks not contradict the other one."""
        if isinstance(data, dict):
            given = {key: value for key, value in data.items() if type(value) is int and value > 0}
            fields = cls.model_fields
            if (
                "min_blocks" not in data
                and given.get("max_blocks", MAX_BLOCKS) < fields["min_blocks"].default
            ):
                return data | {"min_blocks": given["max_blocks"]}
            if "max_blocks" not in data and given.get("min_blocks", 0) > fields["max_blocks"].default:
                return data | {"max_blocks": given["min_blocks"]}
        return data

    @model_validator(mode="after")
    def _check(self) -> SamplingSection:
        if self.max_blocks < self.min_blocks:
            allowed = f">= min_blocks, which is {self.min_blocks}"
            raise refusal("smaller than min_blocks", allowed, key="max_blocks", value=self.max_blocks)
        return self


def _prefactor(value: object) -> object:
    if value is None or value == "published":
        return value
    if not is_positive(value):
        raise refusal("not a prefactor", "a number > 0, or published")
    assert isinstance(value, int | float)
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
        first: dict[PointSection, int] = {}
        for i, point in enumerate(self.points):
            if first.setdefault(point, i) != i:
                raise refusal(f"same as points[{first[point]}]", "distinct points", key=f"points[{i}]")
        self._site_oscillators()
        self._check_size()
        self._check_kernel_limits()
        return self

    def _check_size(self) -> None:
        points = len(self.points) + (self.grid.size if self.grid else 0)
        if points > MAX_POINTS:
            key = "points" if len(self.points) > MAX_POINTS else "grid"
            raise refusal(f"{points} points", f"up to {MAX_POINTS} in a campaign", key=key)
        most = MAX_FIRST_CHAINS // (len(SECTORS) * points)
        if self.sampling.least_chains > most:
            wrong = f"too many to begin with for {points} points"
            key = "sampling.chains"
            raise refusal(wrong, f"up to {most}", key=key, value=self.sampling.least_chains)

    def _check_kernel_limits(self) -> None:
        """Refuse what the kernel cannot sample; of the grid the extremes are enough."""
        entries = [("grid", point) for point in (self.grid.extremes() if self.grid else ())]
        entries += [(f"points[{i}]", point) for i, point in enumerate(self.points)]
        for place, entry in entries:
            entry.check_dispersion(self.model, place)
            hamiltonian = entry.hamiltonian(self.model)
            for name, sector in SECTORS.items():
                beta = projection_length_of(self.sampling.beta, self.model, entry, name)
                excess = find_excess(hamiltonian, sector.electrons, beta)
                if excess is not None:
                    key = self._place(excess.key, place, entry)
                    raise refusal(f"{name}: {excess.wrong}", excess.allowed, key=key)

    def _place(self, key: str, place: str, entry: PointSection) -> str:
        """Write the path of the key that gives a parameter of a point."""
        if key in ModelSection.model_fields:
            return f"model.{key}"
        if key == BETA.name and entry.beta is None:
            return f"sampling.{key}"
        if key == G.name and entry.g is None:
            key = LAMBDA.name
        return f"{place}.{key}"

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
        """List the points of the grid, then the listed ones."""
        return [*(self.grid.points() if self.grid else ()), *self.points]

    def frozen(self) -> dict[str, Any]:
        """Collect what must never change in a campaign that has begun, as {dotted key: JSON value}.

        Everything else may be extended or changed: the grid, points, targets, block limits, chains and the Tc
        step.
        """
        beta = self.sampling.beta
        phonons = families_to_text(self.model.further_families)
        return {
            "seed": self.seed,
            # what was not given is not there, so that campaigns of versions without that key go on
            **{
                f"model.{key}": value
                for key, value in self.model.model_dump(mode="json").items()
                if value != []
            },
            **({f"model.{FURTHER_PHONONS.name}": phonons} if phonons else {}),  # with g, however it was given
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
    return validate_config(read_yaml(Path(path)), str(path))


def validate_config(content: Any, source: str) -> Config:
    """Check the content of a configuration file.

    Args:
        content: what YAML makes of the file.
        source: the name of the file, for messages.

    Raises:
        InputError: as `load_config`.
    """
    if content is None:
        raise InputError(f"{source}: the file is empty; allowed: the keys {', '.join(Config.model_fields)}")
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise InputError(explain(source, error)) from None


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
