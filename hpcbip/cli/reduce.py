"""`hpcbip reduce`: observables with errors."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import directory_argument
from hpcbip.cli.output import format_option, print_data


@click.command()
@directory_argument
@format_option
def reduce(directory: Path, form: str) -> None:
    """Binning, autocorrelation times and jackknife: observables with errors, into tables and files."""
    from hpcbip.report.results_files import reduce_and_write
    from hpcbip.report.summary import convergence
    from hpcbip.report.tables import print_table
    from hpcbip.vocabulary.displays import REDUCE_TABLE

    records, files = reduce_and_write(directory)
    if not print_data(records, form):
        print_table(records, REDUCE_TABLE)
        click.echo(convergence(records))
        click.echo("written: " + ", ".join(str(file) for file in files))
