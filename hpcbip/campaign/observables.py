"""From the bins of one ensemble to its observables: values, errors, autocorrelation times, and what was checked.

Everything is a function of the means of the bins' columns and goes through the delete-one jackknife, whose
pseudo-values are analysed like plain samples (`hpcbip.statistics`). Times X_tau are in bins. Masses: 2 t d/diffusion
for one electron (m_e = 1/(2t)), t d/diffusion for the pair (m0 = 1/t), with diffusion the rate of ⟨ΔR²⟩ in imaginary
time (PHYSICS.md section 2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hpcbip.errors import InputError
from hpcbip.models import get_lattice
from hpcbip.statistics import (
    LineFit,
    Summary,
    fit_line_past_transient,
    gamma_method,
    jackknife,
    pooled_mean,
    rebin,
    summarise,
)
from hpcbip.statistics.binning import Array, Chains
from hpcbip.superconductivity import in_kelvin, prefactor, radius2, transition_temperature

from .extras import Extras

SECTORS = {
    "polaron": (
        "E_polaron", "mass_polaron", "mass_polaron_fit", "phonons_polaron", "bare_hops_polaron",
        "assisted_hops_polaron",
    ),
    "bipolaron": (
        "E_bipolaron", "mass_bipolaron", "mass_bipolaron_fit", "phonons_bipolaron", "bare_hops_bipolaron",
        "assisted_hops_bipolaron", "pair_distance2", "radius2", "potential", "contact", "tc_over_omega", "tc_kelvin",
    ),
}  # fmt: skip
"""Observables of each sector, in the order of the tables; binding_energy needs both."""

MIN_BINS = 4  # fewer cannot have an error
BLOCKS = 48  # of the replicates for functions of several points


@dataclass(frozen=True)
class TcSettings:
    """How Tc follows from mass and size, see `hpcbip.superconductivity.tc`; density of pairs, None where they touch."""

    prefactor: float | str | None = None
    omega_meV: float | None = None
    density: float | None = None


@dataclass(frozen=True)
class EnsembleBins:
    """The bins of one ensemble.

    Attributes:
        sector: "polaron" or "bipolaron".
        parameters: at least lattice, t, omega, beta.
        columns: names of the columns.
        chains: per chain an array (rows, columns); chains may have different lengths.
        lags: (K,) time differences of the columns displacement2[1..K].
        bins_per_row: 1, or the bins that each row is the mean of.
    """

    sector: str
    parameters: Mapping[str, Any]
    columns: Sequence[str]
    chains: Chains
    lags: Array
    bins_per_row: int = 1

    @property
    def rows(self) -> int:
        """Number of rows, over all chains."""
        return sum(len(chain) for chain in self.chains)

    @property
    def bins(self) -> int:
        """Number of bins, over all chains."""
        return self.rows * self.bins_per_row

    def pick(self, names: Sequence[str]) -> list[Array]:
        """The chains that have bins, with these columns only.

        Raises:
            InputError: if a column is not there: the bins are another version's.
        """
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise InputError(f"the bins have no column {missing[0]}: they were made by another version of hpcbip")
        where = [self.columns.index(name) for name in names]
        return [chain[:, where] for chain in self.chains if len(chain)]


@dataclass(frozen=True)
class Reduced:
    """Observables of one ensemble, their analysis, and what its figures show.

    Attributes:
        names, values: the observables; `unresolved` are those of the dispersion whose wave has decayed into its noise.
        summary: errors, times, verdicts and checks of all of them; None with too few bins.
        fit, lags: the fit of the mass to the displacement curve, and the lags (1/energy) it has seen.
        mass_discrepancy: difference of the two estimators of the mass, in its standard errors.
        judged: indices of energy, mass and size, whose checks speak for the ensemble.
        sector, parameters, bins, chains: what it is, and how much of it there is.
        replicates: (blocks, 2) mass and R² of a pair without one block of bins each.
        curve_lags, curve, curve_err: (K,) the displacement curve; slope_lags: (2,) where `diffusion` takes its slope.
        pair_weight, pair_weight_err: P(r1 - r2) on a box of displacements, 0 in the middle, shape (2b+1,)*d. These and
            the curve are there if details were asked for.
    """

    names: tuple[str, ...] = ()
    values: Array = field(default_factory=lambda: np.empty(0))
    summary: Summary | None = None
    fit: LineFit | None = None
    lags: Array = field(default_factory=lambda: np.empty(0))
    mass_discrepancy: float = math.nan
    unresolved: frozenset[str] = frozenset()
    judged: tuple[int, ...] = ()
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

    @property
    def window_systematic(self) -> float | None:
        """Relative systematic error of the mass from the window of the displacement curve.

        That of the fit, from the model average over windows, and the difference of the two estimators, which look at
        different windows, as far as it exceeds its own standard error.
        """
        if self.fit is None or not self.fit.slope > 0.0:
            return None
        mass, fitted = (self.values[self.names.index(f"mass_{self.sector}{which}")] for which in ("", "_fit"))
        excess = math.sqrt(max(0.0, 1.0 - 1.0 / max(self.mass_discrepancy, 1.0) ** 2)) * abs(fitted / mass - 1.0)
        return math.hypot(self.fit.slope_systematic / self.fit.slope, excess)


def fit_displacement(data: EnsembleBins) -> tuple[LineFit, Array, list[str], float] | None:
    """The straight part of ⟨|R(τ+lag)-R(τ)|²⟩: fit, lags used, their columns, and the autocorrelation time in rows.

    None with too few bins for it. Lags up to half the longest one: beyond, a path holds hardly one independent sample.
    """
    take = np.flatnonzero(data.lags <= 0.5 * data.lags.max()) if len(data.lags) > 8 else np.arange(len(data.lags))
    names = [f"displacement2[{k + 1}]" for k in take]
    if data.rows < len(take) + 10 or len(take) < 3:
        return None
    chains = data.pick(names)
    tau = max(0.5, float(np.mean(gamma_method(chains).tau)))
    rows = np.concatenate(chains)
    covariance = np.cov(rows.T) * 2.0 * tau / len(rows)
    samples = max(len(take) + 2, int(len(rows) / (2.0 * tau)))
    if not np.all(np.diag(covariance) > 0.0):
        return None
    lags = data.lags[take]
    return fit_line_past_transient(lags, rows.mean(axis=0), covariance, samples), lags, names, tau


def reduce_ensemble(data: EnsembleBins, tc: TcSettings | None = None, details: bool = False) -> Reduced:
    """Values, errors and verdicts of all observables of one sector (`SECTORS`); empty below `MIN_BINS` bins.

    Args:
        data: its bins.
        tc: how Tc is worked out.
        details: with the displacement curve and P(r), for figures.

    Raises:
        InputError: if the bins lack a column: they are another version's.
    """
    known: dict[str, Any] = {"sector": data.sector, "parameters": data.parameters, "bins": data.bins}
    known["chains"] = len(data.chains)
    if data.rows < MIN_BINS:
        return Reduced(**known)
    tc = tc or TcSettings()
    pair = data.sector == "bipolaron"
    lattice = get_lattice(data.parameters["lattice"])
    d, t, omega = lattice.dimension, float(data.parameters["t"]), float(data.parameters["omega"])
    unit = (1.0 if pair else 2.0) * t
    factor = prefactor(tc.prefactor, d)
    fitted = fit_displacement(data)
    used = ["energy", "diffusion", "phonons", "bare_hops", "assisted_hops"]
    extras = Extras.of(data.sector, data.parameters)
    if pair:
        used += ["pair_distance2", "potential", f"pair_weight[{','.join('0' * d)}]"]
    first_lag = len(used)
    used += fitted[2] if fitted else []
    first_extra = len(used)
    used += list(extras.columns)

    def observables(means: Array) -> Array:
        energy, diffusion, phonons, bare, assisted = np.moveaxis(means[..., :5], -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mass = unit * d / diffusion
            slope = means[..., first_lag:first_extra] @ fitted[0].weights if fitted else mass * np.nan
            mass_fit = unit * d / slope
            further = extras.observables(means[..., first_extra:], unit, data.lags)
        columns = [energy, mass, mass_fit, phonons, bare, assisted]
        if pair:
            distance2, potential, contact = np.moveaxis(means[..., 5:8], -1, 0)
            r2 = radius2(distance2)
            # of an anisotropic pair the geometric mean of its masses counts: it is the one in the density of states
            average = further[..., extras.masses].prod(axis=-1) ** (1.0 / d) if extras.anisotropic else mass
            ratio = transition_temperature(average / unit, r2, d, factor, tc.density) / omega
            kelvin = ratio * np.nan if tc.omega_meV is None else in_kelvin(ratio, tc.omega_meV)
            columns += [distance2, r2, potential, contact, ratio, kelvin]
        # the last two: do the estimators of the mass agree? and Tc on the branch R² > 1, whatever R² is
        hidden = [mass - mass_fit, ratio * np.maximum(r2, 1.0) / r2 if pair else mass]
        return np.concatenate([np.stack(columns, axis=-1), further, np.stack(hidden, axis=-1)], axis=-1)

    chains = data.pick(used)
    result = jackknife(observables, chains)
    summary = summarise(result.pseudo[0]).in_bins(data.bins_per_row)
    names = SECTORS[data.sector]
    if pair and d > 1 and tc.density is None:
        summary = _near_the_kink(summary, result.value, names)
    discrepancy = abs(result.value[-2]) / summary.error[-2] if summary.error[-2] > 0.0 else math.nan
    return Reduced(
        (*names, *extras.names), result.value[:-2], summary, fitted[0] if fitted else None,
        fitted[1] if fitted else np.empty(0), float(discrepancy),
        extras.unresolved(summary.error[len(names) : -2], data.lags),
        tuple(names.index(name) for name in (f"E_{data.sector}", f"mass_{data.sector}", "radius2") if name in names),
        replicates=_replicates(chains, observables, names) if pair else None,
        **known, **(_details(data, fitted[3] if fitted else 0.5) if details else {}),
    )  # fmt: skip


def _near_the_kink(summary: Summary, value: Array, names: Sequence[str]) -> Summary:
    """The density saturates at R² = 1. Where R² cannot be told from 1 the jackknife of Tc sees one branch only, below 1
    that without the error of R²; the larger error and the fewer independent samples of the two branches count."""
    r2, ratio, kelvin = (names.index(name) for name in ("radius2", "tc_over_omega", "tc_kelvin"))
    if not abs(value[r2] - 1.0) < summary.error[r2]:
        return summary
    error, independent, verdict = summary.error.copy(), summary.independent.copy(), summary.verdict.copy()
    scale = np.fmax(1.0, error[-1] / error[ratio])
    for i in (ratio, kelvin):
        error[i] *= scale
        independent[i], verdict[i] = min(independent[i], independent[-1]), max(verdict[i], verdict[-1])
    return replace(summary, error=error, independent=independent, verdict=verdict)


def _blocks(chains: Chains) -> Array:
    """(blocks, columns) means over about `BLOCKS` equal stretches of the chains; fewer if the chains are short."""
    total, longest = sum(map(len, chains)), max(map(len, chains))
    return np.concatenate([rebin(chain, min(longest, max(1, total // BLOCKS))) for chain in chains])


def _replicates(chains: Chains, observables: Any, names: Sequence[str]) -> Array:
    """(blocks, 2) mass and R² without one block each."""
    rows = _blocks(chains)
    if len(rows) < 2:
        return np.empty((0, 2))
    mean = rows.mean(axis=0)
    without = observables(mean + (mean - rows) / (len(rows) - 1.0))
    return np.asarray(without[:, [names.index("mass_bipolaron"), names.index("radius2")]])


def _details(data: EnsembleBins, tau: float) -> dict[str, Any]:
    """The displacement curve, and P(r) of a pair."""
    from hpcbip.qmc.measure import SLOPE_FROM, SLOPE_TO  # here, because it compiles

    curve = data.pick([f"displacement2[{k + 1}]" for k in range(len(data.lags))])
    rows = np.concatenate(curve)
    found: dict[str, Any] = {
        "curve_lags": data.lags, "curve": pooled_mean(curve),
        "curve_err": rows.std(axis=0, ddof=1) * math.sqrt(2.0 * tau / len(rows)),
        "slope_lags": data.lags[[SLOPE_FROM - 1, SLOPE_TO - 1]],
    }  # fmt: skip
    weights = [name for name in data.columns if name.startswith("pair_weight[")]
    if weights:
        d = weights[0].count(",") + 1
        shape = (round(len(weights) ** (1.0 / d)),) * d
        chains = data.pick(weights)
        blocks = _blocks(chains)
        found["pair_weight"] = pooled_mean(chains).reshape(shape)
        error = blocks.std(axis=0, ddof=min(1, len(blocks) - 1)) / math.sqrt(len(blocks))
        found["pair_weight_err"] = error.reshape(shape)
    return found
