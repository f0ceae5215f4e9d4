"""How far the ensembles of a campaign are, running or not (`hpcbip status`)."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcbip.campaign.plan import Plan
from hpcbip.campaign.schema import Config
from hpcbip.reduction.target_errors import partner_means, target_errors
from hpcbip.store.directory import is_locked, open_campaign
from hpcbip.store.progress import CampaignProgress, EnsembleProgress
from hpcbip.store.selection import SelectedBins, counted_bins, select_bins
from hpcbip.store.store import Store
from hpcbip.vocabulary.observables import BINDING_MARGIN, JOINT_TARGETS, TARGETS
from hpcbip.vocabulary.parameters import ENSEMBLE_KEYS, LAMBDA


def status_records(directory: Path) -> list[dict[str, Any]]:
    """Make one record per ensemble: sector, parameters (with λ of its points), chains, bins per chain (least
    and most), the relative errors that have a target (None: not resolved yet), and its state.

    `state` is "waiting" (no bins yet), "running" (or stopped on the way), "met", "ended" (the hard end
    reached with targets unmet, or no targets at all) or "failed" (`why` says how).

    Raises:
        InputError: if the directory is not a campaign.
    """
    config, plan = open_campaign(directory)
    progress = CampaignProgress.read(directory)
    size = config.sampling.bins_per_block
    joint = not JOINT_TARGETS.keys().isdisjoint(config.sampling.target)
    margin = BINDING_MARGIN.name in config.sampling.target
    lams = {key: point.parameters[LAMBDA.name] for point in plan.points for key in point.ensembles.values()}
    records = []
    with Store(directory) as store:
        counts = {key: counted_bins(progress, store, key, size) for key in plan.ensembles}

        def read(key: str) -> SelectedBins:
            return select_bins(store, key, counts[key], size)

        means = {key: partner_means(plan, key, read(key), margin) for key in plan.ensembles} if joint else {}
        for key, record in plan.ensembles.items():
            errors: dict[str, float] = {}
            if any(counts[key]) and any(
                record.sector in TARGETS[name].sectors for name in config.sampling.target
            ):
                errors = target_errors(plan, key, read(key), means)
            own = _record(config, plan, key, counts[key], errors, progress.ensembles.get(key))
            records.append(own | {LAMBDA.name: lams[key]})
    return records


def status_of_run(directory: Path) -> dict[str, Any]:
    """Describe the run at work, or the last one: `running`, and as far as it has left a note: members (ranks
    that work), blocks done in it, blocks_per_second, seconds_left (expected, to all targets), and noted
    (seconds since then)."""
    run = dict(CampaignProgress.read(directory).run)
    noted = run.pop("time", None)
    return {"running": is_locked(directory), **run, "noted": None if noted is None else time.time() - noted}


def _record(
    config: Config,
    plan: Plan,
    key: str,
    counts: Sequence[int],
    errors: Mapping[str, float],
    progress: EnsembleProgress | None,
) -> dict[str, Any]:
    record, sampling = plan.ensembles[key], config.sampling
    bins = [number for number in counts if number] or [0]
    chains = len([number for number in counts if number])
    targets = {
        name: value for name, value in sampling.target.items() if record.sector in TARGETS[name].sectors
    }
    known = {name: errors[name] for name in targets if math.isfinite(errors.get(name, math.inf))}
    end = sampling.max_blocks * sampling.bins_per_block
    full = chains >= sampling.most_chains and min(bins) >= end
    if progress and progress.failed:
        state = "failed"
    elif not chains:
        state = "waiting"
    elif (progress and progress.done) or full:
        met = all(errors.get(name, math.inf) <= target for name, target in targets.items())
        state = "met" if targets and met else "ended"
    else:
        state = "running"
    return {
        "ensemble": key[:12],
        "sector": record.sector,
        **{name: record.parameters.get(name) for name in ENSEMBLE_KEYS},
        "chains": max(chains, sampling.least_chains),
        "bins_min": min(bins) if chains >= sampling.least_chains else 0,
        "bins_max": max(bins),
        "bins_hard_end": end,
        **{f"{name}_target": value for name, value in targets.items()},
        **{f"{name}_relative_error": known.get(name) for name in targets},
        "state": state,
        **({"why": progress.failed} if progress and progress.failed else {}),
    }
