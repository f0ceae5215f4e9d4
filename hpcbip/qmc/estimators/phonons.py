"""Phonons and events: lines that cover a time, times without a line, bare hops and ends of lines per time,
all over the bulk window; events of the whole path.

The lines that cover a time are the phonons that are there: the share of the bulk times that no line covers is
the mean of the projector |0><0| on the phonon vacuum, the quasiparticle weight (docs/physics.md).
"""

from __future__ import annotations

from hpcbip.qmc.estimators.columns import Columns
from hpcbip.qmc.kernel.jit import inlined
from hpcbip.qmc.kernel.path import EVENTS

COLUMNS = Columns(("phonons", "bare_hops", "assisted_hops", "events", "vacuum"))
PHONONS, BARE_HOPS, ASSISTED_HOPS, NUMBER_OF_EVENTS, VACUUM = range(len(COLUMNS.scalars))

SUMS = len(COLUMNS.scalars)  # in the order of the columns
WINDOW_MEANS = (PHONONS, BARE_HOPS, ASSISTED_HOPS, VACUUM)  # columns that are averages over the window


@inlined
def add_interval(sums, bulk, lines):
    """Add an interval, of length `bulk` within the window, that this number of lines covers."""
    sums[PHONONS] += bulk * lines
    if lines == 0:
        sums[VACUUM] += bulk


@inlined
def add_event(sums, joined):
    """Add a bare or joined event of the window."""
    if joined:
        sums[ASSISTED_HOPS] += 1.0
    else:
        sums[BARE_HOPS] += 1.0


@inlined
def write(state, sums, scalars, window):
    """Add the measurement to the estimator's part of a bin row."""
    for k in WINDOW_MEANS:
        scalars[k] += sums[k] / window
    scalars[NUMBER_OF_EVENTS] += state[EVENTS]
