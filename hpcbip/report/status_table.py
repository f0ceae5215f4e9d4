"""The status of a campaign as a table on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hpcbip.driver.progress import duration


def print_status(
    records: Sequence[Mapping[str, Any]], run: Mapping[str, Any] | None = None, console: Console | None = None
) -> None:
    """One line per ensemble: parameters, bins per chain, errors against their targets, state; then how it
    goes."""
    console = console or Console()
    if not console.is_terminal:  # a log file has no width that would have to be kept
        console.width = 200
    table = Table()
    for title in (
        "ensemble",
        "sector",
        "omega",
        "g",
        "U",
        "chains",
        "bins per chain",
        "error / target",
        "state",
    ):
        table.add_column(title)
    for record in records:
        bins = f"{record['bins_min']}" + (
            f"–{record['bins_max']}" if record["bins_max"] > record["bins_min"] else ""
        )
        errors = []
        for key, target in record.items():
            if key.endswith("_target"):
                name = key.removesuffix("_target")
                error = record[f"{name}_relative_error"]
                errors.append(f"{name} {'-' if error is None else f'{error:.2g}'} / {target:g}")
        shown = [record["ensemble"], record["sector"], f"{record['omega']:g}", f"{record['g']:.4g}"]
        shown += ["-" if record["U"] is None else f"{record['U']:g}", str(record["chains"])]
        state = record["state"] + (f": {record['why']}" if record.get("why") else "")
        shown += [f"{bins} of {record['bins_hard_end']}", "\n".join(errors) or "-", state]
        table.add_row(*shown)
    console.print(table)
    counts = Counter(record["state"] for record in records)
    console.print(", ".join(f"{number} {state}" for state, number in counts.items()))
    if run:
        console.print(run_line(run))


def run_line(run: Mapping[str, Any]) -> str:
    """The run at work, or the last one, in a line."""
    if run.get("blocks") is None:
        return "at work" if run["running"] else "not at work"
    line = (
        f"{'at work' if run['running'] else 'not at work'}; {'this' if run['running'] else 'the last'} run: "
    )
    line += f"{run['blocks']} blocks, {run['blocks_per_second']:.3g} blocks/s on {run['members']} ranks"
    if run.get("seconds_left"):
        line += f", about {duration(run['seconds_left'])} left"
    return line + (f" (noted {duration(run['noted'])} ago)" if run["running"] else "")
