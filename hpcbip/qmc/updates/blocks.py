"""Blocks: consecutive events of one world line that move rigidly, so that phonons keep their weight.

A block can move by a lattice vector, from sites to sites of the same kind, if every phonon line that begins
in it ends in it: then both events of a line move to the same other oscillator. On open clusters, where a
block could leave the lattice, no block with events in it moves.
"""

from __future__ import annotations

import numpy as np

from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, FIRST

FORWARD = np.bool_(False)
"""`backward` of `block_end`: towards later times."""


@kernel
def block_end(path, first, events, backward):
    """Find the last of `events` events of a world line from `first` on (towards earlier times if `backward`),
    or 0 if they are too few."""
    i = first
    while True:
        if i < FIRST:
            return np.uint32(0)
        events -= 1
        if events == 0:
            return i
        i = np.uint32(path[i].eprev if backward else path[i].enext)


@kernel
def closed(path, first, last):
    """Tell whether all phonon lines of the events from `first` to the later `last` of one world line end
    among them."""
    electron = path[first].electron
    low, high = path[first].time, path[last].time
    i = first
    while True:
        partner = path[i].partner
        if partner != 0:
            time = path[partner].time
            if path[partner].electron != electron or time < low or time > high:
                return False
        if i == last:
            return True
        i = np.uint32(path[i].enext)


@kernel
def move_block(path, first, last, by):
    """Move the events from `first` to the later `last` of one world line by a packed lattice vector."""
    i = first
    while True:
        path[i].bond += by << AXIS_BITS
        if i == last:
            return
        i = np.uint32(path[i].enext)
