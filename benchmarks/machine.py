"""What the machine code costs: an update against β, and the start of a process with and without compiled
code.

    python benchmarks/machine.py

1. Updates per second at t/Ω = 10/3, λ = 0.5, U = 8 on paths of β = 20, 80 and 320: an update costs the same
   on all.
2. Nanoseconds per call of every update and microseconds per measurement (with the reflections), there and at
   β = 80.
3. Seconds from the start of a process to its first block of 100,000 updates: with nothing compiled, with the
   compiled kernel in the cache, and four processes at once with nothing compiled.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import click
import numpy as np
from sampling import markdown, point

from hpcbip.qmc import Chain
from hpcbip.qmc.cycle import COUNTS, UPDATES
from hpcbip.qmc.layout import kernel_columns

FIRST_BLOCK = """
import numpy as np
from hpcbip.models import Model
from hpcbip.qmc import Chain, Ensemble
ensemble = Ensemble(Model("square", "bond", 1.0, 0.3, 0.55, 8.0), 2, 80.0)
print(Chain.start(ensemble, np.arange(1, 5, dtype=np.uint64)).run_block(1, 100_000).sum())
"""


def updates_per_second(beta: float, seconds: float) -> float:
    """Measure the updates per second of one chain after its thermalisation."""
    ensemble = point("square", "bond", 0.3, 0.5, 8.0, beta=beta)
    chain = Chain.start(ensemble, np.arange(1, 5, dtype=np.uint64))
    chain.thermalise(int(100_000 * beta))
    updates, started = 0, time.process_time()
    while (cpu := time.process_time() - started) < seconds:
        chain.run_block(1, 200 * ensemble.interval)
        updates += 200 * ensemble.interval
    return updates / cpu


def calls() -> list[dict[str, object]]:
    """Time every update, from cycles that try one of them four times as often, and a measurement."""
    ensemble = point("square", "bond", 0.3, 0.5, 8.0, beta=80.0)
    chain = Chain.start(ensemble, np.arange(1, 5, dtype=np.uint64))
    chain.thermalise(20_000_000)
    repeats = ensemble.parameters["repeats"].copy()
    updates = 40_000

    def seconds(per_row: int, cycles: int) -> float:
        rows = np.zeros((1, len(kernel_columns(ensemble))))
        counts = np.zeros((len(UPDATES), COUNTS), dtype=np.int64)
        times = []
        for _ in range(5):
            started = time.process_time()
            chain._run(rows, per_row, cycles, counts)
            times.append(time.process_time() - started)
        return min(times)

    plain = seconds(1, updates)
    rows: list[dict[str, object]] = []
    for k, name in enumerate(UPDATES):
        if repeats[k]:
            ensemble.parameters["repeats"][k] = 4 * repeats[k]
            rows.append(
                {"call": name, "ns": 1e9 * (seconds(1, updates) - plain) / (3 * updates * repeats[k])}
            )
            ensemble.parameters["repeats"][k] = repeats[k]
    rows.append(
        {"call": "measurement", "ns": 1e9 * (seconds(updates // 10, 1) - plain / 10) / (updates // 10)}
    )
    return [*rows, {"call": "update, in the mean", "ns": 1e9 * plain / updates / float(repeats.sum())}]


def first_blocks(cache: str, processes: int) -> float:
    """Measure the seconds until that many processes, started together, have all done their first block.

    Raises:
        RuntimeError: if one of them fails, or if they do not all find the same.
    """
    started = time.monotonic()
    command = [sys.executable, "-c", FIRST_BLOCK]
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    found = {process.communicate()[0] for process in running}
    if any(process.returncode for process in running) or len(found) != 1:
        raise RuntimeError("a process failed or found something else")
    return time.monotonic() - started


@click.command(help=__doc__)
@click.option("--seconds", default=10.0, show_default=True, help="CPU seconds per path length.")
def main(seconds: float) -> None:
    """Measure and print the tables."""
    for beta in (20.0, 80.0, 320.0):
        updates_per_second(beta, 1.0)
    click.echo(
        markdown(
            [{"β": beta, "updates/s": updates_per_second(beta, seconds)} for beta in (20.0, 80.0, 320.0)]
        )
    )
    click.echo(markdown(calls()))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        rows = [
            {"start": "nothing compiled", "seconds": first_blocks(one, 1)},
            {"start": "from the cache", "seconds": min(first_blocks(one, 1) for _ in range(3))},
            {"start": "nothing compiled, 4 processes at once", "seconds": first_blocks(many, 4)},
            {"start": "from the cache, 4 processes at once", "seconds": first_blocks(many, 4)},
        ]
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
