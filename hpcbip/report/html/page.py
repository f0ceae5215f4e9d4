"""`hpcbip report`: one HTML file with everything in it, that needs no network and can be mailed, printed and
archived.

The page is put together from report.html, report_style.html and report_script.html beside this module. Its
policy lets it load nothing from anywhere and run only that one script, whose hash it holds, whatever names
and texts it shows.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shlex
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from hpcbip import __version__
from hpcbip.errors import InputError
from hpcbip.files import write_atomically
from hpcbip.reduction.results import Results, read_results
from hpcbip.report.figures import Drawn, draw_all
from hpcbip.report.html.results_table import for_script, kind, light_counts, shared_parameters, table
from hpcbip.report.model_description import lambda_words, model_formula, model_words, tc_words
from hpcbip.report.provenance import describe_run, distinct, read_digests
from hpcbip.report.tables import Record, convergence, curve_label, highest, with_error
from hpcbip.store.run_log import read_runs

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from hpcbip.superconductivity.peaks import Peak

STATIC_ROWS = 300
"""Up to so many points the table is there without the script as well, and every point's lights on paper."""

MAX_STATEMENTS = 12  # shown at once; the others can be opened
_FOLDER = Path(__file__).parent
_CONVERGED = ("mass_bipolaron", "radius2", "binding_energy")  # as in `tables.convergence`


@dataclass(frozen=True)
class Statement:
    """A sentence of the headline, and the flags that speak against it."""

    text: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Embedded:
    """A figure as it is in the page: data URI and size in pixels of its PNG ("" and 0 without one), links to
    files."""

    title: str
    caption: str
    source: str
    width: int
    height: int
    links: tuple[tuple[str, str], ...]


def report_and_write(directory: Path) -> list[Path]:
    """Draw all figures of a campaign and write DIR/report.html.

    Returns:
        the files written, report.html first.

    Raises:
        InputError: if the directory is not a campaign, has no bins yet, or cannot be written to.
    """
    results = read_results(directory)
    drawn = draw_all(results, directory / "figures")
    page = directory / "report.html"
    try:
        write_atomically(page, render(results, drawn))
    except OSError as error:
        raise InputError(f"{page}: cannot be written: {error.strerror}") from None
    return [page, *(file for figure in drawn for file in figure.files)]


def render(results: Results, drawn: Sequence[Drawn]) -> str:
    """The page.

    Args:
        results: of the campaign; its logs and bins are read from its directory.
        drawn: the figures, their files on the disk.

    Raises:
        OSError: if a figure or the configuration cannot be read.
    """
    from markupsafe import Markup

    records, config, directory = results.records, results.config, results.directory
    columns, rows = table(records)
    runs = [describe_run(run) for run in read_runs(directory)]
    script = (
        (_FOLDER / "report_script.html")
        .read_text(encoding="utf-8")
        .split("<script>")[1]
        .split("</script>")[0]
    )
    return (
        _environment()
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
            convention=lambda_words(config),
            tc=tc_words(config),
            shared=shared_parameters(records),
            columns=columns,
            groups=Counter(column.group for column in columns),
            rows=rows,
            static_rows=STATIC_ROWS,
            data=for_script(rows),
            checks=light_counts(rows),
            kinds=Counter(kind(flag) for row in rows for flag in set(row.flags)),
            figures=[_embed(figure, directory) for figure in drawn],
            runs=runs,
            versions=distinct(runs, "versions"),
            mpi=distinct(runs, "mpi"),
            seeds=distinct(runs, "seed"),
            digests=read_digests(directory, len(results.plan.ensembles)),
            configuration=(directory / "config.yaml").read_text(encoding="utf-8"),
            again=_again(directory.name),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            tables=[name for name in ("results.csv", "results.json") if (directory / name).is_file()],
            style=Markup((_FOLDER / "report_style.html").read_text(encoding="utf-8")),
        )
    )


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    compact = {"ensure_ascii": False, "separators": (",", ":"), "allow_nan": False}
    environment.policies["json.dumps_kwargs"] = compact
    environment.filters["code"] = _code
    return environment


def _code(text: str) -> Markup:
    """A caption as HTML: what stands between `backquotes` is code."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def headline(results: Results) -> list[Statement]:
    """The highest Tc of the campaign, what is higher but flagged, then the peaks, or the highest Tc of every
    dome."""
    records = results.records
    known = [record for record in records if record.get("tc_over_omega") is not None]
    valid = [record for record in known if record["tc_valid"]]
    if valid:
        top = max(valid, key=lambda record: record["tc_over_omega"])
        statements = [Statement(f"Highest Tc/Ω: {_tc(top)}")]
        flagged = [record for record in known if record["tc_over_omega"] > top["tc_over_omega"]]
    else:
        reason = "flags speak against every Tc" if known else "no Tc is known yet"
        statements, flagged = [Statement("No Tc that stands", (reason,))], known
    if flagged:
        above = max(flagged, key=lambda record: record["tc_over_omega"])
        statements.append(Statement(f"Flagged: Tc/Ω = {_tc(above)}", tuple(map(str, above["flags"]))))
    if results.peaks:
        statements += [Statement(peak.statement, _reasons(peak)) for peak in results.peaks]
    elif len(lines := highest(records)) > 1:
        statements += [Statement(line) for line in lines]
    return statements


def _reasons(peak: Peak) -> tuple[str, ...]:
    """What speaks against a peak and is not in its sentence already."""
    return tuple(flag for flag in peak.flags if flag not in peak.statement) or ("flagged",) * bool(peak.flags)


def _tc(record: Record) -> str:
    text = with_error(record["tc_over_omega"], record["tc_over_omega_err"])
    if record.get("tc_over_omega_sys"):
        systematic = np.format_float_positional(
            record["tc_over_omega_sys"], 2, unique=False, fractional=False
        )
        text += f" ± {systematic} (systematic)"
    if record.get("tc_kelvin") is not None:
        text += f", {with_error(record['tc_kelvin'], record['tc_kelvin_err'])} K,"
    return f"{text} at λ = {record['lambda']:.4g} ({curve_label(record).replace('omega', 'Ω')})"


def _tiles(results: Results) -> list[tuple[str, str]]:
    """Counts for the top of the page: (what, how many)."""
    records = results.records
    converged = sum(all(record.get(f"{x}_verdict") == "converged" for x in _CONVERGED) for record in records)
    return [
        ("points", f"{len(records):,}"),
        ("converged", f"{converged:,}"),
        ("flagged", f"{sum(bool(record['flags']) for record in records):,}"),
        ("with a Tc that stands", f"{sum(bool(record['tc_valid']) for record in records):,}"),
        ("CPU hours", f"{results.cpu_seconds / 3600.0:.3g}" if results.cpu_seconds else "–"),
    ]


def _embed(figure: Drawn, directory: Path) -> Embedded:
    links = tuple((file.suffix[1:].upper(), quote(os.path.relpath(file, directory))) for file in figure.files)
    for file in figure.files:
        if file.suffix == ".png":
            content = file.read_bytes()
            width, height = struct.unpack(">II", content[16:24])  # of the header chunk, the first
            source = "data:image/png;base64," + base64.b64encode(content).decode()
            return Embedded(figure.title, figure.caption, source, width, height, links)
    return Embedded(figure.title, figure.caption, "", 0, 0, links)


def _again(name: str) -> list[tuple[str, str]]:
    """Commands that repeat the campaign, each with what it does."""
    out = shlex.quote(f"{name}-again")
    return [
        (f"hpcbip run config.yaml --out {out} -n 8", "config.yaml as above; any number of ranks"),
        (f"hpcbip digest {out} | sha256sum", "the sum below, if the bins are the same"),
        (f"hpcbip reduce {out}", "observables"),
        (f"hpcbip tc {out}", "transition temperatures"),
        (f"hpcbip report {out}", "this page"),
    ]
