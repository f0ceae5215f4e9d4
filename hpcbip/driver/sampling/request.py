"""The arguments of `hpcbip.sample`, checked like a configuration and turned into the plan of a campaign."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError

from hpcbip.campaign.plan import ELECTRONS, EnsembleRecord, Point, make_plan
from hpcbip.campaign.schema import TARGETS, Config, ModelSection, PointSection, SamplingSection
from hpcbip.campaign.validation import Count, NonNegativeCount, Positive, Section, explain
from hpcbip.driver.sampling.chains import Schedule
from hpcbip.errors import InputError
from hpcbip.models import Model
from hpcbip.reduction.ensembles import MIN_BINS

DEFAULT_SECONDS = 60.0
"""Limit where neither `seconds` nor `bins` is given."""

UPDATES_PER_BIN = 100_000
"""Shorter bins than a campaign's, so that the first error bars are there after seconds."""

THERMAL_BINS = 32
BINS_PER_BLOCK = 8


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


def check_request(model: object, electrons: object, sampling: Mapping[str, Any], **limits: Any) -> Request:
    """Check all arguments.

    Args:
        model: a `Model`.
        electrons: 1, 2, or both.
        sampling: beta, target, updates_per_bin, bins_per_block; None where the default is wanted.
        limits: chains, seed, seconds, bins, cores, thermal_bins, progress.

    Raises:
        InputError: on anything wrong, `sample: KEY: VALUE: what is wrong; allowed: ...`.
    """
    if not isinstance(model, Model):
        raise InputError(f"sample: model: {model!r}: not a model; allowed: a hpcbip.Model")
    sectors = _sectors(electrons)
    defaults = {"thermal_bins": THERMAL_BINS}
    try:
        given = _Arguments.model_validate(
            {key: defaults.get(key) if value is None else value for key, value in limits.items()}
        )
        sections = SamplingSection.model_validate(
            {
                "updates_per_bin": UPDATES_PER_BIN,
                "bins_per_block": BINS_PER_BLOCK,
                **{key: value for key, value in sampling.items() if value is not None},
            }
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
        DEFAULT_SECONDS if unlimited else given.seconds,
        given.cores or _available_cores(),
        sections.target,
        given.progress,
    )


def _sectors(electrons: object) -> list[str]:
    wanted = list(electrons) if isinstance(electrons, tuple | list) else [electrons]
    sectors = [sector for sector, number in ELECTRONS.items() if number in wanted]
    if not wanted or len(sectors) != len(wanted):
        raise InputError(f"sample: electrons: {electrons!r}: not a sector; allowed: 1, 2 or (1, 2)")
    return sectors


def _check_targets(target: Mapping[str, float], sectors: list[str]) -> None:
    """Refuse targets of observables that are not sampled."""
    possible = [name for name, needed in TARGETS.items() if set(needed) <= set(sectors)]
    for name, error in target.items():
        if name not in possible:
            raise InputError(
                f"sample: target.{name}: {error!r}: needs other electrons; allowed: {', '.join(possible)}"
            )


def _plan(model: Model, sampling: SamplingSection, seed: int) -> tuple[Point, dict[str, EnsembleRecord]]:
    """Build the point and the ensembles that a campaign has for this model, with the same identities."""
    lattice: object = model.lattice
    if model.lattice.startswith("{"):  # written out in its name
        lattice = json.loads(model.lattice)
    shared = {"lattice": lattice, "coupling": model.coupling, "t": model.t}
    lists = {"t_factors": model.t_factors, "g_factors": model.g_factors, "shells": model.shells}
    point = {"omega": model.omega, "g": math.fabs(model.g), "U": model.U, "V": model.V}
    if model.omega_holstein:
        point |= {"g_holstein": math.fabs(model.g_holstein), "omega_holstein": model.omega_holstein}
    point = {key: _number(value) for key, value in point.items()}
    section = {key: _number(value) for key, value in shared.items()}
    section |= {key: list(values) for key, values in lists.items() if values}
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


def _number(value: Any) -> Any:
    """Take numpy's numbers for Python's."""
    return value.item() if hasattr(value, "item") else value


def _available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
