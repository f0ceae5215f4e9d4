"""One walk along the path for all estimators, O(n), called once per many updates (docs/physics.md,
"Path-integral Monte Carlo").

Bulk averages are taken over the window [edge, β - edge].
"""

from __future__ import annotations

import itertools

import numpy as np

from hpcbip.qmc.estimators import (
    between,
    displacement,
    distortion,
    energy,
    families,
    pair,
    phonons,
    shells,
    sites,
    waves,
)
from hpcbip.qmc.kernel.geometry import interaction
from hpcbip.qmc.kernel.jit import inlined, kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, HEAD, TAIL, base_cell, start_position
from hpcbip.qmc.kernel.symmetry import close_line, open_line, phonon_of, reflects

# in the order of their columns in a bin row
ESTIMATORS = (energy, displacement, phonons, waves, pair, distortion, between, sites, families, shells)
ENERGY, DISPLACEMENT, PHONONS, WAVES, PAIR, DISTORTION, BETWEEN, SITES, PHONON_FAMILIES, SHELLS = range(
    len(ESTIMATORS)
)
_LENGTHS = [len(estimator.COLUMNS.scalars) for estimator in ESTIMATORS]
SCALARS = sum(_LENGTHS)  # scalar columns, which come before all families
FIRST_COLUMN = tuple(itertools.accumulate(_LENGTHS[:-1], initial=0))
MOST_SUMS = max(estimator.SUMS for estimator in ESTIMATORS)

# rows of the scratch space `work`, each with one number per component
WORK_ROWS = 6
POSITION, BEGIN, TOTAL, CUTS, CURVE, SEPARATION = range(WORK_ROWS)


@kernel
def measure(path, state, rng, par, row, work, sums, cloud, marks, wave_parts, hops, snapshots, bonds):
    """Add one measurement of the path to `row` (columns of `layout.kernel_columns`).

    Scratch space: `work`, shape (WORK_ROWS, d); `sums`, shape (len(ESTIMATORS), MOST_SUMS); `cloud`, shape
    (1 + lines, 2 + d); `marks`, shape (1 + lags, MARK_ROWS, d); `wave_parts`, shape (1 + lags, WAVE_PARTS);
    `hops`, shape (events,); `snapshots` and `bonds`, for n electrons (n z, BOND_PARTS), of `distortion`.
    """
    position, begin, total, cuts = work[POSITION], work[BEGIN], work[TOTAL], work[CUTS]
    sums[:] = 0.0
    phonon_sums, pair_sums, separation = sums[PHONONS], sums[PAIR], work[SEPARATION]
    base = base_cell(path, par)
    first, second = np.int64(path[HEAD].bond >> AXIS_BITS), np.int64(path[HEAD + 1].bond >> AXIS_BITS)
    start_position(path, par, position)
    displacement.start(par, position, begin, total, cuts)
    low, high = par.edge, par.beta - par.edge
    window = high - low
    lags = marks.shape[0] - 1
    spacing = window / lags
    cover, bare, mark = np.int64(0), np.int64(0), np.int64(0)  # lines over the time, bare hops, marks so far
    i = np.uint32(par.electrons - 1)
    while True:
        # from slot i to slot j the state is constant
        t0 = path[i].time
        j = path[i].next
        t1 = path[j].time
        rel = np.int64(path[i].rel)
        symmetric = reflects(par, position, rel, cloud, cover)
        if symmetric != 0:
            displacement.cut(par, position, begin, total, cuts, marks, mark, symmetric)
        while mark <= lags and low + mark * spacing < t1:
            displacement.set_mark(par, position, begin, total, cuts, marks, mark, symmetric)
            distortion.take_snapshot(snapshots, mark, bare, first, second, i)
            mark += 1
        potential = interaction(par, rel) if par.interacting else 0.0
        energy.add_interval(sums[ENERGY], t1 - t0, potential)
        bulk = min(t1, high) - max(t0, low)
        if bulk > 0.0:
            phonons.add_interval(phonon_sums, bulk, cover)
            sites.add_interval(par, row, rel, bulk / window)
            if par.electrons == 2:
                pair.add_interval(par, row, pair_sums, rel, bulk, bulk / window, potential, separation)
        if j == TAIL:
            break
        i = j
        direction = path[i].direction
        if low <= t1 < high:
            phonons.add_event(phonon_sums, path[i].partner != 0)
        if path[i].partner == 0:
            bare = distortion.note_hop(hops, bare, t1, path[i].bond)
        else:
            cover = _add_line_end(path, rng, par, np.uint32(i), row, sums[ENERGY], cloud, cover, base)
        for a in range(par.dimension):
            position[a] += par.vectors[direction, a]
        if path[i].electron == 0:
            first += par.step[direction]
        else:
            second += par.step[direction]

    _add_distortion(path, par, row, sums, hops, bare, low, window, snapshots, bonds)
    _write(par, state, row, work, sums, marks, wave_parts, window, spacing)


@inlined
def _add_line_end(path, rng, par, i, row, energy_sums, cloud, cover, base):
    """Add the end of a line in slot i to the energy and to the cloud; returns how many lines cover the time
    after it."""
    time, partner = path[i].time, path[i].partner
    begins = path[partner].time > time
    if par.composite:
        energy.add_line(par, path, energy_sums, i, begins)
    else:
        energy.add_line_end(par, energy_sums, time, path[i].direction, begins)
    if begins:
        open_line(par, cloud, cover, i, path[i].bond, phonon_of(par, path, rng, i), base)
        return cover + 1
    if par.families:
        families.add_line(par, path, row, i)
    close_line(par, cloud, cover - 1, partner)
    return cover - 1


@inlined
def _add_distortion(path, par, row, sums, hops, bare, low, window, snapshots, bonds):
    """Add the distortion at the times that the walk has noted: of shells at one of them, and of bonds that
    touch an electron at all."""
    if par.shells > 0:
        middle = snapshots[distortion.SNAPSHOTS // 2]
        shells.add(par, path, hops, bare, middle, low + 0.5 * window, row)
    if par.node_count == 0:
        return
    for k in range(distortion.SNAPSHOTS):
        time = low + (k + 0.5) * window / distortion.SNAPSHOTS
        distortion.gather(par, hops, bare, time, snapshots[k], bonds)
        distortion.add_time(par, sums[DISTORTION], snapshots[k], bonds)
        if par.electrons == 2:
            between.add_time(par, sums[BETWEEN], snapshots[k], bonds)


@inlined
def _write(par, state, row, work, sums, marks, wave_parts, window, spacing):
    """Add what the estimators have summed along the walk to a bin row."""
    energy.write(par, state, sums[ENERGY], row[FIRST_COLUMN[ENERGY] :])
    phonons.write(state, sums[PHONONS], row[FIRST_COLUMN[PHONONS] :], window)
    if par.electrons == 2:
        pair.write(sums[PAIR], row[FIRST_COLUMN[PAIR] :], window)
        between.write(sums[BETWEEN], row[FIRST_COLUMN[BETWEEN] :])
    distortion.write(sums[DISTORTION], row[FIRST_COLUMN[DISTORTION] :])
    displacement.write(par, row, row[FIRST_COLUMN[DISPLACEMENT] :], marks, work[CURVE], spacing)
    waves.write(par, row, marks, wave_parts)
