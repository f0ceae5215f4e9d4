"""How long it takes to reduce a large campaign, and how much memory.

    python benchmarks/reduction.py                       # 100 ensembles of 8 chains of 1,000 bins, 2 GB of disk
    python benchmarks/reduction.py --points 200 --folder /scratch
    python benchmarks/reduction.py --points 10000 --sparse       # 10 GB of disk: the bins would take 150 GB

A campaign of synthetic bins in the real files, reduced as `hpcbip reduce` does it, on all cores, and then once more,
when what is known already is not analysed again. Before the first time the files are dropped from memory, where the
system lets one. With --sparse only the means of the blocks are written, which is what is read; the bins are holes in
the file. The last column is what 10,000 points with two sectors would take at the same time per ensemble. A second
table splits the time of one ensemble on one core into reading and analysis, of 16 of them together.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import h5py
import numpy as np
from sampling import markdown

CONFIG = """
name: large
seed: 1
model: {{lattice: square, coupling: bond, t: 1.0}}
grid: {{omega: [1.0], g: [{couplings}], U: [8.0]}}
sampling: {{beta: 60, chains: {chains}}}
"""


def make(folder: Path, points: int, chains: int, bins: int, sparse: bool = False) -> None:
    """Fill a directory with a campaign of synthetic bins, or of their means alone."""
    from hpcbip.campaign.identity import canonical_json
    from hpcbip.campaign.plan import make_plan
    from hpcbip.campaign.schema import load_config
    from hpcbip.qmc import columns, lags
    from hpcbip.store.progress import CampaignProgress, EnsembleProgress
    from hpcbip.store.segment import block_means, sums_of_means
    from hpcbip.store.store import Allocation, Store

    couplings = ", ".join(f"{1.0 + 0.0001 * k:.4f}" for k in range(points))
    (folder / "config.yaml").write_text(CONFIG.format(couplings=couplings, chains=chains))
    config = load_config(folder / "config.yaml")
    plan, size = make_plan(config), config.sampling.bins_per_block
    random, rows = np.random.default_rng(1), {}
    rooms = {}
    for key, record in plan.ensembles.items():
        ensemble = record.build()
        names, times = columns(ensemble), lags(ensemble)
        if record.sector not in rows:
            known = {"diffusion": 0.4, "pair_distance2": 6.0, "energy": -9.6}
            mean = np.array([known.get(name, 0.1) for name in names])
            if record.sector == "polaron":
                mean[names.index("energy")] = -4.5
            first = names.index("displacement2[1]")
            mean[first : first + len(times)] = 0.4 * times + 0.5 * (1.0 - np.exp(-times))
            rows[record.sector] = mean * (1.0 + 0.05 * random.normal(size=(chains, bins, len(names))))
        rooms[key] = Allocation(
            chains, bins, names, record.sector, canonical_json(record.parameters), list(times), size
        )
    with Store(folder, writable=True) as store:
        store.allocate(rooms)
        for key, room in rooms.items():
            for chain in range(0 if sparse else chains):
                store.write(key, chain, 0, rows[room.sector][chain])
    if sparse:
        means = {
            sector: np.stack([block_means(chain, size) for chain in part]) for sector, part in rows.items()
        }
        sums = {
            sector: np.stack([sums_of_means(chain, 0) for chain in part]) for sector, part in means.items()
        }
        with h5py.File(folder / "bins-0001.h5", "r+") as file:
            for key, room in rooms.items():
                file[key]["0"]["means"][...], file[key]["0"]["means_sum"][...] = (
                    means[room.sector],
                    sums[room.sector],
                )
    CampaignProgress({key: EnsembleProgress(chains, bins // size, done=True) for key in rooms}).write(folder)


def drop(folder: Path) -> None:
    """Have the system forget the files of a directory, so that they come from the disk."""
    for path in folder.glob("*.h5"):
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def parts(folder: Path, number: int = 64) -> list[dict[str, Any]]:
    """Seconds of one ensemble, on one core."""
    from hpcbip.campaign.plan import make_plan
    from hpcbip.campaign.schema import load_config
    from hpcbip.reduction.ensembles import TcSettings
    from hpcbip.reduction.estimates import reduce_ensembles
    from hpcbip.reduction.executor import BATCH, EnsembleReducer, bin_selections
    from hpcbip.store.progress import CampaignProgress
    from hpcbip.vocabulary.sectors import SECTORS

    config = load_config(folder / "config.yaml")
    everything = bin_selections(config, make_plan(config), CampaignProgress.read(folder))
    reducer, found = EnsembleReducer(folder, config.sampling.bins_per_block, TcSettings()), []
    for sector in SECTORS:
        keys = [source for source in everything if source.sector == sector][:number]
        spent = dict.fromkeys(("read", "analyse"), 0.0)
        for k in range(0, len(keys), BATCH):
            begun = time.perf_counter()
            data = [part for key in keys[k : k + BATCH] if (part := reducer.read(key, key.counts or []))]
            read = time.perf_counter()
            reduce_ensembles(data, details=True)
            spent["read"] += read - begun
            spent["analyse"] += time.perf_counter() - read
        row: dict[str, Any] = {
            "sector": sector,
            "samples": data[0].samples,
            "bins in each": data[0].bins_per_sample,
        }
        found.append(row | {f"ms to {part}": 1e3 * seconds / len(keys) for part, seconds in spent.items()})
    return found


@click.command(help=__doc__)
@click.option("--points", default=50, show_default=True)
@click.option("--chains", default=8, show_default=True)
@click.option("--bins", default=1000, show_default=True)
@click.option("--folder", default=".", show_default=True, help="Where there is room.")
@click.option("--sparse", is_flag=True, help="Write the means of the blocks alone.")
@click.option("--reduce", "made", type=click.Path(path_type=Path), hidden=True)
def main(points: int, chains: int, bins: int, folder: str, sparse: bool, made: Path | None) -> None:
    """Measure and print."""
    if made is not None:  # in a process of its own, whose memory is measured
        begun = time.perf_counter()
        from hpcbip.report.results_files import reduce_and_write

        reduce_and_write(made)
        seconds = time.perf_counter() - begun
        memory = [
            resource.getrusage(who).ru_maxrss / 1e6
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        print(seconds, *memory)
        return
    with tempfile.TemporaryDirectory(dir=folder) as name:
        make(Path(name), points, chains, bins, sparse)
        drop(Path(name))
        command = [sys.executable, __file__, "--reduce", name]
        rows = []
        for which in ("first", "again"):
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            seconds, own, child = map(float, out.split()[-3:])
            rows.append(
                {
                    "time": which,
                    "ensembles": 2 * points,
                    "chains": chains,
                    "bins per chain": bins,
                    "seconds": seconds,
                    "ms per ensemble": 1e3 * seconds / (2 * points),
                    "GB, master": own,
                    "GB, largest other": child,
                    "minutes for 10,000 points": seconds / points * 1e4 / 60.0,
                }
            )
        click.echo(markdown(rows))
        click.echo(markdown(parts(Path(name))))


if __name__ == "__main__":
    main()
