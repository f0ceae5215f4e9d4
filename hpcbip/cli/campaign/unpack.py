"""`hpcbip unpack`: a campaign from its archive."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import FILE, FOLDER


@click.command()
@click.argument("archive", type=FILE)
@click.option(
    "--out",
    type=FOLDER,
    help="New directory of the campaign.  [default: the name that it had, here]",
)
def unpack(archive: Path, out: Path | None) -> None:
    """Unpack a campaign that `hpcbip pack` packed, and compare files and bins with what was packed."""
    from hpcbip.store.transfer.archive import unpack as unpack_campaign

    done = unpack_campaign(archive, out)
    click.echo(f"written: {done.path}: {done.files} files, as they were packed; digest {done.digest[:16]}")
    click.echo(f"to go on: hpcbip run {done.path / 'config.yaml'} --out {done.path}")
