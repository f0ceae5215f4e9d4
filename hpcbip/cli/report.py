"""`hpcbip report`: draw all figures and write the HTML page of a campaign."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import directory_argument


@click.command()
@directory_argument
def report(directory: Path) -> None:
    """Figures, and one HTML page with everything: DIRECTORY/report.html, DIRECTORY/figures."""
    from hpcbip.report.html.page import report_and_write

    click.echo("written: " + ", ".join(str(file) for file in report_and_write(directory)))
