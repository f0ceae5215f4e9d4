"""`hpcbip digest`: print what equal runs have in common."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import directory_argument


@click.command()
@directory_argument
@click.option(
    "--columns",
    help="Only of these columns, as in energy,diffusion: to compare with a version that measured fewer.",
)
def digest(directory: Path, columns: str | None) -> None:
    """Print identity, number of bins and SHA-256 of the bins of every chain: equal for equal runs."""
    from hpcbip.store.digest import digest_lines

    only = frozenset(columns.split(",")) if columns else frozenset()
    click.echo("\n".join(digest_lines(directory, only)))
