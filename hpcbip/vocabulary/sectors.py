"""Sectors: how many electrons a Markov chain holds, and how what it gives is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Sector:
    """One kind of ensemble; every point of a campaign needs one ensemble of each sector.

    Attributes:
        name: in configurations, columns and results.
        electrons: number of electrons.
        words: what it holds.
        mass_symbol, mass_tex: symbol of its mass in plain text and in TeX.
        mass_unit: unit in which its mass is quoted.
        mass_factor: the unit of mass is 1/(mass_factor t), with the hopping t and the lattice constant 1.
    """

    name: str
    electrons: int
    words: str
    mass_symbol: str
    mass_tex: str
    mass_unit: str
    mass_factor: float


POLARON = Sector(
    name="polaron",
    electrons=1,
    words="one electron",
    mass_symbol="m_pol",
    mass_tex="m_p",
    mass_unit="m_e",
    mass_factor=2.0,
)
BIPOLARON = Sector(
    name="bipolaron",
    electrons=2,
    words="the pair",
    mass_symbol="m*",
    mass_tex="m^*",
    mass_unit="m0",
    mass_factor=1.0,
)

SECTORS: Mapping[str, Sector] = MappingProxyType({sector.name: sector for sector in (POLARON, BIPOLARON)})
"""All sectors by name, in the order of the tables."""


def partner(sector: str) -> str:
    """Return the name of the other sector.

    Raises:
        KeyError: for an unknown sector.
    """
    (other,) = SECTORS.keys() - {SECTORS[sector].name}
    return other
