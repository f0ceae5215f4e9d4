"""`hpcbip status`: show the progress of a campaign."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hpcbip.cli.options import POSITIVE, directory_argument
from hpcbip.cli.output import format_option, print_data
from hpcbip.errors import InputError


@click.command()
@directory_argument
@format_option
@click.option("--watch", "live", is_flag=True, help="Show it live, until Ctrl-C or the end.")
@click.option(
    "--every", "period", type=POSITIVE, default=2.0, show_default=True, help="Seconds, with --watch."
)
def status(directory: Path, form: str, live: bool, period: float) -> None:
    """Show how far a campaign is, running or not."""
    from hpcbip.reduction.status import status_of_run, status_records
    from hpcbip.report.status_table import print_status

    if live and form != "table":
        raise InputError(f"--watch: --format {form}; allowed: table, or --format {form} without --watch")
    if live:
        from hpcbip.report.live_status import watch

        watch(directory, period)
        return
    records, state = status_records(directory), status_of_run(directory)
    if form == "json":
        click.echo(json.dumps({"run": state, "ensembles": records}, indent=1, allow_nan=False))
    elif not print_data(records, form):
        print_status(records, state)
