"""`hpcbip` with a fault built in: python faulty.py raise|overflow|nan|memory run CONFIG --out DIR."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

fault = sys.argv.pop(1)


def build_in() -> None:
    """The second block of bins of chain 1 fails, in the ensemble of two electrons with the weaker
    coupling."""
    from hpcbip.driver import worker

    real = worker.Worker._run_block

    def faulty(self: worker.Worker, loaded: Any) -> np.ndarray:
        record = self._plan.ensembles[loaded.identity]
        first = min(r.parameters["g"] for r in self._plan.ensembles.values())
        if (
            record.sector == "bipolaron"
            and record.parameters["g"] == first
            and loaded.number == 1
            and loaded.blocks_done == 2
        ):
            if fault == "raise":
                raise ZeroDivisionError("made up")
            if fault == "memory":
                raise MemoryError
            if fault == "overflow":
                loaded.chain.run_block = lambda *_: (_ for _ in ()).throw(
                    OverflowError("more than 65532 events")
                )
            else:
                loaded.chain.run_block = lambda *_: np.array([[np.nan]])
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
