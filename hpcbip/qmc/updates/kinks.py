"""Insertion and removal of a kink–antikink pair: an electron leaves its site and comes straight back over the
same bond.

Both hops are bare (weight t² dτ1 dτ2) or joined by a phonon line (g² e^{-Ω(τ2-τ1)} dτ1 dτ2); the kind is
drawn in proportion, so that the pair counts with the sum w(τ2-τ1) = t² + g² e^{-Ω(τ2-τ1)} of its bond
(J D(0, τ2-τ1) where lines are more than that, see `kernel.propagator`).

Insertion: one of the n + N_e intervals of the world lines, one of the z directions from its site, two uniform
times in the interval of length L (density 2/L² for the ordered pair). Removal: one of the then n + 2 events,
the next event of its world line must undo it.

    R = w e^{-ΔS} (z L² / 2) (n + N_e)/(n + 2),   ΔS = ∫ dτ [V(r1 - r2 ± step) - V(r1 - r2)] over (τ1, τ2),

and the removal is accepted with the inverse, taken in the state without the pair. Insertion and removal are
tried equally often.
"""

from __future__ import annotations

import math

import numpy as np

from hpcbip.qmc.kernel.geometry import action_change, hop_allowed
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import (
    EVENTS,
    FIRST,
    SITE,
    add_event,
    bond_of,
    change_of_rel,
    draw_exit,
    drop_two,
    join,
    kind_of,
    locate,
    random_event,
    random_interval,
    shift,
    site_after,
)
from hpcbip.qmc.kernel.propagator import propagator
from hpcbip.qmc.kernel.rng import coin, uniform


@kernel
def pair_weight(par, direction, duration):
    """Return w(τ), the weight of a bare or joined pair of hops on one bond a time τ apart."""
    if par.composite:
        return par.bare2[direction] + par.joined2[direction] * propagator(
            par, direction >> 1, np.int64(0), duration
        )
    return par.bare2[direction] + par.joined2[direction] * math.exp(-par.frequency[direction] * duration)


@kernel
def proposals(par, n, interval, kind):
    """Return the ratio of the proposals of removal and insertion of a pair, from a site of this kind, in a
    path of n events."""
    return 0.5 * par.exit_count[kind] * interval * interval * (n + par.electrons) / (n + 2)


@kernel
def insert_kinks(path, state, rng, par):
    """Insert a pair; returns whether it was accepted."""
    n = state[EVENTS]
    a = random_interval(par, state, rng)
    start = path[a].time
    interval = path[path[a].enext].time - start
    site = site_after(path, par, a)
    kind = kind_of(par, site)
    direction = draw_exit(par, rng, kind)
    x = interval * uniform(rng)
    y = interval * uniform(rng)
    t1, t2 = start + min(x, y), start + max(x, y)
    if not hop_allowed(par, site, direction):
        return False
    by = change_of_rel(par, np.int64(path[a].electron), direction)
    before = locate(path, a, t1)
    change = action_change(path, par, before, t1, t2, by)
    u = uniform(rng)
    ratio = proposals(par, n, interval, kind)
    largest = ratio * (par.bare2[direction] + par.joined2[direction])
    if change >= 0.0 and u > largest:
        return False
    weight = pair_weight(par, direction, t2 - t1)
    if u > ratio * weight * math.exp(-change):
        return False
    bond = bond_of(par, site, direction)
    i = add_event(path, state, before, a, t1, bond, direction)
    path[i].rel = path[before].rel + by
    last = shift(path, i, t2, by)
    j = add_event(path, state, last, i, t2, bond, direction ^ 1)
    path[j].rel = path[last].rel - by
    if uniform(rng) * weight > par.bare2[direction]:
        join(path, i, j)
    return True


@kernel
def remove_kinks(path, state, rng, par):
    """Remove a pair; returns whether it was accepted."""
    n = state[EVENTS]
    if n < 2:
        return False
    i = random_event(state, rng)
    j = np.uint32(path[i].enext)
    direction = np.int64(path[i].direction)
    if j < FIRST or path[j].direction != direction ^ 1 or direction == SITE:
        return False
    bare = path[i].partner == 0 and path[j].partner == 0
    if not (bare or path[i].partner == j):
        return False
    t1, t2 = path[i].time, path[j].time
    interval = path[path[j].enext].time - path[path[i].eprev].time
    by = -change_of_rel(par, np.int64(path[i].electron), direction)
    change = action_change(path, par, i, t1, t2, by)
    u = uniform(rng) * proposals(par, n - 2, interval, par.start_kind[direction])
    largest = par.bare2[direction] + par.joined2[direction]
    # with -change the change of the insertion; the exponentials only where the bound does not decide
    undecided = change > 0.0 or u * largest > 1.0
    if undecided and u * pair_weight(par, direction, t2 - t1) > math.exp(-change):
        return False
    shift(path, i, t2, by)
    drop_two(path, state, i, j)
    return True


@kernel
def change_kinks(path, state, rng, par):
    """Insert or remove a pair; returns whether it was accepted."""
    if coin(rng):
        return insert_kinks(path, state, rng, par)
    return remove_kinks(path, state, rng, par)
