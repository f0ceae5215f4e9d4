"""Estimators: one walk along the path, O(n), called once per many updates (PHYSICS.md section 2).

With the phonon lines of length ℓ and n hops, from Z(β) = <φ|e^{-βH}|φ> with all times scaled by β:

    E = -∂ ln Z/∂β = < Ω Σ ℓ + ∫V dτ - n > / β.

Bulk averages are taken over the window [edge, β - edge]. `diffusion` is the improved estimator of d/m*: at a time without phonons the state is
(r1, r2), which inversion about the centre of the pair together with the exchange of the electrons maps to itself while it reverses all
later displacements of R. The cross terms of the displacement before and after such a time vanish on average, so that the path
breaks into independent segments: every hop in the phonon vacuum, and every connected cluster of phonon lines with all that happens
under it. d/m* = rate of Σ |ΔR_segment|² over the segments that begin in the window. (One electron: inversion about its site.)
`displacement2_window` sums the same segments cut at both edges of the window: its mean is <|R(β - edge) - R(edge)|²> exactly, at any β.
"""

from __future__ import annotations

from .geometry import interaction, relative
from .jit import kernel
from .path import FIRST, TAIL, coordinate, site_after

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
def _segment(par, position, start, scratch):
    """|ΔR|² of a segment from the summed coordinates of the electrons at its two ends."""
    for a in range(par.dimension):
        scratch[a] = (position[a] - start[a]) / par.electrons
    return _squared_length(par, scratch)


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
def measure(path, state, par, row, work):
    """Add one measurement of the path to `row` (columns of `observables.columns`); `work` is scratch, shape (4 + lags, d)."""
    position, seg_start, cut_start, scratch, marks = work[0], work[1], work[2], work[3], work[4:]
    low, high = par.edge, par.beta - par.edge
    window = high - low
    n_lags = marks.shape[0] - 1
    spacing = window / n_lags
    for a in range(par.dimension):
        position[a] = 0.0
        for e in range(par.electrons):
            position[a] += coordinate(site_after(path, par, e) - par.bias, par.bias, a)
        seg_start[a] = position[a]
        cut_start[a] = position[a]

    potential = 0.0
    lines = 0.0
    bulk_potential = 0.0
    phonons = 0.0
    distance2 = 0.0
    diffusion = 0.0
    cut = 0.0
    bare = 0
    assisted = 0
    cover = 0
    mark = 0
    inside = False
    seg_time = 0.0
    i = par.electrons - 1
    while i != TAIL:
        t0 = path[i].time
        j = path[i].next
        t1 = path[j].time
        rel = path[i].rel
        # the edge of the window, and the marks of the displacement curve, lie between the hops i and j
        while mark <= n_lags and low + mark * spacing < t1:
            for a in range(par.dimension):
                marks[mark, a] = position[a] / par.electrons
            mark += 1
        if not inside and t1 > low and t0 < high:
            inside = True
            for a in range(par.dimension):
                cut_start[a] = position[a]
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
            cut += _segment(par, position, cut_start, scratch)
            inside = False
        if j == TAIL:
            break
        # the hop j
        i = j
        hop = path[i]
        counted = low <= t1 < high
        if hop.partner == 0:
            bare += counted
            if cover == 0:
                for a in range(par.dimension):
                    seg_start[a] = position[a]
                seg_time = t1
        else:
            assisted += counted
            if path[hop.partner].time > t1:
                lines -= t1
                if cover == 0:
                    for a in range(par.dimension):
                        seg_start[a] = position[a]
                    seg_time = t1
                cover += 1
            else:
                lines += t1
                cover -= 1
        for a in range(par.dimension):
            position[a] += par.neighbours[hop.direction, a]
        if cover == 0:
            if low <= seg_time < high:
                diffusion += _segment(par, position, seg_start, scratch)
            if inside:
                cut += _segment(par, position, cut_start, scratch)
                for a in range(par.dimension):
                    cut_start[a] = position[a]

    n = state[0]
    row[0] += (par.omega * lines + potential - n) / par.beta
    row[1] += diffusion / window
    row[2] += cut
    row[3] += phonons / window
    row[4] += bare / window
    row[5] += assisted / window
    row[6] += n
    if par.electrons == 2:
        row[7] += distance2 / window
        row[8] += bulk_potential / window
    for k in range(1, n_lags + 1):
        total = 0.0
        for m in range(n_lags + 1 - k):
            for a in range(par.dimension):
                scratch[a] = marks[m + k, a] - marks[m, a]
            total += _squared_length(par, scratch)
        row[par.lag_column + k - 1] += total / (n_lags + 1 - k)
