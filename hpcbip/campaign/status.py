"""`hpcbip status`: where a campaign stands, running or not."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from .bins import Verdict, Verdicts
from .config import TARGETS, Config
from .directory import is_locked, open_campaign
from .plan import Plan
from .reduction import target_errors
from .store import Store


def status_records(directory: Path) -> list[dict[str, Any]]:
    """One record per ensemble: sector, parameters, chains, bins per chain (least and most), the relative errors that
    have a target (None: not resolved yet), and its state.

    `state` is "waiting" (no bins yet), "running" (or stopped on the way), "met", "ended" (the hard end reached with
    targets unmet, or no targets at all) or "failed" (`why` says how).

    Raises:
        InputError: if the directory is not a campaign.
    """
    config, plan = open_campaign(directory)
    verdicts = Verdicts.read(directory)
    with Store(directory) as store:
        bins = {
            key: [rows for rows in verdicts.counting(store, key, config.sampling.bins_per_block) if len(rows)]
            for key in plan.ensembles
        }
    return [_record(config, plan, key, bins, verdicts.ensembles.get(key)) for key in plan.ensembles]


def status_of_run(directory: Path) -> dict[str, Any]:
    """The run that is at work, or the last one: `running`, and as far as it has left a note: members (ranks that work),
    blocks done in it, blocks_per_second, seconds_left (expected, to all targets), and noted (seconds since then)."""
    run = dict(Verdicts.read(directory).run)
    noted = run.pop("time", None)
    return {"running": is_locked(directory), **run, "noted": None if noted is None else time.time() - noted}


def _record(
    config: Config, plan: Plan, key: str, all_bins: dict[str, list[Any]], verdict: Verdict | None
) -> dict[str, Any]:
    record, sampling = plan.ensembles[key], config.sampling
    chains = all_bins[key]
    bins = [len(rows) for rows in chains] or [0]
    targets = {name: value for name, value in sampling.target.items() if record.sector in TARGETS[name]}
    partners = {}
    if "binding_energy" in targets:
        pairs = [set(point.ensembles.values()) for point in plan.points]
        others = {other for pair in pairs if key in pair for other in pair - {key}}
        partners = {other: all_bins[other] for other in others if all_bins[other]}
    errors = target_errors(plan, key, chains, partners) if chains else {}
    known = {name: errors[name] for name in targets if math.isfinite(errors.get(name, math.inf))}
    end = sampling.max_blocks * sampling.bins_per_block
    full = len(chains) >= sampling.most_chains and min(bins) >= end
    if verdict and verdict.failed:
        state = "failed"
    elif not chains:
        state = "waiting"
    elif (verdict and verdict.done) or full:
        met = all(errors.get(name, math.inf) <= target for name, target in targets.items())
        state = "met" if targets and met else "ended"
    else:
        state = "running"
    return {
        "ensemble": key[:12],
        "sector": record.sector,
        **{name: record.parameters.get(name) for name in ("lattice", "coupling", "t", "omega", "g", "U", "V", "beta")},
        "chains": max(len(chains), sampling.least_chains),
        "bins_min": min(bins) if len(chains) >= sampling.least_chains else 0,
        "bins_max": max(bins),
        "bins_hard_end": end,
        **{f"{name}_target": value for name, value in targets.items()},
        **{f"{name}_relative_error": known.get(name) for name in targets},
        "state": state,
        **({"why": verdict.failed} if verdict and verdict.failed else {}),
    }
