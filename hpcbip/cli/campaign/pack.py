"""`hpcbip pack`: a campaign as one archive."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import FILE, directory_argument


@click.command()
@directory_argument
@click.option(
    "--out",
    type=FILE,
    help="The archive, .tar or .tar.gz.  [default: NAME.tar.gz, here]",
)
def pack(directory: Path, out: Path | None) -> None:
    """Pack a campaign into an archive with which another machine goes on; no run may be at work in it.

    `hpcbip unpack` unpacks it and compares everything with what was packed; `tar xf` does without that.
    """
    from hpcbip.store.transfer.archive import pack as pack_campaign

    done = pack_campaign(directory, out)
    click.echo(
        f"written: {done.path}: {done.files} files, {done.size / 1e6:.3g} MB, digest {done.digest[:16]}"
    )
    click.echo(f"on the other machine: hpcbip unpack {done.path.name}")
