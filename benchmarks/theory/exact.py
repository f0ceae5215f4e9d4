"""Print the tables of docs/theory/exact.md: errors against the number of states, of chosen states and of all
states of some moves, and the cost.

OMP_NUM_THREADS=1 python benchmarks/theory/exact.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of sampling.py

from sampling import markdown

from hpcbip.theory.exact.basis import build_space
from hpcbip.theory.exact.convergence import converge
from hpcbip.theory.exact.geometry import Geometry
from hpcbip.theory.exact.solver import solve_in_space
from hpcbip.theory.exact.system import System, g_from_lambda

_SITE_PEIERLS = Geometry("chain", "site-peierls", 2)
_SQUARE = Geometry("square", "bond", 2)
CASES: dict[str, tuple[System, float | None, tuple[int, ...]]] = {
    "Holstein polaron": (System(Geometry("chain", "holstein"), 1.0, 1.0, 1.0), -2.469684723933, (8, 10, 12)),
    "Holstein pair": (System(Geometry("chain", "holstein", 2), 1.0, 1.0, 1.0), -5.42465286, (8, 10, 12)),
    "site-Peierls pair": (
        System(_SITE_PEIERLS, 1.0, 3.0, g_from_lambda(_SITE_PEIERLS, 1.0, 3.0, 1.0), 4.0),
        -6.871224,
        (6, 7, 8),
    ),
    "square, bond pair": (
        System(_SQUARE, 1.0, 4.0, g_from_lambda(_SQUARE, 0.5, 4.0, 1.0), 4.0),
        None,
        (3, 4, 5),
    ),
}
"""Systems, their energies (None: unknown), and the moves of the spaces that are compared."""


@click.command(help=__doc__)
def main() -> None:
    """Print the tables."""
    click.echo(markdown([row for name in CASES for row in _compared(name)], digits=4))
    click.echo(markdown(list(_costs()), digits=4))


def _compared(name: str) -> Iterator[dict[str, Any]]:
    system, exact, moves = CASES[name]
    K = np.zeros(system.geometry.bravais.dimension)
    for nh in moves:
        space = build_space(system.geometry, nh)
        complete = solve_in_space(space, system, K, mass=False)[0].E
        found = converge(system, len(space), K)
        chosen = found.levels[-1].E
        row: dict[str, Any] = {"system": name, "states": len(space)}
        if exact is None:
            row |= {"all": f"{complete:.5f}", "chosen": f"{chosen:.5f}"}
            limit = f"{found.E.value:.4f}"
        else:
            row |= {"all": f"{complete - exact:.1e}", "chosen": f"{chosen - exact:.1e}"}
            limit = f"{(found.E.value or 0.0) - exact:+.1e}"
        yield row | {"E2": f"{found.levels[-1].E2:.1e}", "limit": f"{limit} ± {found.E.error:.1e}"}


def _costs() -> Iterator[dict[str, Any]]:
    for name, (system, _, _) in CASES.items():
        for states in (10_000, 30_000, 100_000):
            if states > 30_000 and "site" not in name:
                continue
            start = time.process_time()
            found = converge(system, states, np.zeros(system.geometry.bravais.dimension))
            yield {
                "system": name,
                "states": found.levels[-1].basis_size,
                "E bound": f"{found.levels[-1].E:.8f}",
                "E2": f"{found.levels[-1].E2:.1e}",
                "E": f"{found.E.value:.8f} ± {found.E.error:.1e}",
                "mass": f"{found.mass.value:.7f} ± {found.mass.error:.1e}",
                "seconds": time.process_time() - start,
            }


if __name__ == "__main__":
    main()
