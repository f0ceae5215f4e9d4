"""How long it takes to reduce a large campaign, and how much memory.

    python benchmarks/reduction.py                       # 100 ensembles of 8 chains of 1,000 bins, 2 GB of disk
    python benchmarks/reduction.py --points 200 --folder /scratch

A campaign of synthetic bins in the real files, reduced as `hpcbip reduce` does it, on all cores, and then once more,
when what is known already is not analysed again. The last column is what 10,000 points with two sectors would take at
the same time per ensemble. A second table splits the time of one ensemble on one core into reading, checksums and
analysis.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from sampling import markdown

CONFIG = """
name: large
seed: 1
model: {{lattice: square, coupling: bond, t: 1.0}}
grid: {{omega: [1.0], g: [{couplings}], U: [8.0]}}
sampling: {{beta: 60, chains: {chains}}}
"""


def make(folder: Path, points: int, chains: int, bins: int) -> None:
    """Fill a directory with a campaign of synthetic bins."""
    from hpcbip.campaign.bins import Verdict, Verdicts
    from hpcbip.campaign.config import load_config
    from hpcbip.campaign.identity import canonical_json
    from hpcbip.campaign.plan import make_plan
    from hpcbip.campaign.store import Room, Store
    from hpcbip.qmc import columns, lags

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
        rooms[key] = Room(chains, bins, names, record.sector, canonical_json(record.parameters), list(times), size)
    with Store(folder, writable=True) as store:
        store.make_room(rooms)
        for key, room in rooms.items():
            for chain in range(chains):
                store.write(key, chain, 0, rows[room.sector][chain])
    Verdicts({key: Verdict(chains, bins // size, done=True) for key in rooms}).write(folder)


def parts(folder: Path, number: int = 10) -> list[dict[str, Any]]:
    """Seconds of one ensemble, on one core."""
    from hpcbip.campaign.observables import reduce_ensemble
    from hpcbip.campaign.store import Store
    from hpcbip.report.results import Bins

    bins, store, found = Bins(folder), Store(folder), []
    for sector in ("polaron", "bipolaron"):
        keys = [key for key, record in bins.plan.ensembles.items() if record.sector == sector][:number]
        spent = dict.fromkeys(("read", "verified", "analysis"), 0.0)
        for key in keys:
            begun = time.perf_counter()
            chains = [store.read(key, chain, verify=False) for chain in range(store.chains(key))]
            read = time.perf_counter()
            data = bins.read(key)
            verified = time.perf_counter()
            assert data is not None
            reduce_ensemble(data)
            spent["read"] += read - begun
            spent["verified"] += verified - read
            spent["analysis"] += time.perf_counter() - verified
        row: dict[str, Any] = {"sector": sector, "MB": sum(chain.nbytes for chain in chains) / 1e6}
        labels = {"read": "ms to read", "verified": "read with checksums", "analysis": "analyse"}
        found.append(row | {label: 1e3 * spent[part] / len(keys) for part, label in labels.items()})
    return found


@click.command(help=__doc__)
@click.option("--points", default=50, show_default=True)
@click.option("--chains", default=8, show_default=True)
@click.option("--bins", default=1000, show_default=True)
@click.option("--folder", default=".", show_default=True, help="Where there is room.")
@click.option("--reduce", "made", type=click.Path(path_type=Path), hidden=True)
def main(points: int, chains: int, bins: int, folder: str, made: Path | None) -> None:
    """Measure and print."""
    if made is not None:  # in a process of its own, whose memory is measured
        begun = time.perf_counter()
        from hpcbip.report.results import reduce_and_write

        reduce_and_write(made)
        seconds = time.perf_counter() - begun
        memory = [resource.getrusage(who).ru_maxrss / 1e6 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        print(seconds, *memory)
        return
    with tempfile.TemporaryDirectory(dir=folder) as name:
        make(Path(name), points, chains, bins)
        command = [sys.executable, __file__, "--reduce", name]
        rows = []
        for which in ("first", "again"):
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            seconds, own, child = map(float, out.split()[-3:])
            rows.append({
                "time": which, "ensembles": 2 * points, "chains": chains, "bins per chain": bins, "seconds": seconds,
                "ms per ensemble": 1e3 * seconds / (2 * points), "GB, master": own, "GB, largest other": child,
                "minutes for 10,000 points": seconds / points * 1e4 / 60.0,
            })  # fmt: skip
        click.echo(markdown(rows))
        click.echo(markdown(parts(Path(name))))


if __name__ == "__main__":
    main()
