"""Bins with known means, errors and autocorrelation, in the kernel's columns."""

from __future__ import annotations

import zlib

import numpy as np

from hpcbip.campaign.plan import Plan
from hpcbip.qmc import columns, lags
from hpcbip.reduction.ensembles import EnsembleBins
from tests.statistics.ar1 import ar1

CONFIG = """
name: synthetic
seed: 1
model: {lattice: square, coupling: bond, t: 1.0}
grid: {omega: [1.5], lambda: [0.5, 0.7], U: [8.0]}
sampling: {beta: 60}
"""
CLOUD = {"distortion": -0.5, "modulation": 0.4, "modulation2": 1.2, "sign_change": 0.1}
POLARON = {"energy": -4.5, "diffusion": 2.0, "phonons": 0.3, "bare_hops": 3.0, "assisted_hops": 1.0, **CLOUD}
BIPOLARON = {
    "energy": -9.6,
    "diffusion": 0.4,
    "phonons": 1.2,
    "bare_hops": 5.0,
    "assisted_hops": 3.0,
    "pair_distance2": 6.0,
    "potential": 0.2,
    "pair_weight[0,0]": 0.1,
    **CLOUD,
    **{f"{name}_between": 0.5 * value for name, value in CLOUD.items()},
    "bonds_between": 0.5,
}
ERRORS = {"energy": 0.2, "diffusion": 0.04, "pair_distance2": 0.9}  # standard deviation of a bin
TRANSIENT = 0.7


def sector_bins(
    plan: Plan,
    sector: str,
    *,
    point: int = 0,
    chains: int = 4,
    bins: int = 64,
    tau: float = 0.5,
    seed: int = 1,
    means: dict[str, float] | None = None,
) -> EnsembleBins:
    """Bins of one ensemble of a plan: stationary AR(1) noise of time `tau` on known means."""
    identity = plan.points[point].ensembles[sector]
    record = plan.ensembles[identity]
    ensemble = record.build()
    names, times = columns(ensemble), lags(ensemble)
    mean = {**(BIPOLARON if sector == "bipolaron" else POLARON), **(means or {})}
    centre, width = np.zeros(len(names)), np.full(len(names), 0.01)
    for i, name in enumerate(names):
        centre[i] = mean.get(name, 0.0)
        width[i] = ERRORS.get(name, 0.01)
    first = names.index("displacement2[1]")
    centre[first : first + len(times)] = mean["diffusion"] * times + TRANSIENT * (1.0 - np.exp(-times))
    width[first : first + len(times)] = 0.01 * times
    # numbers of its own for each column: those that come later leave the others alone
    streams = (np.random.default_rng([seed, zlib.crc32(name.encode())]) for name in names)
    columns_of_chains = zip(*(ar1(rng, tau, chains, bins, 1) for rng in streams), strict=True)
    noise = [np.hstack(parts) for parts in columns_of_chains]
    return EnsembleBins(sector, record.parameters, names, [centre + width * x for x in noise], times)
