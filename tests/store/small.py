"""Small campaigns that are run in this process, in a second or less."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from hpcbip.driver.run import run_campaign

CONFIG = """\
name: small
seed: {seed}
model: {{lattice: chain, coupling: bond}}
grid: {{omega: [1.0], lambda: {lam}, U: [4.0]}}
sampling: {{beta: {beta}, chains: {chains}, max_blocks: {blocks}, min_blocks: 2, thermal_blocks: 1,
  bins_per_block: 4, updates_per_bin: {updates}, target: {target}}}
"""
USUAL = {"seed": 7, "lam": "[0.5]", "beta": "4.0", "chains": "2", "blocks": 4, "updates": 200, "target": "{}"}


def small(directory: Path, **changes: object) -> Path:
    """Run a small campaign, or go on with it; returns its directory."""
    source = directory.with_suffix(".yaml")
    source.write_text(CONFIG.format(**USUAL | changes), encoding="utf-8")
    assert run_campaign(source, directory, None, time.monotonic()) == 0
    return directory


def go_on(directory: Path) -> int:
    """Go on with a campaign as its own configuration says; returns the exit status."""
    return run_campaign(directory / "config.yaml", directory, None, time.monotonic())


def copied(directory: Path, name: str) -> Path:
    """Copy a campaign to another name beside it."""
    return Path(shutil.copytree(directory, directory.with_name(name)))
