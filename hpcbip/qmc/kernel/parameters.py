"""The frozen parameters of a chain, as one record of plain numbers that the kernel reads.

Which lattice, which coupling, which interaction and how many electrons: all of it is data in this record, so
that there is one kernel for all of them, compiled once.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import Lattice, Model
from hpcbip.models.lattice import TABLE
from hpcbip.qmc.cycle import UPDATES, tries_per_cycle
from hpcbip.qmc.estimators.distortion import MOST_NODES, nodes, sign_change_weights
from hpcbip.qmc.estimators.pair import BOX
from hpcbip.qmc.estimators.shells import SHELL_FIELDS, fill_shells
from hpcbip.qmc.estimators.waves import WAVE_LAGS, WAVE_PERIOD
from hpcbip.qmc.kernel.basis import BASIS_FIELDS, MAX_DIMENSION, fill_basis, pairs_of_kinds
from hpcbip.qmc.kernel.families import FAMILY_FIELDS, fill_families
from hpcbip.qmc.kernel.path import DIRECTIONS, SITE, SITE_AXIS, field_bits, half_range, kind_bits, pack
from hpcbip.qmc.kernel.propagator import PROPAGATOR_FIELDS, spread_table
from hpcbip.qmc.layout import FAMILIES, family_offsets

MAX_NEIGHBOURS = SITE  # neighbours of a site: fcc has 12
MAX_MOMENTA = 6

KERNEL_PARAMETERS = np.dtype(
    [
        *(
            (name, "i8")
            for name in ("electrons", "dimension", "z", "interacting", "extended", "open", "periodic")
        ),
        *(
            (name, "i8")
            for name in ("hypercubic", "bits", "bias", "box", "reach", "momentum_count", "wave_lags")
        ),
        *((name, "i8") for name in FAMILIES),
        *BASIS_FIELDS,
        *((name, "f8") for name in ("beta", "edge", "V", "kappa")),
        ("repeats", "i8", (len(UPDATES),)),
        ("extent", "i8", (MAX_DIMENSION,)),
        # by direction, vertices included: packed and lattice vectors, amplitudes t, t² and g², frequency Ω
        ("step", "i8", (DIRECTIONS,)),
        ("vectors", "i8", (DIRECTIONS, MAX_DIMENSION)),
        ("bare", "f8", (DIRECTIONS,)),
        ("bare2", "f8", (DIRECTIONS,)),
        ("joined2", "f8", (DIRECTIONS,)),
        ("frequency", "f8", (DIRECTIONS,)),
        # g/t by direction; the points q and the weights of the probability that a hop changes its sign
        ("ratio", "f8", (DIRECTIONS,)),
        ("node_count", "i8"),
        ("nodes", "f8", (MOST_NODES,)),
        ("sign_constant", "f8", (DIRECTIONS,)),
        ("sign_real", "f8", (DIRECTIONS, MOST_NODES)),
        ("sign_imaginary", "f8", (DIRECTIONS, MOST_NODES)),
        ("lowest_frequency", "f8"),
        ("metric", "f8", (MAX_DIMENSION, MAX_DIMENSION)),
        ("momenta", "i8", (MAX_MOMENTA, MAX_DIMENSION)),
        ("cosine", "f8", (WAVE_PERIOD,)),
        # pairs of directions d1, d2 are coded z d1 + d2
        ("corner_count", "i8", (MAX_NEIGHBOURS**2,)),
        ("corners", "i8", (MAX_NEIGHBOURS**2, MAX_NEIGHBOURS)),
        ("split_count", "i8", (DIRECTIONS,)),
        ("splits", "i8", (MAX_NEIGHBOURS, MAX_NEIGHBOURS)),
        ("merged", "i8", (MAX_NEIGHBOURS**2,)),
        ("potential", "f8", (TABLE,)),
        *PROPAGATOR_FIELDS,
        *FAMILY_FIELDS,
        *SHELL_FIELDS,
    ]
)


def kernel_parameters(
    model: Model, lattice: Lattice, electrons: int, beta: float, edge: float, kappa: float
) -> np.record:
    """Build the record for one sector of one model on a lattice or cluster."""
    d, z, kinds = lattice.dimension, lattice.directions, lattice.kinds
    finite = lattice.shape is not None
    waves = lattice.momenta
    record = np.zeros(1, dtype=KERNEL_PARAMETERS)
    values = record[0]
    extended = model.V != 0.0 or any(model.shells)
    for name, value in {
        "electrons": electrons,
        "dimension": d,
        "z": z,
        "interacting": electrons == 2 and (model.U != 0.0 or extended) or any(model.levels),
        "extended": electrons == 2 and extended,
        "open": finite and not lattice.periodic,
        "periodic": finite and lattice.periodic,
        "hypercubic": lattice.hypercubic,
        "bits": field_bits(d, kinds),
        "bias": pack(np.full(d, half_range(d, kinds)), kinds) >> (2 * kind_bits(kinds)),
        "box": BOX[d],
        "reach": lattice.reach,
        "momentum_count": len(waves),
        "wave_lags": WAVE_LAGS,
        **family_offsets(model, lattice),
        "beta": beta,
        "edge": edge,
        "V": model.V,
        "kappa": kappa,
    }.items():
        values[name] = value
    values["extent"][:d] = lattice.shape or (0,) * d
    fill_basis(values, model, lattice, electrons)
    values["vectors"][:z, :d] = lattice.steps
    values["bare"][:z] = np.repeat(model.hoppings, 2)
    values["bare2"] = values["bare"] ** 2
    values["joined2"][:z] = np.repeat(model.bond_couplings, 2) ** 2
    values["joined2"][SITE] = model.site_coupling**2
    values["frequency"][:z] = np.repeat(model.bond_frequencies, 2)
    values["frequency"][SITE] = model.site_frequency
    if model.composite:
        fill_families(values, model, lattice)
    values["lowest_frequency"] = values["frequency"][:z].min() - model.phonon_half_width
    if model.phonon_hopping > 0.0:
        _fill_propagator(values, model, lattice)
    values["metric"][:d, :d] = lattice.metric / lattice.resolution**2
    values["momenta"][: len(waves), :d] = waves
    values["cosine"] = np.cos(2 * np.pi * np.arange(WAVE_PERIOD) / WAVE_PERIOD)
    _fill_sign_change(values, z)
    fill_shells(values, model, lattice, electrons)
    _fill_corners(values, lattice)
    if extended:
        table = potential_table(model, lattice)
        values["potential"][: table.size] = table.ravel()
    values["repeats"] = tries_per_cycle(values)
    return record.view(np.recarray)[0]


def _fill_propagator(values: np.void, model: Model, lattice: Lattice) -> None:
    """Fill what the weight of a phonon line is made of; needs the frequencies."""
    values["dispersive"], values["transfer"] = True, 2.0 * model.phonon_hopping
    values["composite"], values["spreads"] = True, True
    values["gap"][: len(lattice.axes)] = model.bond_frequencies - model.phonon_half_width
    values["gap"][SITE_AXIS:] = model.site_frequency - model.phonon_half_width
    tables = {extent: spread_table(extent) for extent in set(lattice.shape or (0,))}
    for a in range(lattice.dimension):
        values["spread"][a] = tables[lattice.shape[a] if lattice.shape else 0]


def _fill_sign_change(values: np.void, z: int) -> None:
    """Fill what is measured of the hopping t - gX with; needs the weights of the hops and Ω."""
    values["ratio"][:z] = np.sqrt(values["joined2"][:z]) / values["bare"][:z]
    q = nodes(values["ratio"], values["lowest_frequency"], values["bare"].max(), values["electrons"])
    values["node_count"] = len(q)
    values["nodes"][: len(q)] = q
    for k in range(z if q.size else 0):
        values["sign_constant"][k], real, imaginary = sign_change_weights(q, values["ratio"][k])
        values["sign_real"][k, : len(q)], values["sign_imaginary"][k, : len(q)] = real, imaginary


def _fill_corners(values: np.void, lattice: Lattice) -> None:
    """Fill the tables of the pairs of directions with the same ends, and of those that have the ends of one
    direction."""
    z, neighbours, ends = lattice.directions, lattice.neighbours, lattice.hop_ends
    direction = {(*ends[k].tolist(), *vector.tolist()): k for k, vector in enumerate(neighbours)}
    groups: dict[tuple[int, ...], list[int]] = {}
    for d1, d2 in itertools.product(range(z), repeat=2):
        if ends[d1, 1] == ends[d2, 0]:
            key = (int(ends[d1, 0]), int(ends[d2, 1]), *(neighbours[d1] + neighbours[d2]).tolist())
            groups.setdefault(key, []).append(d1 * z + d2)
    values["merged"][:] = -1
    for vector, codes in groups.items():
        for code in codes:
            others = [other for other in codes if other != code]
            values["corner_count"][code] = len(codes)
            values["corners"][code, : len(others)] = others
        if vector in direction:
            values["split_count"][direction[vector]] = len(codes)
            values["splits"][direction[vector], : len(codes)] = codes
            values["merged"][codes] = direction[vector]


def potential_table(model: Model, lattice: Lattice) -> NDArray[np.float64]:
    """Tabulate V(r1 - r2) for all differences of cells within the reach, in the kernel's order, shape (packed
    pairs of kinds, differences)."""
    reach, d = lattice.reach, lattice.dimension
    r = np.array(list(itertools.product(range(-reach, reach + 1), repeat=d)))
    table = np.zeros((1 << (2 * kind_bits(lattice.kinds)), len(r)))
    for one, other, pair in pairs_of_kinds(lattice.kinds):
        table[pair] = model.interaction(lattice.distances(r, one, other), one)
    return table
