"""`hpcbip atlas`: results of production campaigns that travel with the package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hpcbip.cli.options import FILE, FOLDER, Wanted, directory_argument
from hpcbip.cli.output import format_option, print_data, print_records
from hpcbip.errors import InputError
from hpcbip.vocabulary.parameter_entry import Parameter
from hpcbip.vocabulary.parameters import ADIABATICITY, PARAMETERS


def _condition(parameter: Parameter) -> Callable[..., Any]:
    """Return the option that asks for values of a parameter."""
    keyword = parameter.name.replace("/", "_over_")
    words = parameter.words + (", in units of t" if parameter.in_units_of_t else "")
    option = "--" + keyword.replace("_", "-")
    if parameter.symbol:
        return click.option(option, keyword, type=Wanted(), help=f"{words}.")
    return click.option(option, keyword, multiple=True, help=f"{words}; may be repeated.")


def parameter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one option per parameter, by which points are chosen."""
    for parameter in reversed((*PARAMETERS.values(), ADIABATICITY)):
        command = _condition(parameter)(command)
    return command


folder_option = click.option("--folder", type=FOLDER, help="Of another atlas. [default: the package's own]")


@click.group(invoke_without_command=True)
@parameter_options
@click.option("--campaign", multiple=True, help="Of this campaign; may be repeated.")
@click.option("--unflagged", is_flag=True, help="Without points that are flagged.")
@click.option("--columns", help="As in mass_bipolaron,radius2,seconds_bipolaron.")
@click.option("--campaigns", "of_campaigns", is_flag=True, help="List the campaigns instead.")
@click.option("--page", type=FILE, help="Write an HTML page to explore these points.")
@folder_option
@format_option
@click.pass_context
def atlas(
    context: click.Context,
    form: str,
    folder: Path | None,
    page: Path | None,
    of_campaigns: bool,
    columns: str | None,
    unflagged: bool,
    **conditions: Any,
) -> None:
    """Look up results of production campaigns, without running anything.

    Numbers choose points by a parameter: 8 or 10/3, several as in 0,4,8, or a range with both ends as
    in 0.3:0.8.
    """
    if context.invoked_subcommand is not None:
        return
    from hpcbip.catalogue.entries import campaign_names, read_records
    from hpcbip.catalogue.selection import select
    from hpcbip.report.atlas_tables import campaign_rows, restricted, table_columns

    everything = read_records(folder=folder)
    wanted = {
        name: list(value) if isinstance(value, tuple) and isinstance(value[0], str) else value
        for name, value in conditions.items()
        if value not in (None, ())
    }
    records = [one for one in select(everything, **wanted) if not (unflagged and one["flags"])]
    names = columns.split(",") if columns else []
    observables, others = table_columns(names, everything)
    if page is not None:
        from hpcbip.report.html.atlas_page import write_page

        click.echo(f"written: {write_page(records, page, folder)}", err=form != "table")
    elif of_campaigns:
        chosen = bool(wanted) or unflagged
        print_records(campaign_rows(records, () if chosen else campaign_names(folder)), form)
    elif not print_data(restricted(records, names) if names else records, form):
        _print_points(records, observables, others, names)


def _print_points(
    records: list[dict[str, Any]], observables: list[Any], others: list[str], names: list[str]
) -> None:
    from hpcbip.report.atlas_tables import CAMPAIGN
    from hpcbip.report.summary import convergence
    from hpcbip.report.tables import print_table
    from hpcbip.vocabulary.displays import ATLAS_TABLE

    if not records:
        click.echo("no points of the atlas are like that; hpcbip atlas --campaigns lists what there is")
        return
    print_table(records, observables if names else ATLAS_TABLE, others=[CAMPAIGN, *others])
    click.echo(convergence(records))


@atlas.command()
@directory_argument
@click.option("--name", help="Under which it is filed. [default: the name in its configuration]")
@folder_option
@click.option("--flagged", is_flag=True, help="With points that are flagged or not converged.")
@click.option("--unfinished", is_flag=True, help="Also if the campaign is not finished.")
def add(directory: Path, name: str | None, folder: Path | None, flagged: bool, unfinished: bool) -> None:
    """Put a finished campaign into the atlas of a checkout: its results and its configuration."""
    from hpcbip.catalogue.addition import add_campaign

    path = add_campaign(directory, name, folder, flagged, unfinished)
    click.echo(f"written: {path}, {path.with_suffix('.yaml')}")


@atlas.command()
@click.option("--number", type=click.IntRange(min=1), default=5, show_default=True, help="Of ensembles.")
@folder_option
@format_option
def check(number: int, folder: Path | None, form: str) -> None:
    """Sample the cheapest ensembles once more and compare their bins, bit for bit."""
    from hpcbip.catalogue.entries import read_records
    from hpcbip.catalogue.reproduction import cheapest_ensembles, sample_digest

    rows = []
    for record, sector in cheapest_ensembles(read_records(folder=folder), number):
        same = sample_digest(record, sector, folder) == record[f"digest_{sector}"]
        shown = {name: record[name] for name in ("campaign", "point", "lambda")}
        shown |= {"sector": sector, "cpu_seconds": record[f"seconds_{sector}"]}
        rows.append({**shown, "bins": "the same" if same else "different"})
    print_records(rows, form)
    if different := [row["point"] for row in rows if row["bins"] != "the same"]:
        allowed = "the same versions on the same kind of processor"
        raise InputError(f"the bins of {', '.join(different)} are different ones; allowed: {allowed}")


@atlas.command()
@click.option("--page", type=FILE, help="Write it as a page in Markdown as well.")
@folder_option
@format_option
def compare(page: Path | None, folder: Path | None, form: str) -> None:
    """Compare the points with printed numbers and with exact diagonalisation: z-scores."""
    from hpcbip.catalogue.entries import read_records
    from hpcbip.report.papers.comparison import comparisons, write_page

    rows = comparisons(read_records(folder=folder))
    print_records(rows, form)
    if page is not None:
        write_page(page, rows)
        click.echo(f"written: {page}", err=form != "table")
