"""`hpcbip digest`: print what equal runs have in common."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import directory_argument


@click.command()
@directory_argument
def digest(directory: Path) -> None:
    """Print identity, number of bins and SHA-256 of the bins of every chain: equal for equal runs."""
    from hpcbip.store.digest import digest_lines

    click.echo("\n".join(digest_lines(directory)))
