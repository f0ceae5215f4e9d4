"""The weight of a phonon line where it is more than e^{-Ωτ} on one oscillator (`par.composite`): where
phonons hop, and where there are several families of them (see `families`).

With Ω_q = Ω - 2w Σ_a cos q_a a phonon gets from an oscillator to the one a lattice vector r away in a time τ
with

    D(r, τ) = ∫ dq/(2π)^d e^{iqr - Ω_q τ} = e^{-(Ω - 2dw) τ} Π_a F_{r_a}(2wτ),   F_r(x) = e^{-x} I_r(x),

with the modified Bessel functions I_r: 0 < F ≤ 1, and Σ_r F_r(x) = 1. On a periodic cluster F is the sum over
the images r + nL.

*Table.* For x < `LARGEST_ARGUMENT` and r < `FURTHEST_SITE` the smooth function F_r(x) (2/x)^r is interpolated
by polynomials on intervals of x, in Chebyshev's points, to a relative 2e-10. *Beyond* it Debye's uniform
expansion (DLMF 10.41.3) in 1/√(r² + x²), to fifth order, is good to 4e-10, for all r and x. Nothing is cut
off.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hpcbip.qmc.kernel.basis import MAX_DIMENSION, OSCILLATORS
from hpcbip.qmc.kernel.families import decay_of_modes, sum_of_modes
from hpcbip.qmc.kernel.geometry import relative
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, SITE, oscillator_of

LARGEST_ARGUMENT = 32.0  # x = 2wτ from which on the expansion takes over
FURTHEST_SITE = 32  # and r
PER_UNIT = 2  # intervals of the table in a unit of x
COEFFICIENTS = 8  # of the polynomial on an interval: one cache line
TABLE_SHAPE = (int(LARGEST_ARGUMENT) * PER_UNIT, FURTHEST_SITE, COEFFICIENTS)

PROPAGATOR_FIELDS = [
    ("dispersive", "i8"),
    # 2w; by oscillator of the cell the bottom Ω - 2dw of the phonons' band; by coordinate the table
    ("transfer", "f8"),
    ("gap", "f8", (OSCILLATORS,)),
    ("spread", "f8", (MAX_DIMENSION, *TABLE_SHAPE)),
]
"""Fields of the kernel's parameters, as numpy takes them."""

_MOST_SITES = 160  # r up to which the functions are summed: F_160(32) is 1e-98


def spread_table(extent: int = 0) -> NDArray[np.float64]:
    """Tabulate the coefficients of the polynomials of F_r(x) (2/x)^r, shape `TABLE_SHAPE`, the variable
    running from -1 to 1 on every interval.

    Args:
        extent: L of a periodic cluster along this coordinate, or 0.
    """
    # by the standard library and by elementwise operations: numpy's functions and sums depend on its version
    angles = [math.pi * (k + 0.5) / COEFFICIENTS for k in range(COEFFICIENTS)]
    table = np.zeros(TABLE_SHAPE)
    for cell in range(TABLE_SHAPE[0]):
        values = [_scaled((cell + 0.5 + 0.5 * math.cos(angle)) / PER_UNIT, extent) for angle in angles]
        for order in range(COEFFICIENTS):
            share = (1.0 if order == 0 else 2.0) / COEFFICIENTS
            chebyshev = sum(
                share * math.cos(order * angle) * value for angle, value in zip(angles, values, strict=True)
            )
            for power, number in enumerate(_chebyshev_polynomial(order)):
                table[cell, :, power] += number * chebyshev
    return table


def _scaled(x: float, extent: int) -> NDArray[np.float64]:
    """Return F_r(x) (2/x)^r for all r of the table, from the continued fraction of I_r/I_(r-1) and the sum of
    all F."""
    ratio = 0.0
    ratios = [0.0] * (_MOST_SITES + 1)
    for r in range(_MOST_SITES, 0, -1):
        ratio = 1.0 / (2.0 * r / x + ratio)
        ratios[r] = ratio
    total, product = 1.0, 1.0
    for r in range(1, _MOST_SITES + 1):
        product *= ratios[r]
        total += 2.0 * product
    scaled, plain = [1.0 / total], [1.0 / total]  # with and without the factor (2/x)^r
    for r in range(1, _MOST_SITES + 1):
        scaled.append(scaled[-1] * ratios[r] * (2.0 / x))
        plain.append(plain[-1] * ratios[r])
    result = scaled[:FURTHEST_SITE]
    if extent > 0:
        for r in range(min(FURTHEST_SITE, extent // 2 + 1)):
            images = [abs(r + n * extent) for n in range(-_MOST_SITES, _MOST_SITES + 1) if n != 0]
            result[r] += math.fsum(plain[s] for s in images if s <= _MOST_SITES) * (2.0 / x) ** r
    return np.array(result)


def _chebyshev_polynomial(order: int) -> list[int]:
    """Return the coefficients of T_n in powers of its variable."""
    before, this = [1], [0, 1]
    for _ in range(order):
        after = [0] + [2 * c for c in this]
        for k, c in enumerate(before):
            after[k] -= c
        before, this = this, after
    return before


@kernel
def propagator(par, oscillator, apart, duration):
    """Return D(r, τ) for events on an oscillator of the cell, r the packed difference of their lower
    sites."""
    if not par.dispersive:
        return sum_of_modes(par, oscillator, apart, duration, 0.0)
    return math.exp(-par.gap[oscillator] * duration) * _spread_to(par, apart, duration)


@kernel
def vertex_share(par, oscillator, apart, duration):
    """Return D(r, τ) e^{Ω₀τ} ≤ 1 of two vertices, Ω₀ the lowest energy of phonons on sites."""
    if not par.dispersive:
        return sum_of_modes(par, oscillator, apart, duration, par.frequency[SITE])
    return _spread_to(par, apart, duration)


@kernel
def line_weight(par, path, i, j):
    """Return D(r, τ) of a line between the events in slots i and j."""
    apart = np.int64(path[i].bond >> AXIS_BITS) - np.int64(path[j].bond >> AXIS_BITS)
    return propagator(
        par, oscillator_of(par, np.int64(path[i].bond)), apart, abs(path[i].time - path[j].time)
    )


@kernel
def line_decay(par, path, i, j):
    """Return -τ ∂ ln D/∂τ of a line between the events in slots i and j: Ωτ of one oscillator."""
    apart = np.int64(path[i].bond >> AXIS_BITS) - np.int64(path[j].bond >> AXIS_BITS)
    duration = abs(path[i].time - path[j].time)
    oscillator = oscillator_of(par, np.int64(path[i].bond))
    if not par.dispersive:
        return decay_of_modes(par, oscillator, apart, duration)
    decay = par.gap[oscillator] * duration
    for a in range(par.dimension):
        decay -= _growth(par, a, abs(relative(par, apart, a)), par.transfer * duration)
    return decay


@kernel
def _spread_to(par, apart, duration):
    """Return D(r, τ) e^{(Ω - 2dw)τ}, the share of the phonons at r, a packed lattice vector."""
    product = 1.0
    for a in range(par.dimension):
        product *= _spread(par, a, abs(relative(par, apart, a)), par.transfer * duration)
    return product


@kernel
def _spread(par, a, r, x):
    """Return F_r(x) of coordinate a."""
    if r >= FURTHEST_SITE or x >= LARGEST_ARGUMENT:
        return _expansion(r, x)
    y = x * PER_UNIT
    cell = int(y)
    y = 2.0 * (y - cell) - 1.0
    value = par.spread[a, cell, r, COEFFICIENTS - 1]
    for k in range(COEFFICIENTS - 2, -1, -1):
        value = value * y + par.spread[a, cell, r, k]
    for _ in range(r):
        value *= 0.5 * x
    return value


@kernel
def _growth(par, a, r, x):
    """Return x F_r'(x)/F_r(x) of coordinate a."""
    if r >= FURTHEST_SITE or x >= LARGEST_ARGUMENT:
        here = _expansion(r, x)
        neighbours = _expansion(r + 1, x) + _expansion(abs(r - 1), x)
        return x * (0.5 * neighbours / here - 1.0) if here > 0.0 else float(r)
    y = x * PER_UNIT
    cell = int(y)
    y = 2.0 * (y - cell) - 1.0
    value = par.spread[a, cell, r, COEFFICIENTS - 1]
    slope = 0.0
    for k in range(COEFFICIENTS - 2, -1, -1):
        slope = slope * y + value
        value = value * y + par.spread[a, cell, r, k]
    return r + 2.0 * PER_UNIT * x * slope / value


@kernel
def _expansion(r, x):
    """Return F_r(x) where r or x is large."""
    if x <= 0.0:
        return 0.0
    s = math.sqrt(float(r * r) + x * x)
    q = 1.0 / s
    y = (r * q) ** 2
    c1 = (3.0 - 5.0 * y) / 24.0
    c2 = (81.0 + y * (-462.0 + y * 385.0)) / 1152.0
    c3 = (30375.0 + y * (-369603.0 + y * (765765.0 - y * 425425.0))) / 414720.0
    c4 = 4465125.0 + y * (-94121676.0 + y * (349922430.0 + y * (-446185740.0 + y * 185910725.0)))
    c5 = -614135872350.0 + y * (566098157625.0 - y * 188699385875.0)
    c5 = 1519035525.0 + y * (-49286948607.0 + y * (284499769554.0 + y * c5))
    series = 1.0 + q * (c1 + q * (c2 + q * (c3 + q * (c4 / 39813120.0 + q * c5 / 6688604160.0))))
    exponent = r * r / (s + x) - r * math.asinh(r / x)
    return math.exp(exponent) * math.sqrt(q / (2.0 * math.pi)) * series
