"""What the verbs that print tables share: formats, and lists of numbers."""

from __future__ import annotations

from typing import Any

import click

from hpcbip.errors import InputError

FORMATS = click.Choice(["table", "csv", "json"])
format_option = click.option("--format", "form", type=FORMATS, default="table", show_default=True)


def as_data(records: list[dict[str, Any]], form: str) -> bool:
    """Print as CSV or JSON; returns False if a table is asked for."""
    from hpcbip.report.tables import to_csv, to_json

    if form == "table":
        return False
    click.echo((to_csv if form == "csv" else to_json)(records), nl=form == "json")
    return True


def output(rows: list[dict[str, Any]], form: str) -> None:
    """Print rows as CSV, JSON, or a plain table."""
    from hpcbip.report.tables import print_rows

    if not as_data(rows, form):
        print_rows(rows)


def numbers(_: click.Context, parameter: click.Parameter, text: str) -> list[float]:
    """Numbers from `0.5,1,2` or `0.2:3:0.2` (begin, end, step).

    Raises:
        InputError: if they are not that.
    """
    try:
        if ":" in text:
            begin, end, step = map(float, text.split(":"))
            return [begin + k * step for k in range(int((end - begin) / step + 1e-9) + 1)]
        return [float(word) for word in text.split(",")]
    except (ValueError, ZeroDivisionError, OverflowError):
        allowed = "numbers as in 0.5,1,2, or begin:end:step"
        raise InputError(f"{parameter.opts[0]}: {text}: cannot be read; allowed: {allowed}") from None
