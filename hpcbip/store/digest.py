"""`hpcbip digest`: checksums of all bins, by which two runs are compared."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcbip.campaign.plan import EnsembleKey, EnsembleRecord
from hpcbip.store.directory import open_campaign
from hpcbip.store.progress import CampaignProgress
from hpcbip.store.selection import counted_bins
from hpcbip.store.store import Rows, Store


@dataclass(frozen=True)
class EnsembleDigest:
    """What is known of the bins of one ensemble by which two runs are compared.

    Attributes:
        columns: names of the columns that the bins have, without what follows in brackets, each once.
        bins: their number in every chain.
        lines: one per chain (`digest_line`).
    """

    columns: tuple[str, ...]
    bins: tuple[int, ...]
    lines: tuple[str, ...]


def digest_lines(directory: Path, only: Collection[str] = ()) -> list[str]:
    """Write one line per (ensemble, chain), sorted: identity, sector, parameters, chain, bins, SHA-256
    of their bytes; for what is done, of exactly the bins that count (`hpcbip.store.selection`).

    An ensemble that several points share (the polaron of points that differ in U only) appears once.

    Args:
        directory: of the campaign.
        only: names of the columns that enter, without what follows in brackets; empty: all columns.

    Raises:
        InputError: if the directory is not a campaign.
    """
    return [line for one in ensemble_digests(directory, only).values() for line in one.lines]


def ensemble_digests(directory: Path, only: Collection[str] = ()) -> dict[EnsembleKey, EnsembleDigest]:
    """Return the digests of all ensembles of a campaign, sorted by identity; arguments as `digest_lines`.

    Raises:
        InputError: if the directory is not a campaign.
    """
    config, plan = open_campaign(directory)
    found = {}
    progress, size = CampaignProgress.read(directory), config.sampling.bins_per_block
    with Store(directory) as store:
        for key in sorted(plan.ensembles):
            stored = store.column_names_and_lags(key)[0]
            bins, lines = [], []
            for chain, number in enumerate(counted_bins(progress, store, key, size)):
                rows = store.read(key, chain, number)
                if not len(rows) and chain >= config.sampling.least_chains:
                    continue
                bins.append(len(rows))
                lines.append(digest_line(plan.ensembles[key], chain, chosen_columns(rows, stored, only)))
            names = tuple(dict.fromkeys(map(_base_name, stored)))
            found[key] = EnsembleDigest(names, tuple(bins), tuple(lines))
    return found


def digest_line(record: EnsembleRecord, chain: int, rows: Rows) -> str:
    """Write the line of the bins of one chain.

    Args:
        record: of its ensemble.
        chain: its number.
        rows: its bins, (bins, columns).
    """
    parameters = " ".join(
        f"{name}={value}" for name, value in record.parameters.items() if name != "electrons"
    )
    sha = hashlib.sha256(rows.astype("<f8").tobytes()).hexdigest()
    return f"{record.identity[:16]} {record.sector} {parameters} chain={chain} bins={len(rows)} sha256={sha}"


def chosen_columns(rows: Rows, names: Sequence[str], only: Collection[str]) -> Rows:
    """Return those columns of bins whose names, without what follows in brackets, are in `only`; all columns
    if it is empty."""
    if not only or not len(rows):
        return rows
    return rows[:, [k for k, name in enumerate(names) if _base_name(name) in only]]


def sha256_of_lines(lines: Sequence[str]) -> str:
    """Return the SHA-256 of lines as `sha256sum` finds it where they are printed."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _base_name(column: str) -> str:
    return column.partition("[")[0]
