"""Insertion and removal of a kink–antikink pair: an electron leaves its site and comes straight back over the same
bond.

Both hops are bare (weight t² dτ1 dτ2) or joined by a phonon line (g² e^{-Ω(τ2-τ1)} dτ1 dτ2); the kind is drawn in
proportion, so that the pair counts with the sum w(τ2-τ1) = t² + g² e^{-Ω(τ2-τ1)}.

Insertion: one of the n + N_e intervals of the world lines, one of z directions, two uniform times in the interval of
length L (density 2/L² for the ordered pair). Removal: one of the then n + 2 hops, the next hop of its world line must
undo it.

    R = w e^{-ΔS} (z L² / 2) (n + N_e)/(n + 2),   ΔS = ∫ dτ [V(r1 - r2 ± step) - V(r1 - r2)] over (τ1, τ2),

and the removal is accepted with the inverse, taken in the state without the pair.
"""

from __future__ import annotations

import math

import numpy as np

from ..geometry import action_change, hop_allowed
from ..jit import kernel
from ..path import FIRST, add_hop, bond_of, drop_hop, locate, shift, site_after
from ..rng import below, uniform


@kernel
def pair_weight(par, duration):
    """w(τ): bare or joined pair of hops on one bond a time τ apart."""
    return par.t2 + par.g2 * math.exp(-par.omega * duration)


@kernel
def insertion_ratio(par, n, duration, interval, change):
    """The acceptance ratio R of inserting a pair into a path of n hops."""
    proposals = 0.5 * par.z * interval * interval * (n + par.electrons) / (n + 2)
    return pair_weight(par, duration) * math.exp(-change) * proposals


@kernel
def insert_kinks(path, state, rng, par):
    """Insert a pair; returns whether it was accepted."""
    n = state[0]
    k = below(rng, n + par.electrons)
    a = np.uint32(k if k < par.electrons else FIRST + k - par.electrons)
    electron = path[a].electron
    start = path[a].time
    interval = path[path[a].enext].time - start
    direction = below(rng, par.z)
    x = start + interval * uniform(rng)
    y = start + interval * uniform(rng)
    t1, t2 = min(x, y), max(x, y)
    site = site_after(path, par, a)
    if not hop_allowed(par, site, direction):
        return False
    by = par.step[direction] if electron == 0 else -par.step[direction]
    before = locate(path, a, t1)
    change = action_change(path, par, before, t1, t2, by)
    if uniform(rng) > insertion_ratio(par, n, t2 - t1, interval, change):
        return False
    bond = bond_of(par, site, direction)
    i = add_hop(path, state, before, a, t1, bond, direction)
    path[i].rel = path[before].rel + by
    last = shift(path, i, t2, by)
    j = add_hop(path, state, last, i, t2, bond, direction ^ 1)
    path[j].rel = path[last].rel - by
    if uniform(rng) * pair_weight(par, t2 - t1) > par.t2:
        path[i].partner = j
        path[j].partner = i
    return True


@kernel
def remove_kinks(path, state, rng, par):
    """Remove a pair; returns whether it was accepted."""
    n = state[0]
    if n < 2:
        return False
    i = np.uint32(FIRST + below(rng, n))
    j = path[i].enext
    if j < FIRST or path[j].direction != path[i].direction ^ 1:
        return False
    bare = path[i].partner == 0 and path[j].partner == 0
    if not (bare or path[i].partner == j):
        return False
    t1, t2 = path[i].time, path[j].time
    interval = path[path[j].enext].time - path[path[i].eprev].time
    step = par.step[path[i].direction]
    by = -step if path[i].electron == 0 else step
    change = action_change(path, par, i, t1, t2, by)
    if uniform(rng) * insertion_ratio(par, n - 2, t2 - t1, interval, -change) > 1.0:
        return False
    shift(path, i, t2, by)
    # the hop with the larger slot goes first: dropping it cannot move the other one
    drop_hop(path, state, max(i, j))
    drop_hop(path, state, min(i, j))
    return True
