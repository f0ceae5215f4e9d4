"""The plan: which points a configuration asks for, and which ensembles have to be sampled for them.

A point needs two ensembles, one electron (polaron) and two (bipolaron). The polaron's does not depend on U
and V, so points that differ only in these share it, and with it its chains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hpcbip.campaign.identity import chain_seed, identity_of
from hpcbip.campaign.model_section import ModelSection
from hpcbip.campaign.points import PointSection
from hpcbip.campaign.projection import auto_beta, projection_length_of
from hpcbip.campaign.schema import Config
from hpcbip.models import Model, families_to_text, get_lattice, lambda_from_coupling
from hpcbip.qmc.ensemble import Ensemble
from hpcbip.vocabulary.parameters import (
    FURTHER_PHONONS,
    MODEL_KEYS,
    OPTIONAL_POINT_KEYS,
    PAIR_SEQUENCE_KEYS,
    SHARED_SEQUENCE_KEYS,
)
from hpcbip.vocabulary.sectors import BIPOLARON, SECTORS

__all__ = [
    "EnsembleKey",
    "EnsembleRecord",
    "Plan",
    "Point",
    "auto_beta",
    "chain_seed",
    "ensembles_by_kind",
    "make_plan",
]

EnsembleKey = str
"""Identity of an ensemble, 64 hexadecimal digits; the key of `Plan.ensembles`."""

ChainKey = tuple[str, int]
"""Identity of the ensemble, and number of the chain."""


@dataclass(frozen=True)
class EnsembleRecord:
    """What a Markov chain samples: one sector of one model at one projection length.

    Attributes:
        sector: "polaron" or "bipolaron".
        parameters: lattice, coupling, t, omega, g, beta, electrons, for the bipolaron U and V, and what else
            the model needs (`hpcbip.models.Model`).
        identity: hash of the parameters, 64 hexadecimal digits.
    """

    sector: str
    parameters: Mapping[str, Any]
    identity: EnsembleKey

    def build(self) -> Ensemble:
        """Make the kernel's description of this ensemble."""
        model = Model(
            **{key: value for key, value in self.parameters.items() if key not in ("beta", "electrons")}
        )
        return Ensemble(model=model, electrons=SECTORS[self.sector].electrons, beta=self.parameters["beta"])


@dataclass(frozen=True)
class SampleSize:
    """How much of an ensemble is sampled.

    Attributes:
        chains: number of chains.
        blocks: blocks of bins in each, thermal ones not counted.
    """

    chains: int
    blocks: int

    @property
    def total(self) -> int:
        """Count the blocks of bins of all chains."""
        return self.chains * self.blocks


@dataclass(frozen=True)
class Point:
    """One point of the scan.

    Attributes:
        parameters: lattice, coupling, t, omega, g, lambda, U, V and beta (that of the bipolaron, the longer
            one; each ensemble's own is in its record). Energies in the unit of t, beta in its inverse.
        identity: 12 hexadecimal digits.
        ensembles: {"polaron": key, "bipolaron": key} into `Plan.ensembles`.
    """

    parameters: Mapping[str, Any]
    identity: str
    ensembles: Mapping[str, EnsembleKey]


@dataclass(frozen=True)
class Plan:
    """Points in the order of the configuration, and their ensembles in the order of first use."""

    points: tuple[Point, ...]
    ensembles: Mapping[EnsembleKey, EnsembleRecord]


def ensembles_by_kind(records: Iterable[EnsembleRecord]) -> list[Ensemble]:
    """Build one ensemble for every set of parameters that records of one lattice have: the others differ from
    it in numbers alone, and need the same kernel. Those that cannot be sampled are left out."""
    ensembles = []
    for record in {frozenset(record.parameters): record for record in records}.values():
        with suppress(ValueError):
            ensembles.append(record.build())
    return ensembles


def make_plan(config: Config) -> Plan:
    """Work out the points and ensembles of a configuration; a point that is asked for twice enters once."""
    points: dict[str, Point] = {}
    ensembles: dict[EnsembleKey, EnsembleRecord] = {}
    for entry in config.all_points():
        shared = _shared_parameters(config.model, entry)
        interaction: dict[str, Any] = {"U": entry.U, "V": entry.V}
        for key in PAIR_SEQUENCE_KEYS:
            if values := getattr(config.model, key):
                interaction[key] = list(values)
        keys = {}
        for sector in SECTORS:
            beta = projection_length_of(config.sampling.beta, config.model, entry, sector)
            record = _record(
                sector, {**shared, **(interaction if sector == BIPOLARON.name else {}), "beta": beta}
            )
            ensembles.setdefault(record.identity, record)
            keys[sector] = record.identity
        identity = identity_of(keys)[:12]
        parameters = {**shared, "lambda": _lambda(config.model, entry), **interaction, "beta": beta}
        points.setdefault(identity, Point(parameters, identity, keys))
    return Plan(tuple(points.values()), ensembles)


def _record(sector: str, parameters: dict[str, Any]) -> EnsembleRecord:
    parameters = {**parameters, "electrons": SECTORS[sector].electrons}
    return EnsembleRecord(sector, parameters, identity_of(parameters))


def _shared_parameters(model: ModelSection, entry: PointSection) -> dict[str, Any]:
    shared = {key: getattr(model, key) for key in MODEL_KEYS} | {
        "omega": entry.omega,
        "g": entry.coupling(model),
    }
    # keys that are not used stay away, so that identities do not depend on what later versions know
    extra = {key: getattr(entry, key) for key in OPTIONAL_POINT_KEYS}
    extra |= {key: list(getattr(model, key)) or None for key in SHARED_SEQUENCE_KEYS}
    extra[FURTHER_PHONONS.name] = families_to_text(model.further_families) or None
    return shared | {key: value for key, value in extra.items() if value is not None}


def _lambda(model: ModelSection, entry: PointSection) -> float:
    if entry.lam is not None:
        return entry.lam
    assert entry.g is not None
    return lambda_from_coupling(get_lattice(model.lattice), model.coupling, entry.g, entry.omega, model.t)
