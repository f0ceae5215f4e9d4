"""What `hpcbip reduce` and `hpcbip tc` do with a campaign's directory: read bins, reduce, leave files behind."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpcbip.campaign.config import Config, load_config
from hpcbip.campaign.plan import Plan, make_plan
from hpcbip.campaign.reduction import EnsembleBins, Reduced, TcSettings, reduce_plan
from hpcbip.errors import InputError

from .figures import plateau_figure
from .tables import to_csv, to_json


def read_campaign(directory: Path) -> tuple[Config, Plan, dict[str, EnsembleBins]]:
    """Configuration, plan and the bins so far, by identity; a running campaign may be read as well.

    Raises:
        InputError: if the directory is not a campaign, or has no bins yet.
    """
    from hpcbip.campaign.bins import Verdicts  # here, because these load HDF5
    from hpcbip.campaign.store import Store

    if not (directory / "config.yaml").is_file():
        raise InputError(f"{directory}: not a campaign: no config.yaml in it; allowed: the --out of a `hpcbip run`")
    config = load_config(directory / "config.yaml")
    plan = make_plan(config)
    data = {}
    verdicts = Verdicts.read(directory)
    with Store(directory) as store:
        for identity, record in plan.ensembles.items():
            chains = verdicts.counting(store, identity, config.sampling.bins_per_block)
            if any(len(chain) for chain in chains):
                columns, lags = store.columns(identity), store.lags(identity)
                data[identity] = EnsembleBins(record.sector, record.parameters, columns, chains, lags)
    if not data:
        again = f"hpcbip run {directory / 'config.yaml'} --out {directory}"
        raise InputError(f"{directory}: no bins yet; go on with: {again}")
    return config, plan, data


def _reduce(
    directory: Path, prefactor: float | str | None
) -> tuple[list[dict[str, Any]], dict[str, Reduced], dict[str, EnsembleBins]]:
    config, plan, data = read_campaign(directory)
    tc = TcSettings(config.tc.prefactor if prefactor is None else prefactor, config.tc.omega_meV)
    records, ensembles = reduce_plan(plan, data, tc)
    _flag_failures(records, plan, directory)
    return records, ensembles, data


def _flag_failures(records: list[dict[str, Any]], plan: Plan, directory: Path) -> None:
    """Points of which a sector was given up (`hpcbip status` says why): what there is of it is a biased choice."""
    from hpcbip.campaign.bins import Verdicts

    verdicts = Verdicts.read(directory).ensembles
    for point, record in zip(plan.points, records, strict=True):
        for sector, key in point.ensembles.items():
            if key in verdicts and verdicts[key].failed:
                record["flags"] = [*record["flags"], f"{sector} failed"]
                record["tc_valid"] = False


def reduce_directory(directory: Path, prefactor: float | str | None = None) -> list[dict[str, Any]]:
    """Records of all points of a campaign, in the order of its configuration; see `hpcbip.campaign.reduction`.

    Args:
        directory: of the campaign.
        prefactor: of Tc, a number or "published"; None: as the configuration says.

    Raises:
        InputError: if the directory is not a campaign, or has no bins yet.
    """
    return _reduce(directory, prefactor)[0]


def reduce_and_write(directory: Path) -> tuple[list[dict[str, Any]], list[Path]]:
    """As `reduce_directory`; writes results.json, results.csv, binning.csv and plateau.png into the directory.

    Returns:
        the records, and the files.

    Raises:
        InputError: if the directory is not a campaign, has no bins yet, or cannot be written to.
    """
    records, ensembles, data = _reduce(directory, None)
    rows = binning_rows(ensembles, data)
    texts = {"results.json": to_json(records), "results.csv": to_csv(records), "binning.csv": to_csv(rows)}
    written = []
    for name, text in texts.items():
        written.append(directory / name)
        aside = written[-1].with_suffix(".tmp")
        try:
            aside.write_text(text, encoding="utf-8")
            os.replace(aside, written[-1])
        except OSError as error:
            raise InputError(f"{written[-1]}: cannot be written: {error.strerror}") from None
    return records, written + plateau_figure(rows, directory / "plateau.png")


def binning_rows(ensembles: Mapping[str, Reduced], data: Mapping[str, EnsembleBins]) -> list[dict[str, Any]]:
    """Error against bin size of every observable of every ensemble, one row per bin size.

    `plateau` is 1 at the bin size taken to be on the plateau; tau (in bins) and gamma_error are the Γ method's, which
    gives the quoted error.
    """
    rows = []
    for identity, reduced in ensembles.items():
        if reduced.summary is None:
            continue
        binning, gamma = reduced.summary.binning, reduced.summary.gamma
        shared = {"ensemble": identity[:12], "sector": data[identity].sector}
        for i, name in enumerate(reduced.names):
            if not math.isfinite(reduced.values[i]):
                continue
            for level, size in enumerate(binning.size):
                rows.append({
                    **shared, "observable": name, "bin_size": int(size), "bins": int(binning.bins[level]),
                    "error": float(binning.error[level, i]), "error_error": float(binning.error_error[level, i]),
                    "plateau": int(level == binning.plateau[i]), "gamma_error": float(gamma.error[i]),
                    "tau": float(gamma.tau[i]), "tau_error": float(gamma.tau_error[i]),
                })  # fmt: skip
    return rows
