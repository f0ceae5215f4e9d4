"""Random numbers: xoshiro256++ (Blackman and Vigna, ACM Trans. Math. Softw. 47, 36 (2021)), inlined in the
kernel.

The state is a `uint64[4]` array that travels with the chain, so that a chain continues bit for bit.
"""

from __future__ import annotations

import math

import numpy as np

from hpcbip.qmc.kernel.jit import inlined, kernel

_U0 = np.uint64(0)
_U1 = np.uint64(1)
_U11 = np.uint64(11)
_U17 = np.uint64(17)
_U23 = np.uint64(23)
_U32 = np.uint64(32)
_U41 = np.uint64(41)
_U45 = np.uint64(45)
_U19 = np.uint64(19)
_SPACING = 2.0**-53  # of the numbers that `uniform` can return


@kernel
def next_word(rng):
    """Return the next 64 random bits."""
    s0, s1, s2, s3 = rng[0], rng[1], rng[2], rng[3]
    x = s0 + s3
    word = ((x << _U23) | (x >> _U41)) + s0
    shifted = s1 << _U17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    rng[0], rng[1], rng[2], rng[3] = s0, s1, s2, (s3 << _U45) | (s3 >> _U19)
    return word


@kernel
def uniform(rng):
    """Draw a double in (0, 1]: never zero, so its logarithm is finite."""
    return (np.float64(next_word(rng) >> _U11) + 1.0) * _SPACING


@inlined
def below(rng, n):
    """Draw a uniform integer in [0, n), n < 2³²; the bias of the multiplication method is below n 2⁻³²."""
    return np.int64(((next_word(rng) >> _U32) * np.uint64(n)) >> _U32)


@inlined
def accept(rng, ratio, exponent):
    """Return True with probability min(1, ratio e^{-exponent}).

    e^{-x} ≥ 1 - x, and ≤ 1 for x ≥ 0, decide most cases without the exponential.
    """
    x = uniform(rng)
    if x <= ratio * (1.0 - exponent):
        return True
    if exponent >= 0.0 and x > ratio:
        return False
    return x <= ratio * math.exp(-exponent)


@kernel
def octave(rng, most):
    """Draw an integer k ≤ most with P(k) = 2^-(k+1), the rest on `most`: the exponent of scale-free
    lengths."""
    word = next_word(rng)
    k = 0
    while k < most and word & _U1 == _U0:
        word >>= _U1
        k += 1
    return k


@kernel
def scale_free(rng, most):
    """Draw a length k ≥ 0 with P(k) falling as 1/k², cut off at 2^(most + 1) - 2.

    k lies between 2^o - 1 and 2^(o+1) - 2, where the octave o has probability 2^-(o+1): every scale costs the
    same.
    """
    base = 1 << octave(rng, most)
    return base - 1 + below(rng, base)


@kernel
def coin(rng):
    """Return True or False with equal probability."""
    return next_word(rng) & _U1 == _U1
