"""The results of a campaign as a data set of xarray: observables over omega, lambda, U, V and so on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.reduction.export import Record
from hpcbip.vocabulary.displays import DERIVED
from hpcbip.vocabulary.entries import ERROR, SYSTEMATIC, TIME, VERDICT
from hpcbip.vocabulary.indexed import LATTICE_OBSERVABLES
from hpcbip.vocabulary.observables import OBSERVABLES
from hpcbip.vocabulary.parameters import BETA, LAMBDA, PARAMETERS, POINT_KEYS, G

if TYPE_CHECKING:
    import xarray

MOST_CELLS = 20_000
"""Size up to which scattered points are laid out on the grid of their parameters."""

POINT = "point"
NO_POINT, FALSE, TRUE = -1, 0, 1
"""Values of what is true or false, and of places without a point."""

_SUFFIXES = {
    ERROR: "standard error of the {words}",
    TIME: "integrated autocorrelation time of the {words}, in bins",
    VERDICT: "whether the statistics of the {words} can be believed",
    SYSTEMATIC: "systematic error of the {words}",
}

_DECLARED = {
    one.name.partition("[")[0] + ("[" if one.indexed else ""): one
    for one in (*OBSERVABLES.values(), *LATTICE_OBSERVABLES.values())
}
"""Observables by their names, without what stands in brackets."""


def require(module: str, purpose: str) -> Any:
    """Import an optional package.

    Raises:
        InputError: if it is not installed, with the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError:
        allowed = "pip install 'hpcbip[export]'"
        raise InputError(f"{purpose}: needs {module}, which is not installed; allowed: {allowed}") from None


def data_set(records: Sequence[Record], attributes: Mapping[str, Any]) -> xarray.Dataset:
    """Lay out records over their parameters.

    Args:
        records: one per point.
        attributes: of the data set; what all points share is added.

    Returns:
        a data set whose dimensions are the parameters of a point: omega, lambda (or g, if the points share
        their values of g), U, V, and those that only some models have; beta if it is needed to tell points
        apart. Where the grid has no point there is NaN, "" or `NO_POINT`. Points so scattered that the grid
        would have more than `MOST_CELLS` places lie along one dimension, `point`. Every variable has its
        words as `long_name` and its `units`.

    Raises:
        InputError: if xarray is not installed.
    """
    xr = require("xarray", "as_xarray")
    dims = _dimensions(records)
    places: list[tuple[int, ...]]
    if dims == (POINT,):
        axes: dict[str, Any] = {POINT: [record[POINT] for record in records]}
        places = [(k,) for k in range(len(records))]
    else:
        axes = {dim: sorted({float(record[dim]) for record in records}) for dim in dims}
        index = {dim: {value: k for k, value in enumerate(values)} for dim, values in axes.items()}
        places = [tuple(index[dim][float(record[dim])] for dim in dims) for record in records]
    shape = tuple(map(len, axes.values()))
    names = list(dict.fromkeys(name for record in records for name in record if name not in dims))
    shared = {name: records[0].get(name) for name in PARAMETERS if name in names}
    shared = {name: value for name, value in shared.items() if all(r.get(name) == value for r in records)}
    shared = {name: value for name, value in shared.items() if name not in POINT_KEYS}
    variables = {}
    for name in (name for name in names if name not in shared):
        values, extra = _values([record.get(name) for record in records], shape, places)
        variables[name] = xr.Variable(dims, values, describe(name) | extra)
    coordinates = {dim: xr.Variable((dim,), values, describe(dim)) for dim, values in axes.items()}
    coordinates |= {name: variables.pop(name) for name in PARAMETERS if name in variables}
    known = {name: value for name, value in {**attributes, **shared}.items() if value is not None}
    known["energies"] = "in the unit in which t is given; lengths in lattice constants"
    return xr.Dataset(variables, coordinates, known)


def _dimensions(records: Sequence[Record]) -> tuple[str, ...]:
    """Choose the parameters along which the points are laid out."""
    given = [key for key in POINT_KEYS if any(record.get(key) is not None for record in records)]
    for more in ((), (BETA.name,)):
        cells: dict[tuple[str, ...], int] = {}
        for follows in (G.name, LAMBDA.name):
            dims = (*(key for key in given if key != follows), *more)
            values = [tuple(record.get(dim) for dim in dims) for record in records]
            if len(set(values)) == len(values) and not any(None in one for one in values):
                cells[dims] = math.prod(len(set(axis)) for axis in zip(*values, strict=True))
        if cells:
            best = min(cells, key=cells.__getitem__)  # of two as small that of lambda
            return best if cells[best] <= MOST_CELLS else (POINT,)
    return (POINT,)


def _values(
    given: Sequence[Any], shape: tuple[int, ...], places: Sequence[tuple[int, ...]]
) -> tuple[NDArray[Any], dict[str, Any]]:
    """Put values on the grid; returns them, and what more has to be said of them."""
    known = [value for value in given if value is not None]
    extra: dict[str, Any] = {}
    array: NDArray[Any]
    missing: Any
    if known and all(isinstance(value, bool) for value in known):
        array, missing = np.full(shape, NO_POINT, dtype=np.int8), NO_POINT
        values = np.array([NO_POINT, FALSE, TRUE], dtype=np.int8)
        extra = {"flag_values": values, "flag_meanings": "unknown false true"}
    elif all(isinstance(value, int | float) for value in known):
        array, missing = np.full(shape, math.nan), math.nan
    else:
        array, missing = np.full(shape, "", dtype=object), ""
        given = ["; ".join(map(str, v)) if isinstance(v, list | tuple) else v for v in given]
    for place, value in zip(places, given, strict=True):
        array[place] = missing if value is None else value
    return (array.astype(str) if array.dtype == object else array), extra


def describe(name: str) -> dict[str, str]:
    """Return the words for an entry of a record, and its unit, as far as it is declared."""
    if name in PARAMETERS:
        units = "1" if name == LAMBDA.name else "1/energy" if name == BETA.name else "energy"
        return {"long_name": PARAMETERS[name].words, "units": units}
    for suffix, pattern in _SUFFIXES.items():
        own = describe(name.removesuffix(suffix)) if name.endswith(suffix) else {}
        if own:
            found = {"long_name": pattern.format(words=own["long_name"])}
            return found if suffix == VERDICT else found | {"units": "1" if suffix == TIME else own["units"]}
    base, bracket, number = name.partition("[")
    observable = _DECLARED.get(base + bracket)
    if observable is not None:
        words = observable.words + (f" (number {number.rstrip(']')})" if number else "")
        return {"long_name": words, "units": observable.unit or "1"}
    return next(({"long_name": one.words} for one in DERIVED if one.name == name), {})
