"""`hpcbip status`: where a campaign stands, running or not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from .config import TARGETS, Config
from .directory import open_campaign
from .plan import Plan
from .reduction import target_errors
from .store import Store


def status_records(directory: Path) -> list[dict[str, Any]]:
    """One record per ensemble: sector, parameters, chains, bins per chain (least and most), the relative errors that
    have a target (None: not resolved yet), and its state.

    `state` is "waiting" (no bins yet), "running" (or stopped on the way), "met" or "ended" (max_blocks reached with
    targets unmet, or no targets at all).

    Raises:
        InputError: if the directory is not a campaign.
    """
    config, plan = open_campaign(directory)
    done = _verdicts(directory)
    with Store(directory) as store:
        return [_record(config, plan, store, key, done.get(key, {})) for key in plan.ensembles]


def _verdicts(directory: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((directory / "progress.json").read_text(encoding="utf-8"))["ensembles"])
    except (OSError, ValueError, KeyError):
        return {}


def _record(config: Config, plan: Plan, store: Store, key: str, verdict: dict[str, Any]) -> dict[str, Any]:
    record, sampling = plan.ensembles[key], config.sampling
    chains = [store.read(key, chain) for chain in range(sampling.chains)]
    bins = [len(rows) for rows in chains]
    errors = target_errors(plan, key, [rows for rows in chains if len(rows)]) if any(bins) else {}
    targets = {name: value for name, value in sampling.target.items() if record.sector in TARGETS[name]}
    known = {name: errors[name] for name in targets if math.isfinite(errors.get(name, math.inf))}
    full = min(bins) >= sampling.max_blocks * sampling.bins_per_block
    if not any(bins):
        state = "waiting"
    elif verdict.get("done") or full:
        state = "met" if targets and not full else "ended"
    else:
        state = "running"
    return {
        "ensemble": key[:12],
        "sector": record.sector,
        **{name: record.parameters.get(name) for name in ("lattice", "coupling", "t", "omega", "g", "U", "V", "beta")},
        "chains": len(chains),
        "bins_min": min(bins),
        "bins_max": max(bins),
        "bins_hard_end": sampling.max_blocks * sampling.bins_per_block,
        **{f"{name}_target": value for name, value in targets.items()},
        **{f"{name}_relative_error": known.get(name) for name in targets},
        "state": state,
    }
