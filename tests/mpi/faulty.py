"""`hpcbip` with faults built in: python faulty.py FAULT,... run CONFIG --out DIR.

The second block of bins of chain 1 fails, in as many ensembles of two electrons as there are faults, those
with the weakest coupling, by one fault each.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import numpy as np

faults = sys.argv.pop(1).split(",")
PROCESS = os.getpid()


def fail(fault: str, loaded: Any) -> None:
    """Raise, or make the kernel raise or return nonsense."""
    if fault == "raise":
        raise ZeroDivisionError("made up")
    if fault == "memory":
        raise MemoryError
    if fault == "overflow":
        loaded.chain.run_block = lambda *_: (_ for _ in ()).throw(OverflowError("more than 65532 events"))
    if fault == "nan":
        loaded.chain.run_block = lambda *_: np.array([[np.nan]])
    if fault == "crash" or (fault == "crash-of-a-rank" and os.getpid() == PROCESS):
        os.kill(os.getpid(), signal.SIGSEGV)


def build_in() -> None:
    from hpcbip.driver import executors, worker

    if "crash-of-a-rank" in faults:
        executors.MASTER_WORKS_BELOW = 0  # the death of rank 0 ends the job

    real = worker.Worker._run_block

    def faulty(self: worker.Worker, loaded: Any) -> np.ndarray:
        pairs = [record for record in self._plan.ensembles.values() if record.sector == "bipolaron"]
        pairs.sort(key=lambda record: record.parameters["g"])
        for fault, record in zip(faults, pairs, strict=False):
            if (loaded.identity, loaded.number, loaded.blocks_done) == (record.identity, 1, 2):
                fail(fault, loaded)
        return real(self, loaded)

    worker.Worker._run_block = faulty


if __name__ == "__main__":
    from hpcbip.driver import run

    original = run.start_mpi

    def start_mpi(report_status: Any) -> Any:
        comm = original(report_status)
        build_in()
        return comm

    run.start_mpi = start_mpi
    from hpcbip.cli import main

    main()
