"""The straight part of the displacement curve ⟨|R(τ+lag) - R(τ)|²⟩, whose slope gives a mass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcbip.reduction.ensembles import EnsembleBins
from hpcbip.statistics import LineFit, fit_lines_past_transient, gamma_method
from hpcbip.statistics.binning import Array
from hpcbip.statistics.samples import Samples

ALL_LAGS = 8  # lags up to which all are fitted
LONGEST = (
    0.5  # longest lag of a fit over that of the curve: beyond, a path holds hardly one independent sample
)
LEAST_LAGS = 3
LEAST_SAMPLES = 10  # samples beyond the number of lags that a covariance of the curve needs


@dataclass(frozen=True)
class DisplacementFit:
    """The fit of a straight line to a displacement curve.

    Attributes:
        fit: the fit.
        lags: (K,) the lags that it has seen.
        columns: (K,) names of their columns.
        tau: mean autocorrelation time of the columns in samples.
    """

    fit: LineFit
    lags: Array
    columns: tuple[str, ...]
    tau: float


def displacement_columns(numbers: Sequence[int] | range) -> tuple[str, ...]:
    """Return the names of the columns of the displacement curve at these lags, counted from 0."""
    return tuple(f"displacement2[{k + 1}]" for k in numbers)


def fit_displacements(ensembles: Sequence[EnsembleBins]) -> list[DisplacementFit | None]:
    """Fit the displacement curves of ensembles whose chains are as long.

    Returns:
        one fit per ensemble; None where there are too few samples.
    """
    lags = [_fitted_lags(data) for data in ensembles]
    names = [displacement_columns([int(k) for k in own]) for own in lags]
    if not any(names):
        return [None] * len(ensembles)
    tables = [data.table(columns) for data, columns in zip(ensembles, names, strict=True) if columns]
    samples = Samples.together(tables, ensembles[0].lengths)
    taus = gamma_method(samples).tau
    fits: list[DisplacementFit | None] = [None] * len(ensembles)
    same_lags: dict[bytes, list[_Curve]] = {}
    end = 0
    for k, (data, own, columns) in enumerate(zip(ensembles, lags, names, strict=True)):
        start, end = end, end + len(own)
        which = slice(start, end)
        if not columns:
            continue
        curve = _Curve(k, data.lags[own], columns, max(0.5, float(np.mean(taus[which]))), samples, which)
        if np.all(np.diag(curve.covariance) > 0.0):
            same_lags.setdefault(curve.lags.tobytes(), []).append(curve)
    for members in same_lags.values():
        y, covariance = np.stack([c.y for c in members]), np.stack([c.covariance for c in members])
        worth = np.array([c.worth for c in members])
        for c, fit in zip(
            members, fit_lines_past_transient(members[0].lags, y, covariance, worth), strict=True
        ):
            fits[c.ensemble] = DisplacementFit(fit, c.lags, c.columns, c.tau)
    return fits


def _fitted_lags(data: EnsembleBins) -> NDArray[np.int64]:
    """Return the numbers of the lags that are fitted, none with too few samples."""
    lags: NDArray[np.int64] = np.arange(len(data.lags), dtype=np.int64)
    if len(data.lags) > ALL_LAGS:
        lags = np.flatnonzero(data.lags <= LONGEST * data.lags.max())
    return lags if data.samples >= len(lags) + LEAST_SAMPLES and len(lags) >= LEAST_LAGS else lags[:0]


class _Curve:
    """Means of a displacement curve, their covariance, and what the samples are worth in independent ones."""

    def __init__(
        self,
        ensemble: int,
        lags: Array,
        columns: tuple[str, ...],
        tau: float,
        samples: Samples,
        which: slice,
    ) -> None:
        deviation, n = samples.deviation[which], samples.total
        self.ensemble, self.lags, self.columns, self.tau = ensemble, lags, columns, tau
        self.y = samples.mean[which]
        self.covariance = deviation @ deviation.T * (2.0 * tau / ((n - 1.0) * n))
        self.worth = max(len(lags) + 2, int(n / (2.0 * tau)))
