"""An event moves in time: between its neighbours on the world line, or past a whole block of them.

k ≥ 0 events of the world line are skipped, k scale-free and drawn alike in both directions of time. The new
time is uniform in the interval on the other side of the block. A hop by the vector s that passes the block
moves it by -s (forward in time) or +s; the block must be closed then, and s a lattice vector. A bare hop
moves along by the net displacement D of the block, a lattice vector; an event with a phonon line keeps its
oscillator, so D has to be zero. With L the interval the event leaves (without the event itself) and L' the
one it goes to (k = 0: L' = L),

    R = (L'/L) e^{-ΔS} e^{-Ω(|τ'-τ_p| - |τ-τ_p|)},

the last factor for an event joined to a partner at τ_p. Where lines spread such an event may move along as
well; there, and with several families, the factor is the ratio of D(r, |τ-τ_p|) (see `kernel.propagator`)
after and before. Passing a block
is how a dressed electron moves as one piece.
"""

from __future__ import annotations

import numpy as np

from hpcbip.qmc.kernel.geometry import action_change, spreads
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import (
    AXIS_BITS,
    EVENTS,
    change_of_rel,
    kind_of,
    link,
    link_line,
    locate_back,
    oscillator_of,
    random_event,
    shift,
    site_after,
    site_before,
    unlink,
    unlink_line,
)
from hpcbip.qmc.kernel.propagator import propagator
from hpcbip.qmc.kernel.rng import accept, coin, scale_free, uniform
from hpcbip.qmc.updates.blocks import block_end, closed, move_block

JUMP_OCTAVES = np.int64(6)  # the largest of the scale-free number of events


@kernel
def jump(path, state, rng, par):
    """Move one event in time; returns whether it was accepted."""
    n = state[EVENTS]
    if n == 0:
        return False
    i = random_event(state, rng)
    skip = scale_free(rng, JUMP_OCTAVES)
    if skip == 0:
        return _jump_within(path, rng, par, i)
    return _jump_past(path, rng, par, i, skip, coin(rng))


@kernel
def _weight_change(path, par, i, new, by):
    """Return the ratio of the weights of the line of the event in slot i after and before it moves to the
    time `new` and its oscillator by a packed lattice vector."""
    j = path[i].partner
    if j == 0:
        return 1.0
    oscillator = oscillator_of(par, np.int64(path[i].bond))
    apart = np.int64(path[i].bond >> AXIS_BITS) - np.int64(path[j].bond >> AXIS_BITS)
    weight = propagator(par, oscillator, apart + by, abs(new - path[j].time))
    return weight / propagator(par, oscillator, apart, abs(path[i].time - path[j].time))


@kernel
def _lines_change(path, par, i, new):
    """Return the change of the exponent Σ Ω|τ - τ'| if the event in slot i moves to the time `new`."""
    partner = path[i].partner
    if partner == 0:
        return 0.0
    at = path[partner].time
    return par.frequency[path[i].direction] * (abs(new - at) - abs(path[i].time - at))


@kernel
def _jump_within(path, rng, par, i):
    low = path[path[i].eprev].time
    new = low + (path[path[i].enext].time - low) * uniform(rng)
    return _move(path, rng, par, i, new, 1.0, np.int64(0))


@kernel
def _jump_past(path, rng, par, i, skip, backward):
    near = np.uint32(path[i].eprev if backward else path[i].enext)
    far = block_end(path, near, skip, backward)
    if far == 0:
        return False
    first, last = (far, near) if backward else (near, far)
    step = par.step[path[i].direction]
    if step != 0 and (par.open or kind_of(par, step) != 0 or not closed(path, first, last)):
        return False
    displacement = site_after(path, par, last) - site_before(path, par, first)
    stays = path[i].partner != 0 and not spreads(par, np.int64(path[i].bond))  # on its oscillator
    if displacement != 0 and (stays or kind_of(par, displacement) != 0):
        return False
    begin, end = path[first].time, path[last].time
    before, after = path[path[first].eprev].time, path[path[last].enext].time
    if backward:
        old_interval, new_interval = path[path[i].enext].time - end, begin - before
        new = begin - new_interval * uniform(rng)
    else:
        old_interval, new_interval = begin - path[path[i].eprev].time, after - end
        new = end + new_interval * uniform(rng)
    by = -displacement if backward else displacement
    if not _move(path, rng, par, i, new, new_interval / old_interval, by):
        return False
    unlink_line(path, i)
    link_line(path, i, np.uint32(path[first].eprev) if backward else last)
    if step != 0:
        move_block(path, first, last, step if backward else -step)
    path[i].bond += by << AXIS_BITS
    return True


@kernel
def _move(path, rng, par, i, new, ratio, displacement):
    """Accept or reject the new time of the event in slot i, and move it within the path; its oscillator is
    about to move by a packed lattice vector."""
    old = path[i].time
    by = change_of_rel(par, np.int64(path[i].electron), np.int64(path[i].direction))
    exponent = 0.0
    if par.composite:
        ratio *= _weight_change(path, par, i, new, displacement)
    else:
        exponent = _lines_change(path, par, i, new)
    if new > old:
        # between the times the electron has not hopped yet
        exponent += action_change(path, par, i, old, new, -by)
        if not accept(rng, ratio, exponent):
            return False
        before = shift(path, i, new, -by)
    else:
        before = locate_back(path, i, new)
        exponent += action_change(path, par, before, new, old, by)
        if not accept(rng, ratio, exponent):
            return False
        shift(path, before, old, by)
    if before != i and path[i].prev != before:
        unlink(path, i)
        link(path, i, before)
        path[i].rel = path[before].rel + by
    path[i].time = new
    return True
