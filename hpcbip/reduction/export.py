"""Records as strict JSON, as CSV and as a frame of pandas."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcbip.errors import InputError

if TYPE_CHECKING:
    import pandas

Record = Mapping[str, Any]


def to_json(records: Sequence[Record]) -> str:
    """Return strict JSON, a list of objects, each on its line; numbers that are not finite become null."""
    lines = map(_json, records)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _json(record: Record) -> str:
    try:  # most of them are plain already
        return json.dumps(record, allow_nan=False)
    except (ValueError, TypeError):
        return json.dumps({k: _plain(v) for k, v in record.items()}, allow_nan=False)


def to_csv(records: Sequence[Record]) -> str:
    """Return CSV with one header line; empty fields for what is not known, flags joined by `; `."""
    out = io.StringIO()
    names = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for record in records:
        values = map(record.get, names)
        writer.writerow(["; ".join(map(str, v)) if isinstance(v, list) else _plain(v) for v in values])
    return out.getvalue()


def data_frame(records: Sequence[Record], index: Sequence[str] = ("point",)) -> pandas.DataFrame:
    """Return the records as a frame with these entries as its index; NaN for numbers that are not known."""
    import pandas

    columns = list(dict.fromkeys([*index, *(name for record in records for name in record)]))
    frame = pandas.DataFrame.from_records(list(records), columns=columns).set_index(list(index))
    for name in frame.columns:
        values = frame[name]
        if values.dtype == object and all(v is None or isinstance(v, int | float) for v in values):
            frame[name] = values.astype(bool if all(isinstance(v, bool) for v in values) else float)
    return frame


def write_text(path: Path, text: str) -> Path:
    """Write a file aside and rename it; returns its path.

    Raises:
        InputError: if it cannot be written.
    """
    aside = path.with_suffix(".tmp")
    try:
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, float):  # numpy's float64 included
        return float(value) if math.isfinite(value) else None
    return value
