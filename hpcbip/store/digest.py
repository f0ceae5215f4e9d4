"""`hpcbip digest`: checksums of all bins, by which two runs are compared."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hpcbip.store.directory import open_campaign
from hpcbip.store.progress import CampaignProgress
from hpcbip.store.selection import counted_bins
from hpcbip.store.store import Store


def digest_lines(directory: Path) -> list[str]:
    """Write one line per (ensemble, chain), sorted: identity, sector, parameters, chain, bins, SHA-256
    of their bytes; for what is done, of exactly the bins that count (`hpcbip.store.selection`).

    An ensemble that several points share (the polaron of points that differ in U only) appears once.

    Raises:
        InputError: if the directory is not a campaign.
    """
    config, plan = open_campaign(directory)
    lines = []
    progress, size = CampaignProgress.read(directory), config.sampling.bins_per_block
    with Store(directory) as store:
        for key in sorted(plan.ensembles):
            record = plan.ensembles[key]
            parameters = " ".join(
                f"{name}={value}" for name, value in record.parameters.items() if name != "electrons"
            )
            for chain, number in enumerate(counted_bins(progress, store, key, size)):
                rows = store.read(key, chain, number)
                if not len(rows) and chain >= config.sampling.least_chains:
                    continue
                sha = hashlib.sha256(rows.astype("<f8").tobytes()).hexdigest()
                lines.append(
                    f"{key[:16]} {record.sector} {parameters} chain={chain} bins={len(rows)} sha256={sha}"
                )
    return lines
