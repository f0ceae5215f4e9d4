"""`hpcbip report`: draw all figures and write the HTML page of a campaign."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import directory_argument, out_option
from hpcbip.cli.output import folder_for_files, say_nothing_written, waiting


@click.command()
@directory_argument
@out_option
def report(directory: Path, out: Path | None) -> None:
    """Figures, and one HTML page with everything: DIRECTORY/report.html, DIRECTORY/figures."""
    from hpcbip.report.html.page import report_and_write

    folder = folder_for_files(directory, out)
    if folder is not None:
        with waiting("drawing the figures and the page"):
            files = report_and_write(directory, folder)
        click.echo("written: " + ", ".join(str(file) for file in files))
        return
    _print_results(directory)
    say_nothing_written(directory)


def _print_results(directory: Path) -> None:
    """Print what the page begins with."""
    from hpcbip.reduction.results import read_results
    from hpcbip.report.html.page import headline
    from hpcbip.report.summary import convergence
    from hpcbip.report.tables import print_table
    from hpcbip.vocabulary.displays import REDUCE_TABLE

    results = read_results(directory)
    print_table(results.records, REDUCE_TABLE)
    for statement in headline(results):
        click.echo(statement.text + (f" ({'; '.join(statement.flags)})" if statement.flags else ""))
    click.echo(convergence(results.records))
