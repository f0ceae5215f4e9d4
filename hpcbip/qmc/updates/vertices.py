"""Holstein lines: two vertices on the world lines, on one site, joined by a phonon line, come and go.

Insertion: one of the n + N_e intervals of the world lines, a uniform time τ1 in it (interval of length L), an
electron for the other vertex, a direction of time and the length ℓ of the line with density Ω e^{-Ωℓ}; the
line must end within the path, on the same site. Removal: one of the then n + 2 events as the first vertex.
Weight g² e^{-Ωℓ} dτ1 dτ2:

    R = 2 N_e g² L (n + N_e) / (Ω (n + 2)).

A line has two ways to be inserted, from either end, each the inverse of the removal that names the same
vertex first. L is taken without the line.

Where phonons hop, and where there are several families of them or oscillators that feel the density of
several sites, the line ends wherever the electron of the other vertex is, a vector r away, and has the weight
g² D(r, ℓ) (J D(r, ℓ) of families; see `kernel.propagator`), which decays no slower than e^{-Ω₀ℓ}, Ω₀ = Ω -
2dw or the lowest of the frequencies. ℓ is drawn with the density Ω₀ e^{-Ω₀ℓ}, which takes the place of Ω
e^{-Ωℓ} in R, and the rest of the weight is its last factor,

    R = 2 N_e g² L (n + N_e) / (Ω₀ (n + 2)) · D(r, ℓ) e^{Ω₀ℓ}.
"""

from __future__ import annotations

import math

import numpy as np

from hpcbip.qmc.kernel.geometry import may_join
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import (
    AXIS_BITS,
    EVENTS,
    FIRST,
    SITE,
    SITE_AXIS,
    add_event,
    bond_of,
    drop_two,
    join,
    locate,
    locate_back,
    oscillator_of,
    random_event,
    random_interval,
    site_after,
)
from hpcbip.qmc.kernel.propagator import vertex_share
from hpcbip.qmc.kernel.rng import below, coin, uniform

VERTEX = np.int64(SITE)  # of the type of all other directions


@kernel
def _decay(par):
    """Return the rate with which the density of the lengths of new lines decays."""
    return par.gap[SITE_AXIS] if par.dispersive else par.frequency[SITE]


@kernel
def _share(par, one, other, length):
    """Return D(r, ℓ) e^{Ω₀ℓ} ≤ 1 of a line of this length between two vertices."""
    return vertex_share(par, oscillator_of(par, one), (one >> AXIS_BITS) - (other >> AXIS_BITS), length)


@kernel
def _ratio(par, n, interval):
    strength = 2.0 * par.electrons * par.joined2[SITE] / _decay(par)
    return strength * interval * (n + par.electrons) / (n + 2)


@kernel
def _on_world_line(path, i, electron):
    """Find the last event (or head) of an electron at or before slot i of the path."""
    while path[i].electron != electron:
        i = np.uint32(path[i].prev) if i >= FIRST else np.uint32(electron)
    return i


@kernel
def insert_line(path, state, rng, par):
    """Insert a line; returns whether it was accepted."""
    n = state[EVENTS]
    a = random_interval(par, state, rng)
    interval = path[path[a].enext].time - path[a].time
    t1 = path[a].time + interval * uniform(rng)
    other = below(rng, par.electrons)
    length = -math.log(uniform(rng)) / _decay(par)
    t2 = t1 - length if coin(rng) else t1 + length
    if t2 <= 0.0 or t2 >= par.beta:
        return False
    u = uniform(rng)
    ratio = _ratio(par, n, interval)
    if u > ratio:
        return False
    site = site_after(path, par, a)
    before1 = np.uint32(locate(path, a, t1))
    # a direction of search that need not pass the whole path
    before2 = (
        np.uint32(locate(path, before1, t2))
        if t2 > t1
        else locate_back(path, np.uint32(path[before1].next), t2)
    )
    b = _on_world_line(path, before2, other)
    bond = bond_of(par, site, VERTEX)
    other_bond = bond_of(par, site_after(path, par, b), VERTEX)
    if not may_join(par, bond, other_bond):
        return False
    if par.composite and u > ratio * _share(par, bond, other_bond, length):
        return False
    if t2 > t1:
        i = add_event(path, state, before1, a, t1, bond, VERTEX)
        path[i].rel = path[before1].rel
        if before2 == before1:
            before2 = i
        if b == a:
            b = i
    else:
        i = add_event(path, state, before1, a, t1, bond, VERTEX)
        path[i].rel = path[before1].rel
    j = add_event(path, state, before2, b, t2, other_bond, VERTEX)
    path[j].rel = path[before2].rel
    join(path, i, j)
    return True


@kernel
def remove_line(path, state, rng, par):
    """Remove a line; returns whether it was accepted."""
    n = state[EVENTS]
    if n < 2:
        return False
    i = random_event(state, rng)
    if path[i].direction != SITE:
        return False
    j = np.uint32(path[i].partner)
    low, high = np.uint32(path[i].eprev), np.uint32(path[i].enext)
    if low == j:
        low = np.uint32(path[j].eprev)
    if high == j:
        high = np.uint32(path[j].enext)
    u = uniform(rng)
    ratio = _ratio(par, n - 2, path[high].time - path[low].time)
    if par.composite:
        length = abs(path[i].time - path[j].time)
        ratio *= _share(par, np.int64(path[i].bond), np.int64(path[j].bond), length)
    if u * ratio > 1.0:
        return False
    drop_two(path, state, i, j)
    return True


@kernel
def change_lines(path, state, rng, par):
    """Insert or remove a line; returns whether it was accepted."""
    if coin(rng):
        return insert_line(path, state, rng, par)
    return remove_line(path, state, rng, par)
