"""`hpcbip plan`: what a campaign would give and take, before it is run."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hpcbip.cli.options import FILE, POSITIVE, RANKS
from hpcbip.cli.output import format_option, print_data


@click.command()
@click.argument("config", type=FILE)
@click.option("-n", "ranks", type=RANKS, help="MPI ranks of the wall time. [default: the most sensible]")
@click.option("--pilot", type=POSITIVE, metavar="SECONDS", help="Sample each ensemble for SECONDS first.")
@format_option
def plan(config: Path, ranks: int | None, pilot: float | None, form: str) -> None:
    """Say what the campaign of CONFIG would give and take, before it is run.

    g, β and whether it is long enough, expected masses and sizes, core hours, memory, disk, ranks. Nothing is
    written.
    """
    from hpcbip.campaign.schema import load_config
    from hpcbip.driver.forecast.campaign import forecast_campaign
    from hpcbip.driver.interactive.request import available_cores
    from hpcbip.messages import print_message
    from hpcbip.report.forecast_tables import point_rows, print_forecast, summary

    def show(number: int, of: int) -> None:
        print_message(f"pilot: {number}/{of} ensembles")

    forecast = forecast_campaign(load_config(config), pilot, available_cores(), show)
    if form == "json":
        content = {"summary": summary(forecast, ranks), "points": point_rows(forecast)}
        click.echo(json.dumps(content, indent=1, allow_nan=False))
    elif not print_data(point_rows(forecast), form):
        print_forecast(forecast, ranks)
