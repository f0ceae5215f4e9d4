"""What a Markov chain samples, as frozen parameters, and the columns of the bins it produces."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..models import Lattice, Model, get_lattice
from .measure import SCALARS
from .path import BITS, HALF, origin, pack
from .sweep import MIX, UPDATES

LAGS = 24  # points of the displacement curve
BOX = {1: 8, 2: 3, 3: 2}  # half width of the box of pair displacements, by dimension
PAIR_SCALARS = ("pair_distance2", "potential")  # columns that one electron does not have

MAX_Z, MAX_D = 12, 3  # fcc; room for every lattice, so that the kernel is compiled once for all of them

# One record of plain numbers: passed by reference, so that a call costs nothing where the compiler does not inline it
PARAMETERS = np.dtype(
    [
        *((name, "i8") for name in ("electrons", "dimension", "z", "interacting", "open", "periodic", "hypercubic")),
        *((name, "i8") for name in ("bias", "box", "lag_column", "pair_column")),
        *((name, "f8") for name in ("beta", "edge", "t", "t2", "g2", "g2_over_t2")),
        *((name, "f8") for name in ("omega", "U", "kappa", "join_window")),
        ("extent", "i8", (MAX_D,)),
        ("step", "i8", (MAX_Z,)),
        ("neighbours", "f8", (MAX_Z, MAX_D)),
        ("direction_vectors", "i8", (MAX_Z, MAX_D)),
        ("metric", "f8", (MAX_D, MAX_D)),
        ("cumulative", "f8", (len(MIX),)),
        ("corner_count", "i8", (MAX_Z**2,)),
        ("corners", "i8", (MAX_Z**2, MAX_Z)),
    ]
)


@dataclass(frozen=True)
class Ensemble:
    """One sector of one model at one β.

    Attributes:
        model: the Hamiltonian.
        electrons: 1 (polaron) or 2 (bipolaron, opposite spins).
        beta: length of the path in units of 1/energy.
        edge: the bulk window is [edge, β - edge]; default β/4.
        kappa: decay of the trial state φ(r1 - r2) = exp(-κ |r1 - r2|₁) at both ends; it makes the norm of an infinite
            lattice finite, and has no influence on the bulk once β is long.
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
        if self.model.coupling != "bond":
            raise ValueError(f"coupling {self.model.coupling!r} is not sampled; allowed: bond")
        if self.model.V != 0.0:
            raise ValueError(f"V = {self.model.V} is not sampled; allowed: 0")
        if not (self.model.t > 0.0 and self.model.omega > 0.0 and self.beta > 0.0):
            raise ValueError("t, omega and beta must be positive")
        if not 0.0 < self.window[0] < self.beta / 2:
            raise ValueError(f"edge = {self.edge}; allowed: between 0 and beta/2 = {self.beta / 2}")
        extents = self.lattice.shape or ()
        if any(extent >= HALF for extent in extents):
            raise ValueError(f"cluster {extents} is too large; allowed: extents below {HALF}")

    @property
    def lattice(self) -> Lattice:
        """The lattice or cluster the electrons live on."""
        return self.cluster or get_lattice(self.model.lattice)

    @property
    def window(self) -> tuple[float, float]:
        """The bulk window of imaginary time."""
        edge = self.beta / 4 if self.edge is None else self.edge
        return edge, self.beta - edge

    @property
    def interval(self) -> int:
        """Updates between two measurements: about the number of hops, so that measuring costs little."""
        return max(32, int(self.beta * self.lattice.coordination * self.model.t * self.electrons))

    @cached_property
    def parameters(self) -> np.record:
        """Everything the kernel needs, as one record of type `PARAMETERS`."""
        model, lattice = self.model, self.lattice
        d, z = lattice.dimension, lattice.coordination
        finite = lattice.shape is not None
        record = np.zeros(1, dtype=PARAMETERS)
        values = record[0]
        for name, value in {
            "electrons": self.electrons,
            "dimension": d,
            "z": z,
            "interacting": model.U != 0.0,
            "open": finite and not lattice.periodic,
            "periodic": finite and lattice.periodic,
            "hypercubic": bool(np.array_equal(lattice.metric, np.eye(d))) and z == 2 * d,
            "bias": origin(d),
            "box": BOX[d],
            "lag_column": len(SCALARS),
            "pair_column": len(SCALARS) + LAGS,
            "beta": self.beta,
            "edge": self.window[0],
            "t": model.t,
            "t2": model.t**2,
            "g2": model.g**2,
            "g2_over_t2": model.g**2 / model.t**2,
            "omega": model.omega,
            "U": model.U,
            # one electron has no r1 - r2: its ends are free, which is what projects on K = 0
            "kappa": self.kappa if self.electrons == 2 else 0.0,
            "join_window": 1.5 / model.omega,
            "cumulative": np.append(np.cumsum(list(MIX.values()))[:-1], 1.0),
        }.items():
            values[name] = value
        values["extent"][:d] = lattice.shape or (0,) * d
        neighbours = lattice.neighbours
        values["step"][:z] = [pack(vector) for vector in neighbours]
        values["neighbours"][:z, :d] = neighbours
        values["direction_vectors"][:z, :d] = neighbours
        values["metric"][:d, :d] = lattice.metric
        for code, others in _corners(neighbours).items():
            values["corner_count"][code] = len(others) + 1
            values["corners"][code, : len(others)] = others
        return record.view(np.recarray)[0]


def _corners(neighbours: NDArray[np.int64]) -> dict[int, list[int]]:
    """For every pair of directions, coded z d1 + d2, the other pairs with the same sum."""
    z = len(neighbours)
    groups: dict[tuple[int, ...], list[int]] = {}
    for d1, d2 in itertools.product(range(z), repeat=2):
        groups.setdefault(tuple(neighbours[d1] + neighbours[d2]), []).append(d1 * z + d2)
    return {code: [other for other in group if other != code] for group in groups.values() for code in group}


def lags(ensemble: Ensemble) -> NDArray[np.float64]:
    """Time differences of the columns `displacement2[k]`, shape (K,), same unit as β."""
    low, high = ensemble.window
    return np.arange(1, LAGS + 1, dtype=np.float64) * ((high - low) / LAGS)


def displacements(ensemble: Ensemble) -> NDArray[np.int64]:
    """Lattice coordinates r1 - r2 of the columns `pair_weight[...]`, shape (number, d)."""
    d = ensemble.lattice.dimension
    return np.array(list(itertools.product(range(-BOX[d], BOX[d] + 1), repeat=d)), dtype=np.int64)


def raw_columns(ensemble: Ensemble) -> list[str]:
    """All columns of the kernel's rows; one electron leaves the pair columns empty."""
    names = list(SCALARS) + [f"displacement2[{k}]" for k in range(1, LAGS + 1)]
    names += ["pair_weight[" + ",".join(map(str, r)) + "]" for r in displacements(ensemble)]
    return names


def kept_columns(ensemble: Ensemble) -> NDArray[np.bool_]:
    """Which of `raw_columns` exist in this sector."""
    names = raw_columns(ensemble)
    return np.array([ensemble.electrons == 2 or not (n in PAIR_SCALARS or n.startswith("pair_")) for n in names])


def columns(ensemble: Ensemble) -> list[str]:
    """Names of the columns of a bin row, in order."""
    kept = kept_columns(ensemble)
    return [name for name, keep in zip(raw_columns(ensemble), kept, strict=True) if keep] + [
        f"accept:{name}" for name in UPDATES
    ]


assert 3 * BITS + 4 <= 63  # three coordinates, the axis and the sign fit into one integer
