"""The Hamiltonian of one point of a scan (PHYSICS.md section 1)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .couplings import lambda_from_coupling
from .lattice import get_lattice


@dataclass(frozen=True)
class Model:
    """H = -t Σ (c†c + h.c.) + U Σ n↑n↓ + Ω Σ b†b + g Σ (c†c + h.c.)(b† + b); all energies in the same unit.

    Attributes:
        lattice: name of a lattice in `LATTICES`.
        coupling: name of a coupling in `COUPLINGS`.
        t: hopping, > 0.
        omega: phonon frequency Ω, > 0.
        g: electron-phonon coupling; only its square matters.
        U: on-site interaction of the two electrons.
        V: strength of the Coulomb tail V/r (zero: none).
    """

    lattice: str
    coupling: str
    t: float
    omega: float
    g: float
    U: float = 0.0
    V: float = 0.0

    @property
    def lam(self) -> float:
        """λ in the convention of this lattice and coupling (see `couplings`)."""
        return lambda_from_coupling(get_lattice(self.lattice), self.coupling, self.g, self.omega, self.t)

    def parameters(self) -> dict[str, str | float]:
        """The canonical parameters, from which points of a scan take their identity."""
        return asdict(self)
