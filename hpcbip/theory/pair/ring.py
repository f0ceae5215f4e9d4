"""Symmetry of pairs in real space: Kornilovitch's four-site ring, and the lattice problem it approximates.

One spin-up carrier around a fixed spin-down one with attraction -V on z' = 4 resonant sites and an amplitude
h between neighbouring ones, H = -V + h Σ (|i⟩⟨i+1| + h.c.): levels 2h cos(πm/2) - V, m = 0, ±1, 2
(arXiv:2502.04647, where h is called t'). h < 0 is electron-like (s below p below d), h > 0 hole-like (d below
p below s). Elsewhere in this package H = -t' Σ ..., so t' = -h.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from hpcbip.errors import InputError
from hpcbip.theory.pair.lattices import PAIR_LATTICES
from hpcbip.theory.pair.model import LARGEST_ENERGY, PairModel, model_parameters
from hpcbip.theory.pair.solver import solve_channel

Array = NDArray[np.float64]
_ROTATION, _MIRROR = np.array([[0, -1], [1, 0]]), np.array([[1, 0], [0, -1]])
C4V_OPERATIONS: Mapping[str, tuple[NDArray[np.int64], ...]] = MappingProxyType(
    {
        "E": (np.eye(2, dtype=np.int64),),
        "2 C4": (_ROTATION, _ROTATION.T),
        "C2": (_ROTATION @ _ROTATION,),
        "2 σv": (_MIRROR, -_MIRROR),
        "2 σd": (_ROTATION @ _MIRROR, -_ROTATION @ _MIRROR),
    }
)
"""C4v as matrices by class: σv are the mirrors of the lattice's axes, σd those of its diagonals."""
C4V_CHARACTERS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "A1": (1, 1, 1, 1, 1),
        "A2": (1, 1, 1, -1, -1),
        "B1": (1, -1, 1, 1, -1),
        "B2": (1, -1, 1, -1, 1),
        "E": (2, 0, -2, 0, 0),
    }
)
"""Irreducible representations of C4v: characters in the order of `C4V_OPERATIONS`."""
CHANNEL_OF_IRREP: Mapping[str, str] = MappingProxyType(
    {"A1": "s", "A2": "g", "B1": "d", "B2": "dxy", "E": "p"}
)


@dataclass(frozen=True)
class RingModel:
    """The resonant sites of a ring.

    Attributes:
        sites: in order around the ring, in-plane coordinates (of (b) in units of half a lattice constant).
        description: what the sites are, and which hop joins them.
        lattice: that of `hpcbip.theory.pair.lattices` which has these sites.
        hop: name of the hop there.
        attraction: name of the interaction there.
    """

    sites: tuple[tuple[int, int], ...]
    description: str
    lattice: str
    hop: str
    attraction: str


RING_MODELS: Mapping[str, RingModel] = MappingProxyType(
    {
        "a": RingModel(
            ((1, 0), (0, 1), (-1, 0), (0, -1)),
            "the in-plane nearest neighbours, joined by the diagonal hop t'",
            "square",
            "t_prime",
            "V",
        ),
        "b": RingModel(
            ((1, 1), (-1, 1), (-1, -1), (1, -1)),
            "the nearest sites of the next layer of a body-centred tetragonal lattice, joined by the hop t",
            "bct",
            "t",
            "V_perp",
        ),
    }
)


@dataclass(frozen=True)
class RingLevel:
    """A level of the ring.

    Attributes:
        E: energy, unit of the amplitude.
        degeneracy: number of states of this energy.
        irrep: irreducible representation of C4v; "reducible" where levels of several coincide.
        label: s, p, d (x² - y²) or dxy.
        states: orthonormal amplitudes on the sites, shape (4, degeneracy).
    """

    E: float
    degeneracy: int
    irrep: str
    label: str
    states: Array


def ring_model(name: str) -> RingModel:
    """Return the model of that name.

    Raises:
        InputError: if there is none.
    """
    if name not in RING_MODELS:
        raise InputError(f"model: {name!r} is not one of {', '.join(RING_MODELS)}")
    return RING_MODELS[name]


def pairs_of_ring_model(name: str, hop: float, attraction: float, U: float = math.inf) -> PairModel:
    """Return two carriers that both move, on the lattice of a ring model with nothing but its hop.

    The ring has the amplitude h = -2 hop, because both move.

    Args:
        name: a key of `RING_MODELS`. In (b) no hop joins the layers, so that two layers are like many.
        hop: ≠ 0, negative if hole-like.
        attraction: V < 0 attracts.
        U: on-site repulsion, without effect on the pairs that V binds.

    Raises:
        InputError: for values out of range.
    """
    ring = ring_model(name)
    place = PAIR_LATTICES[ring.lattice]
    hops = [hop if other == ring.hop else 0.0 for other in place.hop_names]
    V = [attraction if other == ring.attraction else 0.0 for other in place.shell_names]
    return PairModel(ring.lattice, U, tuple(V), tuple(hops[1:]), t=hops[0])


def ring_levels(amplitude: float, attraction: float = 0.0, model: str = "a") -> list[RingLevel]:
    """Compute the levels of the ring, lowest first, with their symmetry from the characters of C4v.

    Args:
        amplitude: h ≠ 0, the amplitude between neighbouring sites.
        attraction: V; the levels lie around -V.
        model: a key of `RING_MODELS`.

    Raises:
        InputError: for other values.
    """
    ring_model(model)
    if not 0.0 < abs(amplitude) <= LARGEST_ENERGY or not abs(attraction) <= LARGEST_ENERGY:
        raise InputError(
            f"amplitude: {amplitude}, attraction: {attraction}: up to {LARGEST_ENERGY:g}, the amplitude not 0"
        )
    hamiltonian = -attraction * np.eye(4)
    for i in range(4):
        hamiltonian[i, (i + 1) % 4] += amplitude
        hamiltonian[(i + 1) % 4, i] += amplitude
    energies, vectors = np.linalg.eigh(hamiltonian)
    levels = []
    for _, group in itertools.groupby(
        range(4), key=lambda i: round(float(energies[i] + attraction) / abs(amplitude))
    ):
        members = list(group)
        states = vectors[:, members]
        irrep = irreducible_representation(states, model)
        levels.append(
            RingLevel(
                float(energies[members].mean()),
                len(members),
                irrep,
                CHANNEL_OF_IRREP.get(irrep, irrep),
                states,
            )
        )
    return levels


def irreducible_representation(states: Array, model: str) -> str:
    """Identify the representation of C4v that an invariant space of amplitudes carries, by its characters.

    Args:
        states: orthonormal, shape (4, number).
        model: a key of `RING_MODELS`.
    """
    sites = RING_MODELS[model].sites
    traces = []
    for matrices in C4V_OPERATIONS.values():
        image = [sites.index(tuple(int(x) for x in matrices[0] @ site)) for site in sites]
        permutation = np.zeros((4, 4))
        permutation[image, np.arange(4)] = 1.0
        traces.append(round(float(np.trace(states.T @ permutation @ states))))
    return next((name for name, row in C4V_CHARACTERS.items() if list(row) == traces), "reducible")


def ring_table(amplitude: float, attraction: float = 0.0, model: str = "a") -> list[dict[str, Any]]:
    """Tabulate `ring_levels`, a row per level.

    Columns: model, amplitude, attraction, level, channel, irrep, degeneracy, spin, E.
    """
    rounding = 1e-14 * (abs(amplitude) + abs(attraction))
    return [
        {
            "model": model,
            "amplitude": amplitude,
            "attraction": attraction,
            "level": number,
            "channel": level.label,
            "irrep": level.irrep,
            "degeneracy": level.degeneracy,
            "spin": "triplet" if level.label == "p" else "singlet",
            "E": level.E if abs(level.E) > rounding else 0.0,
        }
        for number, level in enumerate(ring_levels(amplitude, attraction, model))
    ]


def crossing_attraction(t_prime: float) -> float:
    """Compute the V < 0 at which the s, p and d levels cross on the square lattice with a hard core; t = 1.

    Exact.

    At E = 2t²/t' the denominator factorises, ε - E = (a - b cos q_x)(a - b cos q_y) with a² = -E, b² = -8t',
    so that G(m, n) ∝ x^(|m| + |n|): then G(11) = G(20) = G(10)²/G(00), the three channels have the same
    condition, and

        |V| = (1 - 4t'² + √(1 - 4t'²)) / |t'|,

    which is 2t²/|t'| for small t' (second-order hopping around the diagonal site against t'). d lies lowest
    where |V| or |t'| is larger; p and d cross on the same line for any U, s only for a hard core.

    Args:
        t_prime: diagonal hop, -1/2 < t' < 0 (hole-like).

    Raises:
        InputError: for a t_prime outside that range.
    """
    if not -0.5 < t_prime < 0.0:
        raise InputError(f"t_prime: {t_prime} is not between -0.5 and 0, where the exchange is")
    root = math.sqrt(1.0 - 4.0 * t_prime**2)
    return -root * (root + 1.0) / abs(t_prime)


def crossing_hopping(V: float, U: float = math.inf) -> float:
    """Find the t' < 0 at which the s and d levels of two electrons on the square lattice cross; t = 1.

    Args:
        V: nearest-neighbour interaction, -200 ≤ V ≤ -2.
        U: on-site repulsion, from 0 to infinity; at infinity the inverse of `crossing_attraction`.

    Raises:
        InputError: for values out of range.
    """
    if not -200.0 <= V <= -2.0:
        raise InputError(f"V: {V} is not between -200 and -2")
    if not U >= 0.0:
        raise InputError(f"U: {U} is not 0 or above")
    if U == math.inf:
        return float(brentq(lambda t: crossing_attraction(t) - V, -0.5 + 1e-12, -1e-6, xtol=1e-15))

    def difference(t_prime: float) -> float:
        energies = square_lattice_energies(t_prime, V, U)
        return energies["s"] - energies["d"]

    return float(brentq(difference, -0.49, -1e-4, xtol=1e-12))


def square_lattice_energies(t_prime: float, V: float, U: float = math.inf) -> dict[str, float]:
    """Compute the energies of two electrons on the square lattice by channel (s, d, p), t = 1.

    Where a channel has no bound state, its energy is the edge of the band.

    The carrier around a fixed one is the same problem with half the hops: E_fixed(V, U) = E(2V, 2U)/2.
    """
    model = PairModel("square", U, (V,), (t_prime,))
    found = {}
    for channel in model.channels:
        if channel.name in ("s", "d", "p"):
            states = solve_channel(model, channel)
            found[channel.name] = states[0].E if states else model.band.edge
    return found


def square_lattice_table(V: float, U: float, t_primes: list[float]) -> list[dict[str, Any]]:
    """Tabulate `square_lattice_energies` against t' beside the levels of the ring.

    The ring has h = -2t', because both electrons move. E is None where there is no bound state; E_ring is the
    level of the ring; `lowest` says whether the channel has the lowest energy.
    """
    result = []
    for t_prime in t_primes:
        energies = square_lattice_energies(t_prime, V, U)
        model = PairModel("square", U, (V,), (t_prime,))
        edge = model.band.edge
        for name, ring in (("s", -4.0 * t_prime), ("p", 0.0), ("d", 4.0 * t_prime)):
            result.append(
                {
                    **model_parameters(model),
                    "channel": name,
                    "E": energies[name] if energies[name] < edge else None,
                    "E_ring": V + ring,
                    "lowest": edge > energies[name] == min(energies.values()),
                }
            )
    return result
