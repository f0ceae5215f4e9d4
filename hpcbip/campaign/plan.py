"""The plan: which points a configuration asks for, and which ensembles have to be sampled for them.

A point needs two ensembles, one electron (polaron) and two (bipolaron). The polaron's does not depend on U
and V, so points that differ only in these share it, and with it its chains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpcbip.campaign.identity import chain_seed, identity_of
from hpcbip.campaign.points import BetaSection, ModelSection, PointSection
from hpcbip.campaign.schema import Config
from hpcbip.models import Model, coupling_from_lambda, get_lattice, lambda_from_coupling
from hpcbip.qmc.ensemble import Ensemble
from hpcbip.vocabulary.parameters import FACTOR_KEYS, MODEL_KEYS, SITE_KEYS
from hpcbip.vocabulary.sectors import BIPOLARON, POLARON, SECTORS

__all__ = ["EnsembleKey", "EnsembleRecord", "Plan", "Point", "auto_beta", "chain_seed", "make_plan"]

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


def auto_beta(sector: str, t: float, omega: float) -> float:
    """Choose the projection length β (units 1/energy) for `beta: auto`: long against both the hopping and the
    phonon time.

    The ends of the path relax to the ground state within a few 1/gap. The gap above a bound pair is the
    phonon frequency or the binding energy, whichever is smaller, so the bipolaron gets the longer path. What
    is left of the ends lies outside the bulk window in which mass and size are measured.
    """
    if sector == POLARON.name:
        return max(30.0 / t, 20.0 / omega)
    return max(50.0 / t, 24.0 / omega)


def make_plan(config: Config) -> Plan:
    """Work out the points and ensembles of a configuration; a point that is asked for twice enters once."""
    points: dict[str, Point] = {}
    ensembles: dict[EnsembleKey, EnsembleRecord] = {}
    for entry in config.all_points():
        shared = _shared_parameters(config.model, entry)
        interaction: dict[str, Any] = {"U": entry.U, "V": entry.V}
        if config.model.shells:
            interaction["shells"] = list(config.model.shells)
        keys = {}
        for sector in SECTORS:
            beta = _beta(config, entry, sector)
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
    g = entry.g
    if g is None:
        assert entry.lam is not None  # the configuration makes sure of one of the two
        g = coupling_from_lambda(get_lattice(model.lattice), model.coupling, entry.lam, entry.omega, model.t)
    shared = {key: getattr(model, key) for key in MODEL_KEYS} | {"omega": entry.omega, "g": g}
    # keys that are not used stay away, so that identities do not depend on what later versions know
    extra = {key: getattr(entry, key) for key in SITE_KEYS}
    extra |= {key: list(getattr(model, key)) or None for key in FACTOR_KEYS}
    return shared | {key: value for key, value in extra.items() if value is not None}


def _lambda(model: ModelSection, entry: PointSection) -> float:
    if entry.lam is not None:
        return entry.lam
    assert entry.g is not None
    return lambda_from_coupling(get_lattice(model.lattice), model.coupling, entry.g, entry.omega, model.t)


def _beta(config: Config, entry: PointSection, sector: str) -> float:
    beta = config.sampling.beta if entry.beta is None else entry.beta
    if isinstance(beta, BetaSection):
        return float(getattr(beta, sector))
    slowest = min(entry.omega, entry.omega_holstein or entry.omega)
    return auto_beta(sector, config.model.t, slowest) if beta == "auto" else float(beta)
