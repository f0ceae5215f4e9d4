"""`hpcbip status --watch`: what it shows, when it looks again, how it ends."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.cli.status import status
from hpcbip.errors import InputError
from hpcbip.report.checks import Level, run_checks, worst
from hpcbip.report.live_status import StatusView, read_snapshot, run_at_work, watch
from hpcbip.store.progress import CampaignProgress, EnsembleProgress
from hpcbip.store.run_log import RunLog
from tests.reduction.test_results import campaign
from tests.store.synthetic import CONFIG

TARGETS = "sampling: {beta: 60, target: {tc_over_omega: 0.1, E_polaron: 1e-4}}"


def synthetic(folder: Path, bins: int, points: int) -> None:
    campaign(folder, bins=bins, points=points)
    text = CONFIG.replace("sampling: {beta: 60}", TARGETS)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    (folder / "campaign.json").write_text(
        '{"format": 2, "name": "synthetic", "frozen": {}}', encoding="utf-8"
    )


def finish(folder: Path) -> None:
    """Note all ensembles as done, as the master does at the end."""
    plan = make_plan(load_config(folder / "config.yaml"))
    CampaignProgress({key: EnsembleProgress(4, 8, done=True) for key in plan.ensembles}).write(folder)


class Interrupted:
    """Takes the pauses: does one thing after the other (None: nothing), then presses Ctrl-C."""

    def __init__(self, *actions: Callable[[], None] | None) -> None:
        self.actions, self.pauses = list(actions), list[float]()

    def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if not self.actions:
            raise KeyboardInterrupt
        action = self.actions.pop(0)
        if action is not None:
            action()


def test_without_a_terminal_one_table_is_printed_at_every_change(tmp_path: Path) -> None:
    synthetic(tmp_path, 40, 1)
    out = io.StringIO()
    pause = Interrupted(None, lambda: synthetic(tmp_path, 96, 2), None, None)
    watch(tmp_path, 2.0, Console(file=out), pause)
    shown = out.getvalue()
    assert shown.count("tc_over_omega / 0.1") == 2 and shown.count("not at work") == 2
    first, second = shown.split("not at work")[:2]
    assert "waiting" in first and "no bipolaron bins" in first and "waiting" not in second
    assert "↓" in second and "↓" not in first
    assert len(pause.pauses) == 5 and min(pause.pauses) == 2.0


def test_only_files_are_read(tmp_path: Path) -> None:
    synthetic(tmp_path, 40, 2)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    watch(tmp_path, 2.0, Console(file=io.StringIO()), Interrupted(None))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_it_ends_with_the_campaign(tmp_path: Path) -> None:
    synthetic(tmp_path, 64, 2)
    finish(tmp_path)
    out = io.StringIO()
    watch(tmp_path, 2.0, Console(file=out), pause=lambda _: pytest.fail("there is nothing to wait for"))
    assert "2 ended, 2 met" in out.getvalue()


def test_a_file_that_cannot_be_read_at_the_moment_is_read_later(tmp_path: Path) -> None:
    synthetic(tmp_path, 40, 1)
    config = tmp_path / "config.yaml"
    text = config.read_text(encoding="utf-8")

    def damage() -> None:
        config.write_text("name: [", encoding="utf-8")

    def mend() -> None:
        config.write_text(text, encoding="utf-8")
        synthetic(tmp_path, 40, 2)

    out = io.StringIO()
    watch(tmp_path, 2.0, Console(file=out), Interrupted(damage, mend, None))
    assert "2 running, 2 waiting" in out.getvalue() and "4 running" in out.getvalue()
    with pytest.raises(InputError, match="not a campaign"):
        watch(tmp_path / "nowhere", 2.0)


@pytest.mark.parametrize(
    "age,outcome,running", [(5.0, "", True), (90.0, "", False), (5.0, "to go on", False)]
)
def test_a_run_on_another_machine_is_at_work(age: float, outcome: str, running: bool, tmp_path: Path) -> None:
    """The lock is that of another machine, which this one does not see."""
    synthetic(tmp_path, 40, 1)
    note = {"time": time.time() - age, "members": 8, "blocks": 40, "blocks_per_second": 2.0}
    CampaignProgress(run={**note, "seconds_left": 60.0}).write(tmp_path)
    log = RunLog(tmp_path)
    if outcome:
        log.end(False, 40, 20.0, 0.9)
    assert run_at_work(tmp_path)["running"] is running
    out = io.StringIO()
    watch(tmp_path, 2.0, Console(file=out), Interrupted())
    line = out.getvalue().splitlines()[-1]
    assert line.startswith("at work" if running else "not at work")
    assert "40 blocks, 2 blocks/s on 8 ranks, about 1 min 00 s left" in line


@pytest.mark.parametrize("level,colour", [("green", "\x1b[32m●"), ("red", "\x1b[31m●")])
def test_lights_have_the_colour_of_the_checks(level: Level, colour: str, tmp_path: Path) -> None:
    synthetic(tmp_path, 96, 2)
    snapshot = read_snapshot(tmp_path)
    for number, point in enumerate(snapshot.points):
        assert point.level == worst(run_checks(point.record))
        flagged = {**point.record, "flag_codes": ["not_bound"], "flags": ["not bound"]}
        assert worst(run_checks(flagged)) == "red"
        snapshot.points[number] = type(point)(point.record, level, point.ensembles)
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=200, color_system="standard")
    console.print(StatusView().render(snapshot, {"running": False}))
    assert out.getvalue().count(colour) == 2


def test_a_small_terminal_shows_what_is_not_done(tmp_path: Path) -> None:
    synthetic(tmp_path, 40, 2)
    plan = make_plan(load_config(tmp_path / "config.yaml"))
    done = {key: EnsembleProgress(4, 5, done=True) for key in plan.points[0].ensembles.values()}
    CampaignProgress(done).write(tmp_path)
    out = io.StringIO()
    Console(file=out, width=200).print(StatusView().render(read_snapshot(tmp_path), {"running": False}, 9))
    assert "and 1 more" in out.getvalue() and "0.7" in out.getvalue() and "running │" in out.getvalue()


def test_ctrl_c_leaves_a_terminal_quietly(tmp_path: Path) -> None:
    synthetic(tmp_path, 40, 1)
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "hpcbip", "status", str(tmp_path), "--watch", "--every", "0.2"]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    shown, limit = b"", time.monotonic() + 60.0
    while shown.count(b"not at work") < 2:  # shown again in its place
        assert time.monotonic() < limit, shown
        shown += os.read(master, 65536)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert b"Traceback" not in shown and b"Aborted" not in shown
    os.close(master)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(status, [str(tmp_path), "--watch", "--format", "json"])
    assert isinstance(done.exception, InputError) and str(done.exception).startswith(
        "--watch: --format json;"
    )
