"""`hpcbip suggest`: propose points that would locate the maximum of Tc more precisely."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hpcbip.cli.options import FILE, axes_option, bounds_option, directory_argument, tolerance_option
from hpcbip.cli.output import format_option, print_data
from hpcbip.messages import counted


@click.command()
@directory_argument
@format_option
@axes_option
@bounds_option
@tolerance_option
@click.option(
    "--number", type=click.IntRange(min=1), default=3, show_default=True, help="Of suggestions per curve."
)
@click.option("--write", type=FILE, help="Add them to this configuration.")
def suggest(directory: Path, form: str, number: int, write: Path | None, **goal_options: Any) -> None:
    """Which points, or how much smaller an error, would pin down the maximum of Tc."""
    from hpcbip.driver.search.goal import SearchGoal
    from hpcbip.driver.search.loop import apply_suggestions
    from hpcbip.reduction.peaks import scan_points
    from hpcbip.reduction.results import read_results
    from hpcbip.report.summary import suggestion_records, suggestion_text
    from hpcbip.superconductivity.suggestions import suggest as suggestions_of

    goal = SearchGoal.parse(**goal_options)
    results = read_results(directory)
    points = scan_points(results.records, results.replicates)
    found = suggestions_of(points, goal.axes, number, goal.bounds, goal.tolerance)
    if not print_data(suggestion_records(found), form):
        for suggestion in found:
            click.echo(suggestion_text(suggestion))
        if not found:
            click.echo("nothing to suggest: no curve along these axes, or every maximum is pinned down")
    if write is not None:
        added = apply_suggestions(write, found)
        new = (counted(len(added.points), "point"), counted(len(added.target), "tighter target"))
        click.echo(f"added to {write}: {', '.join(new)}", err=True)
