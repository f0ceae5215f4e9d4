"""`hpcbip report`: one HTML file that needs no network and can be mailed, printed and archived.

The page is put together from report.html, report_style.html and report_script.html beside this module. Its
content security policy lets it load nothing and run only that one script, whose hash it holds, whatever names
and texts the page shows.
"""

from __future__ import annotations

import base64
import os
import shlex
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from hpcbip.errors import InputError
from hpcbip.files import write_atomically
from hpcbip.models.description import lambda_convention
from hpcbip.reduction.results import Results, read_results
from hpcbip.report.figures import Drawn, draw_all
from hpcbip.report.html.parts import environment, read_script, read_style
from hpcbip.report.html.results_table import for_script, level_counts, shared_parameters, table
from hpcbip.report.model_description import model_formula, model_words, tc_words
from hpcbip.report.provenance import describe_run, distinct, read_digests
from hpcbip.report.states import crossing_lines
from hpcbip.report.summary import convergence, curve_label, highest, number_converged
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.store.run_log import read_runs
from hpcbip.version import __version__
from hpcbip.vocabulary.entries import ERROR, SYSTEMATIC
from hpcbip.vocabulary.observables import TC_KELVIN, TC_OVER_OMEGA

if TYPE_CHECKING:
    from hpcbip.superconductivity.peaks import Peak

STATIC_ROWS = 300
"""Number of points up to which the table needs no script, and the checks of every point are printed."""

MAX_STATEMENTS = 12
"""Number of statements that are shown at once; the others can be opened."""


@dataclass(frozen=True)
class Statement:
    """A sentence of the headline, and the flags that speak against it."""

    text: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Embedded:
    """A figure as it is in the page.

    Attributes:
        title, caption: as of the figure.
        source: data URI of its PNG; "" without one.
        width, height: of the PNG in pixels; 0 without one.
        links: format and address of its files.
    """

    title: str
    caption: str
    source: str
    width: int
    height: int
    links: tuple[tuple[str, str], ...]


def report_and_write(directory: Path, folder: Path | None = None) -> list[Path]:
    """Draw all figures of a campaign and write report.html, into a folder; None: its directory.

    Returns:
        the files written, report.html first.

    Raises:
        InputError: if the directory is not a campaign, has no bins yet, or cannot be written to.
    """
    results, folder = read_results(directory), folder or directory
    drawn = draw_all(results, folder / "figures")
    page = folder / "report.html"
    try:
        write_atomically(page, render(results, drawn, folder))
    except OSError as error:
        raise InputError(f"{page}: cannot be written: {error.strerror}") from None
    return [page, *(file for figure in drawn for file in figure.files)]


def render(results: Results, drawn: Sequence[Drawn], folder: Path | None = None) -> str:
    """Return the page.

    Args:
        results: of the campaign; its logs and bins are read from its directory.
        drawn: the figures, their files on the disk.
        folder: in which the page will lie; None: the campaign's.

    Raises:
        OSError: if a figure or the configuration cannot be read.
    """
    records, config, directory = results.records, results.config, results.directory
    folder = folder or directory
    columns, rows = table(records)
    runs = [describe_run(run) for run in read_runs(directory)]
    script, script_hash = read_script("report_script.html")
    return (
        environment()
        .get_template("report.html")
        .render(
            version=__version__,
            name=config.name,
            directory=directory.name,
            statements=headline(results),
            max_statements=MAX_STATEMENTS,
            tiles=_tiles(results),
            convergence=convergence(records),
            words=model_words(config),
            formula=model_formula(config),
            convention=lambda_convention(config.model),
            tc=tc_words(config),
            shared=shared_parameters(records),
            columns=columns,
            groups=Counter(column.group for column in columns),
            rows=rows,
            static_rows=STATIC_ROWS,
            data=for_script(rows),
            checks=level_counts(rows),
            kinds=Counter(kind for row in rows for kind in dict.fromkeys(row.kinds)),
            figures=[_embed(figure, folder) for figure in drawn],
            runs=runs,
            versions=distinct(runs, "versions"),
            mpi=distinct(runs, "mpi"),
            seeds=distinct(runs, "seed"),
            digests=read_digests(directory, len(results.plan.ensembles)),
            configuration=(directory / "config.yaml").read_text(encoding="utf-8"),
            commands=_commands(directory.name),
            script=script,
            script_hash=script_hash,
            tables=[name for name in ("results.csv", "results.json") if (folder / name).is_file()],
            style=read_style(),
        )
    )


def headline(results: Results) -> list[Statement]:
    """Return the statements of the headline.

    The highest Tc of the campaign, the highest flagged Tc above it, then the maxima of the curves, or, where
    there are none, the highest Tc of every curve; then where the energies of two states cross.
    """
    records, tc = results.records, TC_OVER_OMEGA.name
    known = [record for record in records if record.get(tc) is not None]
    valid = [record for record in known if record["tc_valid"]]
    if valid:
        top = max(valid, key=lambda record: record[tc])
        statements = [Statement(f"Highest Tc/Ω: {_tc(top)}")]
        flagged = [record for record in known if record[tc] > top[tc]]
    else:
        reason = "flags speak against every Tc" if known else "no Tc is known yet"
        statements, flagged = [Statement("No Tc that stands", (reason,))], known
    if flagged:
        above = max(flagged, key=lambda record: record[tc])
        statements.append(Statement(f"Flagged: Tc/Ω = {_tc(above)}", tuple(map(str, above["flags"]))))
    if results.peaks:
        statements += [Statement(peak.statement, _reasons(peak)) for peak in results.peaks]
    elif len(lines := highest(records)) > 1:
        statements += [Statement(line) for line in lines]
    statements += [Statement(line) for line in crossing_lines(results.states)]
    return statements


def _reasons(peak: Peak) -> tuple[str, ...]:
    """Return what speaks against a maximum and is not in its statement already."""
    return tuple(flag for flag in peak.flags if flag not in peak.statement) or ("flagged",) * bool(peak.flags)


def _tc(record: Record) -> str:
    """Return Tc/Ω with its errors, Tc in kelvin, and the point."""
    tc, kelvin = TC_OVER_OMEGA.name, TC_KELVIN.name
    text = with_error(record[tc], record[tc + ERROR])
    if error := record.get(tc + SYSTEMATIC):
        systematic = np.format_float_positional(error, 2, unique=False, fractional=False)
        text += f" ± {systematic} (systematic)"
    if record.get(kelvin) is not None:
        text += f", {with_error(record[kelvin], record[kelvin + ERROR])} K,"
    return f"{text} at λ = {record['lambda']:.4g} ({curve_label(record).replace('omega', 'Ω')})"


def _tiles(results: Results) -> list[tuple[str, str]]:
    """Return the counts for the top of the page: (what, how many)."""
    records = results.records
    return [
        ("points", f"{len(records):,}"),
        ("converged", f"{number_converged(records):,}"),
        ("flagged", f"{sum(bool(record['flags']) for record in records):,}"),
        ("with a Tc that stands", f"{sum(bool(record['tc_valid']) for record in records):,}"),
        ("CPU hours", f"{results.cpu_seconds / 3600.0:.3g}" if results.cpu_seconds else "–"),
    ]


def _embed(figure: Drawn, folder: Path) -> Embedded:
    links = tuple((file.suffix[1:].upper(), quote(os.path.relpath(file, folder))) for file in figure.files)
    for file in figure.files:
        if file.suffix == ".png":
            content = file.read_bytes()
            width, height = struct.unpack(">II", content[16:24])  # of the header chunk, the first
            source = "data:image/png;base64," + base64.b64encode(content).decode()
            return Embedded(figure.title, figure.caption, source, width, height, links)
    return Embedded(figure.title, figure.caption, "", 0, 0, links)


def _commands(name: str) -> list[tuple[str, str]]:
    """Return the commands that repeat the campaign, each with what it does."""
    out = shlex.quote(f"{name}-again")
    return [
        (f"hpcbip run config.yaml --out {out} -n 8", "config.yaml as above; any number of ranks"),
        (f"hpcbip digest {out} | sha256sum", "the sum below, if the bins are the same"),
        (f"hpcbip reduce {out}", "observables"),
        (f"hpcbip tc {out}", "transition temperatures"),
        (f"hpcbip report {out}", "this page"),
    ]
