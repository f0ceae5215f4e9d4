"""The hot loop: cycles through the updates in a fixed order, measures at fixed intervals, stops where an
array is too small.

Every update on its own leaves the distribution of paths as it is (insertions and removals are one update that
tosses a coin), so their order is free: a fixed one costs no random number and no mispredicted branch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hpcbip.qmc.estimators.measure import POSITION, measure
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import CYCLES, EVENTS, FIRST, MEASUREMENT, ROW, SITE
from hpcbip.qmc.updates.bridges import invert_bridge
from hpcbip.qmc.updates.corners import flip_corner
from hpcbip.qmc.updates.ends import move_end
from hpcbip.qmc.updates.joins import exchange_partners, join_hop
from hpcbip.qmc.updates.jumps import jump
from hpcbip.qmc.updates.kinks import change_kinks
from hpcbip.qmc.updates.reflections import reflect
from hpcbip.qmc.updates.triangles import split_or_merge
from hpcbip.qmc.updates.vertices import change_lines


class Tries(NamedTuple):
    """How often a cycle tries an update, and which models have use for it.

    Attributes:
        number: tries per cycle.
        useful: tells from the kernel's parameters, the tables of weights filled in, whether to try it at all.
    """

    number: int
    useful: Callable[[np.void], bool] = lambda par: True  # of every model


def _joins_hops(par: np.void) -> bool:
    return bool(par["joined2"][:SITE].any())


def _has_vertices(par: np.void) -> bool:
    return bool(par["joined2"][SITE] > 0.0)


# The updates, in the order of their columns. A further one is a line here, its number and its call below.
CYCLE = {
    "kinks": Tries(20),
    "jump": Tries(12),
    "corner": Tries(6),
    "join": Tries(10, _joins_hops),
    "end": Tries(3),
    "bridge": Tries(3, lambda par: not par["open"]),
    "split": Tries(6, lambda par: bool(par["split_count"].any())),
    "line": Tries(12, _has_vertices),
    "exchange": Tries(6, _has_vertices),
}
UPDATES = tuple(CYCLE)
KINKS, JUMP, CORNER, JOIN, END, BRIDGE, SPLIT, LINE, EXCHANGE = range(len(CYCLE))
LARGEST_CYCLE = sum(tries.number for tries in CYCLE.values())

COUNTS = 2
TRIED, ACCEPTED = range(COUNTS)  # columns of `counts`, which has a row per update


def tries_per_cycle(par: np.void) -> list[int]:
    """Return how often a cycle tries every update on the model with these parameters of the kernel."""
    return [tries.number if tries.useful(par) else 0 for tries in CYCLE.values()]


# The cycle stands in the loop: as a function of its own it would be optimised and translated twice.
@kernel
def run_bins(
    path,
    state,
    rng,
    par,
    rows,
    per_row,
    interval,
    counts,
    choices,
    weights,
    work,
    sums,
    cloud,
    marks,
    waves,
    hops,
    snapshots,
    bonds,
):
    """Continue to fill `rows` with sums over `per_row` measurements, `interval` cycles apart; returns whether
    all are full. If not, the next call, which goes on, has to pass larger arrays."""
    while state[ROW] < rows.shape[0]:
        while state[MEASUREMENT] < per_row:
            while state[CYCLES] < interval:
                if state[EVENTS] + FIRST + 2 * LARGEST_CYCLE > path.size:
                    return False
                for _ in range(par.repeats[KINKS]):
                    counts[KINKS, ACCEPTED] += change_kinks(path, state, rng, par)
                for _ in range(par.repeats[JUMP]):
                    counts[JUMP, ACCEPTED] += jump(path, state, rng, par)
                for _ in range(par.repeats[CORNER]):
                    counts[CORNER, ACCEPTED] += flip_corner(path, state, rng, par)
                for _ in range(par.repeats[JOIN]):
                    counts[JOIN, ACCEPTED] += join_hop(path, state, rng, par, choices, weights)
                for _ in range(par.repeats[END]):
                    counts[END, ACCEPTED] += move_end(path, state, rng, par)
                for _ in range(par.repeats[BRIDGE]):
                    counts[BRIDGE, ACCEPTED] += invert_bridge(path, state, rng, par)
                for _ in range(par.repeats[SPLIT]):
                    counts[SPLIT, ACCEPTED] += split_or_merge(path, state, rng, par)
                for _ in range(par.repeats[LINE]):
                    counts[LINE, ACCEPTED] += change_lines(path, state, rng, par)
                for _ in range(par.repeats[EXCHANGE]):
                    counts[EXCHANGE, ACCEPTED] += exchange_partners(path, state, rng, par, choices)
                for k in range(par.repeats.size):
                    counts[k, TRIED] += par.repeats[k]
                state[CYCLES] += 1
            row = rows[state[ROW]]
            measure(path, state, rng, par, row, work, sums, cloud, marks, waves, hops, snapshots, bonds)
            reflect(path, rng, par, work[POSITION], cloud)
            state[CYCLES] = 0
            state[MEASUREMENT] += 1
        state[MEASUREMENT] = 0
        state[ROW] += 1
    state[ROW] = 0
    return True
