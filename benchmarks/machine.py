"""What the machine code costs: an update against β, and the start of a process with and without compiled
code.

    python benchmarks/machine.py

1. Updates per second at t/Ω = 10/3, λ = 0.5, U = 8 on paths of β = 20, 80 and 320: an update costs the same
   on all.
2. Nanoseconds per call of every update and microseconds per measurement (with the reflections), there and at
   β = 80.
3. Seconds from the start of a process to its first block of 100,000 updates: with nothing compiled, with the
   compiled kernel in the cache, and four processes at once with nothing compiled.

With `--instructions` (valgrind has to be there; some minutes) instead: instructions, memory references, cache
misses and mispredicted branches of an update, counted for a simulated processor, at three points. They are
differences of a long and a short chain, so that what a process does beside them drops out.
"""

from __future__ import annotations

import os
import re
import shutil
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

COUNTED_POINTS = ((1.0, 0.5, 40.0), (0.3, 0.5, 80.0), (0.2, 0.6, 60.0))
"""Ω/t, λ and β t of the points whose instructions are counted."""
COUNTED = {
    "instructions": "I   refs",
    "memory references": "D   refs",
    "L1 misses, instructions": "I1  misses",
    "L1 misses, data": "D1  misses",
    "last-level misses": "LL misses",
    "branches": "Branches",
    "mispredicted": "Mispredicts",
}
"""Columns of the table, and what valgrind calls them."""
SHORT, LONG = 2_000_000, 6_000_000
"""Updates of the chains that are compared; the first leaves the thermalisation behind."""
CHAIN = """
import sys
sys.path.insert(0, {folder!r})
from sampling import np, point
from hpcbip.qmc import Chain
chain = Chain.start(point("square", "bond", *{place}, 8.0, beta={beta}), np.arange(1, 5, dtype=np.uint64))
chain.thermalise({updates})
"""


def counts(cache: str, omega: float, lam: float, beta: float) -> dict[str, object]:
    """Count what the simulated processor does per update at one point; `cache` is a folder for machine code.

    Raises:
        click.ClickException: if valgrind is not there or fails.
    """
    if (valgrind := shutil.which("valgrind")) is None:
        raise click.ClickException("valgrind is needed: `apt install valgrind`")
    # valgrind knows no instructions beyond AVX2; a cache of its own, for this code is for no other use
    environment = os.environ | {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2"}
    environment["NUMBA_CACHE_DIR"] = cache
    command = [valgrind, "--tool=cachegrind", "--branch-sim=yes", "--cachegrind-out-file=/dev/null"]
    found = []
    for updates, prefix in ((1000, []), (SHORT, command), (LONG, command)):  # the first compiles
        chain = CHAIN.format(folder=os.path.dirname(__file__), place=(omega, lam), beta=beta, updates=updates)
        done = subprocess.run(
            [*prefix, sys.executable, "-c", chain],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise click.ClickException(done.stderr.strip().splitlines()[-1])
        lines = re.findall(r"== ([^:\n]+):\s+([\d,]+)", done.stderr)
        found.append({name.strip(): int(number.replace(",", "")) for name, number in lines})
    _, short, long = found
    per_update = {column: (long[name] - short[name]) / (LONG - SHORT) for column, name in COUNTED.items()}
    return {"Ω/t": omega, "λ": lam, "β": beta, **per_update}


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
@click.option("--instructions", is_flag=True, help="Count instructions and misses instead.")
def main(seconds: float, instructions: bool) -> None:
    """Measure and print the tables."""
    if instructions:
        with tempfile.TemporaryDirectory() as cache:
            click.echo(markdown([counts(cache, *place) for place in COUNTED_POINTS]))
        return
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
