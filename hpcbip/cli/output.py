"""Printing of tables in the format that was asked for, and saving of figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpcbip.errors import InputError

if TYPE_CHECKING:
    from hpcbip.report.plotting.picture import Picture

FORMATS = click.Choice(["table", "csv", "json"])
format_option = click.option("--format", "form", type=FORMATS, default="table", show_default=True)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on a terminal, with something that moves, what the user waits for; nothing elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def print_data(records: list[dict[str, Any]], form: str) -> bool:
    """Print the records as CSV or JSON; return False, and print nothing, if a table is asked for."""
    from hpcbip.reduction.export import to_csv, to_json

    if form == "table":
        return False
    click.echo((to_csv if form == "csv" else to_json)(records), nl=form == "json")
    return True


def print_records(rows: list[dict[str, Any]], form: str) -> None:
    """Print the rows as CSV, as JSON, or as a plain table."""
    from hpcbip.report.tables import print_rows

    if not print_data(rows, form):
        print_rows(rows)


def folder_for_files(directory: Path, out: Path | None) -> Path | None:
    """Return the folder that takes the files of a campaign: the one that was asked for, which is made if need
    be, or its own; None if that is somebody else's to write to, which `say_nothing_written` tells.

    Raises:
        InputError: if the folder that was asked for cannot be made.
    """
    if out is None:
        closed = directory.is_dir() and not os.access(directory, os.W_OK | os.X_OK)
        return None if closed else directory
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out: {out}: cannot be made: {error.strerror}; allowed: a folder") from None
    return out


def say_nothing_written(directory: Path) -> None:
    """Tell whoever may only read a campaign that no files were written, and how to have them."""
    click.echo(
        f"nothing was written: {directory} may not be written to; --out FOLDER takes the files", err=True
    )


def draw_and_save(make: Callable[[], Picture], path: Path | None, form: str) -> str:
    """Draw a figure and save it, if there is a path; return its caption.

    The caption and the names of the files are printed in the format for readers (`table`) only.
    """
    if path is None:
        return ""
    picture = make()
    files = picture.save(path)
    if form == "table":
        click.echo(picture.caption)
        click.echo("written: " + ", ".join(str(file) for file in files))
    return picture.caption
