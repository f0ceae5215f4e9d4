"""The arguments of `hpcbip.sample`, checked like a configuration and turned into the plan of a campaign."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field, ValidationError

from hpcbip.campaign.model_section import ModelSection
from hpcbip.campaign.plan import EnsembleRecord, Point, make_plan
from hpcbip.campaign.points import PointSection
from hpcbip.campaign.schema import Config, SamplingSection
from hpcbip.campaign.validation import Count, NonNegativeCount, Positive, Section, explain
from hpcbip.driver.interactive.chains import Schedule
from hpcbip.errors import InputError
from hpcbip.models import Model
from hpcbip.reduction.ensembles import MIN_BINS
from hpcbip.vocabulary.observables import TARGETS
from hpcbip.vocabulary.parameters import (
    FURTHER_PHONONS,
    G_HOLSTEIN,
    LAMBDA,
    LATTICE,
    MODEL,
    PARAMETERS,
    PHONON_HOPPING,
    POINT,
    SAMPLING,
    SITE_KEYS,
    G,
)
from hpcbip.vocabulary.sectors import SECTORS

SECONDS = 60.0
"""Limit where neither `seconds` nor `bins` is given."""

DEFAULTS = {"updates_per_bin": 50_000, "thermal_bins": 32, "bins_per_block": 8}
"""Bins are shorter than a campaign's, so that the first error bars are there after seconds."""


class _Arguments(Section):
    """What a configuration has no place for."""

    chains: Count
    seed: NonNegativeCount
    seconds: Positive | None
    bins: Count | None
    cores: Count | None
    thermal_bins: NonNegativeCount
    progress: Annotated[bool, Field(strict=True)] | None


@dataclass(frozen=True)
class Request:
    """What is to be sampled.

    Attributes:
        point: parameters of the model as those of a point of a campaign.
        ensembles: by sector, those to sample.
        schedule, chains, seed: of every ensemble.
        seconds: limit, or None. cores: threads. target: relative errors by observable, or empty.
        progress: whether to show a progress bar; None: where there is a terminal or a notebook.
    """

    point: Point
    ensembles: Mapping[str, EnsembleRecord]
    schedule: Schedule
    chains: int
    seed: int
    seconds: float | None
    cores: int
    target: Mapping[str, float]
    progress: bool | None


def check_request(model: object, electrons: object, arguments: Mapping[str, Any]) -> Request:
    """Check all arguments.

    Args:
        model: a `Model`.
        electrons: 1, 2, or both.
        arguments: the others, by name; None where the default is wanted.

    Raises:
        InputError: on anything wrong, `sample: KEY: VALUE: what is wrong; allowed: ...`.
    """
    if not isinstance(model, Model):
        raise InputError(f"sample: model: {model!r}: not a model; allowed: a hpcbip.Model")
    sectors = _sectors(electrons)
    wanted = {key: DEFAULTS.get(key) if value is None else value for key, value in arguments.items()}
    own = {key: wanted.pop(key) for key in _Arguments.model_fields}
    try:
        given = _Arguments.model_validate(own)
        sections = SamplingSection.model_validate(
            {key: value for key, value in wanted.items() if value is not None}
        )
    except ValidationError as error:
        raise InputError(explain("sample", error)) from None
    if given.bins is not None and given.bins * given.chains < MIN_BINS:
        raise InputError(
            f"sample: bins: {given.bins}: too few for an error; allowed: chains × bins >= {MIN_BINS}"
        )
    _check_targets(sections.target, sectors)
    point, ensembles = _plan(model, sections, given.seed)
    unlimited = given.seconds is None and given.bins is None
    return Request(
        point,
        {sector: ensembles[sector] for sector in sectors},
        Schedule(given.thermal_bins, sections.bins_per_block, sections.updates_per_bin, given.bins),
        given.chains,
        given.seed,
        SECONDS if unlimited else given.seconds,
        given.cores or available_cores(),
        sections.target,
        given.progress,
    )


def _sectors(electrons: object) -> list[str]:
    wanted = list(electrons) if isinstance(electrons, tuple | list) else [electrons]
    sectors = [name for name, sector in SECTORS.items() if sector.electrons in wanted]
    if not wanted or len(sectors) != len(wanted):
        raise InputError(f"sample: electrons: {electrons!r}: not a sector; allowed: 1, 2 or (1, 2)")
    return sectors


def _check_targets(target: Mapping[str, float], sectors: list[str]) -> None:
    """Refuse targets of observables that are not sampled."""
    possible = [name for name, observable in TARGETS.items() if set(observable.sectors) <= set(sectors)]
    for name, error in target.items():
        if name not in possible:
            raise InputError(
                f"sample: target.{name}: {error!r}: needs other electrons; allowed: {', '.join(possible)}"
            )


def _plan(model: Model, sampling: SamplingSection, seed: int) -> tuple[Point, dict[str, EnsembleRecord]]:
    """Build the point and the ensembles that a campaign has for this model, with the same identities."""
    section, point = _sections(model)
    content = {"name": "sample", "seed": seed, "sampling": sampling.model_dump(exclude_unset=True)}
    try:
        ModelSection.model_validate(section)  # first each section for itself, whose keys the message names
        PointSection.model_validate(point)
        plan = make_plan(Config.model_validate({**content, "model": section, "points": [point]}))
    except ValidationError as error:
        raise InputError(explain("sample: model", error)) from None
    point_of_model = plan.points[0]
    return point_of_model, {
        sector: plan.ensembles[identity] for sector, identity in point_of_model.ensembles.items()
    }


def _sections(model: Model) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write a model as the sections `model` and `points` of a configuration."""
    absent = {LAMBDA.name, *(() if model.omega_holstein else SITE_KEYS)}
    absent |= {name for name in (PHONON_HOPPING.name, FURTHER_PHONONS.name) if not getattr(model, name)}
    given = {
        name: _plain(getattr(model, name))
        for name, parameter in PARAMETERS.items()
        if name not in absent and parameter.section != SAMPLING
    }
    section = {
        name: value for name, value in given.items() if PARAMETERS[name].section == MODEL and value != []
    }
    point = {name: value for name, value in given.items() if PARAMETERS[name].section == POINT}
    if model.lattice.startswith("{"):  # written out in its name
        section[LATTICE.name] = json.loads(model.lattice)
    if model.phonons:  # kept as text
        section[FURTHER_PHONONS.name] = [family.to_data() for family in model.further_families]
    # only the square of a coupling matters, and a configuration holds its root
    return section, point | {name: abs(point[name]) for name in (G.name, G_HOLSTEIN.name) if name in point}


def _plain(value: Any) -> Any:
    """Turn numpy's numbers into Python's, and tuples into lists."""
    if isinstance(value, tuple):
        return list(value)
    return value.item() if isinstance(value, np.generic) else value


def available_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
