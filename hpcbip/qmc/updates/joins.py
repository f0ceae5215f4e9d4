"""Phonon lines between given events.

`join_hop` is a heat bath over what a hop may be joined to: one hop, one direction of time and a number of
events to look at are drawn. The hop may be bare (weight 1) or joined to any hop j of its own bond among these
events that is bare or its present partner, weight (g/t)² e^{-Ω|τ_j - τ_i|}. All these states see the same
list of choices, so drawing one in proportion to the weights is a heat bath (acceptance 1); bare to joined,
joined to bare and re-pairing are one update. A hop whose partner is not among them is left alone. The number
of events is scale-free, so that lines of every length are reached. Where phonons hop j may be any hop along
the same axis, with the weight (g/t)² D(r, |τ_j - τ_i|); with several families on a bond it is one on it, with
J/t² D(0, |τ_j - τ_i|) (see `kernel.propagator`).

`exchange_partners` re-pairs two lines of one oscillator, (i i')(j j') → (i j)(i' j'). Among the events looked
at from i on, those joined and of the same oscillator, without the partner of i, are the candidates for j; the
partner i' has to be among the events as well, so that the way back has as many candidates: R =
e^{-ΔΣΩ|τ-τ'|}, or where lines are more than that the ratio of the four D(r, |τ-τ'|); vertices on all sites
are of one kind where lines spread.
"""

from __future__ import annotations

import math

import numpy as np

from hpcbip.qmc.kernel.geometry import may_join
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import EVENTS, FIRST, SITE, join, random_event
from hpcbip.qmc.kernel.propagator import line_weight
from hpcbip.qmc.kernel.rng import accept, below, coin, octave, uniform

SHORTEST_LIST = 8  # events of the shortest list
LIST_OCTAVES = np.int64(7)  # the largest of the scale-free number of events


@kernel
def _weigh(path, par, i, choices, count, strength, weights):
    """Fill the weights of lines from slot i to all choices, where lines are composite; returns their sum."""
    total = 0.0
    for k in range(count):
        weights[k] = strength * line_weight(par, path, i, np.uint32(choices[k]))
        total += weights[k]
    return total


# The steps of `join_hop` stand in one function: as functions of their own they cost 5 % of the update.
@kernel
def join_hop(path, state, rng, par, choices, weights):
    """Redraw the partner of a hop; returns whether it changed. `choices` and `weights` are scratch space."""
    # draw a hop, a direction of time and a number of events
    if state[EVENTS] < 2:
        return False
    i = random_event(state, rng)
    direction = np.int64(path[i].direction)
    if direction == SITE or par.joined2[direction] == 0.0:
        return False
    events = SHORTEST_LIST << octave(rng, LIST_OCTAVES)
    backward = coin(rng)
    time = path[i].time
    partner = np.uint32(path[i].partner)
    if partner != 0 and (path[partner].time < time) != backward:
        return False
    # list the hops among these events to which it may be joined
    bond = np.int64(path[i].bond)
    count = np.int64(0)
    j = i
    found = partner == 0
    for _ in range(events):
        j = np.uint32(path[j].prev if backward else path[j].next)
        if j < FIRST:
            break
        if may_join(par, bond, np.int64(path[j].bond)):
            other = path[j].partner
            if other == 0 or other == i:
                if count == choices.size:
                    return False  # balanced, because every state of the heat bath sees the same list
                choices[count] = j
                count += 1
                found |= other == i
    if count == 0 or not found:
        return False
    # draw from the heat bath
    total = 1.0
    strength = par.joined2[direction] / par.bare2[direction]
    if par.composite:
        total += _weigh(path, par, i, choices, count, strength, weights)
    else:
        for k in range(count):
            weights[k] = strength * math.exp(-par.frequency[direction] * abs(path[choices[k]].time - time))
            total += weights[k]
    x = uniform(rng) * total - 1.0
    chosen = np.uint32(0)
    if x > 0.0:
        k = 0
        while k < count - 1 and x > weights[k]:
            x -= weights[k]
            k += 1
        chosen = np.uint32(choices[k])
    # part it from its partner and join it to the chosen hop; 0 is none
    if chosen == partner:
        return False
    if partner != 0:
        path[partner].partner = 0
    path[i].partner = chosen
    if chosen != 0:
        path[chosen].partner = i
    return True


@kernel
def exchange_partners(path, state, rng, par, choices):
    """Re-pair two lines of one oscillator; returns whether it was accepted."""
    n = state[EVENTS]
    if n < 4:
        return False
    i = random_event(state, rng)
    partner = np.uint32(path[i].partner)
    if partner == 0:
        return False
    events = SHORTEST_LIST << octave(rng, LIST_OCTAVES)
    backward = coin(rng)
    if (path[partner].time < path[i].time) != backward:
        return False
    bond = np.int64(path[i].bond)
    count = np.int64(0)
    found = False
    j = i
    for _ in range(events):
        j = np.uint32(path[j].prev if backward else path[j].next)
        if j < FIRST:
            break
        if path[j].partner != 0 and may_join(par, bond, np.int64(path[j].bond)):
            if j == partner:
                found = True
            else:
                if count == choices.size:
                    return False
                choices[count] = j
                count += 1
    if count == 0 or not found:
        return False
    j = np.uint32(choices[below(rng, count)])
    other = np.uint32(path[j].partner)
    ratio, exponent = 1.0, 0.0
    if par.composite:
        ratio = line_weight(par, path, i, j) * line_weight(par, path, partner, other)
        ratio /= line_weight(par, path, i, partner) * line_weight(par, path, j, other)
    else:
        lengths = abs(path[i].time - path[j].time) + abs(path[partner].time - path[other].time)
        lengths -= abs(path[i].time - path[partner].time) + abs(path[j].time - path[other].time)
        exponent = par.frequency[path[i].direction] * lengths
    if not accept(rng, ratio, exponent):
        return False
    join(path, i, j)
    join(path, partner, other)
    return True
