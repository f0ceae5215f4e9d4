"""`hpcbip tc`: transition temperatures and their maxima."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import FILE, POSITIVE, directory_argument
from hpcbip.cli.output import format_option, print_data, waiting
from hpcbip.errors import InputError


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


@click.command()
@directory_argument
@format_option
@click.option("--prefactor", callback=_prefactor, help="Of Tc: a number, or published (0.5).")
@click.option("--density", type=POSITIVE, help="Pairs per volume. [default: touching]")
@click.option(
    "--gas-band", is_flag=True, help="Show the lowest and highest Tc of an interacting gas of such pairs."
)
@click.option("--figure", type=FILE, help="Draw the dome: PNG, with PDF and CSV beside it.")
def tc(
    directory: Path,
    form: str,
    prefactor: float | str | None,
    density: float | None,
    gas_band: bool,
    figure: Path | None,
) -> None:
    """Transition temperatures with errors, where they hold, and their maxima."""
    from hpcbip.reduction.results import read_results
    from hpcbip.report.states import crossing_lines
    from hpcbip.report.summary import convergence, highest
    from hpcbip.report.tables import print_table
    from hpcbip.vocabulary.displays import GAS_BAND, TC_TABLE

    with waiting("reducing the bins"):
        results = read_results(directory, prefactor, density)
    records = results.records
    files: list[Path] = []
    if figure is not None:
        from hpcbip.report.figures import dome_figure
        from hpcbip.theory.eliashberg.references import reference_lines

        files = dome_figure(records, figure, lines=reference_lines(), peaks=results.peaks)
    if not print_data(records, form):
        print_table(records, [*TC_TABLE, *(GAS_BAND if gas_band else ())])
        maxima = [*(peak.statement for peak in results.peaks), *highest(records)]
        for line in [*maxima, *crossing_lines(results.states), convergence(records)]:
            click.echo(line)
        if files:
            click.echo("written: " + ", ".join(str(file) for file in files))
