"""The page on which the atlas is explored: one HTML file that needs no network.

It is put together from atlas.html, report_style.html and atlas_script.html beside this module, as the report
is (`hpcbip.report.html.parts`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcbip.catalogue.entries import configuration_path
from hpcbip.errors import InputError
from hpcbip.files import write_atomically
from hpcbip.messages import counted
from hpcbip.report.atlas_tables import CAMPAIGN, cpu_seconds
from hpcbip.report.html.parts import environment, read_script, read_style
from hpcbip.report.plotting.style import COLOURS
from hpcbip.report.tables import VERDICT_MARKS, Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity.scans import axis_value, parameter_text
from hpcbip.version import __version__
from hpcbip.vocabulary.displays import DERIVED
from hpcbip.vocabulary.entries import ERROR, SYSTEMATIC, VERDICT
from hpcbip.vocabulary.flags import concerns_tc_only, flags_of, speaks_against
from hpcbip.vocabulary.observables import OBSERVABLES, TC_OVER_OMEGA
from hpcbip.vocabulary.parameter_entry import Parameter
from hpcbip.vocabulary.parameters import COORDINATES, LAMBDA, LATTICE, PARAMETERS, SCAN_AXES
from hpcbip.vocabulary.sectors import SECTORS

_DIGITS = 8
"""Digits of the numbers in the page; the CSV files of the atlas have all."""

_LABEL_DIGITS = 6
_NAMED_UNITS = ("m_e", "m0", "a^2", "K")  # energies are in the unit of t, as the page says


def write_page(records: Sequence[Record], path: Path, folder: Path | None = None) -> Path:
    """Write the page of these points of the atlas; returns its path.

    Args:
        records: of the atlas (`hpcbip.catalogue.entries.read_records`).
        path: of the page.
        folder: of the configurations; None: the package's own.

    Raises:
        InputError: if there are no points, or the page cannot be written.
    """
    if not records:
        raise InputError("--page: no points to show; allowed: conditions that some points meet")
    try:
        write_atomically(path, render(records, folder))
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def render(records: Sequence[Record], folder: Path | None = None) -> str:
    """Return the page.

    Raises:
        InputError: if the configuration of a campaign cannot be found.
    """
    script, script_hash = read_script("atlas_script.html")
    campaigns = list(dict.fromkeys(record[CAMPAIGN] for record in records))
    tiles = [
        ("points", f"{len(records):,}"),
        ("flagged", f"{sum(bool(record['flags']) for record in records):,}"),
        ("campaigns", f"{len(campaigns):,}"),
        ("CPU hours", f"{cpu_seconds(records) / 3600.0:.3g}"),
    ]
    return (
        environment()
        .get_template("atlas.html")
        .render(
            version=__version__,
            tiles=tiles,
            data=page_data(records, folder),
            script=script,
            script_hash=script_hash,
            style=read_style(),
        )
    )


def page_data(records: Sequence[Record], folder: Path | None = None) -> dict[str, Any]:
    """Return what the page's script works on, as JSON values.

    Returns:
        `quantities`: what an axis can show, each with key, title, numbers per point (values, errors, totals
        of statistical and systematic error; null for unknown) and, of observables, the texts value(error);
        `coordinates`: what tells curves apart, each with key, title and texts per point; `scan`: keys of
        those that curves run along, with the numbers; `labels`, `flags` (indices into `words`), `against`
        (per key of a quantity the points that a flag speaks against), `facts` and `campaign` per point;
        `campaigns`: their configurations by name.
    """
    words: dict[str, int] = {}
    names = [record[CAMPAIGN] for record in records]
    return {
        "colours": COLOURS,
        "start": {"x": LAMBDA.name, "y": TC_OVER_OMEGA.name},
        "quantities": [*_parameters(records), *_observables(records), *_derived(records)],
        "coordinates": _coordinates(records),
        "scan": list(SCAN_AXES),
        "labels": [_label(record) for record in records],
        "flags": [
            [words.setdefault(flag.text, len(words)) for flag in flags_of(record)] for record in records
        ],
        "words": list(words),
        "facts": [_facts(record) for record in records],
        "campaign": names,
        "campaigns": {
            name: configuration_path(name, folder).read_text(encoding="utf-8")
            for name in dict.fromkeys(names)
        },
    }


def _parameters(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return the numeric parameters, energies such as U in units of t."""
    found = []
    for name, parameter in {**COORDINATES, **PARAMETERS}.items():
        values = [_number(axis_value(record, name)) for record in records]
        if any(value is not None for value in values):
            found.append({"key": name, "title": _title(parameter), "values": values})
    return found


def _title(parameter: Parameter) -> str:
    return f"{parameter.axis_symbol}: {parameter.words}" if parameter.symbol else parameter.words


def _observables(records: Sequence[Record]) -> list[dict[str, Any]]:
    found = []
    for name, observable in OBSERVABLES.items():
        values = [_number(record.get(name)) for record in records]
        if all(value is None for value in values):
            continue
        codes = [[flag.code for flag in flags_of(record)] for record in records]
        title = observable.words + (f" [{observable.unit}]" if observable.unit in _NAMED_UNITS else "")
        found.append(
            {
                "key": name,
                "title": title,
                "values": values,
                "errors": [_number(record.get(name + ERROR)) for record in records],
                "totals": [_total(record, name) for record in records],
                "texts": [_text(record, name) for record in records],
                "against": [
                    i for i, own in enumerate(codes) if any(speaks_against(code, name) for code in own)
                ],
            }
        )
    return found


def _derived(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return the entries that follow from observables and are no errors of them."""
    found = []
    for entry in DERIVED:
        values = [_number(record.get(entry.name)) for record in records]
        if entry.name.endswith(SYSTEMATIC) or all(value is None for value in values):
            continue
        against = [
            i
            for i, record in enumerate(records)
            if any(not concerns_tc_only(flag.code) for flag in flags_of(record))
        ]
        title = f"{entry.name}: {entry.words}"
        found.append({"key": entry.name, "title": title, "values": values, "against": against})
    return found


def _coordinates(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return the coordinates in which the points differ."""
    found = []
    for name, parameter in COORDINATES.items():
        texts = [_coordinate_text(record, name) for record in records]
        if len(set(texts)) > 1 or name in SCAN_AXES:
            found.append({"key": name, "title": parameter.axis_symbol or name, "texts": texts})
    return found


def _coordinate_text(record: Record, name: str) -> str:
    if name == LATTICE.name:
        return str(record[name])  # one that is written out by its vectors and bonds
    text = parameter_text(record, name, _LABEL_DIGITS)
    return "–" if text == "None" else text


def _label(record: Record) -> str:
    """Return the parameters of a point, as `square, bond, t/Ω = 1, λ = 0.6, U/t = 8, V/t = 0`."""
    parts = []
    for name, parameter in COORDINATES.items():
        if (text := _coordinate_text(record, name)) != "–":
            parts.append(f"{parameter.axis_symbol} = {text}" if parameter.symbol else text)
    return ", ".join(parts)


def _facts(record: Record) -> list[tuple[str, str]]:
    """Return where the numbers of a point come from: (what, text)."""
    facts = [("point", record["point"]), ("version", record["hpcbip"]), ("seed", str(record["seed"]))]
    facts.append(("β of the pair", parameter_text(record, "beta")))
    for sector in SECTORS:
        seconds, bins = record[f"seconds_{sector}"], record[f"chain_bins_{sector}"]
        text = f"{counted(len(bins), 'chain')}, {counted(sum(bins), 'bin')}"
        text += f", {seconds:.0f} CPU s" if seconds is not None else ""
        text += f", ensemble {record[f'ensemble_{sector}'][:16]}"
        facts.append((sector, f"{text}, SHA-256 {record[f'digest_{sector}'][:16]}"))
    return facts


def _total(record: Mapping[str, Any], name: str) -> float | None:
    """Return statistical and systematic error in one; None where there is no systematic one."""
    error, systematic = record.get(name + ERROR), record.get(name + SYSTEMATIC)
    return _number(math.hypot(error, systematic)) if error is not None and systematic is not None else None


def _text(record: Record, name: str) -> str:
    text = with_error(record.get(name), record.get(name + ERROR))
    return text + VERDICT_MARKS.get(record.get(name + VERDICT) or "", "")


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(f"{value:.{_DIGITS}g}")
