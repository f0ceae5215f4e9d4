"""Several blocks handed out at once, as where workers are so many that each request costs: the same bins."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpcbip.campaign.plan import SampleSize, make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.driver import scheduler
from hpcbip.driver.ensemble_state import Task
from hpcbip.driver.executors import LocalExecutor
from hpcbip.driver.run import run_campaign
from hpcbip.driver.scheduler import REQUEST_SECONDS, Scheduler
from hpcbip.driver.stopping_rule import StoppingRule
from hpcbip.driver.worker import Worker
from hpcbip.qmc import Chain
from hpcbip.store.digest import digest_lines

CONFIG = """\
name: small
seed: 7
model: {lattice: chain, coupling: bond}
grid: {omega: [1.0], lambda: [0.5], U: [8.0]}
sampling: {beta: 4.0, chains: 2, max_blocks: 30, min_blocks: 4, thermal_blocks: 2, bins_per_block: 4,
  updates_per_bin: 200, target: {E_polaron: 1.0e-2, E_bipolaron: 1.0e-2}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def worker(config: Path, directory: Path) -> tuple[Worker, str]:
    (directory / "checkpoints").mkdir(parents=True)
    plan = make_plan(load_config(config))
    return Worker(directory, load_config(config), plan), next(iter(plan.ensembles))


def test_blocks_together_have_the_bins_of_blocks_one_by_one(config: Path, tmp_path: Path) -> None:
    alone, key = worker(config, tmp_path / "alone")
    together, _ = worker(config, tmp_path / "together")
    rows = [alone.execute(Task(key, 0, block)).rows for block in range(5)]
    result = together.execute(Task(key, 0, 0, blocks=5))
    assert result.task == Task(key, 0, 0, blocks=5) and not result.failed
    assert np.array_equal(result.rows, np.concatenate(rows[2:])) and len(result.rows) == 12
    following = together.execute(Task(key, 0, 5))
    assert np.array_equal(following.rows, alone.execute(Task(key, 0, 5)).rows)
    # a kill now loses nothing: what is not known to be on the disk is in the checkpoint
    once_more, _ = Worker(tmp_path / "together", load_config(config), make_plan(load_config(config))), key
    assert np.array_equal(once_more._load(Task(key, 0, 6)).last_rows[:12], result.rows)


def test_what_a_lost_worker_has_saved_is_not_run_once_more(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, key = worker(config, tmp_path / "run")
    result = lost.execute(Task(key, 0, 1, blocks=4))
    monkeypatch.setattr(Chain, "run_block", None)
    other = Worker(tmp_path / "run", load_config(config), make_plan(load_config(config)))
    found = other.execute(Task(key, 0, 1))
    assert found.task == result.task and np.array_equal(found.rows, result.rows) and not found.failed


def test_blocks_before_one_that_fails_are_done(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, key = worker(config, tmp_path / "run")
    real, calls = Chain.run_block, []

    def fails_at_last(self: Chain, bins: int, *others: Any) -> np.ndarray:
        calls.append(bins)
        if len(calls) > 4:  # two are thermal
            raise OverflowError("more than 65532 events")
        return real(self, bins, *others)

    monkeypatch.setattr(Chain, "run_block", fails_at_last)
    result = runner.execute(Task(key, 0, 0, blocks=6))
    assert not result.failed and result.task == Task(key, 0, 0, blocks=4) and len(result.rows) == 8
    assert "65532" in runner.execute(Task(key, 0, 4, blocks=2)).chain_failure


def test_a_campaign_has_the_same_bins(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = Worker.execute

    def counted(self: Worker, task: Task, *others: Any) -> object:
        asked.append(task.blocks)
        return real(self, task, *others)

    monkeypatch.setattr(Worker, "execute", counted)
    assert run_campaign(config, tmp_path / "one", None, time.monotonic()) == 0
    one_by_one = asked.copy()
    asked.clear()
    monkeypatch.setattr(scheduler, "REQUEST_SECONDS", 1000.0)
    assert run_campaign(config, tmp_path / "together", None, time.monotonic()) == 0
    assert digest_lines(tmp_path / "together") == digest_lines(tmp_path / "one")
    assert set(one_by_one) == {1} and max(asked) > 4 and len(asked) < len(one_by_one) / 2


def test_as_many_as_the_rate_of_requests_asks_for_and_none_in_vain() -> None:
    s = Scheduler(["one"], StoppingRule(1, 1, 30, 60), {}, ["one"], {})
    workers = round(5.0 / REQUEST_SECONDS)  # one request each in five seconds

    def task(workers: int) -> Task:
        found = s.next_task(("one", 0), workers=workers)
        assert found
        return found

    first = task(workers)
    assert first.blocks == 1, "nothing is known of the time of a block"
    s.complete(first, 1.0)
    assert task(workers) == Task("one", 0, 1, blocks=5)
    s.complete(Task("one", 0, 1, blocks=5), 5.0)
    assert task(workers // 5) == Task("one", 0, 6), "few workers ask seldom enough"
    s.complete(Task("one", 0, 6), 1.0)
    s.complete(Task("one", 0, 7, blocks=20), 20.0)
    assert task(workers) == Task("one", 0, 27, blocks=4), "up to the goal"
    s.complete(Task("one", 0, 27, blocks=4), 4.0)
    assert s.take_due() == [("one", SampleSize(1, 30))] and s.blocks_done == 31


def test_a_worker_that_raises_is_told_of_and_not_waited_for() -> None:
    class Runner:
        def execute(self, task: Task, must_end: object) -> None:
            raise KeyError("a fault of the program")

    executor = LocalExecutor(Runner())  # type: ignore[arg-type]
    executor.send(0, Task("one", 0, 0))
    while (found := executor.poll()) is None:
        time.sleep(0.001)
    assert found[1] is not None and "a fault of the program" in found[1].traceback
