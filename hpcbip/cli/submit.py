"""`hpcbip submit`: write a batch script and submit it to Slurm."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from hpcbip.cli.options import FILE, FOLDER, RANKS
from hpcbip.errors import InputError

if TYPE_CHECKING:
    from hpcbip.driver.launch.slurm import Request

MOST_CHARACTERS = 30
"""Length of a time limit."""

MOST_POINTS = 500
"""Most points of a campaign of which is said what it will take: more would keep one waiting."""


@click.command()
@click.argument("configs", metavar="CONFIG...", nargs=-1, required=True, type=FILE)
@click.option("--out", type=FOLDER, help="Directory of the campaign. [default: runs/NAME-OF-FILE]")
@click.option("--nodes", type=RANKS, help="Whole ones, all CPUs, unless tasks are given. [default: 1]")
@click.option("--ntasks", type=RANKS, help="MPI ranks in all; without --nodes, anywhere.")
@click.option("--ntasks-per-node", type=RANKS, help="MPI ranks on each node.")
@click.option(
    "--time", help="Limit of one go, as sbatch takes it; the job requeues itself until it is finished."
)
@click.option("--partition", help="As of sbatch.")
@click.option("--account", help="As of sbatch.")
@click.option("--qos", help="As of sbatch.")
@click.option(
    "--signal", type=click.IntRange(1, 65535), help="Let Slurm ask for the stop SECONDS before the limit."
)
@click.option(
    "--chain", is_flag=True, help="Further jobs, after the campaign is finished: reduce, tc, report."
)
@click.option("--launcher", type=click.Choice(["mpirun", "srun"]), default="mpirun", show_default=True)
@click.option("--mpi", help="The MPI type for srun: pmix, pmi2, ... [default: the cluster's]")
@click.option(
    "--sbatch", multiple=True, metavar="OPTION", help="Any other, as in --sbatch --mem=4G; may be repeated."
)
@click.option("--python", help="Interpreter in the job. [default: the one that runs this command]")
@click.option("--dry-run", is_flag=True, help="Print the scripts; write and submit nothing.")
def submit(dry_run: bool, python: str | None, **options: Any) -> None:
    """Write the batch script of the campaign of CONFIG and submit it to Slurm.

    Several CONFIGs become an array of independent campaigns, each in a directory of its own below --out.
    """
    from hpcbip.driver.launch import slurm

    if len(options["time"] or "") > MOST_CHARACTERS:
        raise InputError(f"--time: {options['time']}: not a time limit; allowed: {slurm.TIMES}")
    command = shlex.join(["hpcbip", *(word for word in sys.argv[1:] if word != "--dry-run")])
    request = slurm.Request(command=command, python=python or sys.executable, **options)
    if dry_run:
        click.echo("".join(job.text for job in slurm.make_jobs(request)), nl=False)
    else:
        for job, number in slurm.submit(request):
            click.echo(f"submitted: job {number}: {job.path}")
    _print_forecasts(request)


def _print_forecasts(request: Request) -> None:
    """Say on stderr what each campaign will take, and what of the request does not fit."""
    from hpcbip.campaign.schema import load_config
    from hpcbip.driver.forecast.campaign import forecast_campaign
    from hpcbip.messages import counted, print_message
    from hpcbip.report.forecast_tables import request_lines

    for path in request.configs:
        config = load_config(path)
        if (points := len(config.all_points())) > MOST_POINTS:
            print_message(f"{path}: {counted(points, 'point')}; hpcbip plan says what they take")
            continue
        forecast = forecast_campaign(config)
        for line in request_lines(forecast, request.ranks, request.time_limit):
            print_message(f"{path}: {line}")
