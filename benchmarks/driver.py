"""What the driver costs: everything around the kernel, measured on this machine.

    python benchmarks/driver.py                 # all tables, five minutes on two cores
    python benchmarks/driver.py requests        # one of: overhead, start, requests, idle, writing

overhead   wall time of a campaign with blocks of about a second on two ranks against two bare processes that
           run the same blocks of the same chains with nothing around; the bins are compared. And from the
           run's own record, which other work on the machine disturbs less: time of the ranks that is not
           sampling, over that which is
start      from the command to the first block that is done and safe (a block of a millisecond)
requests   blocks per second that one master serves when blocks take no time: real messages, scheduler, files
idle       CPU time of ranks that wait, the master among them, in per cent of a core
writing    bins into the store, in blocks, against a plain write() of the same bytes, without a sync
"""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import numpy as np
import yaml
from sampling import markdown

from hpcbip.store.run_log import RunRecord, read_runs

Row = dict[str, Any]
REQUESTS, IDLE = "serve-requests", "serve-idle"  # what this file does under mpirun


def write_config(folder: Path, points: int = 1, **sampling: object) -> Path:
    """A campaign on the square lattice without targets, in a file."""
    path = folder / "campaign.yaml"
    config = {
        "name": "benchmark",
        "seed": 3,
        "model": {"lattice": "square", "coupling": "bond"},
        "grid": {"omega": [1.0], "g": [1.0 + 0.001 * k for k in range(points)], "U": [8.0]},
        "sampling": {"beta": 40.0, "chains": 1, "min_blocks": 1, "thermal_blocks": 0, **sampling},
    }
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def environment() -> dict[str, str]:
    """Of the user, but no part of an MPI job."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("OMPI_", "PMIX_", "PMI_", "HPCBIP_"))}


def run(config: Path, directory: Path, ranks: int) -> RunRecord:
    """Run a campaign to its end; returns the record of the run."""
    command = [sys.executable, "-m", "hpcbip", "run", str(config), "--out", str(directory), "-n", str(ranks)]
    subprocess.run(command, check=True, capture_output=True, env=environment())
    return read_runs(directory)[-1]


def under_mpirun(ranks: int, *arguments: object) -> str:
    """This file on several ranks; returns what rank 0 prints."""
    from hpcbip.driver.launch.mpirun import find_mpirun, mpirun_settings

    flags, variables = mpirun_settings(find_mpirun())
    command = [str(find_mpirun()), "-n", str(ranks), *flags, sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=variables | environment())
    return done.stdout


def _bare(config: Path, chain: int, blocks: int, start: Any, queue: Any) -> None:
    from hpcbip.campaign.identity import chain_seed
    from hpcbip.campaign.plan import make_plan
    from hpcbip.campaign.schema import load_config
    from hpcbip.qmc import Chain, warm_up

    campaign = load_config(config)
    size, updates = campaign.sampling.bins_per_block, campaign.sampling.updates_per_bin
    ensembles = {key: record.build() for key, record in make_plan(campaign).ensembles.items()}
    warm_up(ensembles.values())
    start.wait()
    begun, sums = time.time(), {}
    for key, ensemble in ensembles.items():
        state = Chain.start(ensemble, chain_seed(campaign.seed, key, chain))
        sums[key, chain] = float(np.vstack([state.run_block(size, updates) for _ in range(blocks)]).sum())
    queue.put((begun, time.time(), sums))


def overhead(repeats: int = 2, blocks: int = 40) -> list[Row]:
    """See above. Two ensembles with two chains each: a chain of either is as much work as the other two."""
    from hpcbip.store.store import Store

    found = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            config = write_config(
                folder, chains=2, max_blocks=blocks, updates_per_bin=1_250_000, bins_per_block=8
            )
            start, queue = multiprocessing.Barrier(2), multiprocessing.Queue()
            jobs = [
                multiprocessing.Process(target=_bare, args=(config, c, blocks, start, queue))
                for c in range(2)
            ]
            for job in jobs:
                job.start()
            told = [queue.get() for _ in jobs]
            bare = max(end for _, end, _ in told) - min(begun for begun, _, _ in told)
            record = run(config, folder / "run", 2)
            with Store(folder / "run") as store:
                for _, _, sums in told:
                    assert sums == {where: float(store.read(*where).sum()) for where in sums}, (
                        "not the same bins"
                    )
            driven, share = record.seconds, record.sampling_share
            assert driven is not None and share is not None
            found.append(
                {
                    "block s": bare / blocks / 2,
                    "bare s": bare,
                    "driver s": driven,
                    "driver/bare - 1, %": 100 * (driven / bare - 1),
                    "not sampling, %": 100 * (1 / share - 1),
                }
            )
    return [*found, {k: statistics.median(row[k] for row in found) for k in found[0]}]


def start() -> list[Row]:
    """See above."""
    rows = []
    for ranks in (2, 8):
        times = []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                config = write_config(folder, 2 * ranks, max_blocks=1, updates_per_bin=1000, bins_per_block=2)
                command = [
                    sys.executable,
                    "-m",
                    "hpcbip",
                    "run",
                    config,
                    "--out",
                    folder / "run",
                    "-n",
                    str(ranks),
                ]
                begun = time.time()
                process = subprocess.Popen(
                    [str(w) for w in command], env=environment(), stdout=subprocess.DEVNULL
                )
                while not list(folder.glob("run/checkpoints/*.checkpoint")):
                    time.sleep(0.005)
                times.append(time.time() - begun)
                process.wait()
        rows.append({"ranks": ranks, "seconds to the first block (median of 3)": statistics.median(times)})
    return rows


class _Fake:
    """A worker whose blocks take a given time and no work."""

    def __init__(self, rows: np.ndarray, seconds: float) -> None:
        self._rows, self._seconds = rows, seconds

    def execute(self, task: Any, _: Any) -> Any:
        """The same bins for every task."""
        from hpcbip.driver.worker import BlockResult

        if self._seconds:
            time.sleep(self._seconds)
        return BlockResult(task, self._rows, max(self._seconds, 1e-4))


def serve(kind: str, folder: Path) -> None:
    """Under mpirun: the real master and executor, with workers that do nothing."""
    from mpi4py import MPI

    from hpcbip.campaign.plan import make_plan
    from hpcbip.campaign.schema import load_config
    from hpcbip.driver import executors
    from hpcbip.driver.deadline import Deadline
    from hpcbip.driver.master import Master
    from hpcbip.driver.signals import StopRequests
    from hpcbip.store.recovery import recover
    from hpcbip.store.running.blocks_in_hand import BlocksInHand

    executors.MASTER_WORKS_BELOW = 0  # rank 0 leads only
    comm = MPI.COMM_WORLD
    rows = np.random.default_rng(1).normal(size=(8, 141))
    worker: Any = _Fake(rows, 3.0 if kind == IDLE else 0.0)
    if comm.Get_rank() > 0:
        executors.serve_tasks(comm, worker, lambda: False)
        _tell_cpu(comm)
        return
    config = load_config(folder / "campaign.yaml")
    plan = make_plan(config)
    (folder / "run" / "checkpoints").mkdir(parents=True)
    recovered = recover(folder / "run", config, plan, print)
    store = recovered.store
    executor = executors.MpiExecutor(comm, worker)
    cut: Any = _Cut(store, plan.ensembles)  # workers send the columns of pairs
    done, room = recovered.blocks_done, recovered.room
    in_hand = BlocksInHand(folder / "run", done)
    master = Master(folder / "run", config, plan, done, store, cut, room, in_hand, print)
    before, begun = _cpu(), time.time()
    master.run(executor, StopRequests(), Deadline(), lambda _: None)
    spent, cpu = time.time() - begun, _cpu() - before
    executor.shut_down(0)
    print(f"RESULT {master.blocks} {spent} {cpu}", flush=True)
    _tell_cpu(comm)


class _Cut:
    """Cuts the bins to the columns of their ensemble."""

    def __init__(self, store: Any, identities: Iterable[str]) -> None:
        self._store = store
        self._columns = {identity: len(store.column_names_and_lags(identity)[0]) for identity in identities}

    def write(self, identity: str, chain: int, first: int, rows: np.ndarray) -> None:
        self._store.write(identity, chain, first, rows[:, : self._columns[identity]])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _tell_cpu(comm: Any) -> None:
    cpu = comm.gather(_cpu(), root=0)
    if cpu:
        print("CPU", *cpu, flush=True)


def requests() -> list[Row]:
    """See above."""
    rows = []
    for ranks in (2, 3, 9):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_config(folder, 100, chains=4, max_blocks=20)
            out = under_mpirun(ranks, REQUESTS, folder)
            blocks, seconds, cpu = map(float, re.findall(r"RESULT (\S+) (\S+) (\S+)", out)[0])
            row = {"workers": ranks - 1, "blocks": int(blocks), "blocks/s": blocks / seconds}
            rows.append(row | {"ms of the master's CPU per block": 1e3 * cpu / blocks})
    return rows


def idle() -> list[Row]:
    """See above."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_config(folder, 1, chains=2, max_blocks=4)  # 16 blocks of 3 s on 4 workers
        out = under_mpirun(6, IDLE, folder)
        _, seconds, cpu = map(float, re.findall(r"RESULT (\S+) (\S+) (\S+)", out)[0])
    return [{"rank": "master", "seconds": seconds, "CPU s": cpu, "% of a core": 100 * cpu / seconds}]


def writing() -> list[Row]:
    """See above."""
    from hpcbip.store.store import Allocation, Store

    chains, blocks, size, columns = 16, 400, 8, 141
    rows = np.random.default_rng(1).normal(size=(size, columns))
    megabytes = chains * blocks * rows.nbytes / 1e6
    found = []
    for _ in range(3):
        with tempfile.TemporaryDirectory(dir=".") as name:
            key = "a" * 64
            with Store(Path(name), writable=True) as store:
                room = Allocation(
                    chains, blocks * size, [f"c{k}" for k in range(columns)], "bipolaron", "{}", [1.0]
                )
                store.allocate({key: room})
                begun = time.perf_counter()
                for block in range(blocks):
                    for chain in range(chains):
                        store.write(key, chain, block * size, rows)
                hdf5 = time.perf_counter() - begun
            with open(Path(name) / "plain", "wb", buffering=0) as file:
                begun = time.perf_counter()
                for _ in range(blocks * chains):
                    file.write(rows.tobytes())
                plain = time.perf_counter() - begun
        found.append(
            {
                "MB": megabytes,
                "store MB/s": megabytes / hdf5,
                "write() MB/s": megabytes / plain,
                "µs per block, store": 1e6 * hdf5 / blocks / chains,
                "write()": 1e6 * plain / blocks / chains,
            }
        )
    return found


TABLES: dict[str, Callable[[], list[Row]]] = {
    "overhead": overhead,
    "start": start,
    "requests": requests,
    "idle": idle,
    "writing": writing,
}


@click.command(help=__doc__)
@click.argument("what", nargs=-1)
def main(what: tuple[str, ...]) -> None:
    """Measure and print the tables."""
    if what and what[0] in (REQUESTS, IDLE):
        serve(what[0], Path(what[1]))
        return
    for name in what or TABLES:
        click.echo(f"{name}\n\n{markdown(TABLES[name]())}")


if __name__ == "__main__":
    main()
