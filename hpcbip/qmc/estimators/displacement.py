"""The displacement of the centre R: ⟨|R(τ + lag) - R(τ)|²⟩ between marks in the window, and its slope.

At the cuts that `symmetry` finds the rest of the path may be reflected at equal weight, so the cross terms
between the segments on both sides of a cut vanish on average: instead of the square of the sum the curve
takes the sum of the squares, component by component, which has the same mean at every lag and every β, and
far less noise. `diffusion`, the estimator of d/m*, is the slope of the curve between two lags beyond the
internal relaxation.

A mark is a time at which the curve is taken, one every window/LAGS. Per component it holds the position, and
number, sum of squares so far and position of the last cut before it and of the next one after it.
"""

from __future__ import annotations

from hpcbip.models import Lattice, Model
from hpcbip.qmc.estimators.columns import Columns
from hpcbip.qmc.kernel.jit import inlined

LAGS = 24  # points of the displacement curve
SLOPE_FROM, SLOPE_TO = 4, 24  # lags between which the curve gives `diffusion`


def _axis_columns(model: Model, lattice: Lattice) -> list[str]:
    return [f"diffusion[{a}]" for a in range(lattice.dimension)]


def _lag_columns(model: Model, lattice: Lattice) -> list[str]:
    return [f"displacement2[{lag}]" for lag in range(1, LAGS + 1)]


COLUMNS = Columns(
    ("diffusion", "displacement2_window"), {"axis_column": _axis_columns, "lag_column": _lag_columns}
)
DIFFUSION, DISPLACEMENT2_WINDOW = range(len(COLUMNS.scalars))

SUMS = 0  # its sums are those between cuts

# rows of a mark, each with one number per component
MARK_ROWS = 7
HERE, LAST_CUT, LAST_TOTAL, LAST, NEXT_CUT, NEXT_TOTAL, NEXT = range(MARK_ROWS)
NEVER = 1e300  # number of a cut that does not come


@inlined
def _part(par, position, begin, a):
    """Return the part of component a in |ΔR|² of a segment; the parts add up to it on every lattice.

    `position` and `begin` hold the summed positions of the electrons at its ends.
    """
    total = 0.0
    for b in range(par.dimension):
        total += par.metric[a, b] * (position[b] - begin[b])
    return total * (position[a] - begin[a]) / (par.electrons * par.electrons)


@inlined
def start(par, position, begin, total, cuts):
    """Begin the first segment at the head of the path."""
    for a in range(par.dimension):
        begin[a] = position[a]
        total[a] = 0.0
        cuts[a] = 0.0


@inlined
def cut(par, position, begin, total, cuts, marks, mark, symmetric):
    """End the segments of the components in the bits of `symmetric`; `mark` is the number of marks so far."""
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


@inlined
def set_mark(par, position, begin, total, cuts, marks, mark, symmetric):
    """Write down the state at a mark."""
    for a in range(par.dimension):
        marks[mark, HERE, a] = position[a]
        marks[mark, LAST_CUT, a] = cuts[a]
        marks[mark, LAST_TOTAL, a] = total[a]
        marks[mark, LAST, a] = begin[a]
        # if the mark is at a cut, that is also the next one
        marks[mark, NEXT_CUT, a] = cuts[a] if (symmetric >> a) & 1 else NEVER
        marks[mark, NEXT_TOTAL, a] = total[a]
        marks[mark, NEXT, a] = position[a]


@inlined
def write(par, row, scalars, marks, curve, spacing):
    """Add the curve, averaged over the marks τ in the window, and its slope to a bin row.

    `scalars` is the estimator's part of the row; `curve` is scratch space, shape (d,).
    """
    lags = marks.shape[0] - 1
    duration = (SLOPE_TO - SLOPE_FROM) * spacing
    for k in range(1, lags + 1):
        for a in range(par.dimension):
            curve[a] = 0.0
            for m in range(lags + 1 - k):
                one, other = marks[m], marks[m + k]
                if one[NEXT_CUT, a] > other[LAST_CUT, a]:  # no cut in between
                    curve[a] += _part(par, other[HERE], one[HERE], a)
                else:
                    curve[a] += other[LAST_TOTAL, a] - one[NEXT_TOTAL, a]
                    curve[a] += _part(par, one[NEXT], one[HERE], a) + _part(par, other[HERE], other[LAST], a)
            curve[a] /= lags + 1 - k
            row[par.lag_column + k - 1] += curve[a]
            if k == lags:
                scalars[DISPLACEMENT2_WINDOW] += curve[a]
            if k == SLOPE_FROM:
                scalars[DIFFUSION] -= curve[a] / duration
                row[par.axis_column + a] -= curve[a] / duration
            elif k == SLOPE_TO:
                scalars[DIFFUSION] += curve[a] / duration
                row[par.axis_column + a] += curve[a] / duration
