"""Do chains sit in two states, with rare switches between them, or in one that merely fluctuates slowly?

Both have long autocorrelation times. They differ in two ways, and both are asked for:

- *A valley.* Between two states there is little time: in every quantity the middle third of the way from one
  to the other holds less than half as many samples as either side of it. The density of one state, however
  skewed, is higher in the middle than on one of the sides.
- *Levels.* A model with two levels, x_t = level + autoregressive noise, between which a Markov chain
  switches, predicts the next sample better than an autoregressive process about one level. A switch takes n
  samples, with the probability 1/(n (n + 1)), in which the level moves at a constant speed. The odds are the
  likelihood ratio of the two models, including the likelihood of the switches as they were found, less 3/2
  ln N for what the first has more parameters (Schwarz, Ann. Stat. 6, 461 (1978)). Under the second model a
  ratio of two given densities exceeds K with a probability below 1/K (Markov's inequality), however long its
  autocorrelation time is, so that no number of independent samples has to be known.

One switch within a chain has to be seen: chains that stay where they are may be stuck in any number of
places.

The samples are looked at in means of 1, 2, 4, ... neighbours (of very many samples not in the first of
these), which make states narrower as long as these last longer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcbip.statistics.samples import Array, Samples

EVIDENCE = math.log(1e6)
"""Logarithm of the odds for two states from which on they are believed."""
VALLEY = 0.5
"""Samples in the middle third between two states over those on the emptier side, at most."""
LEAST_DWELL = 4.0
"""Means that a state lasts for on average, at least."""
_SHORTEST = 12  # means of the longest chain, at least
_MOST = 2000  # means that are looked at: more of them would be work for little
_FEWEST = 2  # means in each state, at least
_ORDER = 2  # of the autoregressive noise: slow fluctuations, and what changes from bin to bin
_MIDDLE = 1.0 / 3.0  # of the way from one state to the other that belongs to none

States = NDArray[np.int8]


@dataclass(frozen=True)
class TwoStates:
    """Two states that chains sit in.

    Attributes:
        state: (N,) of every sample, chain after chain: 0 or 1, the state in which the first quantity is
            larger; -1 beside a switch.
        evidence: logarithm of the odds for two states against one.
        to_lower, to_upper: number of switches to the states 0 and 1 within chains.
    """

    state: States
    evidence: float
    to_lower: int
    to_upper: int


def find_two_states(quantities: Array, lengths: Sequence[int]) -> TwoStates | None:
    """Find the two states that chains sit in; None if they sit in one, or it cannot be told.

    Args:
        quantities: (m, N) samples of m quantities that differ between the states, chain after chain, on
            scales on which both states are about as wide (ln(1 + x) of sizes and of numbers).
        lengths: of the chains.
    """
    samples = Samples.stacked([quantities], lengths)
    best: TwoStates | None = None
    size = 1 << max(0, math.ceil(math.log2(samples.total / _MOST)))
    while max(lengths) // size >= _SHORTEST:
        series = _Series.of(samples, size)
        for share in series.splits():
            found = series.believed(share)
            if found is not None and (best is None or found.evidence > best.evidence):
                best = TwoStates(
                    _of_samples(found.state, lengths, size), found.evidence, found.to_lower, found.to_upper
                )
        size *= 2
    return best


@dataclass(frozen=True)
class _Series:
    """Means of neighbouring samples, in units of their standard deviations.

    Attributes:
        values: (m, M); x: (M,) their first principal component, along which states are told apart, growing
            with the first quantity.
        start: (M,) where the chain of each begins.
    """

    values: Array
    x: Array
    start: NDArray[np.int64]

    @classmethod
    def of(cls, samples: Samples, size: int) -> _Series:
        runs = samples.bins(size)
        values = np.concatenate([run.reshape(len(run), -1) for run in runs], axis=1)
        spread = values.std(axis=1, keepdims=True)
        values = (values - values.mean(axis=1, keepdims=True)) / np.where(spread > 0.0, spread, 1.0)
        axis = np.linalg.eigh(values @ values.T)[1][:, -1]
        lengths = [run.shape[2] for run in runs for _ in range(run.shape[1])]
        start = np.repeat(np.cumsum([0, *lengths[:-1]]), lengths)
        return cls(values, values.T @ axis * (1.0 if axis[0] >= 0.0 else -1.0), start)

    def splits(self) -> Iterator[Array]:
        """Yield ways to split the means in two states along x, as `_share`: by the best two clusters, and by
        the best two within either, where one state is rare."""
        if (limit := _two_clusters(self.x)) is None:
            return
        halves = self.x[self.x < limit], self.x[self.x >= limit]
        for one in (limit, *map(_two_clusters, halves)):
            if one is not None:
                yield self._share(one)

    def _share(self, limit: float) -> Array:
        """Return how far every mean is on the way from one state to the other, (M,) from 0 to 1.

        Beyond the middle third x is in a state, and so it is between two such times of one state; between
        those of different states it is under way, at a constant speed.
        """
        upper = self.x >= limit
        low, high = self.x[~upper].mean(), self.x[upper].mean()
        margin = 0.5 * (1.0 - _MIDDLE) * (high - low)
        known = (self.x < low + margin) | (self.x > high - margin)
        place = np.arange(len(self.x))
        last = np.maximum.accumulate(np.where(known, place, -1))
        first = np.minimum.accumulate(np.where(known, place, len(place) - 1)[::-1])[::-1]
        state = upper[np.where(last >= self.start, last, first)]
        known |= (place == self.start) | (np.append(self.start[1:], -1) != self.start)  # ends of chains
        return np.interp(place, place[known], state[known].astype(float))

    def believed(self, share: Array) -> TwoStates | None:
        """Return the states of the means, if they are believed."""
        within = self.start[1:] == self.start[:-1]
        counts = [np.count_nonzero(share == k) for k in (0, 1)]
        if min(counts) < _FEWEST or not self._has_valley(share):
            return None
        known = np.flatnonzero((share == 0.0) | (share == 1.0))
        step = np.where(self.start[known[1:]] == self.start[known[:-1]], np.diff(share[known]), 0.0)
        switches = np.count_nonzero(step)
        if not switches or len(share) < LEAST_DWELL * (switches + len(np.unique(self.start))):
            return None
        if (evidence := self._evidence(share, known, step)) < EVIDENCE:
            return None
        state = np.where((share == 0.0) | (share == 1.0), share, -1.0)
        moves = within & (np.diff(share) != 0.0)
        state[:-1][moves] = -1.0
        state[1:][moves] = -1.0
        to_lower, to_upper = (int(np.count_nonzero(step == sign)) for sign in (-1.0, 1.0))
        return TwoStates(state.astype(np.int8), evidence, to_lower, to_upper)

    def _has_valley(self, share: Array) -> bool:
        for row in self.values:
            low, high = np.median(row[share == 0.0]), np.median(row[share == 1.0])
            if low == high:
                return False
            third = (row - low) / (_MIDDLE * (high - low))  # 0 to 3 from one state to the other
            middle = np.count_nonzero(np.abs(third - 1.5) < 0.5)
            sides = (np.count_nonzero(np.abs(third - side) < 0.5) for side in (0.0, 3.0))
            if middle >= VALLEY * min(sides):
                return False
        return True

    def _evidence(self, share: Array, known: NDArray[np.int64], step: Array) -> float:
        """Return the logarithm of the odds for two states against one.

        Args:
            share: of the way from one state to the other.
            known: where it is 0 or 1; step: what it changes by from each of these places to the next.
        """
        follows = self.start[_ORDER:] == self.start[:-_ORDER]
        low, high = (self.x[share == k].mean() for k in (0.0, 1.0))
        one = _unexplained(self.x - self.x.mean(), follows)
        two = _unexplained(self.x - low - (high - low) * share, follows)
        number = np.count_nonzero(follows)
        odds = 0.5 * number * math.log(one / two) if two > 0.0 else 0.0
        for state, sign in ((0.0, 1.0), (1.0, -1.0)):
            there, left = np.count_nonzero(share == state), np.count_nonzero(step == sign)
            rate = (left + 0.5) / (there + 1.0)
            odds += left * math.log(rate) + (there - left) * math.log1p(-rate)
        under_way = np.diff(known)[step != 0.0]
        odds -= float(np.log(under_way * (under_way + 1.0)).sum())
        return float(odds - 1.5 * math.log(number))


def _unexplained(deviation: Array, follows: NDArray[np.bool_]) -> float:
    """Return the sum of squares that an autoregression of order `_ORDER` leaves."""
    past = np.stack([deviation[_ORDER - k : -k] for k in range(1, _ORDER + 1)], axis=1)[follows]
    present = deviation[_ORDER:][follows]
    return float(np.square(present - past @ np.linalg.lstsq(past, present, rcond=None)[0]).sum())


def _two_clusters(x: Array) -> float | None:
    """Return the limit between two clusters of x for which the squared deviations within them are least;
    None where there are none (one-dimensional 2-means, exactly)."""
    ordered = np.sort(x)
    if len(x) < 2 * _FEWEST or ordered[0] == ordered[-1]:
        return None
    total = np.cumsum(ordered)
    below = np.arange(1, len(x))
    above = len(x) - below
    apart = total[:-1] / below - (total[-1] - total[:-1]) / above
    best = int((apart**2 * below * above).argmax())
    return float(0.5 * (ordered[best] + ordered[best + 1]))


def _of_samples(state: States, lengths: Sequence[int], size: int) -> States:
    """Return the states of samples from those of their means; -1 for samples that fill no mean."""
    parts, end = [], 0
    for length in lengths:
        start, end = end, end + length // size
        parts += [np.full(length % size, -1, dtype=np.int8), np.repeat(state[start:end], size)]
    return np.concatenate(parts)
