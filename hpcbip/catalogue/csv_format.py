"""Records as CSV from which they can be read back exactly.

One line of names, one line per record. A field holds a text as it is; numbers, true, false and lists as JSON,
floats by the shortest digits that give the same bits. An empty field is what is not known (None). A text that
would be read as anything else (digits only, or none) stands in quotes, as JSON as well. Spreadsheets and
`pandas.read_csv` read it as any other CSV.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from hpcbip.reduction.export import Record


def csv_text(records: Sequence[Record]) -> str:
    """Write records; an entry that only some of them have is None in the others.

    Raises:
        ValueError: if a number is not finite.
        TypeError: if a value is none of None, bool, int, float, str and lists of these.
    """
    out = io.StringIO()
    names = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_field(record.get(name)) for name in names] for record in records)
    return out.getvalue()


def parse_csv(text: str) -> list[dict[str, Any]]:
    """Read the records that `csv_text` has written.

    Raises:
        ValueError: if a line has not as many fields as there are names.
    """
    names, *lines = csv.reader(io.StringIO(text))
    return [{name: _value(field) for name, field in zip(names, line, strict=True)} for line in lines]


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value if _value(value) == value else json.dumps(value, ensure_ascii=False)
    if not isinstance(value, bool | int | float | list):
        raise TypeError(f"{value!r} is no value of a record")
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _value(field: str) -> Any:
    if not field:
        return None
    if field[0] not in '-0123456789tf["':  # the first characters of JSON that is no mapping and not null
        return field
    try:
        return json.loads(field)
    except ValueError:  # a text, as most that begin with a digit or such a letter
        return field
