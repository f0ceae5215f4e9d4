"""The distortion X = b + b† of the bonds that touch an electron, and how it modulates their hopping t - gX.

At a time τ every bare hop k on bond b stands for an assisted one whose line ends at τ, which has the weight
w_k = -(g/t) e^{-Ω|τ-τ_k|} relative to its own (docs/physics.md, "The phonon cloud"). So

    <X_b> = <Σ_k w_k>,   <X_b² - 1> = <(Σ_k w_k)² - Σ_k w_k²>,   <e^{iqX_b}> = e^{-q²/2} <Π_k (1 + i q w_k)>,

and the probability that the hopping has changed its sign follows from the characteristic function by an
integral over q,

    P(X_b > t/g) = 1/2 + (1/π) ∫_0^∞ dq/q Im e^{-iqt/g} <e^{iqX_b}>,

taken by the midpoint rule: with the step h it is exact, but for the tail in q, as long as |X_b - t/g| < 2π/h.

Where phonons hop a line leads from any bond to any other one of its axis, so that all bare hops along the
axis count, with w_k = -(g/t) D(r, |τ-τ_k|) (see `kernel.propagator`). With several oscillators on a bond X is
Σ_f g_f X_f/g, g² = Σ_f g_f², which at rest has the variance one as well, and w_k = -(g/t) D(0, |τ-τ_k|).

The averages are over the bonds that touch an electron, z for each, at three times in the window; those that
an open cluster lacks count as oscillators at rest.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hpcbip.qmc.estimators.columns import Columns
from hpcbip.qmc.estimators.displacement import LAGS
from hpcbip.qmc.kernel.geometry import congruent
from hpcbip.qmc.kernel.jit import inlined, kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, AXIS_MASK, kind_of
from hpcbip.qmc.kernel.propagator import propagator

_Array = NDArray[np.float64]

COLUMNS = Columns(("distortion", "modulation", "modulation2", "sign_change"))
DISTORTION, MODULATION, MODULATION2, SIGN_CHANGE = range(len(COLUMNS.scalars))

SUMS = len(COLUMNS.scalars)  # in the order of the columns

SNAPSHOTS = 3  # times at which it is measured, in the middle of so many equal parts of the window
STRIDE = LAGS // SNAPSHOTS  # marks between them
NEGLIGIBLE = 12.0  # Ω|τ-τ_k| from which on a hop is left out: e^{-12} = 6e-6
WEAKEST = 6e-6  # D(r, |τ-τ_k|) of a hop that is not left out
MOST_NODES = 48  # of the integral over q
LARGEST_Q = 6.0  # where it ends: e^{-q²/2} = 2e-8
DEVIATIONS = 6.0  # standard deviations of an oscillator that the integral has to cover
NEVER_REACHED = 8.0  # t/g from which on the sign does not change: 6e-16 of an oscillator at rest

HOP = np.dtype([("time", "f8"), ("bond", "i8")])  # a bare hop of the path
SNAPSHOT_WORDS = 4
HOPS, SITE_1, SITE_2, SLOT = range(SNAPSHOT_WORDS)
"""Columns of `snapshots`: bare hops before a time, sites of the electrons at it, last slot before it."""
# columns of `bonds`, which has a row per electron and direction: sums of w and w², Re and Im of Π (1 + iqw)
SUM, SQUARES, REAL, IMAGINARY = 0, 1, 2, 2 + MOST_NODES
BOND_PARTS = 2 + 2 * MOST_NODES


def nodes(ratios: _Array, omega: float, t: float, electrons: int) -> _Array:
    """Return the points q of the midpoint rule, shape (number,), none if no hop is modulated.

    The distortion is between 0 and 2 n g/Ω for n electrons, give or take the width of the oscillator. Beyond
    2π/h, which is 50 for the most nodes, it would count with the wrong sign.

    Args:
        ratios: g/t of the bonds.
        omega, t: the smallest Ω and the largest hopping, in one unit.
        electrons: n.
    """
    coupled = ratios[ratios > 0.0]
    if not coupled.size:
        return np.empty(0)
    distance = (
        2.0 * electrons * coupled.max() * t / omega + min(1.0 / coupled.min(), NEVER_REACHED) + DEVIATIONS
    )
    number = min(math.ceil(LARGEST_Q * distance / (2.0 * math.pi)), MOST_NODES)
    return LARGEST_Q / number * (np.arange(number) + 0.5)


def sign_change_weights(q: _Array, ratio: float) -> tuple[float, _Array, _Array]:
    """Return what the probability that the hopping of a bond with this g/t changes its sign is made of: a
    constant, and the weights of Re and Im of Π (1 + iqw), shape (nodes,)."""
    if ratio * NEVER_REACHED < 1.0:
        return 0.0, np.zeros_like(q), np.zeros_like(q)
    # by the standard library, like the kernel: numpy's functions and sums depend on its version and processor
    weight = [2.0 * q[0] / math.pi * math.exp(-0.5 * x**2) / x for x in q.tolist()]
    real = np.array([-w * math.sin(x / ratio) for w, x in zip(weight, q.tolist(), strict=True)])
    imaginary = np.array([w * math.cos(x / ratio) for w, x in zip(weight, q.tolist(), strict=True)])
    # without a hop it is that of an oscillator at rest
    return 0.5 * math.erfc(math.sqrt(0.5) / ratio) - math.fsum(real.tolist()), real, imaginary


@inlined
def note_hop(hops, count, time, bond):
    """Note a bare hop, of which there are `count` before it; returns their number."""
    hops[count].time = time
    hops[count].bond = bond
    return count + 1


@inlined
def take_snapshot(snapshots, mark, count, first, second, slot):
    """Note the packed sites of the electrons, the number of bare hops before and the last slot, if this mark
    is one of the times."""
    if mark % STRIDE == STRIDE // 2:
        snapshot = snapshots[mark // STRIDE]
        snapshot[HOPS], snapshot[SITE_1], snapshot[SITE_2] = count, first, second
        snapshot[SLOT] = slot


@inlined
def gather(par, hops, count, time, snapshot, bonds):
    """Gather the bare hops on the bonds that touch an electron at `time`, whose notes are in `snapshot`.

    Row z e + k of `bonds`, shape (n z, BOND_PARTS), is that of the bond from electron e in direction k.
    """
    for k in range(par.electrons * par.z):
        bonds[k, SUM] = 0.0
        bonds[k, SQUARES] = 0.0
        for q in range(par.node_count):
            bonds[k, REAL + q] = 1.0
            bonds[k, IMAGINARY + q] = 0.0
    reach = NEGLIGIBLE / par.lowest_frequency
    j = snapshot[HOPS]
    while j > 0 and time - hops[j - 1].time < reach:
        j -= 1
    while j < count and hops[j].time - time < reach:
        _add_hop(par, hops, j, time, snapshot, bonds)
        j += 1


@inlined
def _add_hop(par, hops, j, time, snapshot, bonds):
    """Add a bare hop to its bond if that touches an electron, or where phonons hop to all bonds of its axis
    that do."""
    forward = 2 * (hops[j].bond & AXIS_MASK)
    lower = hops[j].bond >> AXIS_BITS
    if par.composite and par.spreads[forward]:
        _add_to_all(par, lower, forward, abs(hops[j].time - time), snapshot, bonds)
        return
    for e in range(par.electrons):
        apart = lower - snapshot[SITE_1 + e]
        if congruent(par, apart):
            k = par.z * e + forward
        elif congruent(par, apart + par.step[forward]):
            k = par.z * e + forward + 1
        else:
            continue
        duration = abs(hops[j].time - time)
        if par.composite:
            w = -par.ratio[forward] * propagator(par, forward >> 1, np.int64(0), duration)
        else:
            w = -par.ratio[forward] * math.exp(-par.frequency[forward] * duration)
        _add_weight(par, bonds, k, w)


@kernel
def _add_to_all(par, lower, forward, duration, snapshot, bonds):
    """Add a bare hop on the bond with this lower site to the bonds along its axis that touch an electron."""
    for e in range(par.electrons):
        for k in (forward, forward + 1):
            touching = snapshot[SITE_1 + e]
            if k != forward:
                touching -= par.step[forward]
            spread = propagator(par, forward >> 1, touching - lower, duration)
            if spread > WEAKEST:
                _add_weight(par, bonds, par.z * e + k, -par.ratio[forward] * spread)


@inlined
def _add_weight(par, bonds, k, w):
    """Add a bare hop to row k of `bonds` with the weight w."""
    bonds[k, SUM] += w
    bonds[k, SQUARES] += w * w
    for q in range(par.node_count):
        real, imaginary = bonds[k, REAL + q], bonds[k, IMAGINARY + q]
        bonds[k, REAL + q] = real - w * par.nodes[q] * imaginary
        bonds[k, IMAGINARY + q] = imaginary + w * par.nodes[q] * real


@inlined
def add_bond(par, sums, k, direction, bonds, share):
    """Add row k of `bonds`, of a bond in this direction, to the sums of X, of -gX/t and its square, and of
    the probability that the sign changes."""
    x, ratio = bonds[k, SUM], par.ratio[direction]
    sums[DISTORTION] += share * x
    sums[MODULATION] -= share * ratio * x
    sums[MODULATION2] += share * ratio * ratio * (1.0 + x * x - bonds[k, SQUARES])
    probability = par.sign_constant[direction]
    for q in range(par.node_count):
        probability += par.sign_real[direction, q] * bonds[k, REAL + q]
        probability += par.sign_imaginary[direction, q] * bonds[k, IMAGINARY + q]
    sums[SIGN_CHANGE] += share * probability


@inlined
def add_time(par, sums, snapshot, bonds):
    """Add the bonds of one time to the mean over the bonds that touch an electron, and over electrons."""
    for e in range(par.electrons):
        kind = kind_of(par, snapshot[SITE_1 + e])
        count = par.exit_count[kind]
        share = 1.0 / (SNAPSHOTS * par.electrons * count)
        for k in range(count):
            direction = par.exits[kind, k]
            add_bond(par, sums, par.z * e + direction, direction, bonds, share)


@inlined
def write(sums, scalars):
    """Add the measurement to the estimator's part of a bin row."""
    for k in range(SUMS):
        scalars[k] += sums[k]
