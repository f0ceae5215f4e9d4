"""What the verbs `reduce` and `tc` print."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from .figures import dome_figure
from .results import reduce_and_write, reduce_directory
from .tables import REDUCE_COLUMNS, TC_COLUMNS, Record, convergence, highest, print_table, to_csv, to_json

FORMATS: tuple[str, ...] = ("table", "csv", "json")
TC_KEYS = ("binding_energy", "mass_bipolaron", "radius2", "tc_over_omega", "tc_kelvin")
_SUFFIXES = ("", "_err", "_tau", "_verdict")
_PARAMETERS = ("point", "lattice", "coupling", "t", "omega", "g", "lambda", "U", "V", "beta")


def show_reduce(directory: Path, form: str = "table") -> None:
    """`hpcbip reduce DIR`: print the observables of all points and write them, with the binning plateau, into DIR.

    Raises:
        InputError: if DIR is not a campaign, has no bins yet, or cannot be written to.
    """
    records, written = reduce_and_write(directory)
    _show(records, REDUCE_COLUMNS, form)
    _say([convergence(records), "Written: " + ", ".join(str(path) for path in written)], form)


def show_tc(
    directory: Path, form: str = "table", prefactor: float | str | None = None, figure: Path | None = None
) -> None:
    """`hpcbip tc DIR`: print Tc and what it follows from, where it is highest, and draw the dome.

    Raises:
        InputError: if DIR is not a campaign or has no bins yet, or the figure cannot be written.
    """
    records = reduce_directory(directory, prefactor)
    written = dome_figure(records, figure) if figure else []
    entries = [name + suffix for name in TC_KEYS for suffix in _SUFFIXES]
    keys = [*_PARAMETERS, *entries, "tc_prefactor", "tc_valid", "flags"]
    _show([{key: record.get(key) for key in keys} for record in records], TC_COLUMNS, form)
    lines = [*highest(records), convergence(records)]
    if written:
        lines.append("Written: " + ", ".join(str(path) for path in written))
    _say(lines, form)


def _show(records: Sequence[Record], columns: Sequence[tuple[str, str]], form: str) -> None:
    if form == "table":
        print_table(records, columns)
    else:
        print((to_json(records) + "\n") if form == "json" else to_csv(records), end="")


def _say(lines: Sequence[str], form: str) -> None:
    """Sentences for the reader: below a table, but beside a format that a program reads."""
    for line in lines:
        print(line, file=sys.stdout if form == "table" else sys.stderr)
