"""What a finite cluster changes: which hops exist, which bonds are the same, which positions coincide.

On an infinite lattice (`par.open` and `par.periodic` zero) all of this is a comparison of integers. The kernel keeps
coordinates of a periodic cluster unwrapped, so that displacements count windings.
"""

from __future__ import annotations

from .jit import kernel
from .path import AXIS_BITS, AXIS_MASK, coordinate


@kernel
def hop_allowed(par, site, direction):
    """Whether a hop from `site` stays on the lattice: only open clusters say no."""
    if par.open:
        target = site + par.step[direction]
        for a in range(par.dimension):
            x = coordinate(target - par.bias, par.bias, a)
            if x < 0 or x >= par.extent[a]:
                return False
    return True


@kernel
def congruent(par, difference):
    """Whether two sites with this packed difference are the same site of the lattice."""
    if not par.periodic:
        return difference == 0
    for a in range(par.dimension):
        if coordinate(difference, par.bias, a) % par.extent[a] != 0:
            return False
    return True


@kernel
def same_bond(par, one, other):
    """Whether two bonds are the same bond of the lattice."""
    if one == other:
        return True
    if not par.periodic or (one & AXIS_MASK) != (other & AXIS_MASK):
        return False
    return congruent(par, (one >> AXIS_BITS) - (other >> AXIS_BITS))


@kernel
def relative(par, rel, a):
    """Coordinate a of r1 - r2, on a periodic cluster the image nearest to zero."""
    x = coordinate(rel, par.bias, a)
    if par.periodic:
        x = x % par.extent[a]
        if 2 * x > par.extent[a]:
            x -= par.extent[a]
    return x


@kernel
def interaction(par, rel):
    """V(r1 - r2) in the energy unit of the model."""
    if congruent(par, rel):
        return par.U
    return 0.0


@kernel
def log_trial(par, rel):
    """ln φ(r1 - r2) = -κ |r1 - r2|₁ (lattice coordinates), the trial state at both ends of the path."""
    distance = 0
    for a in range(par.dimension):
        distance += abs(relative(par, rel, a))
    return -par.kappa * distance


@kernel
def action_change(path, par, i, start, stop, by):
    """∫ dτ [V(r1 - r2 + by) - V(r1 - r2)] from `start` to `stop`; slot i is the last one of the path before `start`."""
    if par.electrons == 1 or not par.interacting:
        return 0.0
    total = 0.0
    t0 = start
    while True:
        rel = path[i].rel
        i = path[i].next
        t1 = min(path[i].time, stop)
        total += (t1 - t0) * (interaction(par, rel + by) - interaction(par, rel))
        if path[i].time >= stop:
            return total
        t0 = t1
