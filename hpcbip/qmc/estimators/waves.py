"""Waves cos K·(R(τ + lag) - R(τ)) of the centre R per total momentum K and lag, averaged over the marks τ of
the window: they fall as e^{-(E(K) - E(0)) lag}."""

from __future__ import annotations

import math

from hpcbip.models import MOMENTUM_PERIOD, Lattice, Model
from hpcbip.qmc.estimators.columns import Columns
from hpcbip.qmc.estimators.displacement import HERE
from hpcbip.qmc.kernel.jit import inlined

WAVE_LAGS = 8  # points of the decay of a wave
WAVE_PERIOD = 2 * MOMENTUM_PERIOD  # because coordinates of R are multiples of 1/2


def _wave_columns(model: Model, lattice: Lattice) -> list[str]:
    momenta, lags = range(len(lattice.momenta)), range(1, WAVE_LAGS + 1)
    return [f"wave[{k},{lag}]" for k in momenta for lag in lags]


COLUMNS = Columns((), {"wave_column": _wave_columns})

SUMS = 0

WAVE_PARTS = 2
COSINE, SINE = range(WAVE_PARTS)  # columns of `waves`


@inlined
def write(par, row, marks, waves):
    """Add the waves of all momenta and lags to a bin row; `waves` is scratch space, shape (marks, 2)."""
    marks_count = marks.shape[0]
    for k in range(par.momentum_count):
        for m in range(marks_count):
            phase = 0
            for a in range(par.dimension):
                # coordinates of R are multiples of 1/2 over the resolution, those of K of 2π/16
                phase += par.momenta[k, a] * int(marks[m, HERE, a] * (2 // par.electrons))
            if par.resolution == 1:
                waves[m, COSINE] = par.cosine[phase & (WAVE_PERIOD - 1)]
                waves[m, SINE] = par.cosine[(phase - WAVE_PERIOD // 4) & (WAVE_PERIOD - 1)]
            else:
                angle = 2.0 * math.pi * phase / (WAVE_PERIOD * par.resolution)
                waves[m, COSINE], waves[m, SINE] = math.cos(angle), math.sin(angle)
        for lag in range(1, par.wave_lags + 1):
            total = 0.0
            for m in range(marks_count - lag):
                total += waves[m, COSINE] * waves[m + lag, COSINE] + waves[m, SINE] * waves[m + lag, SINE]
            row[par.wave_column + k * par.wave_lags + lag - 1] += total / (marks_count - lag)
