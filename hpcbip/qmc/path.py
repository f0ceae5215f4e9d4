"""The configuration: two world lines as one doubly linked list of hops in imaginary time.

Every hop is one record of 64 bytes (a cache line) that belongs to two lists: the *path*, all hops of both electrons in
order of time (`next`, `prev`), and the *world line* of its electron (`enext`, `eprev`). Slots 0 and 1 are the heads of
the two world lines (time 0), slots 2 and 3 their tails (time β); hops fill the slots from 4 on without gaps, so that a
random hop is a random index and no update costs more on a longer path. A hop is bare if `partner` is 0, otherwise it is
joined by a phonon line to the hop in that slot.

Positions are packed into one integer, `BITS` bits per lattice coordinate, so that a step is one addition. A bond is its
lower site and its axis: `bond = site << 3 | axis`. `rel` is r1 - r2 from this hop to the next one of the path.
"""

from __future__ import annotations

import numpy as np

from .jit import kernel

BITS = 19
AXIS_BITS = 3
AXIS_MASK = (1 << AXIS_BITS) - 1
HALF = 1 << (BITS - 1)
FIELD = (1 << BITS) - 1

TAIL = 2  # slot of the first tail
FIRST = 4  # slot of the first hop

EVENT = np.dtype(
    {
        "names": ["time", "bond", "rel", "next", "prev", "enext", "eprev", "partner", "electron", "direction", "pad"],
        "formats": ["f8", "i8", "i8", "u4", "u4", "u4", "u4", "u4", "u4", "u4", "(3,)u4"],
        "itemsize": 64,
    }
)


def pack(coordinates: np.ndarray) -> int:
    """The packed form of a lattice vector, shape (d,): coordinates side by side, as a plain sum so that vectors add."""
    return int(sum(int(x) << (BITS * a) for a, x in enumerate(coordinates)))


def origin(dimension: int) -> int:
    """The packed site (HALF, HALF, ...) that stands for coordinate zero, far from any overflow of a field."""
    return pack(np.full(dimension, HALF))


@kernel
def coordinate(packed_difference, bias, axis):
    """Coordinate `axis` of a packed difference of two sites; `bias` is the packed origin."""
    return (((packed_difference + bias) >> (BITS * axis)) & FIELD) - HALF


@kernel
def site_after(path, par, i):
    """The packed site of an electron after its hop in slot i; works for heads, which are stored as hops that do not
    move."""
    site = path[i].bond >> AXIS_BITS
    if path[i].direction & 1 == 0:
        site += par.step[path[i].direction]
    return site


@kernel
def site_before(path, par, i):
    """The packed site of an electron before its hop in slot i."""
    site = path[i].bond >> AXIS_BITS
    if path[i].direction & 1 == 1:
        site -= par.step[path[i].direction]
    return site


@kernel
def bond_of(par, site, direction):
    """The bond that a hop from `site` in `direction` crosses."""
    if direction & 1 == 1:
        site += par.step[direction]
    return (site << AXIS_BITS) | (direction >> 1)


@kernel
def locate(path, start, time):
    """The last slot of the path at or before `time`, looking forward from `start`."""
    i = start
    j = path[i].next
    while path[j].time < time:
        i = j
        j = path[i].next
    return i


@kernel
def link(path, i, before):
    """Put slot i into the path right after slot `before`."""
    after = path[before].next
    path[i].prev = before
    path[i].next = after
    path[before].next = i
    path[after].prev = i


@kernel
def unlink(path, i):
    """Take slot i out of the path."""
    before = path[i].prev
    after = path[i].next
    path[before].next = after
    path[after].prev = before


@kernel
def add_hop(path, state, before, ebefore, time, bond, direction):
    """Append a bare hop; it follows `before` in the path and `ebefore` in its world line. Returns its slot (rel is left
    to the caller)."""
    i = np.uint32(FIRST + state[0])
    state[0] += 1
    hop = path[i]
    hop.time = time
    hop.bond = bond
    hop.direction = direction
    hop.electron = path[ebefore].electron
    hop.partner = 0
    link(path, i, before)
    eafter = path[ebefore].enext
    hop.eprev = ebefore
    hop.enext = eafter
    path[ebefore].enext = i
    path[eafter].eprev = i
    return i


@kernel
def drop_hop(path, state, i):
    """Remove the hop in slot i and move the last hop into the gap. Its rel and its partner's link are the caller's
    business."""
    unlink(path, i)
    path[path[i].eprev].enext = path[i].enext
    path[path[i].enext].eprev = path[i].eprev
    state[0] -= 1
    last = np.uint32(FIRST + state[0])
    if last != i:
        path[i] = path[last]
        hop = path[i]
        path[hop.prev].next = i
        path[hop.next].prev = i
        path[hop.eprev].enext = i
        path[hop.enext].eprev = i
        if hop.partner != 0:
            path[hop.partner].partner = i


@kernel
def shift(path, i, time, by):
    """Add `by` to r1 - r2 on every slot after i and before `time`; returns the last slot before `time`."""
    j = path[i].next
    while path[j].time < time:
        path[j].rel += by
        i = j
        j = path[i].next
    return i
