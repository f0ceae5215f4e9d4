"""How often intervals hold the truth: counting, limits for finite counts, and the rows of the tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

NOMINAL = (0.6827, 0.9545)  # value ± error, value ± 2 errors
ALLOWED = (0.03, 0.02)  # what the coverage may be off by
ALARM = 1e-3  # probability of a false alarm when the coverage is off by just that


@dataclass(frozen=True)
class Coverage:
    """Of `number` intervals these many hold the truth, at one and at two errors."""

    number: int
    inside: tuple[int, int]

    @classmethod
    def of(cls, z: np.ndarray) -> Coverage:
        """From deviations in units of their error."""
        return cls(len(z), (int(np.sum(np.abs(z) < 1.0)), int(np.sum(np.abs(z) < 2.0))))

    def outside_limits(self) -> bool:
        """Is the coverage off by more than allowed? Counts that could be chance (`ALARM`) are not held
        against it."""
        for count, nominal, allowed in zip(self.inside, NOMINAL, ALLOWED, strict=True):
            if count < binom.ppf(ALARM, self.number, nominal - allowed):
                return True
            if count > binom.isf(ALARM, self.number, min(1.0, nominal + allowed)):
                return True
        return False

    def __str__(self) -> str:
        if not self.number:
            return f"{0:6d}"
        rates = [count / self.number for count in self.inside]
        noise = [np.sqrt(rate * (1.0 - rate) / self.number) for rate in rates]
        percent = (f"{100 * r:5.1f} ± {100 * e:3.1f}" for r, e in zip(rates, noise, strict=True))
        return f"{self.number:6d} " + "  ".join(percent)
