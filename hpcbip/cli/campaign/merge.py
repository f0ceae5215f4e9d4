"""`hpcbip merge`: campaigns of the same model become one."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import FOLDER


@click.command()
@click.argument("directories", metavar="DIR...", nargs=-1, required=True, type=FOLDER)
@click.option("--out", required=True, type=FOLDER, help="New directory of the joined campaign.")
def merge(directories: tuple[Path, ...], out: Path) -> None:
    """Join campaigns of the same model, made on different machines or with different seeds.

    Points join, chains with different random numbers add up, and of a chain that several have the longest is
    taken. Name, seed, targets and Tc are those of the first DIR. The campaigns themselves stay as they are.
    """
    from hpcbip.store.transfer.merging import merge_campaigns

    done = merge_campaigns(directories, out)
    click.echo(
        f"{done.points} points, {done.ensembles} ensembles, {done.chains} chains, {done.bins} bins; "
        f"ensembles with chains of several campaigns: {done.joined}"
    )
    click.echo(f"written: {out}; to go on: hpcbip run {out / 'config.yaml'} --out {out}")
