"""`hpcbip figure`: the figures of the source papers, from the atlas or from campaigns of one's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpcbip.cli.options import FILE, FOLDER, POSITIVE, RANKS
from hpcbip.cli.output import draw_and_save, format_option, print_records
from hpcbip.cli.run import run_on_ranks
from hpcbip.errors import InputError
from hpcbip.exit_status import DONE, STOPPED

if TYPE_CHECKING:
    from hpcbip.report.papers.figure import PaperFigure
    from hpcbip.report.plotting.picture import Picture

ALL = "all"


@click.command()
@click.argument("name", required=False)
@click.option(
    "--out",
    type=FOLDER,
    help="The file, PNG, with PDF and CSV beside it; of all the folder. [default: NAME.png]",
)
@click.option(
    "--run",
    "folder",
    type=FOLDER,
    help="First run its campaigns in this folder, or go on with them; draw from these.",
)
@click.option("-n", "ranks", type=RANKS, help="With --run: MPI ranks of each campaign.")
@click.option("--max-time", type=POSITIVE, help="With --run: stop, with all saved, after SECONDS.")
@click.option("--page", type=FILE, help="With all: write a Markdown page of them.")
@click.option("--list", "listed", is_flag=True, help="List the figures, their campaigns, and what they cost.")
@format_option
def figure(
    name: str | None,
    out: Path | None,
    folder: Path | None,
    ranks: int | None,
    max_time: float | None,
    page: Path | None,
    listed: bool,
    form: str,
) -> None:
    """Draw a figure of the source papers, by its name or number, or all of them.

    Points are those of the atlas, without running anything, or with --run those of the figure's campaigns.
    """
    from hpcbip.catalogue.entries import read_records
    from hpcbip.report.papers.registry import PAPER_FIGURES, figure_rows, find_figure

    if (name is None) != listed:
        raise InputError("NAME: give either the name of a figure, or all, or --list")
    if folder is None and (ranks is not None or max_time is not None):
        raise InputError("-n, --max-time: go with --run only")
    if page is not None and name != ALL:
        raise InputError("--page: goes with all only")
    if listed or name is None:
        print_records(figure_rows(read_records()), form)
        return
    if name != ALL:
        chosen = find_figure(name)
        records, status = _records([chosen], folder, ranks, max_time)
        draw_and_save(lambda: _drawn(chosen, records), out or Path(f"{chosen.name}.png"), form)
        sys.exit(status)
    records, status = _records(PAPER_FIGURES, folder, ranks, max_time)
    _draw_all(records, out or Path(), page, form)
    sys.exit(status)


def _draw_all(records: list[dict[str, Any]], images: Path, page: Path | None, form: str) -> None:
    """Draw all figures that there are points for, and write the page of them, if one is asked for."""
    from hpcbip.report.papers.page import write_page
    from hpcbip.report.papers.registry import PAPER_FIGURES

    captions = {}
    for one in PAPER_FIGURES:
        try:
            make = partial(_drawn, one, records)
            captions[one.name] = draw_and_save(make, images / one.name / f"{one.name}.png", form)
        except InputError as error:  # of one figure, as where its campaigns have no results yet
            click.echo(f"hpcbip: {one.name}: not drawn: {error}", err=True)
    if page is not None:
        write_page(page, captions, images)


def _drawn(one: PaperFigure, records: list[dict[str, Any]]) -> Picture:
    """Draw a figure; where there are no points for it, say how to get them."""
    from hpcbip.report.papers.figure import NoPoints

    try:
        return one.draw(records)
    except NoPoints as error:
        raise InputError(f"{error}; hpcbip figure {one.name} --run DIR runs its campaigns") from None


def _records(
    figures: Sequence[PaperFigure], folder: Path | None, ranks: int | None, max_time: float | None
) -> tuple[list[dict[str, Any]], int]:
    """Return the points to draw, and the exit status: that of the runs, where there are any."""
    from hpcbip.catalogue.entries import configuration_path, read_records

    if folder is None:
        return read_records(), DONE
    from hpcbip.driver.mpi import mpi_rank
    from hpcbip.reduction.results import read_results

    if mpi_rank() is not None:
        raise InputError(
            "--run: this is an MPI job; allowed: outside of one, with -n for the number of ranks"
        )
    names = list(dict.fromkeys(name for one in figures for name in one.campaigns))
    configurations = {name: configuration_path(name) for name in names}  # refuses before any work
    started, records, status = time.monotonic(), [], DONE
    for name, path in configurations.items():
        left = None if max_time is None else max_time - (time.monotonic() - started)
        if left is None or left > 0.0:
            click.echo(f"campaign {name}")
            result = run_on_ranks(path, folder / name, ranks, left, time.monotonic())
            if result not in (DONE, STOPPED):
                raise InputError(f"{name}: its run ended with exit status {result}; see {folder / name}")
            status = max(status, result)
        else:
            status = STOPPED
        if (folder / name / "config.yaml").is_file():
            records += [{**record, "campaign": name} for record in read_results(folder / name).records]
    return records, status
