"""The lattices that have a name, and those that are written out in a configuration.

A new lattice is a new entry in `LATTICES` and nothing else; one that is needed once is written out in its
name (see `get_lattice`).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

import numpy as np

from hpcbip.models.lattice import MAX_AXES, MAX_BOND, MAX_KINDS, Lattice

_HALF_ROOT3 = 0.8660254037844386
_SQUARE = ((1.0, 0.0), (0.0, 1.0))
_TRIANGULAR = ((1.0, 0.0), (0.5, _HALF_ROOT3))
_FCC = ((0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))

LATTICES: Mapping[str, Lattice] = MappingProxyType(
    {
        lattice.name: lattice
        for lattice in (
            Lattice("chain", primitive=((1.0,),), axes=((1,),)),
            Lattice("square", primitive=_SQUARE, axes=((1, 0), (0, 1))),
            Lattice("triangular", primitive=_TRIANGULAR, axes=((1, 0), (0, 1), (1, -1))),
            Lattice(
                "cubic",
                primitive=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
                axes=((1, 0, 0), (0, 1, 0), (0, 0, 1)),
            ),
            # lattice constant: the edge of the conventional cube
            Lattice(
                "bcc",
                primitive=((-0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.5, 0.5, -0.5)),
                axes=((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)),
            ),
            Lattice(
                "fcc",
                primitive=_FCC,
                axes=((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1, 0), (0, 1, -1), (1, 0, -1)),
            ),
            # lattices with a basis; lattice constant: the length of the primitive vectors
            Lattice(
                "honeycomb",
                primitive=_TRIANGULAR,
                axes=((0, 0), (-1, 0), (0, -1)),
                sites=((0.0, 0.0), (1 / 3, 1 / 3)),
                ends=((0, 1),) * 3,
                site_names=("A", "B"),
            ),
            Lattice(
                "kagome",
                primitive=_TRIANGULAR,
                axes=((0, 0), (-1, 0), (0, 0), (0, -1), (0, 0), (1, -1)),
                sites=((0.0, 0.0), (0.5, 0.0), (0.0, 0.5)),
                ends=((0, 1), (0, 1), (0, 2), (0, 2), (1, 2), (1, 2)),
                site_names=("A", "B", "C"),
            ),
            Lattice(
                "lieb",  # the CuO2 plane: oxygens on the bonds of the square lattice of coppers
                primitive=_SQUARE,
                axes=((0, 0), (-1, 0), (0, 0), (0, -1)),
                sites=((0.0, 0.0), (0.5, 0.0), (0.0, 0.5)),
                ends=((0, 1), (0, 1), (0, 2), (0, 2)),
                site_names=("Cu", "Ox", "Oy"),
            ),
            Lattice(
                "checkerboard",  # a square lattice, turned by 45°, with diagonals on every other plaquette
                primitive=_SQUARE,
                axes=((0, 0), (-1, 0), (0, -1), (-1, -1), (1, 0), (0, 1)),
                sites=((0.0, 0.0), (0.5, 0.5)),
                ends=((0, 1), (0, 1), (0, 1), (0, 1), (0, 0), (1, 1)),
                site_names=("A", "B"),
            ),
            Lattice(
                "bilayer",  # two square lattices on top of each other, a lattice constant apart
                primitive=_SQUARE,
                axes=((1, 0), (0, 1), (1, 0), (0, 1), (0, 0)),
                sites=((0.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
                ends=((0, 0), (0, 0), (1, 1), (1, 1), (0, 1)),
                site_names=("lower", "upper"),
            ),
            Lattice(
                "diamond",  # lattice constant: the edge of the conventional cube
                primitive=_FCC,
                axes=((0, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 0, -1)),
                sites=((0.0, 0.0, 0.0), (0.25, 0.25, 0.25)),
                ends=((0, 1),) * 4,
                site_names=("A", "B"),
            ),
        )
    }
)

BRAVAIS_LATTICES: Mapping[str, Lattice] = MappingProxyType(
    {name: lattice for name, lattice in LATTICES.items() if lattice.is_bravais}
)


def _check_vectors(vectors: Sequence[Sequence[float]]) -> None:
    d = len(vectors)
    if d not in (1, 2, 3) or any(len(vector) != d for vector in vectors):
        raise ValueError("vectors must be d rows of d numbers, d = 1, 2 or 3")
    if abs(np.linalg.det(np.array(vectors, dtype=float))) < 1e-9:
        raise ValueError("vectors must be linearly independent")


def written_lattice(vectors: Sequence[Sequence[float]], bonds: Sequence[Sequence[int]]) -> Lattice:
    """Define a Bravais lattice by its primitive vectors (rows, Cartesian) and one lattice vector per bond
    axis.

    Its name is its definition, so it can go wherever the name of a lattice goes.

    Raises:
        ValueError: with what is wrong, if it is not a lattice on which an electron reaches every site.
    """
    _check_vectors(vectors)
    d = len(vectors)
    if not 1 <= len(bonds) <= MAX_AXES or any(len(bond) != d for bond in bonds):
        raise ValueError(f"bonds must be 1 to {MAX_AXES} rows of {d} integers, one of each opposite pair")
    if any(abs(x) > MAX_BOND for bond in bonds for x in bond):
        raise ValueError(f"bonds must have entries up to {MAX_BOND}: take shorter vectors")
    both = [tuple(sign * x for x in bond) for bond in bonds for sign in (1, -1)]
    if len(set(both)) != len(both):
        raise ValueError("bonds must be different from each other, from each other's opposite and from zero")
    if not _spans(bonds, d):
        raise ValueError("bonds must connect all sites of the lattice")
    primitive = tuple(tuple(float(x) for x in vector) for vector in vectors)
    axes = tuple(tuple(int(x) for x in bond) for bond in bonds)
    name = json.dumps({"vectors": primitive, "bonds": axes}, separators=(",", ":"))
    return Lattice(name, primitive, axes)


def _spans(vectors: Sequence[Sequence[int]], d: int) -> bool:
    """Tell whether every lattice vector is a sum of these and their opposites."""
    minors = [
        round(float(np.linalg.det(np.array(rows, dtype=float))))
        for rows in itertools.combinations(vectors, d)
    ]
    return bool(np.gcd.reduce([0, *minors]) == 1)


def lattice_with_basis(
    vectors: Sequence[Sequence[float]],
    sites: Mapping[str, Sequence[float]],
    bonds: Sequence[tuple[str, str, Sequence[int]]],
) -> Lattice:
    """Define a lattice with several sites per cell.

    Args:
        vectors: primitive vectors (rows, Cartesian).
        sites: position of each site of the cell by its name: d numbers in units of the primitive vectors, and
            after them up to 3 - d Cartesian heights.
        bonds: per bond of a cell the site at which it begins, that at which it ends, and the lattice vector
            from the cell of the former to that of the latter.

    Raises:
        ValueError: with what is wrong, if it is not a lattice on which an electron reaches every site.
    """
    _check_vectors(vectors)
    d = len(vectors)
    if not 1 <= len(sites) <= MAX_KINDS:
        raise ValueError(f"sites must be 1 to {MAX_KINDS}")
    if any(not d <= len(at) <= 3 for at in sites.values()):
        raise ValueError(f"sites must have positions of {d} to 3 numbers")
    places = [(*np.round(np.mod(at[:d], 1.0), 6), *at[d:]) for at in sites.values()]
    if len(set(places)) != len(places):
        raise ValueError("sites must be in different places")
    if not 1 <= len(bonds) <= MAX_AXES:
        raise ValueError(f"bonds must be 1 to {MAX_AXES} per cell")
    for one, other, cell in bonds:
        for name in (one, other):
            if name not in sites:
                raise ValueError(f"a bond of the unknown site {name}")
        if len(cell) != d or any(abs(x) > MAX_BOND for x in cell):
            raise ValueError(f"bonds must lead to a cell given by {d} integers up to {MAX_BOND}")
    names = list(sites)
    axes = tuple(tuple(int(x) for x in cell) for _, _, cell in bonds)
    ends = tuple((names.index(one), names.index(other)) for one, other, _ in bonds)
    _check_bonds(axes, ends, names, d)
    primitive = tuple(tuple(float(x) for x in vector) for vector in vectors)
    positions = tuple(tuple(float(x) for x in at) for at in sites.values())
    definition = {
        "vectors": primitive,
        "sites": dict(zip(names, positions, strict=True)),
        "bonds": [{"from": one, "to": other, "cell": list(cell)} for one, other, cell in bonds],
    }
    name = json.dumps(definition, separators=(",", ":"))
    return Lattice(name, primitive, axes, sites=positions, ends=ends, site_names=tuple(names))


def _check_bonds(
    axes: Sequence[tuple[int, ...]], ends: Sequence[tuple[int, int]], names: Sequence[str], d: int
) -> None:
    """Refuse bonds that are given twice or join a site to itself, and sites that no electron reaches.

    Raises:
        ValueError: see there.
    """
    both = []
    for axis, (one, other) in zip(axes, ends, strict=True):
        both += [(one, other, *axis), (other, one, *(-x for x in axis))]
    if len(set(both)) != len(both):
        raise ValueError("bonds must be different from each other and from each other's opposite, and must "
                         "not join a site to itself")  # fmt: skip
    # a spanning tree of the cell from the first site: where its sites lie, and the bonds that are left over
    cell = {0: np.zeros(d, dtype=np.int64)}
    while new := [x for x in both if x[0] in cell and x[1] not in cell]:
        one, other, *step = new[0]
        cell[other] = cell[one] + np.array(step)
    if unreached := [name for k, name in enumerate(names) if k not in cell]:
        raise ValueError(f"bonds must connect all sites: none leads to {unreached[0]}")
    loops = [(cell[one] + np.array(step) - cell[other]).tolist() for one, other, *step in both]
    if not _spans(loops, d):
        raise ValueError("bonds must connect all cells of the lattice")


@cache
def get_lattice(name: str) -> Lattice:
    """Return the infinite lattice of that name, or the one that the name writes out as JSON, {"vectors": ...,
    "bonds": ...} and, with several sites per cell, "sites": ....

    Raises:
        KeyError: for an unknown name; the message lists the known ones.
        ValueError: for a lattice written out wrongly.
    """
    if name.startswith("{"):
        written = json.loads(name)
        if "sites" in written:
            bonds = [(bond["from"], bond["to"], bond["cell"]) for bond in written["bonds"]]
            return lattice_with_basis(written["vectors"], written["sites"], bonds)
        return written_lattice(written["vectors"], written["bonds"])
    try:
        return LATTICES[name]
    except KeyError:
        raise KeyError(f"unknown lattice {name!r}; allowed: {', '.join(LATTICES)}") from None
