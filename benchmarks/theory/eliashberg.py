"""Print the tables of docs/theory/eliashberg.md.

They have Tc/Ω against λ_ME (Migdal–Eliashberg, McMillan, Allen–Dynes), published values, the accuracy of the
solver, and λ_ME of the lattices.

    OMP_NUM_THREADS=1 python benchmarks/theory/eliashberg.py
"""

from __future__ import annotations

import math
import sys
import time
from functools import partial
from pathlib import Path

import click
import numpy as np
from scipy.optimize import brentq

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of sampling.py

from sampling import markdown

from hpcbip.models import LATTICES, Model, coupling_from_lambda, get_lattice
from hpcbip.theory.eliashberg.equations import STRONG_COUPLING, WEAK_COUPLING, critical_temperature
from hpcbip.theory.eliashberg.fermi_surface import find_fermi_surface, lambda_me
from hpcbip.theory.eliashberg.tables import eliashberg_table

Rows = list[dict[str, object]]
MU_STARS = (0.0, 0.12)


@click.command(help=__doc__)
def main() -> None:
    """Print the tables."""
    for table in (_temperatures, _published, _bounds, _cutoffs, _accuracy, _couplings):
        click.echo(markdown(table(), digits=5))


def _temperatures() -> Rows:
    names = {"tc_over_omega": "Eliashberg", "mcmillan": "McMillan", "allen_dynes": "Allen–Dynes"}
    found: dict[float, dict[str, object]] = {}
    for row in eliashberg_table((0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0), MU_STARS):
        cells = {f"{words}, μ* = {row['mu_star']:g}": row[name] for name, words in names.items()}
        found.setdefault(row["lambda_me"], {"λ": row["lambda_me"]}).update(cells)
    return list(found.values())


def _published() -> Rows:
    """Compare with published numbers for an Einstein phonon at μ* = 0, some of them formulas."""
    strong, weak = 1e8, np.array([0.06, 0.08, 0.1, 0.12, 0.14, 0.16])
    limit = critical_temperature(strong).tc_over_omega / math.sqrt(strong)
    prefactors = [critical_temperature(x).tc_over_omega * math.exp((1.0 + x) / x) for x in weak]
    rows: Rows = [
        {
            "quantity": "Tc/(Ω √λ), λ → ∞",
            "published": f"{STRONG_COUPLING}",
            "here": f"{limit:.8f} (λ = {strong:g})",
        },
        {
            "quantity": "Tc/Ω exp((1+λ)/λ), λ → 0",
            "published": WEAK_COUPLING,
            "here": float(np.polynomial.Polynomial.fit(weak, prefactors, 4)(0.0)),
        },
    ]
    for lam in (0.23, 0.25, 0.38, 0.48):
        here = critical_temperature(lam).tc_over_omega * math.exp((1.0 + lam) / lam)
        rows.append({"quantity": f"the same, λ = {lam:g}", "published": "about 1/1.30 = 0.77", "here": here})
    return rows


def _bounds() -> Rows:
    """Compute lower bounds of Tc/Ω from the first Matsubara frequencies alone; from one it is √(λ-1)/2π."""
    rows: Rows = []
    for lam in (1.1, 1.5, 2.0, 3.0, 5.0, 10.0, 100.0):
        row: dict[str, object] = {"λ": lam, "first: √(λ-1)/2π": math.sqrt(lam - 1.0) / (2.0 * math.pi)}
        for number in (2, 3, 4):
            needed = partial(_coupling_of_first_frequencies, number=number)
            tc = math.exp(
                brentq(lambda x, f=needed, y=lam: f(math.exp(x)) - y, math.log(1e-3), math.log(10.0))
            )
            row[f"first {number}"] = tc
        rows.append(row | {"all": critical_temperature(lam).tc_over_omega})
    return rows


def _coupling_of_first_frequencies(tc_over_omega: float, number: int) -> float:
    """Compute the λ at which the equations with `number` positive frequencies have this Tc/Ω, at μ* = 0."""
    varpi = 1.0 / (2.0 * math.pi * tc_over_omega)
    a = [varpi**2 / (varpi**2 + k**2) for k in range(2 * number)]
    kernel = np.array([[a[abs(i - j)] + a[i + j + 1] for j in range(number)] for i in range(number)])
    np.fill_diagonal(kernel, [a[2 * i + 1] - 2.0 * sum(a[1 : i + 1]) for i in range(number)])
    root = np.sqrt(2.0 * np.arange(number) + 1.0)
    return 1.0 / float(np.linalg.eigvalsh(kernel / root[:, None] / root)[-1])


def _cutoffs() -> Rows:
    rows: Rows = []
    for cutoff in (3.0, 5.0, 10.0, 20.0, 40.0):
        row: dict[str, object] = {"ω_c/Ω": cutoff}
        for lam in (0.5, 1.0, 2.0):
            for at, words in ((1.0, "μ*(Ω) = 0.12"), (cutoff, "μ*(ω_c) = 0.12")):
                row[f"λ = {lam:g}, {words}"] = critical_temperature(lam, 0.12, cutoff, at).tc_over_omega
        rows.append(row)
    return rows


def _accuracy() -> Rows:
    rows: Rows = []
    for lam, mu in (
        (0.06, 0.0),
        (0.1, 0.0),
        (0.2, 0.0),
        (0.3, 0.0),
        (1.0, 0.0),
        (1.0, 0.12),
        (10.0, 0.0),
        (1e4, 0.0),
    ):
        start = time.perf_counter()
        value = critical_temperature(lam, mu).tc_over_omega
        seconds = time.perf_counter() - start
        far = critical_temperature(lam, mu, reach=128.0).tc_over_omega
        rows.append(
            {
                "λ": lam,
                "μ*": mu,
                "Tc/Ω": f"{value:.8g}",
                "change, reach doubled": f"{far / value - 1.0:.1e}",
                "seconds": f"{seconds:.2f}",
            }
        )
    return rows


def _couplings() -> Rows:
    rows: Rows = []
    for name in LATTICES:
        lattice = get_lattice(name)
        for filling in (0.1, 0.5, 0.8, 1.0, 1.5):
            fermi = find_fermi_surface(lattice, filling)
            row: dict[str, object] = {"lattice": name, "filling": filling, "E_F/t": fermi.energy}
            row |= {"N(E_F) t": fermi.density, "±": f"{fermi.density_err:.1e}"}
            for coupling in ("bond", "holstein"):
                g = coupling_from_lambda(lattice, coupling, 1.0, 0.1, 1.0)
                found = lambda_me(Model(name, coupling, 1.0, 0.1, g), filling, fermi)
                row[f"λ_ME/λ {coupling}"] = found.lambda_me
            rows.append(row)
    return rows


if __name__ == "__main__":
    main()
