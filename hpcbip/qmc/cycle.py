"""The hot loop: cycles through the updates in a fixed order, measures at fixed intervals, stops where an
array is too small.

Every update on its own leaves the distribution of paths as it is (insertions and removals are one update that
tosses a coin), so their order is free: a fixed one costs no random number and no mispredicted branch.
"""

from __future__ import annotations

from hpcbip.qmc.estimators.measure import measure
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import FIRST
from hpcbip.qmc.updates.bridges import invert_bridge
from hpcbip.qmc.updates.corners import flip_corner
from hpcbip.qmc.updates.ends import move_end
from hpcbip.qmc.updates.joins import exchange_partners, join_hop
from hpcbip.qmc.updates.jumps import jump
from hpcbip.qmc.updates.kinks import change_kinks
from hpcbip.qmc.updates.reflections import reflect
from hpcbip.qmc.updates.triangles import split_or_merge
from hpcbip.qmc.updates.vertices import change_lines

# The updates and how often a cycle tries each of them, where the model has use for it.
CYCLE = {
    "kinks": 20,
    "jump": 12,
    "corner": 6,
    "join": 10,
    "end": 3,
    "bridge": 3,
    "split": 6,
    "line": 12,
    "exchange": 6,
}
UPDATES = tuple(CYCLE)
LARGEST_CYCLE = sum(CYCLE.values())

# words of the integer state of a chain
EVENTS, ROW, MEASUREMENT, CYCLES = 0, 1, 2, 3
STATE_WORDS = 4


@kernel
def cycle(path, state, rng, par, counts, choices, weights):
    """One cycle; counts[k] = (tried, accepted)."""
    for _ in range(par.repeats[0]):
        counts[0, 1] += change_kinks(path, state, rng, par)
    for _ in range(par.repeats[1]):
        counts[1, 1] += jump(path, state, rng, par)
    for _ in range(par.repeats[2]):
        counts[2, 1] += flip_corner(path, state, rng, par)
    for _ in range(par.repeats[3]):
        counts[3, 1] += join_hop(path, state, rng, par, choices, weights)
    for _ in range(par.repeats[4]):
        counts[4, 1] += move_end(path, state, rng, par)
    for _ in range(par.repeats[5]):
        counts[5, 1] += invert_bridge(path, state, rng, par)
    for _ in range(par.repeats[6]):
        counts[6, 1] += split_or_merge(path, state, rng, par)
    for _ in range(par.repeats[7]):
        counts[7, 1] += change_lines(path, state, rng, par)
    for _ in range(par.repeats[8]):
        counts[8, 1] += exchange_partners(path, state, rng, par, choices)
    for k in range(par.repeats.size):
        counts[k, 0] += par.repeats[k]


@kernel
def run_bins(
    path, state, rng, par, rows, per_row, interval, counts, choices, weights, work, cloud, marks, waves
):
    """Go on filling `rows` with sums over `per_row` measurements, `interval` cycles apart.

    Returns True when all rows are full, False when the path needs larger arrays; then call again with them:
    progress is in `state`.
    """
    while state[ROW] < rows.shape[0]:
        while state[MEASUREMENT] < per_row:
            while state[CYCLES] < interval:
                if state[EVENTS] + FIRST + 2 * LARGEST_CYCLE > path.size:
                    return False
                cycle(path, state, rng, par, counts, choices, weights)
                state[CYCLES] += 1
            measure(path, state, par, rows[state[ROW]], work, cloud, marks, waves)
            reflect(path, rng, par, work[0], cloud)
            state[CYCLES] = 0
            state[MEASUREMENT] += 1
        state[MEASUREMENT] = 0
        state[ROW] += 1
    state[ROW] = 0
    return True
