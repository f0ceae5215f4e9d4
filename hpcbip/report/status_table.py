"""The status of a campaign as a table on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hpcbip.driver.progress import duration
from hpcbip.messages import counted
from hpcbip.report.tables import console_for
from hpcbip.vocabulary.parameters import ALWAYS_SHOWN

_DIGITS = 4  # of parameters
_TARGET = "_target"


def print_status(
    records: Sequence[Mapping[str, Any]], run: Mapping[str, Any] | None = None, console: Console | None = None
) -> None:
    """Print one row per ensemble, how many are in which state, and the run.

    Args:
        records: of the ensembles (`hpcbip.reduction.status.status_records`).
        run: the run at work, or the last one (`hpcbip.reduction.status.status_of_run`).
        console: to print on; None: the terminal.
    """
    console = console_for(console)
    table = Table()
    for title in (
        "ensemble",
        "sector",
        *ALWAYS_SHOWN,
        "chains",
        "bins per chain",
        "error / target",
        "state",
    ):
        table.add_column(title)
    for record in records:
        table.add_row(
            record["ensemble"],
            record["sector"],
            *(_parameter(record[name]) for name in ALWAYS_SHOWN),
            str(record["chains"]),
            _bins(record),
            _errors(record),
            record["state"] + (f": {record['why']}" if record.get("why") else ""),
        )
    console.print(table)
    counts = Counter(record["state"] for record in records)
    console.print(", ".join(f"{number} {state}" for state, number in counts.items()))
    if run:
        console.print(run_line(run))


def _parameter(value: float | None) -> str:
    return "-" if value is None else f"{value:.{_DIGITS}g}"


def _bins(record: Mapping[str, Any]) -> str:
    least, most = record["bins_min"], record["bins_max"]
    return f"{least}{f'–{most}' if most > least else ''} of {record['bins_hard_end']}"


def _errors(record: Mapping[str, Any]) -> str:
    """Return the relative errors against their targets, one a line."""
    lines = []
    for key, target in record.items():
        if key.endswith(_TARGET):
            name = key.removesuffix(_TARGET)
            error = record[f"{name}_relative_error"]
            lines.append(f"{name} {'-' if error is None else f'{error:.2g}'} / {target:g}")
    return "\n".join(lines) or "-"


def run_line(run: Mapping[str, Any]) -> str:
    """Return one line about the run at work, or the last one."""
    state = "at work" if run["running"] else "not at work"
    if run.get("blocks") is None:
        return state
    line = f"{state}; {'this' if run['running'] else 'the last'} run: "
    line += f"{counted(run['blocks'], 'block')}, {run['blocks_per_second']:.3g} blocks/s "
    line += f"on {counted(run['members'], 'rank')}"
    if run.get("seconds_left"):
        line += f", about {duration(run['seconds_left'])} left"
    return line + (f" (noted {duration(run['noted'])} ago)" if run["running"] else "")
