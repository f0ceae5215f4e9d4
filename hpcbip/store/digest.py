"""`hpcbip digest`: checksums of all bins, by which two runs are compared."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

from hpcbip.campaign.plan import EnsembleKey, EnsembleRecord
from hpcbip.store.directory import open_campaign
from hpcbip.store.progress import CampaignProgress
from hpcbip.store.selection import counted_bins
from hpcbip.store.store import Rows, Store


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
    return [line for lines in ensemble_digest_lines(directory, only).values() for line in lines]


def ensemble_digest_lines(directory: Path, only: Collection[str] = ()) -> dict[EnsembleKey, list[str]]:
    """Write the lines of `digest_lines` by ensemble, sorted by identity.

    Raises:
        InputError: if the directory is not a campaign.
    """
    config, plan = open_campaign(directory)
    found: dict[EnsembleKey, list[str]] = {}
    progress, size = CampaignProgress.read(directory), config.sampling.bins_per_block
    with Store(directory) as store:
        for key in sorted(plan.ensembles):
            lines = found.setdefault(key, [])
            chosen = _chosen_columns(store.column_names_and_lags(key)[0], only)
            for chain, number in enumerate(counted_bins(progress, store, key, size)):
                rows = store.read(key, chain, number)
                if not len(rows) and chain >= config.sampling.least_chains:
                    continue
                if only and len(rows):
                    rows = rows[:, chosen]
                lines.append(digest_line(plan.ensembles[key], chain, rows))
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


def sha256_of_lines(lines: Sequence[str]) -> str:
    """Return the SHA-256 of lines as `sha256sum` finds it where they are printed."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _chosen_columns(stored: Sequence[str], only: Collection[str]) -> list[int]:
    """Return where the columns with these names, without their brackets, are among the stored ones."""
    return [k for k, name in enumerate(stored) if name.partition("[")[0] in only]
