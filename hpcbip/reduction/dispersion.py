"""Observables that depend on the lattice: the dispersion, and the masses along the axes of anisotropic
models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from hpcbip.models import MOMENTUM_PERIOD, get_lattice
from hpcbip.statistics.binning import Array

WAVE_LAGS = (3, 6)  # lags between which the decay of a wave gives the dispersion
NOISE = 0.3  # error of the logarithm of a wave's decay above which an energy is not resolved


@dataclass(frozen=True)
class Extras:
    """Observables beyond those of every model, from columns of their own.

    dispersion_X[k] is E(K_k) - E(0) of sector X at the momenta K_k of the kernel (docs/method.md), from the
    decay of cos K·ΔR between two lags beyond the internal relaxation; mass_X_dispersion is the mass that the
    smallest of them gives, (1 - cos φ) G⁻¹₁₁/ΔE with its phase φ per primitive vector and the metric G. On
    anisotropic lattices with orthogonal primitive vectors mass_X[a] is the mass along vector a.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    momenta: int
    stiffness: float
    anisotropic: bool

    @classmethod
    def of(cls, sector: str, parameters: Mapping[str, Any]) -> Extras:
        """What the bins of an ensemble with these parameters hold."""
        return cls._of(
            sector, parameters["lattice"], any(parameters.get(key) for key in ("t_factors", "g_factors"))
        )

    @classmethod
    @cache
    def _of(cls, sector: str, name: str, factors: bool) -> Extras:
        lattice = get_lattice(name)
        momenta = len(lattice.momenta)
        anisotropic = lattice.orthogonal and factors
        names = [f"mass_{sector}_dispersion", *(f"dispersion_{sector}[{k + 1}]" for k in range(momenta))]
        columns = [f"wave[{k},{lag}]" for lag in WAVE_LAGS for k in range(momenta)]
        if anisotropic:
            names += [f"mass_{sector}[{a + 1}]" for a in range(lattice.dimension)]
            columns += [f"diffusion[{a}]" for a in range(lattice.dimension)]
        phase = 2.0 * math.pi / MOMENTUM_PERIOD * float(lattice.momenta[0, 0])
        stiffness = float((1.0 - math.cos(phase)) * np.linalg.inv(lattice.metric)[0, 0])
        return cls(tuple(names), tuple(columns), momenta, stiffness, anisotropic)

    @property
    def masses(self) -> slice:
        """Where the masses along the primitive vectors are among the observables."""
        return slice(1 + self.momenta, None)

    def unresolved(self, errors: Array, lags: Array) -> frozenset[str]:
        """Names of the energies E(K) - E(0) whose logarithm of a wave has an error above `NOISE`: it is
        biased then."""
        first, last = WAVE_LAGS
        noise = errors[1 : 1 + self.momenta] * (lags[last - 1] - lags[first - 1])
        return frozenset(name for name, x in zip(self.names[1:], noise, strict=False) if not x < NOISE)

    def observables(self, means: Array, unit: float, lags: Array) -> Array:
        """The observables, shape (..., number), from the means of the columns, with masses in the given
        unit."""
        early, late = means[..., : self.momenta], means[..., self.momenta : 2 * self.momenta]
        first, last = WAVE_LAGS
        energies = np.log(early / late) / (lags[last - 1] - lags[first - 1])
        masses = unit / means[..., 2 * self.momenta :]
        return np.concatenate([unit * self.stiffness / energies[..., :1], energies, masses], axis=-1)
