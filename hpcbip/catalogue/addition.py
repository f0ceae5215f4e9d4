"""Adding a finished campaign to the atlas (`hpcbip atlas add`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpcbip.campaign.schema import Config, load_config
from hpcbip.catalogue.csv_format import csv_text
from hpcbip.catalogue.entries import CAMPAIGNS
from hpcbip.errors import InputError
from hpcbip.files import write_atomically
from hpcbip.messages import counted
from hpcbip.reduction.point_flags import is_converged
from hpcbip.reduction.results import Results, read_results
from hpcbip.store.digest import ensemble_digests, sha256_of_lines
from hpcbip.store.run_log import read_runs
from hpcbip.store.transfer.origins import Origins
from hpcbip.superconductivity.scans import scan_label
from hpcbip.vocabulary.flags import NO_TC_IN_ONE_DIMENSION

NO_VERSION = "0.4 or earlier"
"""What stands for the version of runs that have left no record, which versions from 0.5 on do."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MOST_NAMED = 20
"""Number of points that a message names."""


def add_campaign(
    directory: Path,
    name: str | None = None,
    folder: Path | None = None,
    allow_flagged: bool = False,
    allow_unfinished: bool = False,
) -> Path:
    """Put the results and the configuration of a campaign into the atlas: NAME.csv and NAME.yaml.

    Results of the same campaign that are there are replaced.

    Args:
        directory: of the campaign.
        name: under which it is filed; None: that of its configuration.
        folder: for both files; None: the package's own (`CAMPAIGNS`).
        allow_flagged: whether points are taken, with their flags, that are flagged or not converged.
        allow_unfinished: whether the campaign is taken before it is finished, as it is now.

    Returns:
        the path of NAME.csv.

    Raises:
        InputError: if the directory is no campaign or it is not finished; if points are flagged or not
            converged; if the name cannot be that of a file, or another campaign has it; if the files cannot
            be written.
    """
    results = read_results(directory)
    if not allow_unfinished:
        _check_finished(results)
    if not allow_flagged:
        _check_points(results)
    name, folder = name or results.config.name, folder or CAMPAIGNS
    _check_name(name, folder, results.config, directory)
    path = folder / f"{name}.csv"
    text = csv_text(atlas_records(results, name))
    try:
        write_atomically(path.with_suffix(".yaml"), (directory / "config.yaml").read_bytes())
        write_atomically(path, text)
    except OSError as error:
        raise InputError(f"{error.filename or path}: cannot be written: {error.strerror or error}") from None
    return path


def atlas_records(results: Results, name: str) -> list[dict[str, Any]]:
    """Return the records of a campaign with what the atlas adds to them (`entries.read_records`)."""
    digests = ensemble_digests(results.directory)
    columns = ",".join(dict.fromkeys(column for one in digests.values() for column in one.columns))
    origins = Origins.read(results.directory)
    shared = {"campaign": name, "seed": results.config.seed, "hpcbip": _versions(results.directory)}
    records = []
    for point, record in zip(results.plan.points, results.records, strict=True):
        added: dict[str, Any] = {}
        for sector, key in point.ensembles.items():
            added[f"ensemble_{sector}"] = key
            added[f"chain_bins_{sector}"] = list(digests[key].bins)
            added[f"digest_{sector}"] = sha256_of_lines(digests[key].lines)
            if key in origins.ensembles:
                added[f"chain_origins_{sector}"] = [list(one.origin) for one in origins.ensembles[key]]
        records.append({**shared, **record, **added, "columns": columns})
    return records


def _versions(directory: Path) -> str:
    """Return the versions of hpcbip that have sampled a campaign, the first first, as `0.4.0, 0.5.0`."""
    versions = [run.versions.get("hpcbip", NO_VERSION) for run in read_runs(directory)]
    return ", ".join(dict.fromkeys(versions)) or NO_VERSION


def _check_finished(results: Results) -> None:
    keys = results.plan.ensembles
    progress = [results.progress.get(key) for key in keys]
    open_ones = sum(not (one and (one.done or one.failed)) for one in progress)
    if open_ones:
        raise InputError(
            f"{results.directory}: not finished: {open_ones} of {counted(len(keys), 'ensemble')} not done; "
            "allowed: after hpcbip run has ended with status 0, or --unfinished"
        )


def _check_points(results: Results) -> None:
    refused = [text for record in results.records if (text := _objection(record))]
    if refused:
        named = "; ".join(refused[:_MOST_NAMED])
        more = f"; and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
        raise InputError(
            f"{results.directory}: {len(refused)} of {counted(len(results.records), 'point')} flagged or not "
            f"converged: {named}{more}; allowed: points without flags, or --flagged"
        )


def _objection(record: Mapping[str, Any]) -> str:
    """Return what speaks against a point, after its name; "" if nothing does.

    That a chain has no Tc says nothing against its masses, so it is no reason.
    """
    raised = zip(record["flag_codes"], record["flags"], strict=True)
    reasons = [text for code, text in raised if code != NO_TC_IN_ONE_DIMENSION.code]
    if not reasons and not is_converged(record):
        reasons = ["not converged"]
    return f"{scan_label(record, ())} ({', '.join(reasons)})" if reasons else ""


def _check_name(name: str, folder: Path, config: Config, directory: Path) -> None:
    if not _NAME.fullmatch(name):
        allowed = "letters, digits, - _ and ., in the configuration or by --name"
        raise InputError(f"{directory}: name: {name!r}: cannot be the name of a file; allowed: {allowed}")
    if not folder.is_dir():
        raise InputError(f"--folder: {folder}: not a folder; allowed: one that exists")
    path = folder / f"{name}.yaml"
    if path.is_file() and (there := load_config(path).frozen()) != config.frozen():
        own = config.frozen()
        differ = ", ".join(sorted(key for key in there.keys() | own.keys() if there.get(key) != own.get(key)))
        wrong = f"{path} is another campaign of that name, with another {differ}"
        raise InputError(f"{directory}: {name}: {wrong}; allowed: another --name, or the same campaign")
