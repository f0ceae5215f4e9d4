"""The table of actions from which `hpcbip figure semiclassical-mass` draws the instanton's lines.

    python benchmarks/theory/actions.py    # writes hpcbip/report/papers/campaigns/actions.csv; 5 minutes

Pairs on the square lattice; with repulsion 4 × 4 sites, without it 5 × 5 (docs/theory/instanton.md, Accuracy
and limits). λ at which the pair does not trap itself are left out.
"""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.reduction.export import to_csv
from hpcbip.report.papers.campaigns.actions import ACTIONS_TABLE
from hpcbip.theory.instanton.scaling import instanton_table
from hpcbip.theory.instanton.surface import AdiabaticSurface, NotSelfTrapped
from hpcbip.theory.instanton.tunnelling import find_instanton

POINTS = 9  # of a path
LAMBDAS = {
    "bond": (0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 2.8, 3.4, 4.0),
    "holstein": (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4),
}
COLUMNS = ("coupling", "U", "lambda", "size", "minimum", "barrier_least", "action")


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path), default=ACTIONS_TABLE, show_default=True)
def main(out: Path) -> None:
    """Find all instantons and write the table."""
    found = []
    for coupling, lams in LAMBDAS.items():
        for U in (0.0, 8.0):
            for lam in lams:
                surface = AdiabaticSurface("square", coupling, lam, U=U, size=4 if U else 5)
                try:
                    found.append(find_instanton(surface, POINTS, with_minimum_energy_path=False))
                except NotSelfTrapped as refused:
                    click.echo(str(refused))
                    continue
                click.echo(
                    f"{coupling}, U = {U:g}, λ = {lam:g}: s = {found[-1].least_action_path.action:.4f}"
                )
    rows = [{name: row[name] for name in COLUMNS} for row in instanton_table(found)]
    Path(out).write_text(to_csv(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
