"""Print the tables of docs/theory/instanton.md (powers of λ, degenerate manifold, cluster size); draw its
figure.

    python benchmarks/theory/instanton.py --out docs

Draws docs/theory/images/instanton.png and prints the tables of docs/theory/instanton.md; 15 s of CPU on one
core.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from hpcbip.report.figures.theory.instanton import instanton_figure
from hpcbip.theory.instanton.scaling import fit_power_law, instanton_table, manifold_spread, scan_coupling
from hpcbip.theory.instanton.surface import AdiabaticSurface
from hpcbip.theory.instanton.tunnelling import find_instanton

CURVES = {
    "chain, bond, strong": (AdiabaticSurface("chain", size=8), np.geomspace(1e3, 1e4, 5), 25),
    "chain, bond": (AdiabaticSurface("chain", size=12), np.geomspace(1.0, 10.0, 5), 25),
    "square, bond": (AdiabaticSurface("square", size=5), np.geomspace(1.0, 10.0, 5), 17),
    "chain, Holstein": (AdiabaticSurface("chain", "holstein", size=6), np.geomspace(1.0, 10.0, 5), 17),
    "square, Holstein": (AdiabaticSurface("square", "holstein", size=4), np.geomspace(1.0, 10.0, 5), 17),
}


@click.command(help=__doc__)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default="docs/theory/images",
    show_default=True,
)
def main(out: Path) -> None:
    """Print the tables, draw the figure."""
    for lattice in ("chain", "square"):
        for lam in (1.0, 10.0, 100.0, 1000.0):
            low, high = manifold_spread(AdiabaticSurface(lattice, lam=lam, size=6))
            print(f"manifold {lattice} lambda {lam:g}: v/Lambda from {low:.4f} to {high:.4f}", flush=True)
    scans = []
    for label, (surface, lams, points) in CURVES.items():
        found = scan_coupling(surface, lams, points)
        scans.append((label, found))
        for row in instanton_table(found):
            print({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})
        fit = fit_power_law([i.surface.lam for i in found], [i.least_action_path.action for i in found])
        polaron = "" if surface.sector == "polaron" else " (a polaron's s at 2 lambda is half of it)"
        print(f"{label}: p = {fit.p:.3f} +- {fit.p_err:.3f}, c = {fit.c:.3f}{polaron}", flush=True)
    shown = find_instanton(AdiabaticSurface("square", lam=5.0, size=5))
    print(instanton_table([shown])[0])
    instanton_figure(shown, scans).save(out / "instanton.png")
    for size in (4, 5, 6):
        point = find_instanton(
            replace(AdiabaticSurface(lam=2.0), size=size), 17, with_minimum_energy_path=False
        )
        print(f"square bond lambda 2, size {size}: s = {point.least.action:.4f}", flush=True)


if __name__ == "__main__":
    main()
