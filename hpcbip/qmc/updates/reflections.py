"""Reflection of the rest of the path, wherever the instantaneous state is its own image under inversion.

One walk along the path. Where the positions and the phonon cloud (see `symmetry`) are mapped to themselves by
inversion about the centre of the pair, with the electrons exchanged (about its site for one electron), all
later events are inverted with probability 1/2: the weight of the path stays the same. Lines that cover such a
time lead from an oscillator to its image afterwards, so that the lines of the two exchange their ends; the
sum of the lengths of all lines, and with it the weight, does not change, for an oscillator and its image have
the same frequency.

Where phonons hop it is not known on which oscillators they are at that time: there must be none.

On a lattice with a basis an inversion leads from bonds and sites of the cell to their images. Two inversions
have to be a translation together, so those are taken that have the same images (`par.reflected`).

The displacement estimator averages over these reflections anyhow. The update makes the average last: when
phonons close over a symmetric time again, the displacement across it is another one.
"""

from __future__ import annotations

import numpy as np

from hpcbip.qmc.kernel.jit import inlined, kernel
from hpcbip.qmc.kernel.path import (
    AXIS_BITS,
    AXIS_MASK,
    HEAD,
    SITE,
    SITE_AXIS,
    TAIL,
    base_cell,
    change_of_rel,
    image_of,
    image_of_lower,
    image_turned,
    kind_of,
    oscillator_of,
    pair_of_kinds,
    start_position,
)
from hpcbip.qmc.kernel.rng import coin
from hpcbip.qmc.kernel.symmetry import (
    CENTRE,
    OSCILLATOR,
    SLOT,
    close_line,
    cloud_symmetric,
    image_in_cloud,
    open_line,
    phonon_of,
)


@kernel
def reflect(path, rng, par, position, cloud):
    """Reflect the path at its symmetric times; returns the number of reflections.

    Scratch space: `position`, shape (d,); `cloud`, shape (1 + lines, 2 + d).
    """
    if par.open:
        return 0
    base = base_cell(path, par)
    site0 = np.int64(path[HEAD].bond >> AXIS_BITS)
    site1 = np.int64(path[HEAD + 1].bond >> AXIS_BITS) if par.electrons == 2 else site0
    start_position(path, par, position)
    inverted = False
    offset = 0  # an event at site x is moved to offset + x, or offset - x if inverted
    reflections = 0
    cover = np.int64(0)
    rel = np.int64(path[HEAD + par.electrons - 1].rel)
    last0, last1 = np.uint32(HEAD), np.uint32(HEAD + 1)
    i = np.uint32(par.electrons - 1)
    while True:
        kinds = pair_of_kinds(par, kind_of(par, site0), kind_of(par, site1))
        if _symmetric(par, position, cloud, cover, kinds) and coin(rng):
            inverted = not inverted
            offset = site0 + site1 + par.reflection_shift[kinds] - offset
            reflections += 1
            _exchange_ends(path, par, position, cloud, cover, kinds)
        i = np.uint32(path[i].next)
        if i == TAIL:
            break
        partner = path[i].partner
        begins = partner != 0 and path[partner].time > path[i].time
        # of both ends before they move, which the later one does when the walk comes there
        phonon = _phonon(par, path, rng, i, inverted) if begins else (np.int64(0), np.int64(0))
        if inverted or offset != 0:
            _move(path, par, i, inverted, offset)
        direction = path[i].direction
        if par.kinds > 1:  # otherwise r1 - r2 is its own image, for the electrons are exchanged
            rel += change_of_rel(par, np.int64(path[i].electron), np.int64(direction))
            path[i].rel = rel
        if path[i].electron == 0:
            _follow(path, last0, i)
            last0 = i
            site0 += par.step[direction]
        else:
            _follow(path, last1, i)
            last1 = i
            site1 += par.step[direction]
        if par.electrons == 1:
            site1 = site0
        for a in range(par.dimension):
            position[a] += par.vectors[direction, a]
        if begins:
            open_line(par, cloud, cover, i, path[i].bond, phonon, base)
            cover += 1
        elif partner != 0:
            cover -= 1
            close_line(par, cloud, cover, path[i].partner)
    _follow(path, last0, np.uint32(TAIL))
    if par.electrons == 2:
        _follow(path, last1, np.uint32(TAIL + 1))
    return reflections


@inlined
def _follow(path, last, i):
    """Let slot i follow the last one of its world line."""
    path[last].enext = i
    path[i].eprev = last


@inlined
def _symmetric(par, position, cloud, cover, kinds):
    """Tell whether an inversion with the images that reflections have maps the state to itself."""
    if not par.reflected[kinds]:
        return False
    if cover == 0:
        return True
    if par.dispersive:  # the state of the cloud between the ends of lines is not sampled
        return False
    everything = np.int64((1 << par.dimension) - 1)
    return cloud_symmetric(par, position, cloud, cover, everything, kinds)


@inlined
def _move(path, par, i, inverted, offset):
    """Map one event to its image."""
    bond = path[i].bond
    site = bond >> AXIS_BITS
    if not inverted:
        path[i].bond = ((site + offset) << AXIS_BITS) | (bond & AXIS_MASK)
        return
    oscillator = oscillator_of(par, np.int64(bond))
    image = image_of(par, par.reflection, oscillator)
    site = image_of_lower(par, par.reflection, oscillator, offset, site)
    if path[i].direction != SITE:
        against = (path[i].direction & 1) ^ image_turned(par, par.reflection, oscillator)
        path[i].direction = 2 * image + against
    if par.electrons == 2:
        path[i].electron = 1 - path[i].electron
    path[i].bond = (site << AXIS_BITS) | min(image, SITE_AXIS)


@inlined
def _phonon(par, path, rng, i, inverted):
    """Return the family of the line that begins at the event in slot i, and the packed vector from the event
    to its oscillator, or between their images if inverted."""
    family, step = phonon_of(par, path, rng, i)
    if par.composite and inverted:
        bond = np.int64(path[i].bond)
        here, there = oscillator_of(par, bond), oscillator_of(par, bond + (step << AXIS_BITS))
        site = bond >> AXIS_BITS
        image = image_of_lower(par, par.reflection, here, np.int64(0), site)
        step = image_of_lower(par, par.reflection, there, np.int64(0), site + step) - image
    return family, step


@kernel
def _exchange_ends(path, par, position, cloud, cover, kinds):
    """Let the lines of every oscillator and of its image exchange their later ends, one by one in order."""
    for k in range(1, cover + 1):
        if cloud[k, SLOT] < 0:
            continue
        image = image_in_cloud(par, kinds, cloud[k, OSCILLATOR])
        own_image = image == cloud[k, OSCILLATOR]
        for a in range(par.dimension):
            own_image &= cloud[k, CENTRE + a] == _image(par, position, cloud, k, a)
        if own_image:
            continue
        for m in range(k + 1, cover + 1):
            found = cloud[m, SLOT] >= 0 and cloud[m, OSCILLATOR] == image
            for a in range(par.dimension):
                found &= cloud[m, CENTRE + a] == _image(par, position, cloud, k, a)
            if found:
                one, other = np.uint32(cloud[k, SLOT]), np.uint32(cloud[m, SLOT])
                end_one, end_other = path[one].partner, path[other].partner
                path[one].partner, path[other].partner = end_other, end_one
                path[end_other].partner, path[end_one].partner = one, other
                cloud[k, SLOT], cloud[m, SLOT] = -1 - cloud[k, SLOT], -1 - cloud[m, SLOT]  # done
                break
    for k in range(1, cover + 1):
        if cloud[k, SLOT] < 0:
            cloud[k, SLOT] = -1 - cloud[k, SLOT]


@inlined
def _image(par, position, cloud, k, a):
    """Return the doubled coordinate a of the centre of the image of line k."""
    doubled = position[a] if par.electrons == 2 else 2.0 * position[a]
    return 2 * int(doubled) - cloud[k, CENTRE + a]
