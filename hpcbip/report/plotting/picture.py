"""A figure with its numbers and its caption, and how they are saved."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcbip.errors import InputError
from hpcbip.files import write_atomically
from hpcbip.reduction.export import to_csv

# Digits of the numbers behind a figure: beyond them processors differ, and so would the file.
CSV_DIGITS = 10

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A figure before it is saved.

    Attributes:
        figure: matplotlib's.
        rows: the numbers that it shows, one dict per row of the CSV.
        title: a few words.
        caption: complete sentences that say what is drawn, and what is not.
    """

    figure: Figure
    rows: Sequence[Mapping[str, Any]]
    title: str
    caption: str

    def save(self, path: Path) -> list[Path]:
        """Write the figure in the format of its suffix (none: PNG), as PDF, and its numbers as CSV.

        Args:
            path: of the figure; folders are made. PDF and CSV have the same name.

        Returns:
            the files written, the figure first.

        Raises:
            InputError: if they cannot be written, or matplotlib does not know the format.
        """
        self.figure.draw_without_rendering()  # the layout, once for both formats
        self.figure.set_layout_engine("none")
        try:
            path = path if path.suffix else path.with_suffix(".png")
            files = list(dict.fromkeys([path, path.with_suffix(".pdf"), path.with_suffix(".csv")]))
            contents = [_rendered(self.figure, file.suffix) for file in files[:-1]]
            rows = [{name: _shortened(value) for name, value in row.items()} for row in self.rows]
            contents.append(to_csv(rows).encode())
            path.parent.mkdir(parents=True, exist_ok=True)
            for file, content in zip(files, contents, strict=True):
                write_atomically(file, content)
        except (OSError, ValueError) as error:  # ValueError: no name, or no format that matplotlib knows
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: the figure cannot be written: {reason}") from None
        return files


def _shortened(value: Any) -> Any:
    """Return a floating-point number with the digits that every machine gives, anything else as it is."""
    return float(f"{value:.{CSV_DIGITS}g}") if isinstance(value, float) else value


def _rendered(figure: Figure, suffix: str) -> bytes:
    """Return the figure as the content of a file of this format, without a date: equal data, equal file."""
    memory = io.BytesIO()
    figure.savefig(memory, format=suffix[1:], metadata={"CreationDate": None} if suffix == ".pdf" else None)
    return memory.getvalue()
