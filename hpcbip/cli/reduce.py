"""`hpcbip reduce`: observables with errors."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import directory_argument, out_option
from hpcbip.cli.output import folder_for_files, format_option, print_data, say_nothing_written, waiting


@click.command()
@directory_argument
@format_option
@out_option
def reduce(directory: Path, form: str, out: Path | None) -> None:
    """Binning, autocorrelation times and jackknife: observables with errors, into tables and files."""
    from hpcbip.reduction.results import read_results
    from hpcbip.report.results_files import reduce_and_write
    from hpcbip.report.summary import convergence
    from hpcbip.report.tables import print_table
    from hpcbip.vocabulary.displays import REDUCE_TABLE

    folder, files = folder_for_files(directory, out), list[Path]()
    with waiting("reducing the bins"):
        if folder is None:
            records = read_results(directory).records
        else:
            records, files = reduce_and_write(directory, folder)
    if not print_data(records, form):
        print_table(records, REDUCE_TABLE)
        click.echo(convergence(records))
        if files:
            click.echo("written: " + ", ".join(str(file) for file in files))
    if folder is None:
        say_nothing_written(directory)
