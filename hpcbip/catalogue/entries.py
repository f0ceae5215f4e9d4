"""What the atlas holds: configurations of campaigns, and the records of the points of finished ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpcbip.catalogue.csv_format import parse_csv
from hpcbip.errors import InputError

CAMPAIGNS = Path(__file__).parent / "campaigns"
"""The folder of the package that holds configurations and results."""


def campaign_names(folder: Path | None = None) -> list[str]:
    """Return the names of all campaigns that have a configuration, with results or not, sorted.

    Args:
        folder: of configurations and results; None: the package's own.
    """
    return sorted(path.stem for path in (folder or CAMPAIGNS).glob("*.yaml"))


def configuration_path(name: str, folder: Path | None = None) -> Path:
    """Return the path of the configuration of a campaign.

    Raises:
        InputError: if there is none of that name; it lists those that there are.
    """
    names = campaign_names(folder)
    if name not in names:
        raise InputError(f"{name}: no campaign of the atlas; allowed: {', '.join(names) or 'none'}")
    return (folder or CAMPAIGNS) / f"{name}.yaml"


def results_path(name: str, folder: Path | None = None) -> Path:
    """Return the path of the results of a campaign, which is a file only if it has some.

    Raises:
        InputError: as `configuration_path`.
    """
    return configuration_path(name, folder).with_suffix(".csv")


def read_records(names: Sequence[str] | None = None, folder: Path | None = None) -> list[dict[str, Any]]:
    """Read the records of all points of campaigns, in the order of their names and of their configurations.

    A record is that of `hpcbip reduce` (`hpcbip.reduction.points.reduce_point`), with `campaign`, `seed` of
    the campaign, `hpcbip` (the versions that sampled it), `columns` (of the bins, as `hpcbip digest
    --columns` takes them), and for S each of the sectors `seconds_S` (CPU seconds), `ensemble_S` (identity of
    the ensemble, 64 hexadecimal digits), `chain_bins_S` (bins of each chain) and `digest_S` (SHA-256 of the
    lines of `hpcbip digest` about the ensemble); of campaigns that were joined, also `chain_origins_S` (seed
    and number with which each chain began).

    Args:
        names: of campaigns; those without results have no records. None: all.
        folder: of configurations and results; None: the package's own.

    Raises:
        InputError: if there is no campaign of that name, or a file cannot be read.
    """
    records = []
    for name in campaign_names(folder) if names is None else names:
        path = results_path(name, folder)
        try:
            records += parse_csv(path.read_text(encoding="utf-8"))
        except FileNotFoundError:  # a campaign that is not finished
            continue
        except (OSError, ValueError) as error:
            wrong = f"{path}: cannot be read: {error}"
            raise InputError(f"{wrong}; allowed: a file that hpcbip atlas add has written") from None
    return records
