"""What a Markov chain samples, and the columns of the bins it produces."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import BULK_EDGE, Lattice, Model
from hpcbip.qmc.cycle import UPDATES
from hpcbip.qmc.estimators.measure import SCALARS
from hpcbip.qmc.kernel.parameters import BOX, LAGS, WAVE_LAGS, kernel_parameters
from hpcbip.qmc.kernel.path import half_range

PAIR_SCALARS = ("pair_distance2", "potential")  # columns that one electron does not have


@dataclass(frozen=True)
class Ensemble:
    """One sector of one model at one β.

    Attributes:
        model: the Hamiltonian.
        electrons: 1 (polaron) or 2 (bipolaron, opposite spins).
        beta: length of the path in units of 1/energy.
        edge: the bulk window is [edge, β - edge]; default `BULK_EDGE` β.
        kappa: decay of the trial state φ(r1 - r2) = exp(-κ |r1 - r2|₁) at both ends; it makes the norm of an
            infinite lattice finite, and has no influence on the bulk once β is long.
        cluster: a finite cluster to run on instead of the model's infinite lattice.

    Raises:
        ValueError: for parameters that the kernel cannot sample.
    """

    model: Model
    electrons: int
    beta: float
    edge: float | None = None
    kappa: float = 0.4
    cluster: Lattice | None = None

    def __post_init__(self) -> None:
        if self.electrons not in (1, 2):
            raise ValueError(f"electrons = {self.electrons}; allowed: 1 or 2")
        if not (self.model.t > 0.0 and self.model.omega > 0.0 and self.beta > 0.0):
            raise ValueError("t, omega and beta must be positive")
        if not 0.0 < self.window[0] < self.beta / 2:
            raise ValueError(f"edge = {self.edge}; allowed: between 0 and beta/2 = {self.beta / 2}")
        extents = self.lattice.shape or ()
        if any(extent >= half_range(self.lattice.dimension) for extent in extents):
            raise ValueError(f"cluster {extents} is too large")
        extended = self.model.V != 0.0 or any(self.model.shells)
        if (
            self.lattice.periodic
            and extended
            and not self.lattice.orthogonal
            and any(x % 2 == 0 for x in extents)
        ):
            # half an extent has two images, which are not equally far away there
            raise ValueError(
                f"periodic cluster {extents} with V(r); allowed on an oblique lattice: odd extents"
            )

    @property
    def lattice(self) -> Lattice:
        """The lattice or cluster the electrons live on."""
        return self.cluster or self.model.bravais

    @property
    def window(self) -> tuple[float, float]:
        """The bulk window of imaginary time."""
        edge = BULK_EDGE * self.beta if self.edge is None else self.edge
        return edge, self.beta - edge

    @property
    def updates_per_cycle(self) -> int:
        """Updates in one cycle of the kernel."""
        return int(self.parameters["repeats"].sum())

    @property
    def cycles(self) -> int:
        """Cycles between two measurements: a few updates per event of the path, so that measuring costs
        little."""
        events = self.beta * self.lattice.coordination * self.model.t * self.electrons
        return max(1, round(8.0 * events / self.updates_per_cycle))

    @property
    def interval(self) -> int:
        """Updates between two measurements."""
        return self.cycles * self.updates_per_cycle

    @cached_property
    def parameters(self) -> np.record:
        """Everything the kernel needs, as one record."""
        # one electron has no r1 - r2: its ends are free, which is what projects on K = 0
        kappa = self.kappa if self.electrons == 2 else 0.0
        return kernel_parameters(self.model, self.lattice, self.electrons, self.beta, self.window[0], kappa)


def lags(ensemble: Ensemble) -> NDArray[np.float64]:
    """Time differences of the columns `displacement2[k]` and `wave[k,l]`, shape (K,), same unit as β."""
    low, high = ensemble.window
    return np.arange(1, LAGS + 1, dtype=np.float64) * ((high - low) / LAGS)


def displacements(ensemble: Ensemble) -> NDArray[np.int64]:
    """Lattice coordinates r1 - r2 of the columns `pair_weight[...]`, shape (number, d)."""
    d = ensemble.lattice.dimension
    return np.array(list(itertools.product(range(-BOX[d], BOX[d] + 1), repeat=d)), dtype=np.int64)


def raw_columns(ensemble: Ensemble) -> list[str]:
    """All columns of the kernel's rows; one electron leaves the pair columns empty."""
    d = ensemble.lattice.dimension
    names = list(SCALARS) + [f"diffusion[{a}]" for a in range(d)]
    names += [f"displacement2[{k}]" for k in range(1, LAGS + 1)]
    names += [
        f"wave[{k},{lag}]" for k in range(len(ensemble.lattice.momenta)) for lag in range(1, WAVE_LAGS + 1)
    ]
    names += ["pair_weight[" + ",".join(map(str, r)) + "]" for r in displacements(ensemble)]
    return names


def kept_columns(ensemble: Ensemble) -> NDArray[np.bool_]:
    """Which of `raw_columns` exist in this sector."""
    names = raw_columns(ensemble)
    return np.array(
        [ensemble.electrons == 2 or not (n in PAIR_SCALARS or n.startswith("pair_")) for n in names]
    )


def columns(ensemble: Ensemble) -> list[str]:
    """Names of the columns of a bin row, in order."""
    kept = kept_columns(ensemble)
    return [name for name, keep in zip(raw_columns(ensemble), kept, strict=True) if keep] + [
        f"accept:{name}" for name in UPDATES
    ]
