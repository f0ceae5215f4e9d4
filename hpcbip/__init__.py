"""hpcbip: numerically exact bipolaron energies, masses, sizes and transition temperatures."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

__version__ = "0.4.0"
__all__ = ["__version__", "load"]


def load(
    directory: str | PathLike[str], prefactor: float | str | None = None, density: float | None = None
) -> pandas.DataFrame:
    """The results of a campaign as a labelled data set: one row per point, reduced from its bins as they are
    now.

    Args:
        directory: of the campaign, running or not.
        prefactor: of Tc, a number or "published"; None: as the configuration says.
        density: pairs per volume at which Tc is taken; None: as the configuration says, or where pairs touch.

    Returns:
        a frame indexed by the identity of the point. Columns: the parameters (lattice, coupling, t, omega,
        lambda, g, U, V, beta), every observable X with its error X_err, autocorrelation time X_tau (in bins)
        and X_verdict, the checks, `tc_valid`, `flags` (a list of texts) and `flag_codes`. Energies in the unit of t, masses
        in m0 = 1/t (pair) and m_e = 1/(2t), lengths in lattice constants. NaN is what is not known. `attrs`
        holds the campaign's name, seed, directory and the version of hpcbip.

    Raises:
        hpcbip.errors.InputError: if the directory is not a campaign, or has no bins yet.
    """
    from pathlib import Path

    from hpcbip.reduction.export import data_frame
    from hpcbip.reduction.results import read_results

    results = read_results(Path(directory), prefactor, density)
    frame = data_frame(results.records)
    frame.attrs = {
        "name": results.config.name,
        "seed": results.config.seed,
        "directory": str(directory),
        "hpcbip": __version__,
    }
    return frame
