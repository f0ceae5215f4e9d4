"""The `hpcbip` command: parses, calls one function per verb, prints.

Exit status: 0 done, 2 bad input (one line on stderr), 3 stopped before the targets were met and ready to go
on.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import click

from hpcbip import __version__, settings
from hpcbip.cli.options import POSITIVE
from hpcbip.cli.output import as_data, format_option
from hpcbip.cli.theory import theory
from hpcbip.driver.launch.mpirun import cap_threads, launch
from hpcbip.errors import InputError

directory_argument = click.argument("directory", type=click.Path(path_type=Path))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hpcbip")
def commands() -> None:
    """Numerically exact bipolarons, from one YAML file to superconducting transition temperatures."""


@commands.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--out", "directory", required=True, type=click.Path(path_type=Path), help="Directory of the campaign."
)
@click.option("-n", "ranks", type=click.IntRange(min=1), help="Start that many MPI ranks, with mpirun.")
@click.option("--max-time", type=POSITIVE, help="Stop, with all saved, after SECONDS.")
def run(config: Path, directory: Path, ranks: int | None, max_time: float | None) -> None:
    """Start the campaign of CONFIG, or go on with it: the same command.

    Runs on one rank, on the ranks of mpirun or srun around it, or on those that -n starts.
    """
    started = settings.started() or time.time()
    from hpcbip.driver.mpi import mpi_rank
    from hpcbip.driver.run import report_status, run_campaign

    rank = mpi_rank()
    if ranks is not None and rank is not None:
        raise InputError(
            f"-n: {ranks}: this is an MPI job already; allowed: either -n or mpirun and srun, not both"
        )
    try:
        if ranks is not None and ranks > 1:
            from hpcbip.campaign.schema import load_config
            from hpcbip.store.directory import check_directory

            check_directory(directory, load_config(config), str(config))
            arguments = [str(config), "--out", str(directory)]
            if max_time is not None:
                arguments += ["--max-time", str(max_time)]
            sys.exit(launch(ranks, arguments, directory, started))
        status = run_campaign(config, directory, max_time, started)
    except InputError as error:
        status = 2
        report_status(status)
        if not rank:  # one rank says it for all
            click.echo(f"hpcbip: {error}", err=True)
    # mpirun prints a page about ranks that end with another status than 0; `hpcbip run -n` reads it from a
    # file
    sys.exit(0 if settings.status_file() else status)


@commands.command()
@click.argument("configs", metavar="CONFIG...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Directory of the campaign. [default: runs/NAME-OF-FILE]"
)
@click.option(
    "--nodes", type=click.IntRange(min=1), help="Whole ones, all CPUs, unless tasks are given. [default: 1]"
)
@click.option("--ntasks", type=click.IntRange(min=1), help="MPI ranks in all; without --nodes, anywhere.")
@click.option("--ntasks-per-node", type=click.IntRange(min=1), help="MPI ranks on each node.")
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

    command = shlex.join(["hpcbip", *(word for word in sys.argv[1:] if word != "--dry-run")])
    request = slurm.Request(command=command, python=python or sys.executable, **options)
    if dry_run:
        click.echo("".join(job.text for job in slurm.make_jobs(request)), nl=False)
        return
    for job, number in slurm.submit(request):
        click.echo(f"submitted: job {number}: {job.path}")


@commands.command()
@directory_argument
def digest(directory: Path) -> None:
    """Print identity, number of bins and SHA-256 of the bins of every chain: equal for equal runs."""
    from hpcbip.store.digest import digest_lines

    click.echo("\n".join(digest_lines(directory)))


@commands.command()
@directory_argument
@format_option
def status(directory: Path, form: str) -> None:
    """Show how far a campaign is, running or not."""
    from hpcbip.reduction.status import status_of_run, status_records
    from hpcbip.report.status_table import print_status

    records, at_work = status_records(directory), status_of_run(directory)
    if form == "json":
        click.echo(json.dumps({"run": at_work, "ensembles": records}, indent=1, allow_nan=False))
    elif not as_data(records, form):
        print_status(records, at_work)


@commands.command()
@directory_argument
@format_option
def reduce(directory: Path, form: str) -> None:
    """Binning, autocorrelation times and jackknife: observables with errors, into tables and files."""
    from hpcbip.report.results_files import reduce_and_write
    from hpcbip.report.tables import REDUCE_COLUMNS, convergence, print_table

    records, files = reduce_and_write(directory)
    if not as_data(records, form):
        print_table(records, REDUCE_COLUMNS)
        click.echo(convergence(records))
        click.echo("written: " + ", ".join(str(file) for file in files))


def _prefactor(_: click.Context, __: click.Parameter, value: str | None) -> float | str | None:
    if value is None or value == "published":
        return value
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0.0 < number < float("inf"):
        raise InputError(f"--prefactor: {value}: not a prefactor; allowed: a number > 0, or published")
    return number


@commands.command()
@directory_argument
@format_option
@click.option("--prefactor", callback=_prefactor, help="Of Tc: a number, or published (0.5).")
@click.option("--density", type=POSITIVE, help="Pairs per volume. [default: touching]")
@click.option(
    "--figure", type=click.Path(path_type=Path), help="Draw the dome: PNG, with PDF and CSV beside it."
)
def tc(
    directory: Path, form: str, prefactor: float | str | None, density: float | None, figure: Path | None
) -> None:
    """Transition temperatures with errors, where they hold, and their maxima."""
    from hpcbip.reduction.results import read_results
    from hpcbip.report.tables import TC_COLUMNS, convergence, highest, print_table

    results = read_results(directory, prefactor, density)
    records = results.records
    files: list[Path] = []
    if figure is not None:
        from hpcbip.report.figures import dome_figure
        from hpcbip.theory.eliashberg.conventional import comparison_lines

        files = dome_figure(records, figure, lines=comparison_lines(), peaks=results.peaks)
    if not as_data(records, form):
        print_table(records, TC_COLUMNS)
        for line in [*(peak.statement for peak in results.peaks), *highest(records), convergence(records)]:
            click.echo(line)
        if files:
            click.echo("written: " + ", ".join(str(file) for file in files))


axes_option = click.option(
    "--axes", default="lambda", show_default=True, help="One or two of lambda, U, t/omega."
)
bounds_option = click.option(
    "--bounds", multiple=True, metavar="AXIS=LOW:HIGH", help="Of new points; may be repeated."
)
tolerance_option = click.option("--tolerance", help="As in height=0.03 (relative),lambda=0.03,U=0.5 (in t).")


@commands.command()
@directory_argument
@format_option
@axes_option
@bounds_option
@tolerance_option
@click.option(
    "--number", type=click.IntRange(min=1), default=3, show_default=True, help="Of suggestions per curve."
)
@click.option("--write", type=click.Path(path_type=Path), help="Add them to this configuration.")
def suggest(directory: Path, form: str, number: int, write: Path | None, **goal_words: Any) -> None:
    """Which points, or how much smaller an error, would pin down the maximum of Tc."""
    from hpcbip.driver.search.goal import SearchGoal
    from hpcbip.driver.search.loop import apply_suggestions
    from hpcbip.reduction.peaks import scan_points
    from hpcbip.reduction.results import read_results
    from hpcbip.report.tables import suggestion_records, suggestion_text
    from hpcbip.superconductivity.suggestions import suggest as suggestions_of

    goal = SearchGoal.parse(**goal_words)
    results = read_results(directory)
    points = scan_points(results.records, results.replicates)
    found = suggestions_of(points, goal.axes, number, goal.bounds, goal.tolerance)
    if not as_data(suggestion_records(found), form):
        for suggestion in found:
            click.echo(suggestion_text(suggestion))
        if not found:
            click.echo("nothing to suggest: no curve along these axes, or every maximum is pinned down")
    if write is not None:
        added = apply_suggestions(write, found)
        click.echo(
            f"added to {write}: {len(added.points)} points, {len(added.target)} tighter targets", err=True
        )


@commands.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--out", "directory", required=True, type=click.Path(path_type=Path), help="Directory of the search."
)
@click.option("--cpu-hours", required=True, type=POSITIVE, help="Ranks × wall time.")
@click.option(
    "-n", "ranks", type=click.IntRange(min=1), default=1, show_default=True, help="MPI ranks of each run."
)
@axes_option
@bounds_option
@tolerance_option
def search(config: Path, directory: Path, cpu_hours: float, ranks: int, **goal_words: Any) -> None:
    """Find the maximum of Tc: run the campaign of CONFIG, look, add points, until it is pinned down.

    The same command goes on after any stop. Exit status 0: pinned down; 3: the CPU time is spent before that.
    """
    from hpcbip.driver.search.goal import SearchGoal
    from hpcbip.driver.search.loop import search as search_maximum

    goal = SearchGoal.parse(**goal_words)
    sys.exit(search_maximum(config, directory, goal, cpu_hours, ranks, click.echo))


@commands.command()
@directory_argument
def report(directory: Path) -> None:
    """Figures, and one HTML page with everything: DIRECTORY/report.html, DIRECTORY/figures."""
    from hpcbip.report.html.page import report_and_write

    click.echo("written: " + ", ".join(str(file) for file in report_and_write(directory)))


commands.add_command(theory)


def main() -> None:
    """Entry point of the console script."""
    cap_threads(os.environ)  # type: ignore[arg-type]  # before numpy is imported
    try:
        commands.main(standalone_mode=False)
    except InputError as error:
        click.echo(f"hpcbip: {error}", err=True)
        sys.exit(2)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        click.echo(f"hpcbip: {error.format_message()}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the reader (head, less) has had enough
        sys.exit(0)
