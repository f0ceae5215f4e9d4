"""Statistical comparison with exact numbers, at a stated false-alarm rate, two-sided in the errors too.

Every seed is one independent chain: its mean and the standard error of its (few, long) bins give a Student-t
variable with bins - 1 degrees of freedom, which is mapped to the normal variable z of the same probability.
Over the seeds the z of one observable have to be N(0, 1):

- their mean, times √seeds, is a z-score: wrong values show here;
- their sum of squares is χ² with as many degrees of freedom as seeds: errors that are too small or too large
  show here;
- their distribution is compared with N(0, 1) by Kolmogorov and Smirnov's test.

The observables of a case are correlated with each other but not the seeds, so Bonferroni's bound holds: with
`FALSE_ALARM` for a whole case, each of its tests (three per observable, all two-sided) gets an equal part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats
from scipy.special import ndtri, stdtr

FALSE_ALARM = 1e-4  # of one case


def z_scores(chains: Sequence[np.ndarray], exact: float) -> np.ndarray:
    """Return z of every chain of bins, shape (seeds,)."""
    sizes = np.array([len(bins) for bins in chains])
    errors = np.array([bins.std(ddof=1) for bins in chains]) / np.sqrt(sizes)
    t = (np.array([bins.mean() for bins in chains]) - exact) / errors
    return -np.sign(t) * ndtri(stdtr(sizes - 1, -np.abs(t)))  # by the tail, for precision


def compare(chains: Mapping[str, Sequence[np.ndarray]], exact: Mapping[str, float]) -> str:
    """Return an empty string if every observable in `exact` agrees, otherwise a table of all of them."""
    threshold = FALSE_ALARM / (3 * len(exact))
    lines, failed = [], False
    for name, value in exact.items():
        z = z_scores(chains[name], value)
        shift = z.mean() * np.sqrt(len(z))
        p_shift = 2 * stats.norm.sf(abs(shift))
        chi2 = float(np.sum(z**2))
        p_width = 2 * min(stats.chi2.sf(chi2, len(z)), stats.chi2.cdf(chi2, len(z)))
        p_shape = float(stats.kstest(z, "norm").pvalue)
        bad = not min(p_shift, p_width, p_shape) > threshold
        failed |= bad
        mean = np.mean([bins.mean() for bins in chains[name]])
        lines.append(
            f"{'BAD ' if bad else '    '}{name:24s} exact {value:11.6f}  mean {mean:11.6f}  z {shift:6.2f} "
            f"(p {p_shift:.1e})  chi2/{len(z)} {chi2 / len(z):5.2f} (p {p_width:.1e})  KS p {p_shape:.1e}"
        )
    return "\n".join(["", *lines]) if failed else ""
