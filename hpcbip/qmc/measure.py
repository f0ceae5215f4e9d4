"""Estimators: one walk along the path, O(n), called once per many updates (PHYSICS.md section 2).

With the phonon lines of length ℓ and n hops, from Z(β) = <φ|e^{-βH}|φ> with all times scaled by β:

    E = -∂ ln Z/∂β = < Ω Σ ℓ + ∫V dτ - n > / β.

Bulk averages are taken over the window [edge, β - edge]. `diffusion`, the improved estimator of d/m*, is the sum over
the components of R of the rate of (ΔR_a)² over the segments between the cuts of that component that `symmetry` finds,
for the segments that begin in the window. `displacement2_window` sums the same segments, cut at both ends of the window
as well: its mean is <|R(β - edge) - R(edge)|²> exactly, at any β.
"""

from __future__ import annotations

import math

import numpy as np

from .geometry import interaction, relative
from .jit import kernel
from .path import AXIS_BITS, TAIL, coordinate
from .symmetry import close_line, open_line, reflects

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


@kernel
def _squared_length(par, vector):
    total = 0.0
    for a in range(par.dimension):
        for b in range(par.dimension):
            total += par.metric[a, b] * vector[a] * vector[b]
    return total


@kernel
def _pair_bin(par, rel):
    """Index of r1 - r2 in the box of displacements, or -1 outside of it."""
    index = 0
    for a in range(par.dimension):
        x = relative(par, rel, a)
        if abs(x) > par.box:
            return -1
        index = index * (2 * par.box + 1) + x + par.box
    return index


@kernel
def _product(par, vector, a):
    """Contribution of component a to |vector|²; the parts add up to it on every lattice."""
    total = 0.0
    for b in range(par.dimension):
        total += par.metric[a, b] * vector[a] * vector[b]
    return total


@kernel
def measure(path, state, par, row, work, cloud, waves):
    """Add one measurement of the path to `row` (columns of `ensemble.columns`).

    `work`, shape (7 + lags, d), `cloud`, shape (1 + lines, 2 + d), and `waves`, shape (1 + lags, 2), are scratch space.
    """
    position, begin, begin_cut, begin_time, scratch = work[0], work[1], work[2], work[3], work[4]
    by_axis, marks = work[5], work[6:]
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
        begin_cut[a] = position[a]
        begin_time[a] = 0.0
        by_axis[a] = 0.0

    potential = 0.0
    lines = 0.0
    bulk_potential = 0.0
    phonons = 0.0
    distance2 = 0.0
    cut = 0.0
    bare = 0
    assisted = 0
    cover = 0
    mark = 0
    inside = False
    i = np.uint32(par.electrons - 1)
    while True:
        # from slot i to slot j the state is constant
        t0 = path[i].time
        j = path[i].next
        t1 = path[j].time
        rel = path[i].rel
        while mark <= n_lags and low + mark * spacing < t1:
            for a in range(par.dimension):
                marks[mark, a] = position[a] / par.electrons
            mark += 1
        if not inside and t1 > low and t0 < high:
            inside = True
            for a in range(par.dimension):
                begin_cut[a] = position[a]
        symmetric = reflects(par, position, rel, cloud, cover)
        if symmetric != 0:
            for a in range(par.dimension):
                if (symmetric >> a) & 1:
                    if low <= begin_time[a] < high:
                        by_axis[a] += _closed(par, position, begin, scratch, a)
                    if inside:
                        cut += _closed(par, position, begin_cut, scratch, a)
                    begin[a] = position[a]
                    begin_cut[a] = position[a]
                    begin_time[a] = t1
        bulk = min(t1, high) - max(t0, low)
        if bulk > 0.0:
            phonons += bulk * cover
            if par.electrons == 2:
                for a in range(par.dimension):
                    scratch[a] = relative(par, rel, a)
                distance2 += bulk * _squared_length(par, scratch)
                k = _pair_bin(par, rel)
                if k >= 0:
                    row[par.pair_column + k] += bulk / window
                bulk_potential += bulk * interaction(par, rel)
        if par.electrons == 2 and par.interacting:
            potential += (t1 - t0) * interaction(par, rel)
        if inside and t1 >= high:
            for a in range(par.dimension):
                cut += _closed(par, position, begin_cut, scratch, a)
            inside = False
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
    for a in range(par.dimension):
        row[1] += by_axis[a] / window
    row[2] += cut
    row[3] += phonons / window
    row[4] += bare / window
    row[5] += assisted / window
    row[6] += state[0]
    if par.electrons == 2:
        row[7] += distance2 / window
        row[8] += bulk_potential / window
    for a in range(par.dimension):
        row[par.axis_column + a] += by_axis[a] / window
    _displacements(par, row, marks, scratch)
    _waves(par, row, marks, waves)


@kernel
def _displacements(par, row, marks, scratch):
    """The displacement curve: |R(τ + lag) - R(τ)|², averaged over the marks τ in the window."""
    n_lags = marks.shape[0] - 1
    for k in range(1, n_lags + 1):
        total = 0.0
        for m in range(n_lags + 1 - k):
            for a in range(par.dimension):
                scratch[a] = marks[m + k, a] - marks[m, a]
            total += _squared_length(par, scratch)
        row[par.lag_column + k - 1] += total / (n_lags + 1 - k)


@kernel
def _waves(par, row, marks, waves):
    """cos K·(R(τ + lag) - R(τ)) for every momentum and lag, averaged over the marks: falls as e^{-(E(K) - E(0)) lag}."""
    for k in range(par.momentum_count):
        for m in range(marks.shape[0]):
            phase = 0.0
            for a in range(par.dimension):
                phase += par.momenta[k, a] * marks[m, a]
            waves[m, 0] = math.cos(phase)
            waves[m, 1] = math.sin(phase)
        for lag in range(1, par.wave_lags + 1):
            total = 0.0
            for m in range(marks.shape[0] - lag):
                total += waves[m, 0] * waves[m + lag, 0] + waves[m, 1] * waves[m + lag, 1]
            row[par.wave_column + k * par.wave_lags + lag - 1] += total / (marks.shape[0] - lag)


@kernel
def _closed(par, position, begin, scratch, a):
    """The part of component a in |ΔR|² of a segment, from the summed coordinates of the electrons at its ends."""
    for b in range(par.dimension):
        scratch[b] = (position[b] - begin[b]) / par.electrons
    return _product(par, scratch, a)
