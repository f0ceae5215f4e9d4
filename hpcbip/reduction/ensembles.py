"""The bins of one ensemble, and what they are reduced to (`hpcbip.reduction.estimates` leads from one to the
other)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.models import Lattice, get_lattice, tell_axes_apart
from hpcbip.statistics import LineFit, Summary
from hpcbip.statistics.binning import Array
from hpcbip.vocabulary.entries import Observable
from hpcbip.vocabulary.observables import sector_observable
from hpcbip.vocabulary.parameters import FACTOR_KEYS, FURTHER_PHONONS
from hpcbip.vocabulary.sectors import SECTORS

if TYPE_CHECKING:
    from hpcbip.reduction.displacement import DisplacementFit

MIN_BINS = 4  # fewer cannot have an error
DISPERSION_LAGS = (3, 6)  # lags, counted from 1, between which the decay of a wave gives the dispersion


@dataclass(frozen=True)
class TcSettings:
    """How Tc follows from mass and size, see `hpcbip.superconductivity.tc`; density of pairs, None where they
    touch."""

    prefactor: float | str | None = None
    omega_meV: float | None = None
    density: float | None = None


@dataclass(frozen=True)
class EnsembleBins:
    """The bins of one ensemble, or means of them, for analysis.

    Attributes:
        sector: "polaron" or "bipolaron".
        parameters: of the ensemble, at least lattice, t, omega, beta.
        columns: names of the columns.
        chains: per chain an array (rows, columns) of double or single precision; chains may have different
            lengths.
        lags: (K,) time differences of the columns displacement2[1..K].
        bins_per_row: 1, or the bins that each row is the mean of.
        rows_per_sample: rows whose mean is one sample; rows that do not fill one are left out at the start of
            the chain.
    """

    sector: str
    parameters: Mapping[str, Any]
    columns: Sequence[str]
    chains: Sequence[Array] | Sequence[NDArray[np.float32]]
    lags: Array
    bins_per_row: int = 1
    rows_per_sample: int = 1

    @property
    def lengths(self) -> tuple[int, ...]:
        """Samples of the chains that have any."""
        return tuple(n for chain in self.chains if (n := len(chain) // self.rows_per_sample))

    @property
    def samples(self) -> int:
        """Number of samples, over all chains."""
        return sum(self.lengths)

    @property
    def bins_per_sample(self) -> int:
        """Bins that each sample is the mean of."""
        return self.bins_per_row * self.rows_per_sample

    @property
    def bins(self) -> int:
        """Number of bins that are analysed, over all chains."""
        return self.samples * self.bins_per_sample

    @cached_property
    def rows(self) -> Array:
        """All columns, (samples, columns), chain after chain."""
        rows = np.concatenate(
            [chain[len(chain) % self.rows_per_sample :] for chain in self.chains if len(chain)]
        )
        if self.rows_per_sample == 1:
            return rows.astype(np.float64, copy=False)
        means = np.add(rows[:: self.rows_per_sample], rows[1 :: self.rows_per_sample], dtype=np.float64)
        for k in range(2, self.rows_per_sample):
            means += rows[k :: self.rows_per_sample]
        return means / self.rows_per_sample

    def table(self, names: Sequence[str]) -> Array:
        """Return these columns, (names, samples), chain after chain.

        Raises:
            InputError: if a column is missing: the bins are another version's.
        """
        return np.ascontiguousarray(self.rows[:, _column_numbers(tuple(self.columns), tuple(names))].T)


@cache
def _column_numbers(columns: tuple[str, ...], names: tuple[str, ...]) -> NDArray[np.int64]:
    missing = [name for name in names if name not in columns]
    if missing:
        raise InputError(f"the bins have no column {missing[0]}: they were made by another version of hpcbip")
    return np.array([columns.index(name) for name in names], dtype=np.int64)


@dataclass(frozen=True)
class State:
    """One of two states that the chains of an ensemble sit in.

    Attributes:
        reduced: the bins in that state, without those beside a switch.
        share: summary of the share of all samples that are in it.
        switches: number of switches to it within chains.
    """

    reduced: Reduced
    share: Summary
    switches: int


@dataclass(frozen=True)
class Reduced:
    """Observables of one ensemble, their analysis, and what its figures show.

    Attributes:
        names, values: the observables; `unresolved` are those of the dispersion whose wave has decayed into
            its noise.
        summary: errors, times, verdicts and checks of all of them, in their order, then of auxiliary ones;
            None with too few bins.
        fit, lags: the fit of the mass to the displacement curve, and the lags (1/energy) it has seen.
        mass_discrepancy: difference of the two estimators of the mass, in its standard errors.
        checked: indices of energy, mass and size, whose checks speak for the ensemble.
        sector, parameters, bins, chains: what it is, and how much of it there is.
        replicates: (blocks, 2) mass and R² of a pair without one block of bins each.
        curve_lags, curve, curve_err: (K,) the displacement curve; slope_lags: (2,) where `diffusion` takes
            its slope.
        pair_weight, pair_weight_err: P(r1 - r2) on a box of displacements, 0 in the middle, shape (2b+1,)*d.
            These and the curve are there if details were asked for.
        states: the two states that the chains sit in, that with fewer phonons first; () for one state.
    """

    names: tuple[str, ...] = ()
    values: Array = field(default_factory=lambda: np.empty(0))
    summary: Summary | None = None
    fit: LineFit | None = None
    lags: Array = field(default_factory=lambda: np.empty(0))
    mass_discrepancy: float = math.nan
    unresolved: frozenset[str] = frozenset()
    checked: tuple[int, ...] = ()
    sector: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bins: int = 0
    chains: int = 0
    replicates: Array | None = None
    curve_lags: Array = field(default_factory=lambda: np.empty(0))
    curve: Array = field(default_factory=lambda: np.empty(0))
    curve_err: Array = field(default_factory=lambda: np.empty(0))
    slope_lags: Array = field(default_factory=lambda: np.empty(0))
    pair_weight: Array | None = None
    pair_weight_err: Array | None = None
    states: tuple[State, ...] = ()

    def index(self, observable: Observable | str) -> int:
        """Return where an observable is among the values.

        Raises:
            ValueError: if it is not known.
        """
        return self.names.index(observable if isinstance(observable, str) else observable.name)

    @property
    def window_systematic(self) -> float | None:
        """Relative systematic error of the mass from the window of the displacement curve.

        It consists of that of the fit, from the model average over windows, and of the difference of the two
        estimators, which use different windows, as far as it exceeds its own standard error.
        """
        if self.fit is None or not self.fit.slope > 0.0:
            return None
        mass, fitted = (
            self.values[self.index(sector_observable(quantity, self.sector))]
            for quantity in ("mass", "mass_fit")
        )
        excess = math.sqrt(max(0.0, 1.0 - 1.0 / max(self.mass_discrepancy, 1.0) ** 2)) * abs(
            fitted / mass - 1.0
        )
        return math.hypot(self.fit.slope_systematic / self.fit.slope, excess)


@dataclass(frozen=True)
class BoundEnsemble:
    """What the functions know of an ensemble besides the means of its columns.

    Attributes:
        sector, parameters: of the ensemble.
        lags: (K,) of the displacement curve and of the waves.
        tc: how Tc follows from mass and size.
        displacement: the fit to the displacement curve, if there is one.
    """

    sector: str
    parameters: Mapping[str, Any]
    lags: Array
    tc: TcSettings
    displacement: DisplacementFit | None

    @cached_property
    def lattice(self) -> Lattice:
        """The lattice of the model."""
        return get_lattice(self.parameters["lattice"])

    @cached_property
    def dimension(self) -> int:
        """Dimension of space."""
        return self.lattice.dimension

    @cached_property
    def mass_unit(self) -> float:
        """Mass times energy: 1 over the unit in which masses are quoted."""
        return SECTORS[self.sector].mass_factor * float(self.parameters["t"])

    @cached_property
    def anisotropic(self) -> bool:
        """Whether there is a mass of its own along every primitive vector: they are at right angles, and
        differ by factors of t, g or Ω, in the lengths of their bonds, or by what may be in the cell."""
        lengths2 = np.diag(self.lattice.metric)
        stretched = self.lattice.hypercubic and not np.allclose(lengths2, lengths2[0])
        differ = not self.lattice.is_bravais or any(self.parameters.get(key) for key in FACTOR_KEYS)
        differ = differ or tell_axes_apart(self.parameters.get(FURTHER_PHONONS.name) or "")
        return self.lattice.orthogonal and (stretched or differ)

    @cached_property
    def wave_time(self) -> float:
        """Imaginary time over which the decay of a wave is taken."""
        first, last = DISPERSION_LAGS
        return float(self.lags[last - 1] - self.lags[first - 1])
