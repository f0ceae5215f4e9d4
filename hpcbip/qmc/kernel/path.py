"""The configuration: two world lines as one doubly linked list of events in imaginary time.

An event is a hop, or a Holstein vertex, which is stored as a hop that stays where it is (direction `SITE`).
Every event is one record of 32 bytes, half a cache line, that belongs to two lists: the *path*, all events of
both electrons in order of time (`next`, `prev`), and the *world line* of its electron (`enext`, `eprev`).
Slots 0 and 1 are the heads of the two world lines (time 0), slots 2 and 3 their tails (time β); events fill
the slots from 4 on without gaps, so that a random event is a random index and no update costs more on a
longer path. An event is bare if `partner` is 0, otherwise it is joined by a phonon line to the event in that
slot; vertices are always joined.

Positions are packed into one 32-bit integer, `par.bits` bits per lattice coordinate, so that a step is one
addition; they are only ever compared and subtracted, so a path that leaves the range of a field does no harm
as long as the electrons are less than half a range apart. On a lattice with a basis the lowest
`par.cell_shift` bits, below the coordinates of the cell, hold the site of the cell, its *kind*, from 0 on.
`bond` names the oscillator of an event: lower site << 3 | axis, with the axis code `SITE_AXIS` for the
oscillator of a site. `rel` is r1 - r2 from this event to the next one of the path: the difference of the
cells and, in the bits below, both kinds side by side, the first electron's in the upper half.
"""

from __future__ import annotations

import numpy as np

from hpcbip.qmc.kernel.jit import inlined, kernel
from hpcbip.qmc.kernel.rng import below

AXIS_BITS = 3
AXIS_MASK = (1 << AXIS_BITS) - 1
SITE_AXIS = AXIS_MASK  # axis code of site oscillators; bond axes are 0 ... 5
SITE = 12  # direction code of a vertex
DIRECTIONS = SITE + 1
POSITION_BITS = 28  # of all coordinates together: with the axis and the sign they fill 32 bits

HEAD = 0  # slot of the first head
TAIL = 2  # slot of the first tail
FIRST = 4  # slot of the first event
MAX_EVENTS = (1 << 16) - FIRST  # links are 16-bit integers

# words of the integer state of a chain: events of the path; rows, measurements and cycles that are done
STATE_WORDS = 4
EVENTS, ROW, MEASUREMENT, CYCLES = range(STATE_WORDS)

EVENT = np.dtype(
    {
        "names": [
            "time",
            "bond",
            "rel",
            "next",
            "prev",
            "enext",
            "eprev",
            "partner",
            "direction",
            "electron",
            "pad",
        ],
        "formats": ["f8", "i4", "i4", "u2", "u2", "u2", "u2", "u2", "u1", "u1", "u4"],
        "itemsize": 32,
    }
)


def kind_bits(kinds: int) -> int:
    """Return the bits of a packed site of the cell, of which there are so many."""
    return (kinds - 1).bit_length()


def field_bits(dimension: int, kinds: int = 1) -> int:
    """Return the bits of one packed coordinate in d dimensions, with so many sites per cell."""
    return (POSITION_BITS - 2 * kind_bits(kinds)) // dimension


def pack(coordinates: np.ndarray, kinds: int = 1) -> int:
    """Return the packed form of a lattice vector, shape (d,), above the bits of the kinds: coordinates side
    by side, as a plain sum so that vectors add."""
    bits = field_bits(len(coordinates), kinds)
    return int(sum(int(x) << (bits * a) for a, x in enumerate(coordinates))) << (2 * kind_bits(kinds))


def half_range(dimension: int, kinds: int = 1) -> int:
    """Return h: coordinates from -h to h - 1 can be unpacked."""
    return 1 << (field_bits(dimension, kinds) - 1)


@kernel
def coordinate(par, packed, axis):
    """Return coordinate `axis` of the cell of a packed site, or of a packed difference of two."""
    half = 1 << (par.bits - 1)
    cell = packed >> par.cell_shift
    return (((cell + par.bias) >> (par.bits * axis)) & ((1 << par.bits) - 1)) - half


@inlined
def kind_of(par, site):
    """Return the site of the cell that a packed site is; also the packed pair of kinds in `rel`."""
    return site & par.kind_mask


@inlined
def draw_exit(par, rng, kind):
    """Draw one of the directions of the hops from sites of a kind."""
    k = below(rng, par.exit_count[kind])
    return k if par.kinds == 1 else par.exits[kind, k]


@inlined
def pair_of_kinds(par, one, other):
    """Return the packed pair of two kinds, the index of tables."""
    return (one << (par.cell_shift >> 1)) | other


@inlined
def kinds_of(par, rel):
    """Return the packed pair of the kinds of both electrons; of one electron its own kind twice."""
    pair = rel & par.kind_mask
    if par.electrons == 1:
        pair |= pair >> (par.cell_shift >> 1)
    return pair


@inlined
def start_position(path, par, position):
    """Set `position`, shape (d,), to the summed positions of the electrons at time 0, in units of the
    primitive vectors over the lattice's resolution; they count from the cell of the first electron."""
    base = base_cell(path, par)
    for e in range(par.electrons):
        site = (path[HEAD + e].bond >> AXIS_BITS) - base
        for a in range(par.dimension):
            x = par.resolution * coordinate(par, site, a) + par.place[kind_of(par, site), a]
            position[a] = x if e == 0 else position[a] + x


@inlined
def oscillator_of(par, bond):
    """Return which oscillator of the cell belongs to a bond: its axis, or `SITE_AXIS` plus the kind of the
    site."""
    axis = np.int64(bond & AXIS_MASK)
    return axis if axis != SITE_AXIS else axis + kind_of(par, np.int64(bond >> AXIS_BITS))


@inlined
def image_of(par, pair, oscillator):
    """Return the oscillator of the cell to which the inversion about two sites, a packed pair of kinds, maps
    one; on a Bravais lattice it is the same."""
    return oscillator if par.kinds == 1 else par.image[pair, oscillator]


@inlined
def image_of_lower(par, pair, oscillator, total, lower):
    """Return the lower site of the image of an oscillator under the inversion about two sites of this
    packed sum and pair of kinds."""
    if par.kinds > 1:
        return total - lower + par.image_shift[pair, oscillator]
    return total - lower - (par.step[2 * oscillator] if oscillator < SITE_AXIS else 0)


@inlined
def image_turned(par, pair, oscillator):
    """Tell (1 or 0) whether that inversion maps a hop along the bond to one against its image."""
    return 1 if par.kinds == 1 else par.image_turned[pair, oscillator]


@inlined
def base_cell(path, par):
    """Return the packed cell in which the first electron starts."""
    site = np.int64(path[HEAD].bond >> AXIS_BITS)
    return site - kind_of(par, site)


@inlined
def site_after(path, par, i):
    """Return the packed site of an electron after its event in slot i, which may be a head: heads are stored
    as hops that do not move."""
    site = path[i].bond >> AXIS_BITS
    if path[i].direction & 1 == 0:
        site += par.step[path[i].direction]
    return site


@inlined
def site_before(path, par, i):
    """Return the packed site of an electron before its event in slot i."""
    site = path[i].bond >> AXIS_BITS
    if path[i].direction & 1 == 1:
        site -= par.step[path[i].direction]
    return site


@kernel
def bond_of(par, site, direction):
    """Return the oscillator of an event in `direction` that begins at `site`."""
    if direction == SITE:
        return (site << AXIS_BITS) | SITE_AXIS
    if direction & 1 == 1:
        site += par.step[direction]
    return (site << AXIS_BITS) | (direction >> 1)


@kernel
def change_of_rel(par, electron, direction):
    """Return the change of the packed r1 - r2 by an event of this electron in this direction."""
    return par.rel_step[electron, direction]


@inlined
def locate(path, start, time):
    """Find the last slot of the path before `time`, forward from `start`."""
    i = start
    j = path[i].next
    while path[j].time < time:
        i = j
        j = path[i].next
    return i


@inlined
def random_event(state, rng):
    """Draw an event of a path that has some; returns its slot."""
    return np.uint32(FIRST + below(rng, state[EVENTS]))


@inlined
def random_interval(par, state, rng):
    """Draw an interval of the world lines; returns the slot, an event or a head, at which it begins."""
    k = below(rng, state[EVENTS] + par.electrons)
    return np.uint32(k if k < par.electrons else FIRST + k - par.electrons)


@inlined
def locate_back(path, start, time):
    """Find the last slot of the path before `time`, backward from `start`, which is after it."""
    i = np.uint32(path[start].prev)
    while path[i].time >= time:
        i = np.uint32(path[i].prev)
    return i


@kernel
def link(path, i, before):
    """Put slot i into the path right after slot `before`."""
    after = path[before].next
    path[i].prev = before
    path[i].next = after
    path[before].next = i
    path[after].prev = i


@inlined
def unlink(path, i):
    """Take slot i out of the path."""
    before = path[i].prev
    after = path[i].next
    path[before].next = after
    path[after].prev = before


@kernel
def link_line(path, i, before):
    """Put slot i into its world line right after slot `before`."""
    after = path[before].enext
    path[i].eprev = before
    path[i].enext = after
    path[before].enext = i
    path[after].eprev = i


@inlined
def unlink_line(path, i):
    """Take slot i out of its world line."""
    before = path[i].eprev
    after = path[i].enext
    path[before].enext = after
    path[after].eprev = before


@kernel
def add_event(path, state, before, ebefore, time, bond, direction):
    """Append a bare event that follows `before` in the path and `ebefore` in its world line; returns its
    slot. The caller sets its rel."""
    i = np.uint32(FIRST + state[EVENTS])
    state[EVENTS] += 1
    path[i].time = time
    path[i].bond = bond
    path[i].direction = direction
    path[i].electron = path[ebefore].electron
    path[i].partner = 0
    link(path, i, before)
    link_line(path, i, ebefore)
    return i


@inlined
def drop_event(path, state, i):
    """Remove the event in slot i and move the last event into the gap. The caller sees to rel and to the
    link of its partner."""
    unlink(path, i)
    unlink_line(path, i)
    state[EVENTS] -= 1
    last = np.uint32(FIRST + state[EVENTS])
    if last != i:
        path[i] = path[last]
        path[path[i].prev].next = i
        path[path[i].next].prev = i
        path[path[i].eprev].enext = i
        path[path[i].enext].eprev = i
        if path[i].partner != 0:
            path[path[i].partner].partner = i


@kernel
def drop_two(path, state, i, j):
    """Remove two events. The larger slot goes first: dropping it cannot move the other one."""
    drop_event(path, state, max(i, j))
    drop_event(path, state, min(i, j))


@kernel
def join(path, i, j):
    """Join two events by a phonon line."""
    path[i].partner = j
    path[j].partner = i


@inlined
def shift(path, i, time, by):
    """Add `by` to r1 - r2 on every slot after i and before `time`; returns the last slot before `time`."""
    j = path[i].next
    while path[j].time < time:
        path[j].rel += by
        i = j
        j = path[i].next
    return i
