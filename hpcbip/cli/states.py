"""`hpcbip states`: the two states that chains sit in, each by itself."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import directory_argument
from hpcbip.cli.output import format_option, print_data, waiting


@click.command()
@directory_argument
@format_option
def states(directory: Path, form: str) -> None:
    """Observables of the two states of points that are flagged so, and where their energies cross."""
    from hpcbip.reduction.results import read_results
    from hpcbip.report.states import crossing_lines
    from hpcbip.report.tables import print_table
    from hpcbip.vocabulary.displays import STATE, STATES_TABLE, SWITCHES

    with waiting("reducing the bins"):
        found = read_results(directory).states
    if print_data(found, form):
        return
    for sector, columns in STATES_TABLE.items():
        if own := [record for record in found if record["sector"] == sector]:
            print_table(own, columns, others=(STATE.name, SWITCHES.name))
    for line in crossing_lines(found):
        click.echo(line)
    if not found:
        click.echo("no chains that sit in two states")
