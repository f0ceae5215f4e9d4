"""The energy.

With the phonon lines of length ℓ and n events, from Z(β) = <φ|e^{-βH}|φ> with all times scaled by β:

    E = -∂ ln Z/∂β = < Ω Σ ℓ + ∫V dτ - n > / β;

where lines are composite (see `kernel.propagator`) every one adds -ℓ ∂ ln D(r, ℓ)/∂ℓ instead of Ωℓ.
"""

from __future__ import annotations

from hpcbip.qmc.estimators.columns import Columns
from hpcbip.qmc.kernel.jit import inlined
from hpcbip.qmc.kernel.path import EVENTS
from hpcbip.qmc.kernel.propagator import line_decay

COLUMNS = Columns(("energy",))
(ENERGY,) = range(len(COLUMNS.scalars))

SUMS = 2
LINES, POTENTIAL = range(SUMS)


@inlined
def add_interval(sums, duration, potential):
    """Add an interval of constant r1 - r2 to ∫V dτ."""
    sums[POTENTIAL] += duration * potential


@inlined
def add_line_end(par, sums, time, direction, begins):
    """Add the earlier or later end of a line to Ω Σ ℓ."""
    if begins:
        sums[LINES] -= time * par.frequency[direction]
    else:
        sums[LINES] += time * par.frequency[direction]


@inlined
def add_line(par, path, sums, i, begins):
    """Add the line of the event in slot i, where lines are composite, at its later end."""
    if not begins:
        sums[LINES] += line_decay(par, path, i, path[i].partner)


@inlined
def write(par, state, sums, scalars):
    """Add the energy of the path to the estimator's part of a bin row."""
    scalars[ENERGY] += (sums[LINES] + sums[POTENTIAL] - state[EVENTS]) / par.beta
