"""`hpcbip.load`, `hpcbip.atlas` and `hpcbip.find_peaks`: results as frames, and the maxima of Tc in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from hpcbip.catalogue.entries import read_records
from hpcbip.catalogue.selection import select
from hpcbip.driver.interactive.dataset import data_set
from hpcbip.errors import InputError
from hpcbip.reduction.export import Record, data_frame
from hpcbip.reduction.peaks import scan_points
from hpcbip.reduction.results import read_results
from hpcbip.superconductivity.peaks import Peak
from hpcbip.superconductivity.peaks import find_peaks as find_peaks_of_points
from hpcbip.version import __version__

if TYPE_CHECKING:
    import pandas
    import xarray


@overload
def load(
    directory: str | PathLike[str],
    prefactor: float | str | None = None,
    density: float | None = None,
    as_xarray: Literal[False] = False,
) -> pandas.DataFrame: ...


@overload
def load(
    directory: str | PathLike[str],
    prefactor: float | str | None = None,
    density: float | None = None,
    *,
    as_xarray: Literal[True],
) -> xarray.Dataset: ...


def load(
    directory: str | PathLike[str],
    prefactor: float | str | None = None,
    density: float | None = None,
    as_xarray: bool = False,
) -> pandas.DataFrame | xarray.Dataset:
    """Load the results of a campaign as a labelled data set: one row per point, reduced from its bins as they
    are now.

    Args:
        directory: of the campaign, running or not.
        prefactor: of Tc, a number or "published"; None: as the configuration says.
        density: pairs per volume at which Tc is taken; None: as the configuration says, or where pairs touch.
        as_xarray: whether a data set of xarray is wanted, laid out over the parameters.

    Returns:
        a frame indexed by the identity of the point. Columns: the parameters (lattice, coupling, t, omega,
        lambda, g, U, V, beta), every observable X with its error X_err, autocorrelation time X_tau (in bins)
        and X_verdict, the checks, `tc_valid`, `flags` (a list of texts) and `flag_codes`. Energies in the
        unit of t, masses in m0 = 1/t (pair) and m_e = 1/(2t), lengths in lattice constants. NaN is what is
        not known. `attrs` holds the campaign's name, seed, directory and the version of hpcbip. Or an
        `xarray.Dataset` of the same, with the dimensions omega, lambda, U, V and what else tells the points
        apart (`hpcbip.driver.interactive.dataset.data_set`).

    Raises:
        hpcbip.InputError: if the directory is not a campaign, or has no bins yet; if xarray is missing.
    """
    results = read_results(Path(directory), prefactor, density)
    attributes = {
        "name": results.config.name,
        "seed": results.config.seed,
        "directory": str(directory),
        "hpcbip": __version__,
    }
    if as_xarray:
        return data_set(results.records, attributes)
    frame = data_frame(results.records)
    frame.attrs = attributes
    return frame


def atlas(**conditions: Any) -> pandas.DataFrame:
    """Look up results of the production campaigns that travel with the package.

        hpcbip.atlas(lattice="square", coupling="bond", U=8.0, t_over_omega=2.0, lambda_=(0.3, 0.8))

    Args:
        conditions: which points (`hpcbip.catalogue.selection.select`): a value, a range (low, high), or a
            list of values, by the name of a parameter or of any other column; U and V in units of t,
            `lambda_` for λ. Without conditions all points.

    Returns:
        a frame with the columns of `load` and with `seed`, `hpcbip` (the versions that sampled), seconds,
        identities, bins and digests of the ensembles (`hpcbip.catalogue.entries.read_records`). Its index is
        (campaign, point): a point may have been sampled by several campaigns, and `atlas().loc[name]` is what
        `load` gives of that campaign. `attrs["campaigns"]` lists the campaigns of these points.

    Raises:
        hpcbip.InputError: if there is no column of that name.
    """
    records = select(read_records(), **conditions)
    frame = data_frame(records, ("campaign", "point"))
    frame.attrs = {"campaigns": list(dict.fromkeys(record["campaign"] for record in records))}
    return frame


def find_peaks(source: str | PathLike[str] | pandas.DataFrame | Sequence[Record]) -> list[Peak]:
    """Find the maximum of Tc along every curve of at least three points, along λ, U and t/Ω.

    Args:
        source: directory of a campaign, whose bins give the errors with all their correlations; or a frame
            of `load` or `atlas`, all of it or a part; or records. Of these the errors of mass and size are
            taken.

    Returns:
        maxima with position, height, their errors and flags; print `peak.statement` for one sentence.

    Raises:
        hpcbip.InputError: if the directory is not a campaign, or has no bins yet; if columns are missing.
    """
    if isinstance(source, str | PathLike):
        return read_results(Path(source)).peaks
    try:
        return find_peaks_of_points(scan_points(_records(source)))
    except KeyError as missing:
        raise InputError(
            f"find_peaks: no column {missing}; allowed: a directory, a frame of hpcbip.load, or records"
        ) from None


def _records(source: pandas.DataFrame | Sequence[Record]) -> list[Record]:
    """Turn a frame back into records, with None for what is not known."""
    if isinstance(source, Sequence):
        return list(source)
    rows = source.reset_index().to_dict("records")
    return [{name: _known(value) for name, value in row.items()} for row in rows]


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
