"""Which bins count: what was begun beyond the last goal lies in the files, changes nothing, and is used
later."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.driver.ensemble_state import Task
from hpcbip.driver.run import run_campaign
from hpcbip.driver.worker import Worker
from hpcbip.reduction.results import read_results
from hpcbip.reduction.status import status_records
from hpcbip.store.digest import digest_lines
from hpcbip.store.progress import CampaignProgress, EnsembleProgress
from hpcbip.store.store import Store

CONFIG = """\
name: small
seed: 7
model: {lattice: chain, coupling: bond}
grid: {omega: [1.0], lambda: [0.5], U: [8.0]}
sampling: {beta: 4.0, chains: 2, max_blocks: 6, min_blocks: 2, thermal_blocks: 1, bins_per_block: 4,
  updates_per_bin: 300, target: {E_polaron: %g, E_bipolaron: %g}}
"""


def start(folder: Path, target: float) -> Path:
    folder.mkdir(exist_ok=True)
    config = folder / "small.yaml"
    config.write_text(CONFIG % (target, target), encoding="utf-8")
    assert run_campaign(config, folder / "run", None, time.monotonic()) == 0
    return folder / "run"


def test_blocks_begun_in_vain_change_nothing_and_are_used_later(tmp_path: Path) -> None:
    directory = start(tmp_path / "one", 10.0)
    before, results = digest_lines(directory), read_results(directory).records
    assert all(" bins=8 " in line for line in before)
    config = load_config(tmp_path / "one" / "small.yaml")
    plan = make_plan(config)
    key = next(iter(plan.ensembles))
    ahead = Worker(directory, config, plan).execute(Task(key, 1, 3, durable=8))
    assert not ahead.chain_failure and not ahead.traceback and len(ahead.rows) == 4
    with Store(directory, writable=True) as store:
        store.write(key, 1, 8, ahead.rows)
    assert digest_lines(directory) == before
    assert read_results(directory).records == results
    assert start(tmp_path / "one", 10.0) == directory and digest_lines(directory) == before
    assert digest_lines(start(tmp_path / "one", 1e-6)) == digest_lines(start(tmp_path / "two", 1e-6))
    log = max(directory.glob("logs/*.log")).read_text(encoding="utf-8")
    restored, run = (
        int(re.search(words, log)[1]) for words in (r"restored: (\d+) blocks of 4", r": (\d+) blocks in")
    )
    assert restored >= 13 and restored + run == 28, "a block was run twice"


def test_progress_comes_back_as_it_was(tmp_path: Path) -> None:
    errors = {"2,4": {"E_polaron": None}, "2,8": {"E_polaron": 0.1}}
    known = CampaignProgress({"a": EnsembleProgress(2, 8, True, "", errors)}, {"blocks": 3})
    known.write(tmp_path)
    assert CampaignProgress.read(tmp_path) == known


def test_a_chain_goes_on_from_the_checkpoint_before(tmp_path: Path) -> None:
    """The newest checkpoint is damaged while the campaign runs: the block before is run again, with the same
    bins."""
    directory = start(tmp_path / "one", 10.0)
    config = load_config(tmp_path / "one" / "small.yaml")
    plan = make_plan(config)
    key = next(iter(plan.ensembles))
    path = directory / "checkpoints" / f"{key}-0.checkpoint"
    whole = path.read_bytes()
    expected = Worker(directory, config, plan).execute(Task(key, 0, 3, durable=8)).rows
    path.write_bytes(whole[:-3])
    again = Worker(directory, config, plan).execute(Task(key, 0, 3, durable=8))
    assert np.array_equal(again.rows, expected) and not again.chain_failure


def test_status_counts_what_is_there(tmp_path: Path) -> None:
    """The verdict says done; the bins are lost."""
    directory = start(tmp_path, 10.0)
    assert {(record["state"], record["bins_min"]) for record in status_records(directory)} == {("met", 8)}
    lams = {point.parameters["lambda"] for point in make_plan(load_config(directory / "config.yaml")).points}
    assert {record["lambda"] for record in status_records(directory)} == lams  # named as points are
    (directory / "bins-0001.h5").unlink()
    assert {(record["state"], record["bins_max"]) for record in status_records(directory)} == {("waiting", 0)}
