"""Records of campaigns that follow known curves, as the atlas will hold them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hpcbip.models import coupling_from_lambda, get_lattice
from hpcbip.reduction.point_flags import flag_entries
from hpcbip.superconductivity import prefactor, transition_temperature, validity_flags
from tests.report.test_tables import record as short_record

RELATIVE_ERROR = 0.01
"""Of mass, size and Tc."""


def log_mass(coupling: str, ratio: float, lam: float, U: float) -> float:
    """ln m*/m0 of bond coupling ∝ √λ, of Holstein coupling ∝ λ, both growing with t/Ω and falling with U."""
    if coupling == "holstein":
        return 5.0 * ratio * lam / (1.0 + 0.02 * U)
    return 0.9 * ratio * math.sqrt(lam) * (1.0 - 0.02 * U)


def log_size(coupling: str, lam: float, U: float, V: float, ratio: float) -> float:
    """ln R², which falls with λ (Holstein: four times as fast) and grows with U and V."""
    along = (4.0 if coupling == "holstein" else 1.6) * lam
    return 5.0 * math.exp(-along * math.sqrt(ratio)) - 1.0 + 0.02 * U + 0.8 * V


def record(
    lattice: str,
    coupling: str,
    ratio: float,
    lam: float,
    U: float,
    V: float,
    noise: Sequence[float],
    **more: Any,
) -> dict[str, Any]:
    """Record of one point with everything that figures read; Tc at the default prefactor."""
    omega, place = 1.0 / ratio, get_lattice(lattice)
    mass = math.exp(log_mass(coupling, ratio, lam, U) + RELATIVE_ERROR * noise[0])
    size = math.exp(log_size(coupling, lam, U, V, ratio) + RELATIVE_ERROR * noise[1])
    energy = (16.0 if coupling == "holstein" else 6.0) * lam - 0.1 * U - 0.5 * V
    tc = float(transition_temperature(mass, size, place.dimension)) / omega
    known = place.dimension > 1
    values = {"mass_bipolaron": mass, "radius2": size, "binding_energy": energy}
    values |= {"tc_over_omega": tc if known else None, "mass_polaron": mass**0.4}
    entries: dict[str, Any] = {"lattice": lattice, "coupling": coupling, "omega": omega, "U": U, "V": V}
    kind = "bond" if coupling == "bond+holstein" else coupling
    entries |= {"g": coupling_from_lambda(place, kind, lam, omega, 1.0), "tc_kelvin": None}
    for name, value in values.items():
        entries |= {name: value, f"{name}_verdict": "converged"}
        entries[f"{name}_err"] = None if value is None else RELATIVE_ERROR * abs(value)
    entries |= {"tc_over_omega_sys": 0.005 * tc if known else None, "density": None}
    entries |= {"tc_over_binding": tc * omega / energy if known else None}
    entries["tc_prefactor"] = prefactor(None, place.dimension) if known else None
    made = short_record(lam, **entries) | {"flags": [], "flag_codes": [], "campaign": "made", **more}
    raised = validity_flags(place.dimension, tc * omega, size, energy, RELATIVE_ERROR * abs(energy))
    return made | flag_entries(made, raised)


def scan(
    lattice: str,
    coupling: str,
    ratio: float,
    lams: Sequence[float],
    Us: Sequence[float] = (8.0,),
    V: float = 0.0,
    seed: int = 1,
    **more: Any,
) -> list[dict[str, Any]]:
    """Records of a campaign over λ and U."""
    noise = np.random.default_rng([seed, round(100 * ratio), round(10 * V)])
    return [
        record(lattice, coupling, ratio, lam, U, V, noise.standard_normal(2), **more)
        for U in Us
        for lam in lams
    ]


def atlas() -> list[dict[str, Any]]:
    """Points for every figure, as the campaigns will have them."""
    wide, narrow = np.linspace(0.2, 1.2, 9).tolist(), np.linspace(0.05, 0.45, 6).tolist()
    records = []
    for ratio in (1.0, 2.0, 10.0 / 3.0, 5.0):
        records += scan("square", "bond", ratio, wide, campaign="square-bond")
    for ratio in (1.0, 2.0):
        records += scan("square", "holstein", ratio, narrow, (0.0, 1.0, 2.0, 4.0), campaign="square-holstein")
        records += scan("square", "bond", ratio, (0.4, 0.5), (0.0, 2.0, 4.0, 8.0, 12.0, 16.0), seed=2)
        records += scan("square", "bond", ratio, wide, V=0.8)
        for V in (0.0, 0.8):
            records += scan("cubic", "bond", ratio, wide, V=V)
        records += scan("cubic", "holstein", ratio, narrow, V=0.8)
        site = {"omega_holstein": 1.0 / ratio}
        for g in (0.2, 0.4, 0.6):
            records += scan("square", "bond+holstein", ratio, (wide[2], wide[4]), g_holstein=g, **site)
    for ratio, U in ((2.0, 6.0), (5.0, 4.0)):
        records += scan("triangular", "bond", ratio, wide, (U,))
    for ratio in (3.0, 7.0):
        records += scan("square", "bond", ratio, (1.0, 1.3, 1.6, 2.0, 2.5), (0.0,))
        records += scan("square", "holstein", ratio, (0.2, 0.25, 0.3, 0.35, 0.4), (0.0,))
    records += scan("chain", "holstein", 1.0, np.linspace(0.1, 0.9, 7).tolist(), (0.0,))
    return records
