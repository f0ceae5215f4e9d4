"""Tables on the terminal, with numbers as value(error)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hpcbip.statistics.notation import with_error
from hpcbip.vocabulary.displays import FLAGS_ENTRY, TC_GAS_FLAGS, TC_GAS_HIGH
from hpcbip.vocabulary.entries import ERROR, VERDICT, Entry, Observable
from hpcbip.vocabulary.observables import TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import ALWAYS_SHOWN, PARAMETERS

Record = Mapping[str, Any]

MAX_ROWS = 200
"""Number of points that are printed of a table."""
LOG_WIDTH = 200
"""Columns of a table that is printed into a file, where there is no width to keep to."""
VERDICT_MARKS = {"converged": "", "maybe": "?", "not": "??"}
"""Marks after a number by the verdict on its error."""


def varying_parameters(records: Sequence[Record]) -> list[str]:
    """Return the names of the parameters that tell the points apart, and those that are always shown."""
    return [
        name
        for name, parameter in PARAMETERS.items()
        if name in ALWAYS_SHOWN
        or (not parameter.follows and len({str(record.get(name)) for record in records}) > 1)
    ]


def print_table(
    records: Sequence[Record],
    columns: Sequence[Entry],
    console: Console | None = None,
    others: Sequence[str] = (),
) -> None:
    """Print the points as a table on the terminal: parameters that vary, the entries `others` as they are,
    then value(error) of each column.

    `?` and `??` after a number: its statistics may be, or are, not converged; `!` after a Tc: a flag speaks
    against it. The flags, those of the gas band where it is a column, are listed below the table by the
    number of the point. Of more than `MAX_ROWS` points the first are printed.
    """
    console = console_for(console)
    shown = records[:MAX_ROWS]
    varying = varying_parameters(records)
    table = Table(title=_shared(records, varying), title_justify="left", header_style="bold")
    plain = list(dict.fromkeys((*varying, *others)))
    for title in ("#", *plain, *(column.terminal or column.name for column in columns)):
        table.add_column(title, justify="right", no_wrap=True)
    for number, record in enumerate(shown, 1):
        cells = [_cell(record, column) for column in columns]
        table.add_row(str(number), *(number_text(record.get(name)) for name in plain), *cells)
    console.print(table)
    if len(records) > MAX_ROWS:
        note = f"  the first {MAX_ROWS} of {len(records)} points; --format csv prints all"
        console.print(note, highlight=False)
    with_band = TC_GAS_HIGH in columns
    _print_flags(shown, console, [FLAGS_ENTRY.name, *([TC_GAS_FLAGS.name] if with_band else [])])
    text = " ".join(_cell(record, column) for record in shown for column in columns)
    if "?" in text or "!" in text:
        console.print(
            "  ? statistics maybe not converged, ?? not converged, ! the flags above speak against this Tc",
            highlight=False,
            markup=False,
        )


def console_for(console: Console | None) -> Console:
    """Return a console to print tables on; None: the terminal, or `LOG_WIDTH` columns of a file."""
    console = console or Console()
    if not console.is_terminal:
        console.width = LOG_WIDTH
    return console


def _shared(records: Sequence[Record], varying: Sequence[str]) -> str:
    """Return what all points have in common, as `lattice = square, t = 1`."""
    first = records[0]
    return ", ".join(
        f"{name} = {number_text(first.get(name))}"
        for name, parameter in PARAMETERS.items()
        if name not in varying and not parameter.follows and (name in first or not parameter.optional)
    )


def _print_flags(records: Sequence[Record], console: Console, names: Sequence[str]) -> None:
    """List the flags in these entries of the records, each with the numbers of its points."""
    points: dict[str, list[int]] = {}
    for number, record in enumerate(records, 1):
        for flag in [text for name in names for text in record.get(name) or ()]:
            points.setdefault(flag, []).append(number)
    for flag, numbers in points.items():
        console.print(f"  {flag}: # {', '.join(map(str, numbers))}", highlight=False, markup=False)


def print_rows(rows: Sequence[Record], console: Console | None = None) -> None:
    """Print rows as a plain table, X and X_err in one column as value(error), below what all rows share.

    A single row is printed as a list. Numbers are never cut: where the terminal is narrow they are folded.
    """
    console = console_for(console)
    names = list(dict.fromkeys(name for row in rows for name in row))
    shown = [name for name in names if not (name.endswith("_err") and name.removesuffix("_err") in names)]
    shown = [name for name in shown if any(row.get(name) not in (None, "", []) for row in rows)]
    cells = {name: [_plain_cell(row, name) for row in rows] for name in shown}
    if len(rows) == 1:
        table = Table("", "", show_header=False)
        for name, (cell,) in cells.items():
            table.add_row(name, cell)
        console.print(table)
        return
    shared = [name for name in shown if len(set(cells[name])) == 1 and f"{name}_err" not in names]
    if shared:
        console.print(
            ", ".join(f"{name} = {cells[name][0]}" for name in shared), highlight=False, markup=False
        )
    table = Table(header_style="bold")
    for name in shown:
        if name not in shared:
            table.add_column(name, overflow="fold")
    for line in zip(*(cells[name] for name in shown if name not in shared), strict=True):
        table.add_row(*line)
    console.print(table)


def _plain_cell(row: Record, name: str) -> str:
    value, error = row.get(name), row.get(f"{name}_err")
    if error is not None and isinstance(value, int | float):
        return with_error(value, error)
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "-" if value is None else f"{value:.7g}" if isinstance(value, float) else str(value)


def number_text(value: Any) -> str:
    """Return a number in its shortest form, anything else as it is."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _cell(record: Record, column: Entry) -> str:
    if not isinstance(column, Observable):  # what follows from observables has no error of its own
        value = record.get(column.name)
        return "-" if value is None else f"{value:.3g}"
    text = with_error(record.get(column.name), record.get(column.name + ERROR))
    if text == "-":
        return text
    mark = "!" if column.quantity == TC_OVER_OMEGA.quantity and not record["tc_valid"] else ""
    return text + mark + VERDICT_MARKS.get(record.get(column.name + VERDICT) or "", "")
