"""Several oscillators on one bond or site, and oscillators that feel the density of several sites.

All that a phonon line then knows is the sum over what may have made it. Between two events of one kind, whose
places are a lattice vector r apart, it has the weight

    Σ_f g_f² C_f(r) e^{-Ω_f τ} = J D(r, τ),    C_f(r) = Σ_m p_f(m) p_f(m - r),

f over the families there. On bonds C_f is one at r = 0 and zero elsewhere; p_f is the profile of a family on
sites. J is Σ_f g_f² C_f(0), of several sites of a cell the largest, so that 0 ≤ D ≤ 1, by Cauchy and Schwarz.
On a lattice with a basis p_f depends on which sites of the cell the electron and the oscillator are, C_f on
which both events are, and the sum runs over the sites of the cell that have the oscillator.
Since the weights are sums, no update has to know which family a line belongs to. Estimators that do draw it,
and the oscillator, from what the line's length and ends leave open, in proportion to the terms.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import BONDS, SITES, Family, Lattice, Mode, Model
from hpcbip.models.families import MOST_FAMILIES, OVERLAP_TABLE, profile_reach, profile_table
from hpcbip.qmc.kernel.basis import OSCILLATORS
from hpcbip.qmc.kernel.geometry import table_index
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, DIRECTIONS, SITE, SITE_AXIS, kind_of, oscillator_of, pack
from hpcbip.qmc.kernel.rng import uniform

MOST_MODES = MOST_FAMILIES + 1  # oscillators of one bond or site
PROFILE_CELLS = 343  # cells that a profile reaches: 7³ of a cubic lattice, 17² of a square one
PROFILE_TABLE = 2401  # entries of its table: 7² cells times 7² pairs of sites of a cell of seven in the plane

FAMILY_FIELDS = [
    # whether weights of lines are sums; number of families that are told apart; by direction whether lines
    # join different places
    ("composite", "i8"),
    ("families", "i8"),
    ("spreads", "i8", (DIRECTIONS,)),
    # by oscillator of the cell: its modes, their frequencies, shares of J and families
    ("mode_count", "i8", (OSCILLATORS,)),
    ("mode_frequency", "f8", (OSCILLATORS, MOST_MODES)),
    ("mode_share", "f8", (OSCILLATORS, MOST_MODES)),
    ("mode_family", "i8", (OSCILLATORS, MOST_MODES)),
    # of the modes on sites, where events on different sites are joined: vectors between cells; p for every
    # site of the cell of the oscillator, every one of the electron, and these vectors or, with the images of
    # a cluster, any vector; C(r), over the largest C(0), by sites of the cell of both events
    ("profile_count", "i8"),
    ("profile_step", "i8", (PROFILE_CELLS,)),
    ("profile_weight", "f8", (MOST_MODES, PROFILE_TABLE)),
    ("profile_reach", "i8"),
    ("profile", "f8", (MOST_MODES, PROFILE_TABLE)),
    ("overlap_reach", "i8"),
    ("overlap", "f8", (MOST_MODES, OVERLAP_TABLE)),
]
"""Fields of the kernel's parameters, as numpy takes them."""


def fill_families(values: np.void, model: Model, lattice: Lattice) -> None:
    """Fill the fields above, and the strengths J and the lowest frequencies of lines."""
    values["composite"] = True
    values["families"] = len(model.families) if model.phonons else 0
    for axis in range(len(lattice.axes)):
        both = slice(2 * axis, 2 * axis + 2)  # directions
        modes = model.modes(BONDS, axis)
        strengths = [mode.g**2 for mode in modes]
        values["joined2"][both] = math.fsum(strengths)
        values["frequency"][both] = min([mode.omega for mode in modes], default=model.omega)
        _fill_modes(values, axis, modes, strengths, math.fsum(strengths))
    _fill_sites(values, model, lattice)


def _fill_sites(values: np.void, model: Model, lattice: Lattice) -> None:
    """Fill the modes of the sites of the cell, with J and their lowest frequency.

    Where lines join different sites, every site has all modes, also those that have no oscillator on it.
    """
    by_kind = [model.modes(SITES, kind) for kind in range(lattice.kinds)]
    every = sorted({mode for modes in by_kind for mode in modes})
    families = [model.families[mode.family] for mode in every]
    if lattice.is_bravais or any(len(family.profile) > 1 for family in families):
        alone = _fill_profiles(values, families, lattice)
        g2 = np.array([mode.g**2 for mode in every])
        total = max(math.fsum(g2 * alone[:, kind]) for kind in range(lattice.kinds))
        by_kind = [every] * lattice.kinds
        strengths = [list(g2 * alone.max(axis=1))] * lattice.kinds
        totals = [total] * lattice.kinds
    else:
        strengths = [
            [mode.g**2 * model.families[mode.family].profile[0] ** 2 for mode in modes] for modes in by_kind
        ]
        totals = [math.fsum(terms) for terms in strengths]
    largest = max(totals)
    lowest = [min([mode.omega for mode in modes], default=model.omega) for modes in by_kind]
    values["joined2"][SITE], values["frequency"][SITE] = largest, min(lowest)
    for kind, modes in enumerate(by_kind):
        oscillator = SITE_AXIS + kind
        _fill_modes(values, oscillator, modes, strengths[kind], totals[kind])
        if totals[kind] > 0.0:
            values["mode_share"][oscillator] *= totals[kind] / largest


def _fill_modes(
    values: np.void, oscillator: int, modes: list[Mode], strengths: list[float], total: float
) -> None:
    """Fill the modes of one oscillator of the cell, whose shares are their strengths over the total."""
    values["mode_count"][oscillator] = len(modes)
    for k, mode in enumerate(modes):
        values["mode_frequency"][oscillator, k] = mode.omega
        values["mode_share"][oscillator, k] = strengths[k] / total
        values["mode_family"][oscillator, k] = mode.family


def _fill_profiles(values: np.void, families: list[Family], lattice: Lattice) -> NDArray[np.float64]:
    """Fill the profiles of the families on sites; returns their C(0), shape (families, kinds)."""
    kinds, d = lattice.kinds, lattice.dimension
    reach = max([profile_reach(lattice, family.profile) for family in families], default=0)
    wide = 2 * reach
    values["profile_reach"], values["overlap_reach"] = reach, wide
    values["spreads"][SITE] = any(len(family.profile) > 1 for family in families)
    box = np.indices((2 * reach + 1,) * d).reshape(d, -1).T - reach
    values["profile_count"] = len(box)
    values["profile_step"][: len(box)] = [pack(r, kinds) for r in box]
    alone = np.zeros((len(families), kinds))
    for k, family in enumerate(families):
        plain = profile_table(lattice, family.profile, reach)
        without = [kind for kind in range(kinds) if family.places and kind not in family.places]
        plain[without] = 0.0
        values["profile_weight"][k, : plain.size] = plain.ravel()
        values["profile"][k, : plain.size] = _with_images(plain, lattice).ravel()
        overlap = np.zeros((kinds, kinds) + (2 * wide + 1,) * d)
        for r in box:  # from the cell of the oscillator to that of the first event
            corner = tuple(slice(reach + x, reach + x + 2 * reach + 1) for x in r)
            first = plain[(slice(None), slice(None), *(reach - r))]
            overlap[(slice(None), slice(None), *corner)] += np.einsum("mi,mj...->ij...", first, plain)
        overlap = _with_images(overlap, lattice)
        alone[k] = overlap[(*np.diag_indices(kinds), *(wide,) * d)]
        values["overlap"][k, : overlap.size] = overlap.ravel() / alone[k].max()
    return alone


def _with_images(tables: NDArray[np.float64], lattice: Lattice) -> NDArray[np.float64]:
    """Return functions of lattice vectors, one for every pair of sites of the cell, on a periodic cluster as
    the sums over the images, at every vector of their tables."""
    if not lattice.periodic or lattice.shape is None:
        return tables
    shape = tables.shape[2:]
    box = np.indices(shape).reshape(len(shape), -1).T - shape[0] // 2
    folded = tuple(np.mod(box, lattice.shape).T)
    result = np.empty_like(tables)
    for pair in np.ndindex(tables.shape[:2]):
        sums = np.zeros(lattice.shape)
        np.add.at(sums, folded, tables[pair].ravel())
        result[pair] = sums[folded].reshape(shape)
    return result


@kernel
def _overlap(par, oscillator, k, apart):
    """Return C(r) over the largest C(0) of mode k: of an event on an oscillator of the cell, and another one
    from which the packed vector `apart` leads to it."""
    if par.spreads[SITE] == 0 or oscillator < SITE_AXIS:
        return 1.0  # events on other places are not joined
    one = oscillator - SITE_AXIS
    other = kind_of(par, one - apart)
    index = table_index(par, one * par.kinds + other, apart - one + other, par.overlap_reach)
    return par.overlap[k, index] if index >= 0 else 0.0


@kernel
def mode_weight(par, oscillator, k, apart, duration, lowest):
    """Return the term of mode k of D(r, τ) e^{lowest τ}, r a packed lattice vector."""
    weight = par.mode_share[oscillator, k] * _overlap(par, oscillator, k, apart)
    return weight * math.exp((lowest - par.mode_frequency[oscillator, k]) * duration)


@kernel
def sum_of_modes(par, oscillator, apart, duration, lowest):
    """Return D(r, τ) e^{lowest τ}."""
    total = 0.0
    for k in range(par.mode_count[oscillator]):
        total += mode_weight(par, oscillator, k, apart, duration, lowest)
    return total


@kernel
def decay_of_modes(par, oscillator, apart, duration):
    """Return -τ ∂ ln D/∂τ."""
    total, sloped = 0.0, 0.0
    for k in range(par.mode_count[oscillator]):
        weight = mode_weight(par, oscillator, k, apart, duration, 0.0)
        total += weight
        sloped += weight * par.mode_frequency[oscillator, k]
    return duration * sloped / total


@kernel
def draw_phonon(par, path, rng, i):
    """Draw the phonon of the line of the event in slot i; returns its family and the packed vector from the
    site of the event to that of its oscillator."""
    j = path[i].partner
    oscillator = oscillator_of(par, np.int64(path[i].bond))
    apart = np.int64(path[i].bond >> AXIS_BITS) - np.int64(path[j].bond >> AXIS_BITS)
    duration = abs(path[i].time - path[j].time)
    x = uniform(rng) * sum_of_modes(par, oscillator, apart, duration, 0.0)
    k = np.int64(0)
    for mode in range(par.mode_count[oscillator]):
        weight = mode_weight(par, oscillator, mode, apart, duration, 0.0)
        if weight > 0.0:
            k = np.int64(mode)
            x -= weight
            if x <= 0.0:
                break
    step = np.int64(0)
    if par.spreads[SITE] and oscillator >= SITE_AXIS:
        step = _draw_step(par, rng, k, oscillator - SITE_AXIS, apart)
    return par.mode_family[oscillator, k], step


@kernel
def _draw_step(par, rng, k, one, apart):
    """Draw from one event to the oscillator, in proportion to p(m - x1) p(m - x2), the events r = x1 - x2
    apart, the first on site `one` of the cell."""
    other = kind_of(par, one - apart)
    cells = apart - one + other
    places = par.kinds * par.profile_count
    total = 0.0
    for n in range(places):
        total += _both(par, k, n, one, other, cells)
    x = uniform(rng) * total
    chosen = np.int64(0)
    for n in range(places):
        weight = _both(par, k, n, one, other, cells)
        if weight > 0.0:
            chosen = par.profile_step[n % par.profile_count] + n // par.profile_count - one
            x -= weight
            if x <= 0.0:
                break
    return chosen


@kernel
def _both(par, k, n, one, other, cells):
    """Return p(m - x1) p(m - x2) of mode k, m the n-th place of an oscillator around x1."""
    m, s = n // par.profile_count, n % par.profile_count
    weight = par.profile_weight[k, (m * par.kinds + one) * par.profile_count + s]
    if weight == 0.0:
        return 0.0
    index = table_index(par, m * par.kinds + other, par.profile_step[s] + cells, par.profile_reach)
    return weight * par.profile[k, index] if index >= 0 else 0.0
