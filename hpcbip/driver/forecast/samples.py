"""What the cost model is fitted to: measurements of `benchmarks/plan/cost.py` and of the atlas."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import Config, load_config
from hpcbip.catalogue.csv_format import parse_csv
from hpcbip.catalogue.entries import configuration_path, read_records
from hpcbip.driver.forecast.measurement import ENERGY, Measurement, measurement, quantities
from hpcbip.models import get_lattice, lambda_from_coupling
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import BINDING_ENERGY, sector_observable
from hpcbip.vocabulary.parameters import BETA, LAMBDA, PARAMETERS
from hpcbip.vocabulary.sectors import POLARON, SECTORS

SAMPLES = Path(__file__).with_name("samples.csv")
"""Measurements of `benchmarks/plan/cost.py`."""

_EFFORT = "_effort"


def read_samples() -> list[dict[str, Any]]:
    """Read the rows of `SAMPLES`; none without the file."""
    return parse_csv(SAMPLES.read_text(encoding="utf-8")) if SAMPLES.is_file() else []


def sample_record(identity: str, sample: Measurement) -> dict[str, Any]:
    """Write a measurement as a row of `SAMPLES`."""
    return {
        "ensemble": identity,
        "sector": sample.sector,
        **sample.parameters,
        **sample.values,
        **{name + _EFFORT: effort for name, effort in sample.efforts.items()},
        "updates": sample.updates,
        "nanoseconds": None if sample.seconds is None else 1e9 * sample.seconds,
        "independent": sample.independent,
    }


def sample_of_record(row: Mapping[str, Any]) -> Measurement:
    """Read a row of `SAMPLES`."""
    efforts = {key: value for key, value in row.items() if key.endswith(_EFFORT) and value is not None}
    names = [key.removesuffix(_EFFORT) for key in efforts]
    first = {"ensemble", "sector", "updates", "nanoseconds", "independent", *efforts, *names}
    return Measurement(
        row["sector"],
        {key: value for key, value in row.items() if key not in first and value is not None},
        {name: row[name] for name in names if row.get(name) is not None},
        {name: row[name + _EFFORT] for name in names},
        row["updates"],
        None if row["nanoseconds"] is None else 1e-9 * row["nanoseconds"],
        row["independent"],
    )


def benchmark_measurements() -> list[Measurement]:
    """Return the measurements of `benchmarks/plan/cost.py`."""
    return [sample_of_record(row) for row in read_samples()]


def atlas_measurements(names: Sequence[str]) -> dict[str, Measurement]:
    """Return what campaigns of the atlas have measured, by identity of the ensemble; of an ensemble that two
    campaigns have, what the longer run has measured."""
    records = read_records(names)
    found: dict[str, Measurement] = {}
    for name in dict.fromkeys(record["campaign"] for record in records):
        own = [record for record in records if record["campaign"] == name]
        for key, one in campaign_measurements(load_config(configuration_path(name)), own).items():
            found[key] = max(found.get(key, one), one, key=lambda measured: measured.updates)
    return found


def campaign_measurements(config: Config, records: Sequence[Mapping[str, Any]]) -> dict[str, Measurement]:
    """Return the measurements of the ensembles of a campaign, by identity.

    Args:
        config: of the campaign.
        records: of its points (`hpcbip.reduction.points.reduce_point`, with the identity as `point`).
    """
    found = {}
    plan = make_plan(config)
    by_point = {record["point"]: record for record in records}
    for point in plan.points:
        record = by_point.get(point.identity, {})
        for sector, key in point.ensembles.items():
            updates = (record.get(f"bins_{sector}") or 0) * config.sampling.updates_per_bin
            if updates:
                found[key] = measurement(sector, plan.ensembles[key].parameters, record, updates)
    return found


def benchmark_points() -> list[dict[str, Any]]:
    """Return the points of the benchmark as records: parameters, observables, and errors of these."""
    found = []
    measured = benchmark_measurements()
    polarons = {_without_pair(one.parameters): one for one in measured if one.sector == POLARON.name}
    for pair in measured:
        polaron = polarons.get(_without_pair(pair.parameters))
        if pair.sector == POLARON.name or polaron is None:
            continue
        record: dict[str, Any] = dict(pair.parameters) | {LAMBDA.name: _lambda(pair.parameters)}
        record |= _entries(polaron) | _entries(pair)
        one, two = (sector_observable(ENERGY, sector).name for sector in SECTORS)
        if one in record and two in record:
            record[BINDING_ENERGY.name] = 2.0 * record[one] - record[two]
            record[BINDING_ENERGY.name + ERROR] = math.hypot(2.0 * record[one + ERROR], record[two + ERROR])
        found.append(record)
    return found


def _without_pair(parameters: Mapping[str, Any]) -> str:
    """Return what one electron knows of the parameters, without β."""
    return repr(
        sorted(
            (k, v)
            for k, v in parameters.items()
            if not PARAMETERS.get(k, BETA).of_pair and k not in (BETA.name, "electrons")
        )
    )


def _entries(one: Measurement) -> dict[str, float]:
    """Return the observables of a measurement with their errors."""
    found = {}
    for quantity, name in quantities(one.sector).items():
        if quantity in one.values:
            scale = one.parameters["t"] if quantity == ENERGY else one.values[quantity]
            found[name] = one.values[quantity]
            found[name + ERROR] = abs(scale) * math.sqrt(one.efforts[quantity] / one.updates)
    return found


def _lambda(parameters: Mapping[str, Any]) -> float:
    lattice, coupling = get_lattice(parameters["lattice"]), parameters["coupling"]
    return lambda_from_coupling(lattice, coupling, parameters["g"], parameters["omega"], parameters["t"])
