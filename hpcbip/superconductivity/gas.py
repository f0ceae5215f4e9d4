"""How far Tc of an interacting Bose gas may be from the formulas of `hpcbip.superconductivity.tc`
(docs/physics.md, "The gas band").

A pair of radius R is a boson whose hard core, or scattering length a, lies between R (two pairs come as near
as that) and 2R (they touch): R² counted as at least 1, as for the density. Tc depends on a only weakly, in
two dimensions doubly logarithmically. With density n, mass m and ħ = k_B = 1:

- 2D: n = (m Tc/2π) ln(ξ/(mU)), ξ = 380(3) (Prokof'ev, Ruebenacker, Svistunov, PRL 87, 270402), with mU =
  4π/ln(1/na²) (Schick, PRA 3, 1067): Tc = (2π n/m)/ln[(ξ/4π) ln(1/na²)]. Hard cores follow it up to high
  densities (Pilati, Giorgini, Prokof'ev, PRL 100, 140405). The superfluid density n_s = 2m Tc/π at the
  transition (Nelson, Kosterlitz, PRL 39, 1201) would exceed n beyond na² = 0.164, where the formula ends.
- 2D, charged: Tc between 0.6 and 0.9 T*, superfluid up to r_s = 70 (Boninsegni, arXiv:2512.10216). T* is read
  as π n/(2m), the largest value that n_s <= n allows.
- 3D: Tc/T0 = 1 + 1.29(5) a n^{1/3} for na³ <= 1e-4 (Kashurnikov, Prokof'ev, Svistunov, PRL 87, 120402; range:
  Pilati et al.), T0 that of the ideal gas. Beyond, the shift turns round and becomes negative (Grüter,
  Ceperley, Laloë, PRL 79, 3549), down to 0.69 in liquid helium.
- 3D, charged: close to the ideal gas (Zhang et al., PRL 130, 236001), for which the band of dense hard
  spheres, which holds it, is given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcbip.superconductivity.tc import BEC_PREFACTOR, closest_packing
from hpcbip.vocabulary import flags
from hpcbip.vocabulary.flags import RaisedFlag

BKT_XI, BKT_XI_ERROR = 380.0, 3.0
"""ξ of the weakly interacting gas in two dimensions (PRL 87, 270402)."""

NELSON_KOSTERLITZ = 0.5 * math.pi
"""Largest Tc m/n in two dimensions: that with n_s = n."""

DENSEST_2D = math.exp(-4.0 * math.pi / BKT_XI * math.exp(4.0))
"""na² at which the formula in two dimensions comes to `NELSON_KOSTERLITZ`: 0.164."""

CHARGED_2D = (0.6 * NELSON_KOSTERLITZ, 0.9 * NELSON_KOSTERLITZ)
"""Tc m/n of charged bosons in two dimensions, lowest and highest (arXiv:2512.10216)."""

CHARGED_RANGE = (1.0, 70.0)
"""r_s between which these are superfluid, and were simulated (arXiv:2512.10216)."""

BEC_SHIFT, BEC_SHIFT_ERROR = 1.29, 0.05
"""(Tc/T0 - 1)/(a n^{1/3}) in three dimensions (PRL 87, 120402)."""

DENSEST_3D = 1e-4
"""na³ up to which that is known to hold (PRL 100, 140405)."""

HELIUM = 2.1768 / 3.150
"""Tc/T0 of liquid helium at its λ point, 146.1 kg/m³: the densest Bose liquid whose Tc is known."""

PAIR_CHARGE2 = 4.0
"""Square of the charge of a pair, in electrons: V/r between electrons is 4V/r between pairs."""


@dataclass(frozen=True)
class GasBand:
    """Tc of an interacting gas.

    Attributes:
        low, high: ends of the band, in the unit of energies.
        flags: raised where a formula is used outside its range; they do not speak against Tc.
    """

    low: float
    high: float
    flags: tuple[RaisedFlag, ...]


def bkt_factor(gas_parameter: float, xi: float = BKT_XI) -> float:
    """Return Tc m/n in two dimensions at na² < 1: 2π/ln[(ξ/4π) ln(1/na²)]."""
    return 2.0 * math.pi / math.log(xi / (4.0 * math.pi) * math.log(1.0 / gas_parameter))


def bec_factor(gas_parameter: float, shift: float = BEC_SHIFT) -> float:
    """Return Tc/T0 in three dimensions at na³: 1 + 1.29 (na³)^{1/3}."""
    return 1.0 + shift * gas_parameter ** (1.0 / 3.0)


def coulomb_radius(mass: float, density: float, tail: float) -> float:
    """Return r_s of a charged gas of pairs in two dimensions: 1/√(πn) over the Bohr radius 1/(4 m V)."""
    return PAIR_CHARGE2 * mass * tail / math.sqrt(math.pi * density)


def gas_band(
    mass: float, r2: float, dimension: int, density: float | None = None, tail: float = 0.0
) -> GasBand:
    """Return the lowest and the highest Tc of an interacting gas of such pairs.

    Args:
        mass: of the pair, in 1/(energy a²).
        r2: R².
        dimension: 2 or 3.
        density: pairs per volume; None for that of touching pairs.
        tail: V of the Coulomb tail V/r between electrons; a negative one is no charged gas.

    Raises:
        ValueError: for another dimension.
    """
    if dimension not in (2, 3):
        raise ValueError(f"dimension {dimension}: must be 2 or 3")
    n = float(closest_packing(r2, dimension)) if density is None else density
    parameter = n * max(r2, 1.0) ** (0.5 * dimension)  # na^d at a = R
    if dimension == 3:
        (low, high), limit = _factors_3d(parameter, tail)
        unit = BEC_PREFACTOR * n ** (2.0 / 3.0) / mass
    else:
        charged = tail > 0.0
        (low, high), limit = _charged_2d(mass, n, tail) if charged else _factors_2d(parameter, tail)
        unit = n / mass
    raised = (flags.GAS_FORMULA_RANGE.raised(limit=limit),) if limit else ()
    return GasBand(low * unit, high * unit, raised)


def _factors_2d(parameter: float, tail: float) -> tuple[tuple[float, float], str]:
    """Return Tc m/n at a = R and 2R, and which limit is passed. The ends stay where the upper one comes to
    n_s = n: there the lower one is 1.37, as in helium (0.72(2) K at 0.0432/Å², PRB 39, 2084: 1.375(38))."""
    touching = min(4.0 * parameter, DENSEST_2D)
    low = bkt_factor(0.25 * touching, BKT_XI + BKT_XI_ERROR)
    high = min(bkt_factor(touching, BKT_XI - BKT_XI_ERROR), NELSON_KOSTERLITZ)
    if tail < 0.0:
        return (low, high), "pairs attract each other"
    return (low, high), f"n a^2 > {DENSEST_2D:.2g}" if 4.0 * parameter > DENSEST_2D else ""


def _charged_2d(mass: float, density: float, tail: float) -> tuple[tuple[float, float], str]:
    low, high = CHARGED_RANGE
    inside = low <= coulomb_radius(mass, density, tail) <= high
    return CHARGED_2D, "" if inside else f"r_s not within {low:g} to {high:g}"


def _factors_3d(parameter: float, tail: float) -> tuple[tuple[float, float], str]:
    """Return Tc/T0 at a = R and 2R, and which limit is passed."""
    if tail == 0.0 and 8.0 * parameter <= DENSEST_3D:
        low = bec_factor(parameter, BEC_SHIFT - BEC_SHIFT_ERROR)
        return (low, bec_factor(8.0 * parameter, BEC_SHIFT + BEC_SHIFT_ERROR)), ""
    dense = HELIUM, bec_factor(DENSEST_3D, BEC_SHIFT + BEC_SHIFT_ERROR)
    if tail:
        return dense, "charged in 3D" if tail > 0.0 else "pairs attract each other"
    return dense, f"n a^3 > {DENSEST_3D:g}"
