"""Estimators: one walk along the path, O(n), called once per many updates (PHYSICS.md section 2).

With the phonon lines of length ℓ and n hops, from Z(β) = <φ|e^{-βH}|φ> with all times scaled by β:

    E = -∂ ln Z/∂β = < Ω Σ ℓ + ∫V dτ - n > / β.

Bulk averages are taken over the window [edge, β - edge]. The displacement curve is <|R(τ + lag) - R(τ)|²>
between marks in the window. At the cuts that `symmetry` finds the rest of the path may be reflected at equal
weight, so the cross terms between the segments on both sides of a cut vanish on average: instead of the
square of the sum the curve takes the sum of the squares, component by component, which has the same mean at
every lag and every β, and far less noise. `diffusion`, the estimator of d/m*, is the slope of the curve
between two lags beyond the internal relaxation.
"""

from __future__ import annotations

import numpy as np

from hpcbip.models import MOMENTUM_PERIOD
from hpcbip.qmc.kernel.geometry import interaction, relative
from hpcbip.qmc.kernel.jit import inlined, kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, TAIL, coordinate
from hpcbip.qmc.kernel.symmetry import close_line, open_line, reflects

SLOPE_FROM, SLOPE_TO = 4, 24  # lags between which the displacement curve gives `diffusion`

# rows of a mark: position; number, sum so far and position of the last cut before it and of the next one
# after it
HERE, LAST_CUT, LAST_TOTAL, LAST, NEXT_CUT, NEXT_TOTAL, NEXT = range(7)
MARK = 7
NEVER = 1e300

WAVE_PERIOD = 2 * MOMENTUM_PERIOD  # because coordinates of R are multiples of 1/2

# columns of a bin row before the displacement curve and the pair weights
SCALARS = (
    "energy",
    "diffusion",
    "displacement2_window",
    "phonons",
    "bare_hops",
    "assisted_hops",
    "events",
    "pair_distance2",
    "potential",
)


@inlined
def _squared_length(par, vector):
    total = 0.0
    for a in range(par.dimension):
        for b in range(par.dimension):
            total += par.metric[a, b] * vector[a] * vector[b]
    return total


@inlined
def _pair(par, row, rel, weight, scratch):
    """Count a stretch of constant r1 - r2 in the box of displacements; returns |r1 - r2|²."""
    index = 0
    inside = True
    for a in range(par.dimension):
        x = relative(par, rel, a)
        scratch[a] = x
        inside &= abs(x) <= par.box
        index = index * (2 * par.box + 1) + x + par.box
    if inside:
        row[par.pair_column + index] += weight
    return _squared_length(par, scratch)


@inlined
def _part(par, position, begin, a):
    """The part of component a in |ΔR|² of a segment; the parts add up to it on every lattice.

    `position` and `begin` hold the summed coordinates of the electrons at its ends.
    """
    total = 0.0
    for b in range(par.dimension):
        total += par.metric[a, b] * (position[b] - begin[b])
    return total * (position[a] - begin[a]) / (par.electrons * par.electrons)


@kernel
def measure(path, state, par, row, work, cloud, marks, waves):
    """Add one measurement of the path to `row` (columns of `ensemble.columns`).

    Scratch space: `work`, shape (6, d); `cloud`, shape (1 + lines, 2 + d); `marks`, shape (1 + lags, MARK,
    d); `waves`, shape (1 + lags, 2).
    """
    position, begin, total, cuts, curve, scratch = work[0], work[1], work[2], work[3], work[4], work[5]
    base = path[0].bond >> AXIS_BITS
    low, high = par.edge, par.beta - par.edge
    window = high - low
    n_lags = marks.shape[0] - 1
    spacing = window / n_lags
    for a in range(par.dimension):
        position[a] = 0.0
        if par.electrons == 2:
            position[a] += coordinate(par, (path[1].bond >> AXIS_BITS) - base, a)
        begin[a] = position[a]
        total[a] = 0.0
        cuts[a] = 0.0

    potential = 0.0
    lines = 0.0
    bulk_potential = 0.0
    phonons = 0.0
    distance2 = 0.0
    bare = 0
    assisted = 0
    cover = 0
    mark = 0
    i = np.uint32(par.electrons - 1)
    while True:
        # from slot i to slot j the state is constant
        t0 = path[i].time
        j = path[i].next
        t1 = path[j].time
        rel = path[i].rel
        symmetric = reflects(par, position, rel, cloud, cover)
        if symmetric != 0:
            for a in range(par.dimension):
                if (symmetric >> a) & 1:
                    total[a] += _part(par, position, begin, a)
            for a in range(par.dimension):
                if (symmetric >> a) & 1:
                    begin[a] = position[a]
                    cuts[a] += 1.0
                    waiting = mark - 1
                    while waiting >= 0 and marks[waiting, NEXT_CUT, a] > cuts[a]:
                        marks[waiting, NEXT_CUT, a] = cuts[a]
                        marks[waiting, NEXT_TOTAL, a] = total[a]
                        marks[waiting, NEXT, a] = position[a]
                        waiting -= 1
        while mark <= n_lags and low + mark * spacing < t1:
            for a in range(par.dimension):
                marks[mark, HERE, a] = position[a]
                marks[mark, LAST_CUT, a] = cuts[a]
                marks[mark, LAST_TOTAL, a] = total[a]
                marks[mark, LAST, a] = begin[a]
                # if the mark is at a cut, that is also the next one
                marks[mark, NEXT_CUT, a] = cuts[a] if (symmetric >> a) & 1 else NEVER
                marks[mark, NEXT_TOTAL, a] = total[a]
                marks[mark, NEXT, a] = position[a]
            mark += 1
        bulk = min(t1, high) - max(t0, low)
        if bulk > 0.0:
            phonons += bulk * cover
            if par.electrons == 2:
                distance2 += bulk * _pair(par, row, rel, bulk / window, scratch)
        if par.interacting:
            energy = interaction(par, rel)
            potential += (t1 - t0) * energy
            bulk_potential += max(bulk, 0.0) * energy
        if j == TAIL:
            break
        i = j
        direction = path[i].direction
        partner = path[i].partner
        counted = low <= t1 < high
        if partner == 0:
            bare += counted
        else:
            assisted += counted
            if path[partner].time > t1:
                lines -= t1 * par.frequency[direction]
                open_line(par, cloud, cover, i, path[i].bond, base)
                cover += 1
            else:
                lines += t1 * par.frequency[direction]
                cover -= 1
                close_line(par, cloud, cover, partner)
        for a in range(par.dimension):
            position[a] += par.vectors[direction, a]

    row[0] += (lines + potential - state[0]) / par.beta
    row[3] += phonons / window
    row[4] += bare / window
    row[5] += assisted / window
    row[6] += state[0]
    if par.electrons == 2:
        row[7] += distance2 / window
        row[8] += bulk_potential / window
    _displacements(par, row, marks, curve, spacing)
    _waves(par, row, marks, waves)


@kernel
def _displacements(par, row, marks, curve, spacing):
    """The displacement curve |R(τ + lag) - R(τ)|², averaged over the marks τ in the window, and its slope."""
    n_lags = marks.shape[0] - 1
    duration = (SLOPE_TO - SLOPE_FROM) * spacing
    for k in range(1, n_lags + 1):
        for a in range(par.dimension):
            curve[a] = 0.0
            for m in range(n_lags + 1 - k):
                one, other = marks[m], marks[m + k]
                if one[NEXT_CUT, a] > other[LAST_CUT, a]:  # no cut in between
                    curve[a] += _part(par, other[HERE], one[HERE], a)
                else:
                    curve[a] += other[LAST_TOTAL, a] - one[NEXT_TOTAL, a]
                    curve[a] += _part(par, one[NEXT], one[HERE], a) + _part(par, other[HERE], other[LAST], a)
            curve[a] /= n_lags + 1 - k
            row[par.lag_column + k - 1] += curve[a]
            if k == n_lags:
                row[2] += curve[a]
            if k == SLOPE_FROM:
                row[1] -= curve[a] / duration
                row[par.axis_column + a] -= curve[a] / duration
            elif k == SLOPE_TO:
                row[1] += curve[a] / duration
                row[par.axis_column + a] += curve[a] / duration


@kernel
def _waves(par, row, marks, waves):
    """cos K·(R(τ + lag) - R(τ)) per momentum and lag, averaged over the marks: falls as e^{-(E(K) - E(0))
    lag}."""
    marks_count = marks.shape[0]
    for k in range(par.momentum_count):
        for m in range(marks_count):
            phase = 0
            for a in range(par.dimension):
                # coordinates of R are multiples of 1/2, those of K of 2π/16
                phase += par.momenta[k, a] * int(marks[m, HERE, a] * (2 // par.electrons))
            waves[m, 0] = par.cosine[phase & (WAVE_PERIOD - 1)]
            waves[m, 1] = par.cosine[(phase - WAVE_PERIOD // 4) & (WAVE_PERIOD - 1)]
        for lag in range(1, par.wave_lags + 1):
            total = 0.0
            for m in range(marks_count - lag):
                total += waves[m, 0] * waves[m + lag, 0] + waves[m, 1] * waves[m + lag, 1]
            row[par.wave_column + k * par.wave_lags + lag - 1] += total / (marks_count - lag)
