"""How an estimator declares the columns of a bin row that it fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hpcbip.models import Lattice, Model


@dataclass(frozen=True)
class Columns:
    """The columns of one estimator.

    Attributes:
        scalars: names of the columns that every lattice has; their order is that of the estimator's numbers.
        families: names of further columns as functions of the model and the lattice, by the field of the
            kernel's parameters that holds the number of their first column.
        electrons: fewest electrons for which these columns exist.
    """

    scalars: tuple[str, ...] = ()
    families: Mapping[str, Callable[[Model, Lattice], list[str]]] = field(default_factory=dict)
    electrons: int = 1
