"""The files that `hpcbip reduce` leaves in the directory of a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hpcbip.reduction.export import to_csv, to_json, write_text
from hpcbip.reduction.results import binning_rows, read_results
from hpcbip.report.figures.plateaus import plateaus


def reduce_and_write(directory: Path, folder: Path | None = None) -> tuple[list[dict[str, Any]], list[Path]]:
    """Reduce a campaign and write results.json, results.csv, binning.csv and plateau.png into a folder; None:
    its directory.

    Returns:
        the records of all points, and the files.

    Raises:
        InputError: if the directory is not a campaign, has no bins yet, or cannot be written to.
    """
    results, folder = read_results(directory), folder or directory
    rows = binning_rows(results.ensembles)
    records = results.records
    texts = {"results.json": to_json(records), "results.csv": to_csv(records), "binning.csv": to_csv(rows)}
    written = [write_text(folder / name, text) for name, text in texts.items()]
    return records, written + plateaus(rows, of=len(results.ensembles)).save(folder / "plateau.png")
