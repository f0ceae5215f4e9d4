"""Times at which the rest of the path may be reflected: what makes the mass estimator sharp.

In the occupation-number picture the path is a Markov process in (r1, r2, {n_b}), and n_b is the number of
phonon lines of bond b that cover a time. Where a point operation maps the instantaneous state to itself and
reverses component a of the displacement of R, the path after that time and its image have the same weight:
the products of ΔR_a before and ΔR_a after vanish on average (docs/physics.md, "Path-integral
Monte Carlo").

Operations tried: inversion about the centre of the pair, with the electrons exchanged, which reverses all
components, and on hypercubic lattices the mirrors through the centre, which reverse one. A mirror maps the
pair to itself if both electrons lie on it or are exchanged by it. The cloud must be its own image. (On an
open cluster nothing is symmetric; on a periodic one the unwrapped coordinates are used.) On a lattice with a
basis the inversion has to be one of its symmetries, which depends on the kinds of the electrons' sites. Where
it is none, as about a site of the honeycomb lattice, the empty cloud of a single site has others, that leave
no direction of the displacement as it is: its mean over them vanishes all the same. Where phonons hop the
path holds the ends of their ways only, not where they are in between: the cloud has to be empty.

The cloud is a table of integers: row `TOTALS` holds the sums of the others, row k ≥ 1 the slot that opened a
line, its oscillator (see `oscillator_of`) and family as one number, and twice the coordinates of the
oscillator's centre, in units of the primitive vectors over the lattice's resolution. All positions count from
the cell `base`, so that it does not matter where on the lattice the path is."""

from __future__ import annotations

import numpy as np

from hpcbip.qmc.kernel.families import draw_phonon
from hpcbip.qmc.kernel.jit import inlined
from hpcbip.qmc.kernel.path import (
    AXIS_BITS,
    SITE_AXIS,
    coordinate,
    image_of,
    kind_of,
    kinds_of,
    oscillator_of,
)

SLOT, OSCILLATOR, CENTRE = 0, 1, 2  # columns of the cloud: two numbers and the first coordinate of the centre
FAMILY = np.int64(16)  # OSCILLATOR of a line is its oscillator of the cell plus this times its family
NO_REVERSAL = np.int64(0)  # mask: no component is reversed
TOTALS = 0  # row of the cloud that holds the sums of the others


@inlined
def phonon_of(par, path, rng, slot):
    """Return the family of the line that begins at the event in `slot`, and the packed vector to its
    oscillator: drawn where there is a choice."""
    if par.composite and not par.dispersive:
        return draw_phonon(par, path, rng, slot)
    return np.int64(0), np.int64(0)


@inlined
def open_line(par, cloud, cover, slot, bond, phonon, base):
    """Add the line that begins at the event in `slot`, on a bond or site, to a cloud of `cover` lines; its
    `phonon` is the family and the packed vector to its oscillator."""
    if cover == 0:
        for a in range(par.dimension):
            cloud[TOTALS, CENTRE + a] = 0
    family, step = phonon
    place = np.int64(bond) + (step << AXIS_BITS)
    oscillator = oscillator_of(par, place)
    site = (place >> AXIS_BITS) - base
    kind = kind_of(par, site)
    cloud[1 + cover, SLOT] = slot
    cloud[1 + cover, OSCILLATOR] = oscillator + FAMILY * family
    for a in range(par.dimension):
        centre = 2 * (par.resolution * coordinate(par, site, a) + par.place[kind, a])
        if oscillator < SITE_AXIS:
            centre += par.vectors[2 * oscillator, a]
        cloud[1 + cover, CENTRE + a] = centre
        cloud[TOTALS, CENTRE + a] += centre


@inlined
def close_line(par, cloud, cover, slot):
    """Take out the line that began at `slot`; `cover` lines are left."""
    k = 1
    while cloud[k, SLOT] != slot:
        k += 1
    for a in range(par.dimension):
        cloud[TOTALS, CENTRE + a] -= cloud[k, CENTRE + a]
        cloud[k, CENTRE + a] = cloud[1 + cover, CENTRE + a]
    cloud[k, SLOT] = cloud[1 + cover, SLOT]
    cloud[k, OSCILLATOR] = cloud[1 + cover, OSCILLATOR]


@inlined
def image_in_cloud(par, pair, oscillator):
    """Return the image of an oscillator of a line, which is of the same family, under the inversion about two
    sites, a packed pair of kinds."""
    if par.kinds == 1:
        return oscillator
    return oscillator - oscillator % FAMILY + image_of(par, pair, oscillator % FAMILY)


@inlined
def _count(par, cloud, cover, k, position, mask, image):
    """Count the lines on the image of line k under reversal of the components in `mask` about the centre,
    which is an oscillator `image` of the cell."""
    count = 0
    for m in range(1, cover + 1):
        same = cloud[m, OSCILLATOR] == image
        for a in range(par.dimension):
            x = cloud[k, CENTRE + a]
            if (mask >> a) & 1:
                x = 2 * _doubled(par, position, a) - x
            if cloud[m, CENTRE + a] != x:
                same = False
                break
        count += same
    return count


@inlined
def _doubled(par, position, a):
    """Return twice coordinate a of the centre R, from the summed coordinates of the electrons."""
    return int(position[a]) if par.electrons == 2 else 2 * int(position[a])


@inlined
def cloud_symmetric(par, position, cloud, cover, mask, kinds):
    """Tell whether reversal of the components in `mask` about the centre maps the cloud to itself; `kinds` is
    the packed pair of the electrons' kinds, for which the reversal is a symmetry of the lattice."""
    for a in range(par.dimension):
        if (mask >> a) & 1 and cloud[TOTALS, CENTRE + a] != cover * _doubled(par, position, a):
            return False
    if cover == 1 and par.kinds == 1:
        return True
    for k in range(1, cover + 1):
        oscillator = cloud[k, OSCILLATOR]
        image = image_in_cloud(par, kinds, oscillator)
        own_image = (
            image == oscillator
        )  # as for a cloud on the site of the pair; then there is nothing to count
        for a in range(par.dimension):
            if (mask >> a) & 1 and cloud[k, CENTRE + a] != _doubled(par, position, a):
                own_image = False
                break
        if own_image:
            continue
        images = _count(par, cloud, cover, k, position, mask, image)
        if images != _count(par, cloud, cover, k, position, NO_REVERSAL, oscillator):
            return False
    return True


@inlined
def reflects(par, position, rel, cloud, cover):
    """Return an integer whose bit a is set if component a of all later displacements may be reversed."""
    if par.open or (par.dispersive and cover > 0):
        return 0
    everything = np.int64((1 << par.dimension) - 1)
    kinds = kinds_of(par, rel)
    if par.inverts[kinds]:
        if cover == 0 or cloud_symmetric(par, position, cloud, cover, everything, kinds):
            return everything
    elif cover == 0 and par.isotropic[kinds] and (par.electrons == 1 or rel == kinds):
        return everything
    result = 0
    if par.hypercubic and par.dimension > 1:
        extended = 0  # components along which the electrons are apart
        if par.electrons == 2 and rel != 0:
            for b in range(par.dimension):
                if coordinate(par, rel, b) != 0:
                    extended |= 1 << b
        for a in range(par.dimension):
            if (extended >> a) & 1 and extended != 1 << a:
                continue
            if cloud_symmetric(par, position, cloud, cover, 1 << a, kinds):
                result |= 1 << a
    return result
