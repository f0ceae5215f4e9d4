"""`hpcbip status`: show the progress of a campaign."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hpcbip.cli.options import directory_argument
from hpcbip.cli.output import format_option, print_data


@click.command()
@directory_argument
@format_option
def status(directory: Path, form: str) -> None:
    """Show how far a campaign is, running or not."""
    from hpcbip.reduction.status import status_of_run, status_records
    from hpcbip.report.status_table import print_status

    records, state = status_records(directory), status_of_run(directory)
    if form == "json":
        click.echo(json.dumps({"run": state, "ensembles": records}, indent=1, allow_nan=False))
    elif not print_data(records, form):
        print_status(records, state)
