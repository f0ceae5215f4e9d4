"""Further families of phonons: oscillators beside, or instead of, those of `coupling`, as data.

A family lives on bonds or on sites, with one oscillator on each of them:

    bonds:  Ω Σ_b b†_b b_b + g Σ_b K_b (b†_b + b_b),
    sites:  Ω Σ_m b†_m b_m + g Σ_m (Σ_i p(|r_i - r_m|) n_i) (b†_m + b_m),

the bonds along some axes only, or the sites of some kinds. The profile p says how the density on the
oscillator's own site and on its neighbour shells acts on it: Holstein coupling for p(0) alone, extended
Holstein coupling or a tail of Fröhlich's kind beyond. It is a function of the distance, as V(r) is: the
shells are those of the lattice as a whole (`Lattice.shells`), so that one of them may be empty around some
sites of the cell. `places` are those of the oscillators; the density on all sites acts on them. Its λ is that
of a coupling of the kind by itself, 2g²/(zΩt) or g²/(4dΩt), with its own g and Ω and without the profile.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.models.couplings import BOND_COUPLINGS, SITE_COUPLINGS
from hpcbip.models.lattice import Lattice

BONDS, SITES = "bonds", "sites"
PLACES = (BONDS, SITES)
"""Where a family can live."""

MOST_FAMILIES = 4
"""Oscillators that one bond or site can have."""

MOST_PROFILE = {1: 8, 2: 8, 3: 3}
"""Largest lattice coordinate that a profile may reach on a Bravais lattice, by dimension."""

OVERLAP_TABLE = 4 * 13**3
"""Entries of the kernel's table of what two sites have in common, all pairs of sites of the cell together: it
reaches twice as far as the profile."""


@dataclass(frozen=True)
class Family:
    """A family of phonons.

    Attributes:
        where: "bonds" or "sites".
        omega: frequency Ω, > 0.
        g: coupling, ≥ 0.
        places: bond axes, or sites of the cell, that have such an oscillator; empty: all.
        profile: on sites p of the own site and of the first, second, ... neighbour shells, ≥ 0.
    """

    where: str
    omega: float
    g: float
    places: tuple[int, ...] = ()
    profile: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if self.where not in PLACES:
            raise ValueError(f"{self.where!r}; allowed: {', '.join(PLACES)}")
        if not (self.omega > 0.0 and self.g >= 0.0):
            raise ValueError("a family of phonons needs omega > 0 and g >= 0")
        if self.where == BONDS and self.profile != (1.0,):
            raise ValueError("a profile is one of the density, for a family on sites")
        if not self.profile or min(self.profile) < 0.0 or max(self.profile) == 0.0:
            raise ValueError("a profile has numbers >= 0, not all of them zero")

    @property
    def spreads(self) -> bool:
        """Whether the density of other sites acts on an oscillator."""
        return any(self.profile[1:])

    def to_data(self) -> dict[str, Any]:
        """Return the family as plain data, without what is as it is by default."""
        data: dict[str, Any] = {"where": self.where, "omega": self.omega, "g": self.g}
        if self.places:
            data["places"] = list(self.places)
        if self.profile != (1.0,):
            data["profile"] = list(self.profile)
        return data


def families_to_text(families: Iterable[Family]) -> str:
    """Write families as the text that stands for them in parameters; "" for none."""
    data = [family.to_data() for family in families]
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False) if data else ""


def families_from_text(text: str) -> tuple[Family, ...]:
    """Read what `families_to_text` has written.

    Raises:
        ValueError: if the text is none.
    """
    try:
        data = json.loads(text) if text else []
        return tuple(_from_data(one) for one in data)
    except (TypeError, KeyError, AttributeError):
        raise ValueError(f"phonons = {text!r} is not a list of families") from None


def _from_data(data: Mapping[str, Any]) -> Family:
    places = tuple(int(place) for place in data.get("places", ()))
    profile = tuple(float(x) for x in data.get("profile", (1.0,)))
    return Family(data["where"], float(data["omega"]), float(data["g"]), places, profile)


def number_of_families(coupling: str, phonons: str) -> int:
    """Count the families of a model: those of its coupling, and the further ones in this text."""
    own = (coupling in BOND_COUPLINGS) + (coupling in SITE_COUPLINGS)
    return own + len(families_from_text(phonons))


def tell_axes_apart(phonons: str) -> bool:
    """Whether there are families, in this text, on some of the bond axes only."""
    return any(family.where == BONDS and family.places for family in families_from_text(phonons))


def check_families(lattice: Lattice, families: Iterable[Family]) -> None:
    """Refuse families that a lattice cannot have.

    Raises:
        ValueError: see the messages.
    """
    for family in families:
        number, what = (
            (len(lattice.axes), "bond axes")
            if family.where == BONDS
            else (lattice.kinds, "sites of the cell")
        )
        if any(not 0 <= place < number for place in family.places):
            raise ValueError(f"places {list(family.places)}: the lattice has {number} {what}, from 0 on")
        if len(set(family.places)) < len(family.places):
            raise ValueError(f"places {list(family.places)}: one of them is named twice")
        if family.where == SITES:
            table = profile_table(lattice, family.profile, profile_reach(lattice, family.profile))
            if not (table[list(family.places)] if family.places else table).any():
                raise ValueError(f"profile {list(family.profile)}: no site is that far from the oscillators")


def profile_reach(lattice: Lattice, profile: tuple[float, ...]) -> int:
    """Return the largest lattice coordinate of the cells whose density acts on an oscillator.

    Raises:
        ValueError: if the profile reaches too far (`largest_profile`).
    """
    if len(profile) == 1:
        return 0
    try:
        most = lattice.shells(len(profile) - 1)[-1]
    except ValueError as error:
        raise ValueError(f"a profile of {len(profile)} numbers: {error}") from None
    largest = largest_profile(lattice.dimension, lattice.kinds)
    cells = _box(lattice.dimension, largest + 1)
    pairs = itertools.product(range(lattice.kinds), repeat=2)
    near = np.any([lattice.distances(cells, *pair) <= most + 1e-9 for pair in pairs], axis=0)
    reach = int(np.abs(cells[near]).max())
    if reach > largest:
        raise ValueError(f"the profile reaches beyond lattice coordinates of {largest}")
    return reach


def largest_profile(dimension: int, kinds: int) -> int:
    """Return the largest lattice coordinate that a profile may reach with so many sites per cell."""
    largest = MOST_PROFILE[dimension]
    while kinds**2 * (4 * largest + 1) ** dimension > OVERLAP_TABLE:
        largest -= 1
    return largest


def profile_table(lattice: Lattice, profile: tuple[float, ...], reach: int) -> NDArray[np.float64]:
    """Tabulate p for an oscillator on each site of the cell, an electron on each, and all vectors from the
    electron's cell to that of the oscillator with coordinates up to `reach`, shape (kinds, kinds) + (2 reach
    + 1,) * d."""
    cells = _box(lattice.dimension, reach)
    pairs = itertools.product(range(lattice.kinds), repeat=2)
    distances = np.array([lattice.distances(cells, *pair) for pair in pairs])
    values = np.where(np.isclose(distances, 0.0, atol=1e-9), profile[0], 0.0)
    if len(profile) > 1:
        for radius, value in zip(lattice.shells(len(profile) - 1), profile[1:], strict=True):
            values[np.isclose(distances, radius, atol=1e-9)] = value
    return values.reshape((lattice.kinds,) * 2 + (2 * reach + 1,) * lattice.dimension)


def _box(dimension: int, reach: int) -> NDArray[np.int64]:
    return np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * dimension, indexing="ij"), axis=-1).reshape(
        -1, dimension
    )
