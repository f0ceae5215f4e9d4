"""Sampling an ensemble of the atlas once more, bit for bit, without a campaign around it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from hpcbip.campaign.plan import EnsembleRecord, chain_seed, make_plan
from hpcbip.campaign.schema import SamplingSection, load_config
from hpcbip.catalogue.entries import configuration_path
from hpcbip.errors import InputError
from hpcbip.qmc import Chain, columns
from hpcbip.reduction.export import Record
from hpcbip.store.digest import chosen_columns, digest_line, sha256_of_lines
from hpcbip.store.store import NO_ROWS, Rows
from hpcbip.vocabulary.sectors import SECTORS


def cheapest_ensembles(
    records: Sequence[Record], number: int, sectors: Collection[str] = SECTORS
) -> list[tuple[Record, str]]:
    """Return record and sector of the ensembles that took the least CPU seconds, the cheapest first; of each
    point one at most, and of points that share an ensemble the first.

    Args:
        records: of the atlas; those without noted seconds are left out.
        number: of ensembles, at most.
        sectors: of the ensembles.
    """
    found: dict[tuple[str, str], tuple[float, Record, str]] = {}
    for record in records:
        costs = [(cost, sector) for sector in sectors if (cost := record[f"seconds_{sector}"]) is not None]
        if costs:
            cost, sector = min(costs)
            found.setdefault((record["campaign"], record[f"ensemble_{sector}"]), (cost, record, sector))
    cheapest = sorted(found.values(), key=lambda entry: entry[0])[:number]
    return [(record, sector) for _, record, sector in cheapest]


def sample_digest(record: Record, sector: str, folder: Path | None = None) -> str:
    """Sample one ensemble of a point from the beginning and return the digest of its bins, which is the
    record's `digest_S` if they are the same bit for bit.

    It takes about the record's `seconds_S` on one core of the same kind.

    Args:
        record: of the atlas (`hpcbip.catalogue.entries.read_records`).
        sector: S, of the ensemble.
        folder: of the configurations; None: the package's own.

    Raises:
        InputError: if the configuration has no such ensemble.
    """
    path = configuration_path(record["campaign"], folder)
    config = load_config(path)
    ensemble = make_plan(config).ensembles.get(record[f"ensemble_{sector}"])
    if ensemble is None:
        wrong = f"its points are not those of the results: {record['point']} is missing"
        raise InputError(f"{path}: {wrong}; allowed: the configuration that hpcbip atlas add has written")
    only = record["columns"].split(",")
    origins = record.get(f"chain_origins_{sector}") or []
    lines = []
    for chain, bins in enumerate(record[f"chain_bins_{sector}"]):
        seed, number = origins[chain] if chain < len(origins) else (config.seed, chain)
        rows = _sample_chain(ensemble, number, bins, seed, config.sampling)
        lines.append(digest_line(ensemble, chain, chosen_columns(rows, columns(ensemble.build()), only)))
    return sha256_of_lines(lines)


def _sample_chain(
    ensemble: EnsembleRecord, number: int, bins: int, seed: int, sampling: SamplingSection
) -> Rows:
    """Return the first bins of one chain of a campaign, run in the campaign's blocks."""
    chain = Chain.start(ensemble.build(), chain_seed(seed, ensemble.identity, number))
    size, updates = sampling.bins_per_block, sampling.updates_per_bin
    for _ in range(sampling.thermal_blocks):
        chain.thermalise(size * updates)
    blocks = [chain.run_block(size, updates) for _ in range(bins // size)]
    return np.concatenate(blocks) if blocks else NO_ROWS
