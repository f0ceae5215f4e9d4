"""Differences of sums of cosines from their value at one momentum, without cancellation.

A momentum is a list of its components, arrays of shapes that fit each other, so that a grid costs sines and
cosines of its axes where that is enough.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def wrapped(q: Array) -> Array:
    """Return phases shifted by multiples of 2π into [-π, π]."""
    return np.asarray(q) - 2.0 * np.pi * np.round(np.asarray(q) / (2.0 * np.pi))


def dot_product(vector: NDArray[np.int64], q: list[Array]) -> Array:
    """Compute q·v for components of q that are arrays of shapes that fit each other."""
    return np.asarray(sum((n * x for n, x in zip(vector, q, strict=True) if n), start=np.zeros(())))


def cosine_change(away: list[Array], start: Array, vectors: NDArray[np.int64], weights: Array) -> Array:
    """Compute Σ_v w_v [cos((start + away)·v) - cos(start·v)] without cancellation.

    Args:
        away: components, of shapes that fit each other.
        start: shape (d - 1,).
        vectors: shape (vectors, d - 1).
        weights: w, shape (vectors,).
    """
    total: Array = np.zeros(())
    for vector, weight in zip(vectors, weights, strict=True):
        moved, angle = dot_product(vector, away), float(start @ vector)
        total = total - 2.0 * weight * math.cos(angle) * np.sin(0.5 * moved) ** 2
        if abs(math.sin(angle)) >= 1e-9:
            total = total - weight * math.sin(angle) * np.sin(moved)
    return total


def modulus_change(
    away: list[Array], start: Array, along: NDArray[np.int64], tau: Array, modulus: Array
) -> Array:
    """Compute |B(start + away)| - |B(start)| without cancellation, for B(q) = Σ τ_b e^{iq·b}.

    Args:
        away, start: as in `_cosine_change`.
        along, tau: bonds, shape (bonds, d - 1), and their strengths.
        modulus: |B(start + away)|.
    """
    first = float(np.abs(np.exp(1j * (along @ start)) @ tau.astype(complex)))
    sides = _parallelogram(along, tau)
    if sides is not None and first < 1e-9 * float(np.abs(tau).sum()):
        # B vanishes at `start`: |B| = 4 |τ cos(q·d/2) cos(q·d'/2)|, each factor from its own zero
        factors: Array = np.asarray(4.0 * tau[0])
        for side in sides:
            half, angle = 0.5 * dot_product(side, away), 0.5 * float(side @ start)
            cosine = math.cos(angle) if abs(math.cos(angle)) >= 1e-9 else 0.0
            factors = factors * (cosine * np.cos(half) - math.sin(angle) * np.sin(half))
        return np.abs(factors)
    pairs = list(itertools.combinations(range(len(along)), 2))
    vectors = np.array([along[a] - along[b] for a, b in pairs], dtype=np.int64).reshape(
        len(pairs), along.shape[1]
    )
    squares = cosine_change(away, start, vectors, np.array([2.0 * tau[a] * tau[b] for a, b in pairs]))
    sums = modulus + first
    return np.divide(squares, sums, out=np.zeros(sums.shape), where=sums > 0)


def _parallelogram(along: NDArray[np.int64], tau: Array) -> NDArray[np.int64] | None:
    """Return the two sides d, d' of four bonds b, b + d, b + d', b + d + d' of one strength; else None."""
    if len(along) != 4 or np.ptp(tau) > 0.0:
        return None
    for opposite in range(1, 4):
        sides = np.array([along[i] - along[0] for i in range(1, 4) if i != opposite])
        if np.array_equal(sides.sum(axis=0), along[opposite] - along[0]):
            return sides
    return None
