"""Published values with their sources, and how each was read. The one home of all of them.

What a figure of a paper shows is known in two ways only: read off by eye, or through somebody else's reading;
both are good to some 30 %, and figures draw them hollow. Numbers in print are drawn solid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Reading = Literal["printed", "text", "figure", "second-hand"]
"""printed: with its error, or with all its digits; text: "about ..." in a text; figure: read off a figure,
usually logarithmic, by eye; second-hand: somebody else's reading of a figure."""

READING_ERROR = 0.3
"""Relative error of what is not printed."""


@dataclass(frozen=True)
class Published:
    """A published value, or a range of values, of an observable at a point, or at the maximum of Tc along λ.

    Attributes:
        source: where it is published.
        reading: how it was read.
        observable: its name (`hpcbip.vocabulary.observables`).
        low, high: the range in which it lies; equal for a single value.
        lattice, coupling, t_over_omega, U, V: of the point; U and V in units of t.
        lam: λ, or the range of λ; None where it is not known.
        maximum: it is the maximum of Tc along λ.
        printed_error: printed error; None: `READING_ERROR`, or half of the range if that is larger.
    """

    source: str
    reading: Reading
    observable: str
    low: float
    high: float
    lattice: str
    coupling: str
    t_over_omega: float
    U: float
    V: float = 0.0
    lam: tuple[float, float] | None = None
    maximum: bool = False
    printed_error: float | None = None

    @property
    def value(self) -> float:
        """Middle of the range."""
        return 0.5 * (self.low + self.high)

    @property
    def error(self) -> float:
        """Error of the value, printed or of the reading."""
        if self.printed_error is not None:
            return self.printed_error
        return max(READING_ERROR * self.value, 0.5 * (self.high - self.low))

    @property
    def lam_value(self) -> float | None:
        """Middle of the range of λ; None where it is not known."""
        return None if self.lam is None else 0.5 * (self.lam[0] + self.lam[1])

    @property
    def lam_error(self) -> float:
        """Half of the range of λ."""
        return 0.0 if self.lam is None else 0.5 * (self.lam[1] - self.lam[0])

    @property
    def solid(self) -> bool:
        """Whether figures draw it solid: what is in print as a number."""
        return self.reading in ("printed", "text")


PRX = "PRX 13, 011010"
PRB_CUBIC = "PRB 108, L220502"
TRIANGULAR_PAPER = "arXiv:2507.07662"
_MASS, _TC = "mass_bipolaron", "tc_over_omega"


def _mass(
    t_over_omega: float, lam: float, low: float, high: float, U: float = 8.0, reading: Reading = "figure"
) -> Published:
    return Published(
        f"{PRX}, figure", reading, _MASS, low, high, "square", "bond", t_over_omega, U, lam=(lam, lam)
    )


def _printed_mass(how: str, value: float, error: float) -> Published:
    return Published(
        f"{PRX}, {how}",
        "printed",
        _MASS,
        value,
        value,
        "square",
        "bond",
        t_over_omega=10 / 3,
        U=8.0,
        lam=(0.5, 0.5),
        printed_error=error,
    )


def _height(
    source: str,
    reading: Reading,
    lattice: str,
    t_over_omega: float,
    heights: tuple[float, float],
    lam: tuple[float, float] | None,
    coupling: str = "bond",
    U: float = 8.0,
    V: float = 0.0,
) -> Published:
    return Published(
        source, reading, _TC, *heights, lattice, coupling, t_over_omega, U, V, lam=lam, maximum=True
    )


MASSES: tuple[Published, ...] = (
    _printed_mass("displacement", 5.4, 0.3),
    _printed_mass("dispersion", 6.33, 1.0),
    _mass(10 / 3, 0.3, 2.0, 2.0),
    _mass(10 / 3, 0.6, 15.0, 20.0),
    _mass(10 / 3, 0.65, 90.0, 100.0, U=0.0),
    _mass(2.0, 0.4, 2.0, 2.0),
    _mass(2.0, 1.0, 20.0, 30.0),
    _mass(1.0, 0.5, 1.0, 1.5),
    _mass(1.0, 1.0, 4.0, 5.0),
)
"""Masses m*/m0 of bond-Peierls bipolarons on the square lattice."""

TC_MAXIMA: tuple[Published, ...] = (
    _height(f"{PRX}, text", "text", "square", 1.0, (0.2, 0.2), (0.7, 0.9)),
    _height(PRX, "second-hand", "square", 1.0, (0.17, 0.18), (0.8, 0.9)),
    _height(PRX, "second-hand", "square", 2.0, (0.12, 0.13), (0.6, 0.7)),
    _height(PRX, "second-hand", "square", 10 / 3, (0.08, 0.09), (0.5, 0.5)),
    _height(PRX, "second-hand", "square", 5.0, (0.05, 0.06), (0.3, 0.4)),
    _height(PRX, "figure", "square", 2.0, (0.05, 0.05), (0.25, 0.25), coupling="holstein", U=0.0),
    _height(PRB_CUBIC, "figure", "cubic", 1.0, (0.27, 0.27), None, V=0.8),
    _height(PRB_CUBIC, "figure", "cubic", 2.0, (0.07, 0.07), None, V=0.8),
    _height(TRIANGULAR_PAPER, "second-hand", "triangular", 2.0, (0.3, 0.3), None, U=6.0),
    _height(TRIANGULAR_PAPER, "second-hand", "triangular", 5.0, (0.25, 0.25), None, U=4.0),
)
"""Maxima of Tc/Ω along λ; U of the one for Holstein coupling is not stated, and taken to be 0."""

CHAIN_ENERGIES: tuple[Published, ...] = tuple(
    Published(
        source,
        "printed",
        name,
        value,
        value,
        "chain",
        "holstein",
        t_over_omega=1.0,
        U=0.0,
        lam=(0.25, 0.25),
        printed_error=error,
    )
    for source, name, value, error in (
        ("PRB 60, 1633", "E_polaron", -2.46968, 0.00001),
        ("PRL 84, 3153", "E_bipolaron", -5.4247, 0.0001),
    )
)
"""Energies of the Holstein chain at g = Ω = t = 1, which is λ = 1/4 in its convention, in t."""


def published_maxima(
    lattice: str, coupling: str, t_over_omega: float, U: float, V: float
) -> Sequence[Published]:
    """Return the published maxima of Tc for these parameters (U, V in units of t)."""
    return [
        one
        for one in TC_MAXIMA
        if (one.lattice, one.coupling) == (lattice, coupling)
        and abs(one.t_over_omega - t_over_omega) < 1e-6
        and abs(one.U - U) < 1e-6
        and abs(one.V - V) < 1e-6
    ]
