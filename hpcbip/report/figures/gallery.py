"""All figures of a campaign that make sense, with their captions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpcbip.report.figures.autocorrelation import COLUMNS, autocorrelation
from hpcbip.report.figures.curves import chosen, ensemble_names, varying_axes
from hpcbip.report.figures.density import density, has_density
from hpcbip.report.figures.displacement import MOST_CURVES, displacement
from hpcbip.report.figures.dome import dome
from hpcbip.report.figures.observables import OBSERVABLES, observables
from hpcbip.report.figures.pair import MOST_PAIRS, pair
from hpcbip.report.figures.plateaus import plateaus
from hpcbip.report.figures.progress import progress
from hpcbip.report.figures.style import Picture
from hpcbip.theory.eliashberg.conventional import comparison_lines

if TYPE_CHECKING:
    from hpcbip.reduction.results import Results

_FILE = {"lambda": "lambda", "U": "U", "t/omega": "t-over-omega"}  # a slash has no place in a file's name


@dataclass(frozen=True)
class Drawn:
    """A figure that has been written.

    Attributes:
        name: of the files, without suffix.
        title: a few words.
        caption: complete sentences: what is drawn, what hollow means, what is not shown, and which command
            made it.
        files: PNG, PDF and CSV.
    """

    name: str
    title: str
    caption: str
    files: list[Path]


def draw_all(results: Results, folder: Path) -> list[Drawn]:
    """Draw every figure for which there are data; a figure that would be empty is left out.

    Args:
        results: of a campaign.
        folder: for the files.

    Raises:
        InputError: if the files cannot be written.
    """
    drawn = []
    for name, make in _figures(results):
        picture = make()
        made = f"Made by `hpcbip report {results.directory.name}`; the numbers are in {name}.csv."
        caption = f"{picture.caption} {made}"
        drawn.append(Drawn(name, picture.title, caption, picture.save(folder / f"{name}.png")))
    return drawn


def _figures(results: Results) -> Iterator[tuple[str, Callable[[], Picture]]]:
    """Names of the files, and what draws the figure."""
    from hpcbip.reduction.results import binning_rows

    records, ensembles = results.records, results.ensembles
    along = varying_axes(records)
    with_tc = [record for record in records if record["tc_over_omega"] is not None]
    if with_tc:
        lines = comparison_lines()
        for axis in along or ["lambda"]:
            yield f"dome-{_FILE[axis]}", partial(dome, records, axis, lines, results.peaks)
    if any(record[name] is not None for record in records for name in OBSERVABLES):
        for axis in along:
            yield f"observables-{_FILE[axis]}", partial(observables, records, axis)
    if any(has_density(record) for record in with_tc):
        yield "density", partial(density, records)
    keys = [point.ensembles["bipolaron"] for point in results.plan.points]
    known = [
        i for i, key in enumerate(keys) if (one := ensembles.get(key)) is not None and one.summary is not None
    ]
    if known:
        shown = {known[k] for k in chosen([records[i] for i in known], MOST_PAIRS)}
        pairs = [ensembles.detailed(key) if i in shown else None for i, key in enumerate(keys)]
        yield "pair", partial(pair, records, pairs, len(known))
    names = ensemble_names(ensembles)
    worst = {
        key: -float(np.nan_to_num(r.mass_discrepancy)) for key, r in ensembles.items() if r.fit is not None
    }
    if worst:
        first = sorted(worst, key=worst.__getitem__)[:MOST_CURVES]
        curves = [reduced for key in first if (reduced := ensembles.detailed(key)) is not None]
        yield "displacement", partial(displacement, curves, [names[key] for key in first], len(worst))
    short = {key[:12]: name for key, name in names.items()}
    if rows := binning_rows(ensembles):
        yield "plateaus", partial(plateaus, rows, short, len(ensembles))
    if any(record.get(f"{name}_tau") is not None for record in records for name in COLUMNS):
        yield "autocorrelation", partial(autocorrelation, records)
    if rows := results.progress_rows:
        named = [{**row, "label": short.get(row["ensemble"], row["label"])} for row in rows]
        yield "progress", partial(progress, named)
