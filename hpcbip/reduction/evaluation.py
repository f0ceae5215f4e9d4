"""The observables of an ensemble as one function of the means of its columns, for the jackknife."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from hpcbip.reduction.bindings import (
    MASS_DIFFERENCE,
    UNSATURATED_TC,
    Binding,
    BoundEnsemble,
    binding_of,
    members,
)
from hpcbip.reduction.displacement import DisplacementFit
from hpcbip.reduction.ensembles import EnsembleBins, TcSettings
from hpcbip.statistics.binning import Array
from hpcbip.vocabulary.entries import Observable
from hpcbip.vocabulary.observables import sector_observables

Place = int | slice | list[int]


class Evaluation:
    """The observables of one ensemble as a function of the means of some of its columns.

    Attributes:
        names: of the observables, in the order of the results.
        all_names: with the auxiliary ones that follow them.
        columns: names of the columns whose means are the arguments.
    """

    def __init__(self, data: EnsembleBins, tc: TcSettings, displacement: DisplacementFit | None) -> None:
        self.data, self.displacement, self.tc = data, displacement, tc
        self.ensemble = BoundEnsemble(data.sector, data.parameters, data.lags, tc, displacement)
        places: dict[str, int] = {}
        self._terms: list[tuple[Callable[..., Array], list[Place], bool]] = []
        self.names = tuple(self._add(sector_observables(data.sector), places))
        auxiliary = [one for one in (MASS_DIFFERENCE, UNSATURATED_TC) if data.sector in one.sectors]
        self.all_names = (*self.names, *self._add(auxiliary, places))
        self.columns = tuple(places)
        self._index = {name: i for i, name in enumerate(self.all_names)}

    def _add(self, observables: Iterable[Observable], places: dict[str, int]) -> list[str]:
        names: list[str] = []
        for observable in observables:
            binding = binding_of(observable)
            columns = self._columns(binding)
            if not observable.required and not {name for part in columns for name in part} <= {
                *self.data.columns
            }:
                continue  # bins of an earlier version
            own_names = members(observable, self.ensemble)
            if not own_names:
                continue
            for name in (name for part in columns for name in part):
                places.setdefault(name, len(places))
            where = [
                places[own] if isinstance(own, str) else _place([places[name] for name in part])
                for own, part in zip(binding.columns, columns, strict=True)
            ]
            self._terms.append((binding.function, where, observable.indexed))
            names += own_names
        return names

    def _columns(self, binding: Binding) -> list[tuple[str, ...]]:
        """Return the names of the columns of each argument."""
        return [(one,) if isinstance(one, str) else one(self.ensemble) for one in binding.columns]

    def index(self, observable: Observable | str) -> int:
        """Return where an observable is among the values."""
        return self._index[observable if isinstance(observable, str) else observable.name]

    def __call__(self, means: Array) -> Array:
        """Evaluate all observables: means (..., columns) to values (..., all_names)."""
        values: list[Array] = []
        with np.errstate(divide="ignore", invalid="ignore"):
            for function, where, indexed in self._terms:
                value = function(self.ensemble, *(means[..., place] for place in where))
                values += list(np.moveaxis(value, -1, 0)) if indexed else [value]
        return np.moveaxis(np.stack(values), 0, -1)


def _place(where: list[int]) -> Place:
    """Return a slice if the numbers are consecutive: it costs no copy."""
    start = where[0] if where else 0
    return slice(start, start + len(where)) if where == list(range(start, start + len(where))) else where
