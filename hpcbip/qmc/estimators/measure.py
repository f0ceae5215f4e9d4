"""One walk along the path for all estimators, O(n), called once per many updates (docs/physics.md,
"Path-integral Monte Carlo").

Bulk averages are taken over the window [edge, β - edge].
"""

from __future__ import annotations

import itertools

import numpy as np

from hpcbip.qmc.estimators import between, displacement, distortion, energy, pair, phonons, waves
from hpcbip.qmc.kernel.geometry import interaction
from hpcbip.qmc.kernel.jit import inlined, kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, HEAD, TAIL, start_position
from hpcbip.qmc.kernel.symmetry import close_line, open_line, reflects

# in the order of their columns in a bin row
ESTIMATORS = (energy, displacement, phonons, waves, pair, distortion, between)
ENERGY, DISPLACEMENT, PHONONS, WAVES, PAIR, DISTORTION, BETWEEN = range(len(ESTIMATORS))
_LENGTHS = [len(estimator.COLUMNS.scalars) for estimator in ESTIMATORS]
SCALARS = sum(_LENGTHS)  # scalar columns, which come before all families
FIRST_COLUMN = tuple(itertools.accumulate(_LENGTHS[:-1], initial=0))
MOST_SUMS = max(estimator.SUMS for estimator in ESTIMATORS)

# rows of the scratch space `work`, each with one number per component
WORK_ROWS = 6
POSITION, BEGIN, TOTAL, CUTS, CURVE, SEPARATION = range(WORK_ROWS)


@kernel
def measure(path, state, par, row, work, sums, cloud, marks, wave_parts, hops, moments, bonds):
    """Add one measurement of the path to `row` (columns of `layout.kernel_columns`).

    Scratch space: `work`, shape (WORK_ROWS, d); `sums`, shape (len(ESTIMATORS), MOST_SUMS); `cloud`, shape
    (1 + lines, 2 + d); `marks`, shape (1 + lags, MARK_ROWS, d); `wave_parts`, shape (1 + lags, WAVE_PARTS);
    `hops`, shape (events,); `moments`, shape (TIMES, MOMENT_WORDS); `bonds`, shape (n z, BOND_PARTS).
    """
    position, begin, total, cuts = work[POSITION], work[BEGIN], work[TOTAL], work[CUTS]
    sums[:] = 0.0
    energy_sums, phonon_sums, pair_sums = sums[ENERGY], sums[PHONONS], sums[PAIR]
    separation = work[SEPARATION]
    base = path[HEAD].bond >> AXIS_BITS
    first = np.int64(base)  # site of the first electron
    start_position(path, par, position)
    displacement.start(par, position, begin, total, cuts)
    low, high = par.edge, par.beta - par.edge
    window = high - low
    lags = marks.shape[0] - 1
    spacing = window / lags
    cover = np.int64(0)  # lines that cover the time
    bare = np.int64(0)  # bare hops so far
    mark = np.int64(0)
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
            distortion.note_time(moments, mark, bare, first, first - rel)
            mark += 1
        potential = interaction(par, rel) if par.interacting else 0.0
        energy.add_interval(energy_sums, t1 - t0, potential)
        bulk = min(t1, high) - max(t0, low)
        if bulk > 0.0:
            phonons.add_interval(phonon_sums, bulk, cover)
            if par.electrons == 2:
                pair.add_interval(par, row, pair_sums, rel, bulk, bulk / window, potential, separation)
        if j == TAIL:
            break
        i = j
        direction = path[i].direction
        partner = path[i].partner
        if low <= t1 < high:
            phonons.add_event(phonon_sums, partner != 0)
        if partner == 0:
            bare = distortion.note_hop(hops, bare, t1, path[i].bond)
        else:
            begins = path[partner].time > t1
            energy.add_line_end(par, energy_sums, t1, direction, begins)
            if begins:
                open_line(par, cloud, cover, np.uint32(i), path[i].bond, base)
                cover += 1
            else:
                cover -= 1
                close_line(par, cloud, cover, partner)
        for a in range(par.dimension):
            position[a] += par.vectors[direction, a]
        if path[i].electron == 0:
            first += par.step[direction]

    if par.node_count > 0:
        _add_distortion(par, sums, hops, bare, low, window, moments, bonds)
    _write(par, state, row, work, sums, marks, wave_parts, window, spacing)


@inlined
def _add_distortion(par, sums, hops, bare, low, window, moments, bonds):
    """Add the distortion of the bonds at the times that the walk has noted."""
    for k in range(distortion.TIMES):
        time = low + (k + 0.5) * window / distortion.TIMES
        distortion.gather(par, hops, bare, time, moments[k], bonds)
        distortion.add_time(par, sums[DISTORTION], bonds)
        if par.electrons == 2:
            between.add_time(par, sums[BETWEEN], moments[k], bonds)


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
