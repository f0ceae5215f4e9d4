"""The tables that tell the kernel of the sites of a cell: which hops begin where, how far sites are apart,
and what an inversion maps bonds and sites to.

Tables of two kinds have an entry per packed pair, see `path.pair_of_kinds`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from hpcbip.models import MAX_KINDS, Lattice, Model
from hpcbip.models.symmetries import Symmetries, Symmetry
from hpcbip.qmc.kernel.path import DIRECTIONS, SITE, SITE_AXIS, kind_bits, pack

MAX_DIMENSION = 3
MAX_ELECTRONS = 2
PAIRS = 1 << (2 * kind_bits(MAX_KINDS))
OSCILLATORS = SITE_AXIS + MAX_KINDS  # of a cell: its bond axes, and from `SITE_AXIS` on its sites

BASIS_FIELDS = [
    *((name, "i8") for name in ("kinds", "cell_shift", "kind_mask", "resolution", "reflection")),
    # by kind: how many hops begin (and end) there, and in which directions; position in the cell
    ("exit_count", "i8", (MAX_KINDS,)),
    ("exits", "i8", (MAX_KINDS, SITE)),
    ("entries", "i8", (MAX_KINDS, SITE)),
    ("place", "i8", (MAX_KINDS, MAX_DIMENSION)),
    # by direction: kinds at the ends; by electron and direction: change of the packed r1 - r2
    ("start_kind", "i8", (DIRECTIONS,)),
    ("end_kind", "i8", (DIRECTIONS,)),
    ("rel_step", "i8", (MAX_ELECTRONS, DIRECTIONS)),
    # by pair of kinds: energies on the sites, U, difference of positions, square of that of heights
    ("level", "f8", (PAIRS,)),
    ("contact", "f8", (PAIRS,)),
    ("first_kind", "i8", (PAIRS,)),
    ("second_kind", "i8", (PAIRS,)),
    ("apart", "i8", (PAIRS, MAX_DIMENSION)),
    ("height2", "f8", (PAIRS,)),
    # symmetries: inversion about the centre of a pair of kinds and its images of oscillators; see `symmetry`
    ("inverts", "i8", (PAIRS,)),
    ("isotropic", "i8", (PAIRS,)),
    ("image", "i8", (PAIRS, OSCILLATORS)),
    ("image_shift", "i8", (PAIRS, OSCILLATORS)),
    ("image_turned", "i8", (PAIRS, OSCILLATORS)),
    ("reflected", "i8", (PAIRS,)),
    ("reflection_shift", "i8", (PAIRS,)),
]
"""Fields of the kernel's parameters, as numpy takes them."""


def fill_basis(values: np.void, model: Model, lattice: Lattice, electrons: int) -> None:
    """Fill the fields above for one sector of a model on a lattice or cluster."""
    kinds, bits, d = lattice.kinds, kind_bits(lattice.kinds), lattice.dimension
    values["kinds"], values["resolution"] = kinds, lattice.resolution
    values["cell_shift"], values["kind_mask"] = 2 * bits, (1 << (2 * bits)) - 1
    values["place"][:kinds, :d] = lattice.places
    for k, ((one, other), cell) in enumerate(zip(lattice.hop_ends, lattice.neighbours, strict=True)):
        values["start_kind"][k], values["end_kind"][k] = one, other
        for table, kind in (("exits", one), ("entries", other)):
            values[table][kind, np.count_nonzero(lattice.hop_ends[:k, int(table == "entries")] == kind)] = k
        values["exit_count"][one] += 1
        step = pack(cell, kinds)
        values["step"][k] = step + other - one
        values["rel_step"][0, k] = step + ((other - one) << bits)
        values["rel_step"][1, k] = -step + other - one
    for one, other, pair in pairs_of_kinds(kinds):
        values["first_kind"][pair], values["second_kind"][pair] = one, other
        values["apart"][pair, :d] = lattice.places[one] - lattice.places[other]
        values["height2"][pair] = ((lattice.heights[one] - lattice.heights[other]) ** 2).sum()
        if electrons == 2:
            values["level"][pair] = model.site_levels[one] + model.site_levels[other]
            values["contact"][pair] = model.repulsions[one] if one == other else 0.0
        else:
            values["level"][pair] = model.site_levels[one]
    _fill_symmetries(values, model, lattice)


def pairs_of_kinds(kinds: int) -> Iterator[tuple[int, int, int]]:
    """Yield all pairs of kinds, and their packed form."""
    for one, other in itertools.product(range(kinds), repeat=2):
        yield one, other, (one << kind_bits(kinds)) | other


def _fill_symmetries(values: np.void, model: Model, lattice: Lattice) -> None:
    """Fill what inversions do."""
    symmetries = Symmetries(model)
    for one, other, pair in pairs_of_kinds(lattice.kinds):
        found = symmetries.inversion(one, other)
        if found is not None:
            values["inverts"][pair] = True
            _fill_images(values, pair, lattice, found, one + other)
        elif one == other:
            values["isotropic"][pair] = symmetries.fixes_no_vector(one)
    # inversions of which any two are a translation: they differ in the cell alone
    inverting = np.flatnonzero(values["inverts"])
    if not inverting.size:
        return
    _, groups = np.unique(values["image"][inverting], axis=0, return_inverse=True)
    groups = groups.ravel()
    shifts = values["image_shift"][inverting]
    largest: list[int] = []
    for group in range(groups.max() + 1):
        members = np.flatnonzero(groups == group)
        alike = [int(m) for m in members if _constant(shifts[m] - shifts[members[0]], lattice)]
        largest = max(largest, alike, key=len)
    reference = inverting[largest[0]]
    values["reflection"] = reference
    for m in largest:
        values["reflected"][inverting[m]] = True
        values["reflection_shift"][inverting[m]] = (shifts[m] - shifts[largest[0]])[0]


def _constant(differences: np.ndarray, lattice: Lattice) -> bool:
    """Tell whether the shifts of all oscillators of the cell differ by the same."""
    kinds, axes = lattice.kinds, len(lattice.axes)
    used = differences[[*range(axes), *range(SITE_AXIS, SITE_AXIS + kinds)]]
    return bool((used == used[0]).all())


def _fill_images(values: np.void, pair: int, lattice: Lattice, found: Symmetry, kinds_sum: int) -> None:
    """Fill the images of oscillators under one inversion.

    With the packed sum C of the two sites the lower site x of a bond is mapped to C - x + shift, the lower
    site of its image.
    """
    kinds = lattice.kinds
    for axis, image in enumerate(found.axis):
        one, other = lattice.hop_ends[2 * axis]
        turned = bool(found.turned[axis])
        lower = other if turned else one  # the end whose image is the lower site of the image
        cell = found.site_cell[lower] - (lattice.neighbours[2 * axis] if turned else 0)
        values["image"][pair, axis], values["image_turned"][pair, axis] = image, turned
        values["image_shift"][pair, axis] = pack(cell, kinds) + found.site[lower] - (kinds_sum - one)
    for kind in range(kinds):
        values["image"][pair, SITE_AXIS + kind] = SITE_AXIS + found.site[kind]
        shift = pack(found.site_cell[kind], kinds) + found.site[kind] - (kinds_sum - kind)
        values["image_shift"][pair, SITE_AXIS + kind] = shift
