"""`hpcbip new`: write a configuration to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import FILE
from hpcbip.cli.output import format_option, print_records
from hpcbip.errors import InputError


@click.command()
@click.argument("path", metavar="NAME.yaml", required=False, type=FILE)
@click.option(
    "--lattice",
    help="A lattice by name, as triangular; a wrong name is answered with all.  [default: square]",
)
@click.option("--coupling", help="bond, holstein or bond+holstein.  [default: bond]")
@click.option("--from", "source", metavar="NAME", help="Begin from a configuration of --list.")
@click.option("--list", "listed", is_flag=True, help="List the configurations that travel with hpcbip.")
@format_option
def new(
    path: Path | None, lattice: str | None, coupling: str | None, source: str | None, listed: bool, form: str
) -> None:
    """Write a configuration with comments, ready for `hpcbip run`, into the new file NAME.yaml.

    Without --from it is a short scan of λ where pairs of that lattice and coupling are known, or expected,
    to be bound; the file says which.
    """
    from hpcbip.catalogue.configurations import read_shipped, shipped_paths, write_new

    if listed:
        print_records([read_shipped(path).row() for path in shipped_paths().values()], form)
    elif path is None:
        raise InputError("NAME.yaml: missing; allowed: the name of a new file, or --list")
    else:
        write_new(path, lattice, coupling, source)
        click.echo(f"written: {path}; next: hpcbip run {path} --out runs/{path.stem} -n 8")
