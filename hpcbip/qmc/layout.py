"""The columns of a bin row by name: plain numpy; importing it compiles nothing.

A row of the kernel holds the scalar columns of all estimators, then their families of columns. A bin row has
those of them that exist in its sector, then the acceptance of every update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import Lattice, Model
from hpcbip.qmc.cycle import UPDATES
from hpcbip.qmc.estimators import pair
from hpcbip.qmc.estimators.displacement import LAGS
from hpcbip.qmc.estimators.measure import ESTIMATORS, SCALARS

if TYPE_CHECKING:
    from hpcbip.qmc.ensemble import Ensemble

FAMILIES = tuple(name for estimator in ESTIMATORS for name in estimator.COLUMNS.families)
"""Fields of the kernel's parameters that hold the number of the first column of a family."""


def family_offsets(model: Model, lattice: Lattice) -> dict[str, int]:
    """Return the number of the first column of every family in a row of the kernel."""
    offsets, column = {}, SCALARS
    for estimator in ESTIMATORS:
        for name, names in estimator.COLUMNS.families.items():
            offsets[name] = column
            column += len(names(model, lattice))
    return offsets


def _declared(ensemble: Ensemble) -> list[tuple[str, int]]:
    """Return name and fewest electrons of every column of a row of the kernel, in order."""
    declarations = [estimator.COLUMNS for estimator in ESTIMATORS]
    scalars = [(name, columns.electrons) for columns in declarations for name in columns.scalars]
    return scalars + [
        (name, columns.electrons)
        for columns in declarations
        for names in columns.families.values()
        for name in names(ensemble.model, ensemble.lattice)
    ]


def kernel_columns(ensemble: Ensemble) -> list[str]:
    """Return the names of all columns of a row of the kernel; one electron leaves those of pairs empty."""
    return [name for name, _ in _declared(ensemble)]


def sector_mask(ensemble: Ensemble) -> NDArray[np.bool_]:
    """Return which of `kernel_columns` exist in the sector of this ensemble."""
    return np.array([ensemble.electrons >= electrons for _, electrons in _declared(ensemble)])


def columns(ensemble: Ensemble) -> list[str]:
    """Return the names of the columns of a bin row, in order."""
    present = zip(kernel_columns(ensemble), sector_mask(ensemble), strict=True)
    return [name for name, exists in present if exists] + [f"accept:{name}" for name in UPDATES]


def lags(ensemble: Ensemble) -> NDArray[np.float64]:
    """Return the time differences of the columns `displacement2[k]` and `wave[k,l]`, shape (LAGS,), in the
    unit of β."""
    low, high = ensemble.window
    return np.arange(1, LAGS + 1, dtype=np.float64) * ((high - low) / LAGS)


def displacements(ensemble: Ensemble) -> NDArray[np.int64]:
    """Return the lattice coordinates r1 - r2 of the columns `pair_weight[...]`, shape (number, d)."""
    return pair.displacements(ensemble.lattice)
