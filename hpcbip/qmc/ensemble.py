"""What a Markov chain samples: one sector of one model on one lattice at one β."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpcbip.models import BULK_EDGE, Lattice, Model
from hpcbip.qmc.kernel.parameters import kernel_parameters
from hpcbip.qmc.kernel.path import half_range
from hpcbip.qmc.kernel.propagator import FURTHEST_SITE, LARGEST_ARGUMENT
from hpcbip.qmc.limits import find_unresolved

UPDATES_PER_EVENT = 8.0  # between two measurements


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
        if (excess := find_unresolved(self.model, self.electrons, self.beta)) is not None:
            raise ValueError(f"{excess.key}: {excess.wrong}; allowed: {excess.allowed}")
        if not 0.0 < self.window[0] < self.beta / 2:
            raise ValueError(f"edge = {self.edge}; allowed: between 0 and beta/2 = {self.beta / 2}")
        extents = self.lattice.shape or ()
        if any(extent >= half_range(self.lattice.dimension, self.lattice.kinds) for extent in extents):
            raise ValueError(f"cluster {extents} is too large")
        self._check_dispersion()
        extended = self.model.V != 0.0 or any(self.model.shells)
        if (
            self.lattice.periodic
            and extended
            and not (self.lattice.orthogonal and self.lattice.is_bravais)
            and any(x % 2 == 0 for x in extents)
        ):
            # half an extent has two images, which are not equally far away there
            raise ValueError(
                f"periodic cluster {extents} with V(r); allowed on an oblique lattice, and on one with "
                "a basis: odd extents"
            )

    def _check_dispersion(self) -> None:
        """Refuse phonons that hop on a cluster or a path for which their propagator is not tabulated, and
        oscillators that would feel the density beyond the edge of a cluster.

        Raises:
            ValueError: see there.
        """
        w = self.model.phonon_hopping
        spread = any(family.spreads for family in self.model.families)
        if spread and self.lattice.shape is not None and not self.lattice.periodic:
            raise ValueError("a profile on an open cluster; allowed: a periodic one, or no profile")
        if w == 0.0 or self.lattice.shape is None:
            return
        if not self.lattice.periodic:
            raise ValueError(f"phonon_hopping = {w:g} on an open cluster; allowed: a periodic one, or none")
        most = int(LARGEST_ARGUMENT / (2.0 * w))
        if max(self.lattice.shape) >= 2 * FURTHEST_SITE or self.beta > most:
            raise ValueError(
                f"phonon_hopping = {w:g} on a cluster {self.lattice.shape} at beta = {self.beta:g}; allowed: "
                f"extents below {2 * FURTHEST_SITE} and beta up to {most}"
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
        return max(1, round(UPDATES_PER_EVENT * events / self.updates_per_cycle))

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
