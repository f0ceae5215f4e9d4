"""Tc/Ω against λ_ME: Migdal-Eliashberg, McMillan, Allen-Dynes; accuracy of the solver; λ_ME of the lattices.

    python benchmarks/eliashberg.py --out docs

Draws docs/eliashberg.png and prints the tables of docs/eliashberg.md.
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import matplotlib
import numpy as np

from hpcbip.models import LATTICES, Model, coupling_from_lambda, get_lattice
from hpcbip.superconductivity.ceiling import ceiling_curve
from hpcbip.superconductivity.eliashberg import (
    STRONG_COUPLING,
    WEAK_COUPLING,
    allen_dynes,
    critical_temperature,
    mcmillan,
)
from hpcbip.superconductivity.fermi_surface import fermi_surface, lambda_me

matplotlib.use("Agg")
from matplotlib import pyplot as plt

MU_STARS = (0.0, 0.12)


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False, exists=True), default="docs", show_default=True)
def main(out: Path) -> None:
    """Print the tables, draw the figure."""
    _temperatures()
    _cutoffs()
    _accuracy()
    _couplings()
    _figure(out / "eliashberg.png")


def _row(*cells: object) -> None:
    click.echo("| " + " | ".join(f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells) + " |")


def _temperatures() -> None:
    _row("λ", *(f"{name}, μ* = {mu:g}" for mu in MU_STARS for name in ("Eliashberg", "McMillan", "Allen–Dynes")))
    _row(*["---"] * 7)
    for lam in (0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0):
        cells = []
        for mu in MU_STARS:
            exact = critical_temperature(lam, mu).tc_over_omega
            cells += [f"{exact:.5g}", *(f"{float(formula(lam, mu)):.4g}" for formula in (mcmillan, allen_dynes))]
        _row(lam, *cells)
    click.echo()


def _cutoffs() -> None:
    _row("ω_c/Ω", *(f"λ = {lam:g}, {how}" for lam in (0.5, 1.0, 2.0) for how in ("μ*(Ω) = 0.12", "μ*(ω_c) = 0.12")))
    _row(*["---"] * 7)
    for cutoff in (3.0, 5.0, 10.0, 20.0, 40.0):
        pairs = [
            f"{critical_temperature(lam, 0.12, cutoff, at).tc_over_omega:.4f}"
            for lam in (0.5, 1.0, 2.0)
            for at in (1.0, cutoff)
        ]
        _row(cutoff, *pairs)
    click.echo()


def _accuracy() -> None:
    _row("λ", "μ*", "Tc/Ω", "change, reach doubled", "seconds")
    _row(*["---"] * 5)
    for lam, mu in ((0.06, 0.0), (0.1, 0.0), (0.2, 0.0), (0.3, 0.0), (1.0, 0.0), (1.0, 0.12), (10.0, 0.0), (1e4, 0.0)):
        start = time.perf_counter()
        value = critical_temperature(lam, mu).tc_over_omega
        seconds = time.perf_counter() - start
        far = critical_temperature(lam, mu, reach=128.0).tc_over_omega
        _row(lam, mu, f"{value:.8g}", f"{far / value - 1.0:.1e}", f"{seconds:.2f}")
    click.echo()


def _couplings() -> None:
    _row("lattice", "filling", "E_F/t", "N(E_F) t", "± (N)", "λ_ME/λ bond", "λ_ME/λ Holstein", "seconds")
    _row(*["---"] * 8)
    for name in LATTICES:
        lattice = get_lattice(name)
        for filling in (0.1, 0.5, 0.8, 1.0, 1.5):
            start = time.perf_counter()
            fermi = fermi_surface(lattice, filling)
            seconds = time.perf_counter() - start
            ratios = []
            for coupling in ("bond", "holstein"):
                g = coupling_from_lambda(lattice, coupling, 1.0, 0.1, 1.0)
                ratios.append(lambda_me(Model(name, coupling, 1.0, 0.1, g), filling, fermi).lambda_me)
            _row(name, filling, fermi.energy, fermi.density, f"{fermi.density_err:.1e}", *ratios, f"{seconds:.2f}")
    click.echo()


def _figure(path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.0), layout="constrained")
    for axis, lambdas in ((left, np.linspace(0.02, 3.0, 90)), (right, np.geomspace(0.1, 100.0, 70))):
        for i, mu in enumerate(MU_STARS):
            colour = f"C{i}"
            exact = ceiling_curve(lambdas.tolist(), mu)
            axis.plot(lambdas, exact, color=colour, lw=2, label=f"Migdal–Eliashberg, μ* = {mu:g}")
            axis.plot(lambdas, mcmillan(lambdas, mu), color=colour, lw=1, ls=":", label=f"McMillan, μ* = {mu:g}")
            axis.plot(lambdas, allen_dynes(lambdas, mu), color=colour, lw=1, ls="--", label=f"Allen–Dynes, μ* = {mu:g}")
        axis.set(xlabel=r"$\lambda_{\rm ME}$", ylabel=r"$T_c/\Omega$")
    left.set(xlim=(0.0, 3.0), ylim=(0.0, 0.3))
    for ceiling in (0.05, 0.1):
        left.axhline(ceiling, color="gray", lw=0.8, ls=(0, (1, 3)))
    left.legend(fontsize=8, frameon=False)
    right.plot(lambdas, STRONG_COUPLING * np.sqrt(lambdas), color="black", lw=0.8, label=r"$0.1827\,\sqrt{\lambda}$")
    weak = lambdas[lambdas < 1.5]
    curve = WEAK_COUPLING * np.exp(-(1.0 + weak) / weak)
    right.plot(weak, curve, color="black", lw=0.8, ls="-.", label=r"$0.688\,e^{-(1+\lambda)/\lambda}$")
    right.set(xscale="log", yscale="log", ylim=(1e-5, 3.0))
    right.legend(*(part[-2:] for part in right.get_legend_handles_labels()), fontsize=8, frameon=False)
    figure.savefig(path, dpi=150)
    click.echo(f"{path} written")


if __name__ == "__main__":
    main()
