"""Exact diagonalisation: literature values, critical couplings, the light bipolaron, and what a basis costs.

    python benchmarks/theory_exact.py --out docs

Draws docs/exact.png and prints the tables of docs/exact.md (OMP_NUM_THREADS=1: the vectors are short).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import matplotlib
import numpy as np

from hpcbip.theory.exact import converge, critical_lambda, light_bipolarons, sharp_transition
from hpcbip.theory.exact_basis import build_space
from hpcbip.theory.exact_solve import solve
from hpcbip.theory.exact_system import Geometry, System

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
UNCERTAIN = 0.05  # relative error of the mass from which a point is drawn hollow


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False, exists=True), default="docs", show_default=True)
def main(out: Path) -> None:
    """Print the tables, draw the figure."""
    _convergence()
    _costs()
    critical = _critical()
    pairs = _pairs()
    _figure(out / "exact.png", pairs, critical)


def _row(*cells: object) -> None:
    click.echo("| " + " | ".join(f"{cell:.5g}" if isinstance(cell, float) else str(cell) for cell in cells) + " |")


def _convergence() -> None:
    _row("system", "Nh", "states", "E bound", "E", "±", "m*", "±", "seconds")
    _row(*["---"] * 9)
    for electrons, sizes in ((1, (8, 10, 12, 14)), (2, (10, 12, 14, 16))):
        for nh in sizes:
            start = time.process_time()
            result = converge(System(Geometry("chain", "holstein", electrons), 1.0, 1.0, 1.0), nh)
            seconds = time.process_time() - start
            last = result.levels[-1]
            cells = (f"{last.E:.10f}", f"{result.E.value:.10f}", f"{result.E.error:.1e}")
            mass = (f"{result.mass.value:.7f}", f"{result.mass.error:.1e}")
            _row(f"Holstein chain, {electrons} e", nh, last.basis_size, *cells, *mass, f"{seconds:.2f}")
    click.echo()


def _costs() -> None:
    _row("lattice", "coupling", "electrons", "Nh", "states", "basis and matrices, s", "lowest state and mass, s")
    _row(*["---"] * 7)
    for lattice, coupling, electrons, nh in (
        ("chain", "holstein", 1, 18), ("chain", "holstein", 2, 16), ("chain", "site-peierls", 2, 10),
        ("square", "bond", 2, 6), ("triangular", "bond", 2, 5), ("cubic", "bond", 1, 6),
    ):  # fmt: skip
        geometry = Geometry(lattice, coupling, electrons)
        start = time.process_time()
        space = build_space(geometry, nh)
        built = time.process_time()
        solve(space, System(geometry, 1.0, 1.0, 0.7))
        done = time.process_time()
        _row(lattice, coupling, electrons, nh, len(space), f"{built - start:.2f}", f"{done - built:.2f}")
    click.echo()


def _critical() -> dict[float, float]:
    found = {}
    for omega, nh in ((3.0, 9), (1.0, 10)):
        result = critical_lambda(omega, nh=nh)
        _row("Ω/t", "Nh", "states", "λ_c")
        _row(*["---"] * 4)
        for n, size, lam in result.by_nh:
            _row(omega, n, size, f"{lam:.9f}")
        _row(omega, "∞", "", f"{result.lam.value:.9f} ± {result.lam.error:.1e}")
        click.echo()
        found[omega] = float(result.lam.value or np.nan)
    return found


def _pairs() -> list[dict[str, Any]]:
    pairs = light_bipolarons([0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5], states=80_000)
    names = ("E", "E_err", "mass", "mass_err", "pair_distance2", "phonons", "weight", "binding_energy")
    _row("coupling", "U/t", "λ", *names, "states")
    _row(*["---"] * (4 + len(names)))
    for pair in pairs:
        _row(pair["coupling"], pair["U"], pair["lambda"], *(pair[name] for name in names), pair["basis_size"])
    click.echo()
    return pairs


def _bound(pair: dict[str, Any]) -> bool:
    return pair["binding_energy"] is not None and pair["binding_energy"] > pair["binding_energy_err"]


def _figure(path: Path, pairs: list[dict[str, Any]], critical: dict[float, float]) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.8), layout="constrained")
    curves = [(coupling, U) for coupling in ("site-peierls", "holstein") for U in (0.0, 4.0)]
    for (coupling, U), colour in zip(curves, COLOURS, strict=True):
        curve = [p for p in pairs if (p["coupling"], p["U"]) == (coupling, U) and _bound(p)]
        sure = [p["mass_err"] < UNCERTAIN * p["mass"] for p in curve]
        x, y = [p["lambda"] for p in curve], [p["mass"] for p in curve]
        left.plot(x, y, color=colour, lw=0.8, alpha=0.6)
        for chosen, face in ((sure, colour), ([not s for s in sure], "white")):
            at = np.flatnonzero(chosen)
            errors = [curve[i]["mass_err"] for i in at]
            left.errorbar(
                [x[i] for i in at], [y[i] for i in at], errors, fmt="o", color=colour, mfc=face, ms=4.2, capsize=1.5
            )
        name = "site-Peierls" if coupling == "site-peierls" else "Holstein"
        left.plot([], [], "o-", color=colour, ms=4.2, lw=0.8, label=f"{name}, U = {U:g}t")
    left.set(yscale="log", ylim=(0.5, 3e3), xlabel=r"$\lambda$", ylabel=r"$m^*/m_0$ of the pair, $\Omega = 3t$")
    left.legend(fontsize=7, frameon=False)
    for (omega, lam), colour in zip(critical.items(), COLOURS, strict=False):
        near = lam + np.array([1e-4, 5e-4, 2e-3, 5e-3, 0.01, 0.02, 0.04])
        rows = sharp_transition(sorted([*np.linspace(0.05, 1.5, 30), *near]), omega)
        x = [row["lambda"] for row in rows]
        right.plot(x, [row["inverse_mass_0"] for row in rows], color=colour, lw=1.0, ls="--")
        right.plot(x, [row["K"] / np.pi for row in rows], color=colour, lw=1.4, label=rf"$\Omega = {omega:g}t$")
        right.axvline(lam, color=colour, lw=0.6, ls=":")
    right.plot([], [], color="0.4", lw=1.4, label=r"$K/\pi$ of the lowest state")
    right.plot([], [], color="0.4", lw=1.0, ls="--", label=r"$m_e/m^*$ at $K = 0$")
    right.axhline(0.0, color="0.6", lw=0.5)
    right.set(xlabel=r"$\lambda = 2g^2/(\Omega t)$", ylim=(-1.0, 1.0), title="site-Peierls polaron")
    right.title.set_fontsize(8)
    right.legend(fontsize=7, frameon=False)
    for axes in (left, right):
        axes.tick_params(which="both", direction="in", labelsize=7, top=True, right=True)
    figure.savefig(path, dpi=180)
    click.echo(f"{path} written")


if __name__ == "__main__":
    main()
