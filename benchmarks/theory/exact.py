"""Print the tables of docs/theory/exact.md: convergence of the exact diagonalisation, and the cost of a
basis.

OMP_NUM_THREADS=1 python benchmarks/theory/exact.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of sampling.py

from sampling import markdown

from hpcbip.theory.exact.basis import build_space
from hpcbip.theory.exact.convergence import converge
from hpcbip.theory.exact.solver import solve_in_space
from hpcbip.theory.exact.system import Geometry, System


@click.command(help=__doc__)
def main() -> None:
    """Print the tables."""
    _convergence()
    _costs()


def _convergence() -> None:
    rows = []
    for electrons, sizes in ((1, (8, 10, 12, 14)), (2, (10, 12, 14, 16))):
        for nh in sizes:
            start = time.process_time()
            result = converge(System(Geometry("chain", "holstein", electrons), 1.0, 1.0, 1.0), nh)
            seconds = time.process_time() - start
            last = result.levels[-1]
            rows.append(
                {
                    "electrons": electrons,
                    "Nh": nh,
                    "states": last.basis_size,
                    "E bound": last.E,
                    "E": result.E.value,
                    "± E": f"{result.E.error:.1e}",
                    "m*": result.mass.value,
                    "± m*": f"{result.mass.error:.1e}",
                    "seconds": f"{seconds:.2f}",
                }
            )
    click.echo(markdown(rows, digits=11))


def _costs() -> None:
    rows = []
    for lattice, coupling, electrons, nh in (
        ("chain", "holstein", 1, 18),
        ("chain", "holstein", 2, 16),
        ("chain", "site-peierls", 2, 10),
        ("square", "bond", 2, 6),
        ("triangular", "bond", 2, 5),
        ("cubic", "bond", 1, 6),
    ):
        geometry = Geometry(lattice, coupling, electrons)
        start = time.process_time()
        space = build_space(geometry, nh)
        built = time.process_time()
        solve_in_space(space, System(geometry, 1.0, 1.0, 0.7))
        done = time.process_time()
        rows.append(
            {
                "lattice": lattice,
                "coupling": coupling,
                "electrons": electrons,
                "Nh": nh,
                "states": len(space),
                "basis and matrices, s": built - start,
                "lowest state and mass, s": done - built,
            }
        )
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
