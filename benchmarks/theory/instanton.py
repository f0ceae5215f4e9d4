"""Semiclassical instantons: exponents of s(λ), degenerate manifold, cluster size, the figure.

    python benchmarks/theory/instanton.py --out docs

Draws docs/instanton.png and prints the tables of docs/instanton.md; 15 s of CPU on one core.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from hpcbip.report.figures.theory.instanton import instanton_figure
from hpcbip.theory.instanton.scaling import exponent, manifold_spread, rows, scan
from hpcbip.theory.instanton.surface import Surface
from hpcbip.theory.instanton.tunnelling import instanton

CURVES = {
    "chain, bond, strong": (Surface("chain", size=8), np.geomspace(1e3, 1e4, 5), 25),
    "chain, bond": (Surface("chain", size=12), np.geomspace(1.0, 10.0, 5), 25),
    "square, bond": (Surface("square", size=5), np.geomspace(1.0, 10.0, 5), 17),
    "chain, Holstein": (Surface("chain", "holstein", size=6), np.geomspace(1.0, 10.0, 5), 17),
    "square, Holstein": (Surface("square", "holstein", size=4), np.geomspace(1.0, 10.0, 5), 17),
}


@click.command(help=__doc__)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False, exists=True), default="docs", show_default=True
)
def main(out: Path) -> None:
    """Print the tables, draw the figure."""
    for lattice in ("chain", "square"):
        for lam in (1.0, 10.0, 100.0, 1000.0):
            low, high = manifold_spread(Surface(lattice, lam=lam, size=6))
            print(f"manifold {lattice} lambda {lam:g}: v/Lambda from {low:.4f} to {high:.4f}", flush=True)
    laws = []
    for label, (surface, lams, points) in CURVES.items():
        found = scan(surface, lams, points)
        laws.append((label, found))
        for row in rows(found):
            print({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})
        fit = exponent([i.surface.lam for i in found], [i.least.action for i in found])
        polaron = "" if surface.sector == "polaron" else " (a polaron's s at 2 lambda is half of it)"
        print(f"{label}: p = {fit.p:.3f} +- {fit.p_err:.3f}, c = {fit.c:.3f}{polaron}", flush=True)
    shown = instanton(Surface("square", lam=5.0, size=5))
    print(rows([shown])[0])
    instanton_figure(shown, laws).save(out / "instanton.png")
    for size in (4, 5, 6):
        point = instanton(replace(Surface(lam=2.0), size=size), 17, lowest=False)
        print(f"square bond lambda 2, size {size}: s = {point.least.action:.4f}", flush=True)


if __name__ == "__main__":
    main()
