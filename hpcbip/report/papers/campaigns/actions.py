"""Actions of the instanton of pairs on the square lattice, tabulated: each takes seconds to find.

The table is made by `benchmarks/theory/actions.py`; U in units of t.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ACTIONS_TABLE = Path(__file__).parent / "actions.csv"

Line = tuple[NDArray[np.float64], NDArray[np.float64]]


def tabulated_actions(coupling: str, repulsion: float) -> Line:
    """Return λ and s(λ), ln m* ≃ (t/Ω) s(λ), where the pair traps itself; empty where U is not in the table.

    Args:
        coupling: bond or holstein.
        repulsion: U in units of t.
    """
    rows = csv.DictReader(io.StringIO(ACTIONS_TABLE.read_text(encoding="utf-8")))
    known = [
        (float(row["lambda"]), float(row["action"]))
        for row in rows
        if row["coupling"] == coupling and abs(float(row["U"]) - repulsion) < 1e-9
    ]
    lams, actions = np.array(sorted(known)).reshape(-1, 2).T
    return lams, actions
