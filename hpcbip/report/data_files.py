"""The results of a campaign as one file for other programs: netCDF, Parquet or CSV (`hpcbip export`)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hpcbip.driver.interactive.dataset import describe, require
from hpcbip.driver.interactive.frame import load
from hpcbip.errors import InputError
from hpcbip.files import sync_path
from hpcbip.reduction.export import to_csv, write_text
from hpcbip.reduction.results import read_results

if TYPE_CHECKING:
    import xarray

LARGEST_INTEGER = 2**31 - 1
"""The largest integer that netCDF 3 holds."""


def export(directory: Path, path: Path) -> None:
    """Reduce a campaign and write its results into a file, which is replaced as a whole.

    Args:
        directory: of the campaign.
        path: of the file; its ending says which format.

    Raises:
        InputError: if the directory is not a campaign or has no bins yet, the ending is none of `WRITERS`,
            a package is missing, or the file cannot be written.
    """
    write = WRITERS.get(path.suffix)
    if write is None:
        raise InputError(f"{path}: unknown format {path.suffix!r}; allowed: FILE{', FILE'.join(WRITERS)}")
    write(directory, path)


def _write_csv(directory: Path, path: Path) -> None:
    write_text(path, to_csv(read_results(directory).records))


def _write_parquet(directory: Path, path: Path) -> None:
    """Write the frame of `hpcbip.load`, words and units in the metadata of its columns."""
    pyarrow, parquet = require("pyarrow", str(path)), require("pyarrow.parquet", str(path))
    table = pyarrow.Table.from_pandas(load(directory))
    fields = [field.with_metadata(describe(field.name)) for field in table.schema]
    with _replacing(path) as aside:
        parquet.write_table(table.cast(pyarrow.schema(fields, table.schema.metadata)), aside)


def _write_netcdf(directory: Path, path: Path) -> None:
    """Write the data set of `hpcbip.load` as netCDF 3, which every program that knows netCDF reads."""
    require("xarray", str(path))
    results: xarray.Dataset = load(directory, as_xarray=True)
    results.attrs = {
        name: str(value) if isinstance(value, int) and value > LARGEST_INTEGER else value
        for name, value in results.attrs.items()
    }
    with _replacing(path) as aside:
        results.to_netcdf(aside, engine="scipy")


WRITERS: dict[str, Callable[[Path, Path], None]] = {
    ".nc": _write_netcdf,
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give the name of a file to be written, which then takes the place of `path`."""
    aside = path.with_name(path.name + ".writing")
    try:
        yield aside
        sync_path(aside)
        os.replace(aside, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()
