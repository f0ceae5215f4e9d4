"""The hot loop: draws updates in fixed proportions, measures at fixed intervals, stops where an array is too small."""

from __future__ import annotations

from .jit import kernel
from .measure import measure
from .path import FIRST
from .rng import uniform
from .updates.blocks import insert_block, remove_block
from .updates.corners import flip_corner
from .updates.ends import move_end
from .updates.joins import join_hop
from .updates.kinks import insert_kinks, remove_kinks
from .updates.shifts import shift_hop

# The updates and their proportions; insertion and removal are each other's inverse and have to be drawn equally often.
MIX = {
    "insert_kinks": 0.11,
    "remove_kinks": 0.11,
    "shift_hop": 0.07,
    "flip_corner": 0.15,
    "join_hop": 0.16,
    "move_end": 0.04,
    "insert_block": 0.18,
    "remove_block": 0.18,
}
UPDATES = tuple(MIX)

# words of the integer state of a chain
HOPS, ROW, MEASUREMENT, UPDATE = 0, 1, 2, 3
STATE_WORDS = 4


@kernel
def update(path, state, rng, par, counts, choices, weights):
    """One update; counts[k] = (tried, accepted)."""
    x = uniform(rng)
    k = 0
    while x > par.cumulative[k]:
        k += 1
    if k == 0:
        accepted = insert_kinks(path, state, rng, par)
    elif k == 1:
        accepted = remove_kinks(path, state, rng, par)
    elif k == 2:
        accepted = shift_hop(path, state, rng, par)
    elif k == 3:
        accepted = flip_corner(path, state, rng, par)
    elif k == 4:
        accepted = join_hop(path, state, rng, par, choices, weights)
    elif k == 5:
        accepted = move_end(path, state, rng, par)
    elif k == 6:
        accepted = insert_block(path, state, rng, par)
    else:
        accepted = remove_block(path, state, rng, par)
    counts[k, 0] += 1
    counts[k, 1] += accepted


@kernel
def run_bins(path, state, rng, par, rows, per_row, interval, counts, choices, weights, work, cloud):
    """Go on filling `rows` with sums over `per_row` measurements, `interval` updates apart.

    Returns True when all rows are full, False when the path needs larger arrays; then call again with them: progress is
    in `state`.
    """
    while state[ROW] < rows.shape[0]:
        while state[MEASUREMENT] < per_row:
            while state[UPDATE] < interval:
                if state[HOPS] + FIRST + 2 > path.size:
                    return False
                update(path, state, rng, par, counts, choices, weights)
                state[UPDATE] += 1
            measure(path, state, par, rows[state[ROW]], work, cloud)
            state[UPDATE] = 0
            state[MEASUREMENT] += 1
        state[MEASUREMENT] = 0
        state[ROW] += 1
    state[ROW] = 0
    return True
