"""What the verbs that print tables share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hpcbip.report.figures.style import Picture

FORMATS = click.Choice(["table", "csv", "json"])
format_option = click.option("--format", "form", type=FORMATS, default="table", show_default=True)


def as_data(records: list[dict[str, Any]], form: str) -> bool:
    """Print as CSV or JSON; returns False if a table is asked for."""
    from hpcbip.reduction.export import to_csv, to_json

    if form == "table":
        return False
    click.echo((to_csv if form == "csv" else to_json)(records), nl=form == "json")
    return True


def output(rows: list[dict[str, Any]], form: str) -> None:
    """Print rows as CSV, JSON, or a plain table."""
    from hpcbip.report.tables import print_rows

    if not as_data(rows, form):
        print_rows(rows)


def drawn(make: Callable[[], Picture], path: Path | None, form: str) -> None:
    """Draw and save, if there is a path; say what is to be seen and which files there are, unless a program
    reads."""
    if path is None:
        return
    picture = make()
    files = picture.save(path)
    if form == "table":
        click.echo(picture.caption)
        click.echo("written: " + ", ".join(str(file) for file in files))
