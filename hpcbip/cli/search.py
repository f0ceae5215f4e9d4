"""`hpcbip search`: find the maximum of Tc by running a campaign and adding points to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from hpcbip.cli.options import FILE, FOLDER, POSITIVE, RANKS, axes_option, bounds_option, tolerance_option


@click.command()
@click.argument("config", type=FILE)
@click.option("--out", "directory", required=True, type=FOLDER, help="Directory of the search.")
@click.option("--cpu-hours", required=True, type=POSITIVE, help="Ranks × wall time.")
@click.option("-n", "ranks", type=RANKS, default=1, show_default=True, help="MPI ranks of each run.")
@axes_option
@bounds_option
@tolerance_option
def search(config: Path, directory: Path, cpu_hours: float, ranks: int, **goal_options: Any) -> None:
    """Find the maximum of Tc: run the campaign of CONFIG, reduce it, add points, until it is pinned down.

    The same command goes on after any stop. Exit status 0: pinned down; 3: the CPU time is spent before that.
    """
    from hpcbip.driver.search.goal import SearchGoal
    from hpcbip.driver.search.loop import search as run_search

    goal = SearchGoal.parse(**goal_options)
    sys.exit(run_search(config, directory, goal, cpu_hours, ranks, click.echo))
