"""Growing and shrinking the free ends: the first or last hop of a world line appears or disappears.

The bulk stays in place and the end of the world line moves. With T the time from the end of the path to the
nearest event of that world line without the hop in question, the hop is drawn uniform in T and over the z
directions that lead to (from) the site there:

    R(grow) = t T z e^{-ΔS} φ(new)/φ(old),   φ the trial state at that end; R(shrink) is its inverse.

Only bare hops come and go.
"""

from __future__ import annotations

import math

import numpy as np

from hpcbip.qmc.kernel.geometry import action_change, hop_allowed, log_trial
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import (
    AXIS_BITS,
    FIRST,
    HEAD,
    TAIL,
    add_event,
    bond_of,
    change_of_rel,
    draw_exit,
    drop_event,
    kind_of,
    locate,
    locate_back,
    shift,
    site_after,
)
from hpcbip.qmc.kernel.rng import below, next_word, uniform

ONE = np.uint64(1)
TWO = np.uint64(2)


@kernel
def _shift_heads(path, par, by):
    for e in range(par.electrons):
        path[HEAD + e].rel += by


@kernel
def _last_head(par):
    return np.uint32(HEAD + par.electrons - 1)


@kernel
def _grow_head(path, state, rng, par, electron):
    head = np.uint32(HEAD + electron)
    interval = path[path[head].enext].time
    site = site_after(path, par, head)
    kind = kind_of(par, site)
    direction = par.entries[kind, below(rng, par.exit_count[kind])]
    time = interval * uniform(rng)
    start = site - par.step[direction]
    if not hop_allowed(par, site, direction ^ 1):
        return False
    by = -change_of_rel(par, electron, direction)
    rel = np.int64(path[_last_head(par)].rel)
    change = action_change(path, par, _last_head(par), 0.0, time, by)
    change += log_trial(par, rel) - log_trial(par, rel + by)
    if uniform(rng) > par.bare[direction] * interval * par.exit_count[kind] * math.exp(-change):
        return False
    before = locate(path, head, time)
    rel_before = path[before].rel
    _shift_heads(path, par, by)
    shift(path, _last_head(par), time, by)
    i = add_event(path, state, before, head, time, bond_of(par, start, direction), direction)
    path[i].rel = rel_before
    path[head].bond = start << AXIS_BITS
    return True


@kernel
def _shrink_head(path, state, rng, par, electron):
    head = np.uint32(HEAD + electron)
    i = np.uint32(path[head].enext)
    if i < FIRST or path[i].partner != 0:
        return False
    interval = path[path[i].enext].time
    direction = np.int64(path[i].direction)
    time = path[i].time
    by = change_of_rel(par, electron, direction)
    rel = np.int64(path[_last_head(par)].rel)
    change = action_change(path, par, _last_head(par), 0.0, time, by)
    change += log_trial(par, rel) - log_trial(par, rel + by)
    count = par.exit_count[par.end_kind[direction]]
    if uniform(rng) * par.bare[direction] * interval * count > math.exp(-change):
        return False
    path[head].bond = site_after(path, par, i) << AXIS_BITS
    _shift_heads(path, par, by)
    shift(path, _last_head(par), time, by)
    drop_event(path, state, i)
    return True


@kernel
def _grow_tail(path, state, rng, par, electron):
    tail = np.uint32(TAIL + electron)
    a = np.uint32(path[tail].eprev)
    interval = par.beta - path[a].time
    site = site_after(path, par, a)
    kind = kind_of(par, site)
    direction = draw_exit(par, rng, kind)
    time = par.beta - interval * uniform(rng)
    if not hop_allowed(par, site, direction):
        return False
    by = change_of_rel(par, electron, direction)
    before = locate_back(path, tail, time)
    rel = np.int64(path[path[TAIL].prev].rel)
    change = action_change(path, par, before, time, par.beta, by)
    change += log_trial(par, rel) - log_trial(par, rel + by)
    if uniform(rng) > par.bare[direction] * interval * par.exit_count[kind] * math.exp(-change):
        return False
    i = add_event(path, state, before, a, time, bond_of(par, site, direction), direction)
    path[i].rel = path[before].rel + by
    shift(path, i, par.beta, by)
    return True


@kernel
def _shrink_tail(path, state, rng, par, electron):
    tail = np.uint32(TAIL + electron)
    i = np.uint32(path[tail].eprev)
    if i < FIRST or path[i].partner != 0:
        return False
    interval = par.beta - path[path[i].eprev].time
    direction = np.int64(path[i].direction)
    by = -change_of_rel(par, electron, direction)
    rel = np.int64(path[path[TAIL].prev].rel)
    change = action_change(path, par, i, path[i].time, par.beta, by)
    change += log_trial(par, rel) - log_trial(par, rel + by)
    count = par.exit_count[par.start_kind[direction]]
    if uniform(rng) * par.bare[direction] * interval * count > math.exp(-change):
        return False
    shift(path, i, par.beta, by)
    drop_event(path, state, i)
    return True


@kernel
def move_end(path, state, rng, par):
    """Grow or shrink one end of one world line; returns whether it was accepted."""
    bits = next_word(rng)
    electron = np.int64(below(rng, par.electrons))
    if bits & ONE:
        if bits & TWO:
            return _grow_head(path, state, rng, par, electron)
        return _shrink_head(path, state, rng, par, electron)
    if bits & TWO:
        return _grow_tail(path, state, rng, par, electron)
    return _shrink_tail(path, state, rng, par, electron)
