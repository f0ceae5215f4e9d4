"""Evaluations beside the master: none is lost, whenever it becomes ready."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from hpcbip.campaign.plan import SampleSize, make_plan
from hpcbip.campaign.schema import Config
from hpcbip.driver.convergence import ConvergenceMonitor, Errors, Evaluation
from hpcbip.store.store import Store
from tests.driver.test_sampling import CAMPAIGN


class ReadyWhenAskedAgain(Future[Errors]):
    """An evaluation that ends right after the first look at it."""

    looks = 0

    def done(self) -> bool:
        self.looks += 1
        return self.looks > 1


def test_what_becomes_ready_between_two_looks_is_not_lost(tmp_path: Path) -> None:
    sampling: dict[str, Any] = {
        **cast("dict[str, Any]", CAMPAIGN["sampling"]),
        "target": {"mass_polaron": 0.1},
    }
    config = Config.model_validate({**CAMPAIGN, "sampling": sampling})
    plan = make_plan(config)
    monitor = ConvergenceMonitor(config, plan, cast("Store", SimpleNamespace(directory=tmp_path)), {})
    (identity,) = monitor.targeted
    errors = ReadyWhenAskedAgain()
    errors.set_result({"mass_polaron": 0.2})
    monitor._pending = [Evaluation(identity, SampleSize(3, 4), errors)]
    assert list(monitor.take_ratios()) == [] and monitor.has_pending
    assert list(monitor.take_ratios()) == [(identity, 2.0)] and not monitor.has_pending
    monitor.close()
