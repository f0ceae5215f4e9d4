"""`hpcbip run`: start a campaign, or go on with it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from hpcbip import settings
from hpcbip.cli.options import FILE, FOLDER, POSITIVE, RANKS
from hpcbip.driver.launch.mpirun import launch
from hpcbip.driver.signals import stop_signals_handled_by, tell_of_signal
from hpcbip.errors import InputError
from hpcbip.exit_status import BAD_INPUT, DONE, STOPPED
from hpcbip.store.running.stop_file import stamp_of_request


@click.command()
@click.argument("config", type=FILE)
@click.option("--out", "directory", required=True, type=FOLDER, help="Directory of the campaign.")
@click.option("-n", "ranks", type=RANKS, help="Start that many MPI ranks, with mpirun.")
@click.option("--max-time", type=POSITIVE, help="Stop, with all saved, after SECONDS.")
def run(config: Path, directory: Path, ranks: int | None, max_time: float | None) -> None:
    """Start the campaign of CONFIG, or go on with it: the same command.

    Runs on one rank, on the ranks of mpirun or srun around it, or on those that -n starts.
    """
    with stop_signals_handled_by(_leave_before_the_start):
        _run(config, directory, ranks, max_time)


def _leave_before_the_start(number: int) -> None:
    """End the process at a signal that comes before anything has begun."""
    tell_of_signal(number, at_once=True)
    os._exit(STOPPED)


def _run(config: Path, directory: Path, ranks: int | None, max_time: float | None) -> None:
    """Do what the command is asked to do, and exit."""
    started = settings.started() or time.monotonic()
    old_request = settings.old_request()
    if old_request is None:
        old_request = stamp_of_request(directory)
    from hpcbip.driver.mpi import mpi_rank
    from hpcbip.driver.run import report_status

    rank = mpi_rank()
    if ranks is not None and rank is not None:
        raise InputError(
            f"-n: {ranks}: this is an MPI job already; allowed: either -n or mpirun and srun, not both"
        )
    try:
        status = run_on_ranks(config, directory, ranks, max_time, started, old_request)
        if ranks is not None and ranks > 1:
            sys.exit(status)
    except InputError as error:
        status = BAD_INPUT
        report_status(status)
        if not rank:  # only one rank prints the error
            click.echo(f"hpcbip: {error}", err=True)
    # mpirun prints a page about ranks whose status is not 0; `hpcbip run -n` reads the status from a file
    sys.exit(DONE if settings.status_file() else status)


def run_on_ranks(
    config: Path,
    directory: Path,
    ranks: int | None,
    max_time: float | None,
    started: float,
    old_request: str | None = None,
) -> int:
    """Start or go on with a campaign in this process, or on several ranks that mpirun starts.

    Args:
        config: its configuration.
        directory: of the campaign.
        ranks: number of ranks to start; None or 1: this process (or the MPI job that it is part of).
        max_time: seconds after `started` at which it stops with everything saved.
        started: `time.monotonic()` at which the run began.
        old_request: stamp of the request to stop that lay in the directory then
            (`hpcbip.store.running.stop_file`); None: what lies there now is older than the run.

    Returns:
        the exit status of the run.

    Raises:
        InputError: on bad input.
    """
    if old_request is None:
        old_request = stamp_of_request(directory)
    if ranks is None or ranks == 1:
        from hpcbip.driver.run import run_campaign

        return run_campaign(config, directory, max_time, started, old_request, may_exit=True)
    from hpcbip.campaign.schema import load_config
    from hpcbip.store.directory import check_directory

    check_directory(directory, load_config(config), str(config))
    arguments = [str(config), "--out", str(directory)]
    if max_time is not None:
        arguments += ["--max-time", str(max_time)]
    return launch(ranks, arguments, started, old_request)
