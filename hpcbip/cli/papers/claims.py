"""`hpcbip claims`: what the source papers claim, and what the atlas and the theories say about it."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import FILE
from hpcbip.cli.output import format_option, print_data


@click.command()
@click.option("--page", type=FILE, help="Write it as a page in Markdown as well.")
@format_option
def claims(page: Path | None, form: str) -> None:
    """The claims of the source papers, each with the numbers that confirm, limit or contradict it."""
    from hpcbip.catalogue.entries import read_records
    from hpcbip.report.papers.claims.page import claim_rows, examined_claims, write_page

    found = examined_claims(read_records())
    if not print_data(claim_rows(found), form):
        for claim, finding in found:
            click.echo(f"{claim.paper} {claim.number} {finding.verdict}: {claim.statement}")
            for text in finding.numbers:
                click.echo(f"    {text}")
            if finding.missing:
                click.echo(f"    no points yet for: {'; '.join(finding.missing)}")
    if page is not None:
        write_page(page, found)
        click.echo(f"written: {page}", err=form != "table")
