"""Real runs: the same bins on any number of ranks, after any kill, within any time limit."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from hpcbip.driver.launch.mpirun import find_mpirun, mpirun_settings
from hpcbip.driver.run import run_campaign
from hpcbip.errors import InputError
from hpcbip.store import directory as store_directory
from tests.mpi.campaigns import (
    LONG,
    all_of,
    command,
    digest,
    environment,
    finish,
    hpcbip,
    kill_everything,
    ranks_of,
    run_to_the_end,
    start,
    undisturbed,
    verb,
    wait_for_block,
    write_config,
)

pytestmark = pytest.mark.mpi


# 2 ranks are those of plain mpirun below; 3 and 4 those of targets and kills
@pytest.mark.parametrize("ranks", [1, 8])
def test_any_number_of_ranks_gives_the_same_bins(tmp_path: Path, ranks: int) -> None:
    config = write_config(tmp_path)
    assert run_to_the_end(config, tmp_path / "run", ranks) == undisturbed(config)


def test_a_target_stops_at_the_same_bins_on_any_number_of_ranks(tmp_path: Path) -> None:
    config = write_config(tmp_path, max_blocks=12)
    target = "target: {mass_bipolaron: 0.2, binding_energy: 3.0}"
    text = config.read_text(encoding="utf-8").replace("{beta", "{" + target + ", beta")
    config.write_text(text, encoding="utf-8")
    expected = undisturbed(config)
    assert run_to_the_end(config, tmp_path / "run", 3) == expected
    bins = {int(word.split("=")[1]) for word in expected.split() if word.startswith("bins=")}
    assert min(bins) < 48, "no ensemble met its target early: the test shows nothing"


@pytest.mark.parametrize(("ranks", "seed"), [(1, 1), (3, 2)])
def test_three_sigkills_leave_the_same_bins(tmp_path: Path, ranks: int, seed: int) -> None:
    config, directory = write_config(tmp_path, **LONG), tmp_path / "killed"
    chance = random.Random(seed)
    for _ in range(3):
        process = start("run", config, "--out", directory, "-n", ranks)
        wait_for_block(directory, process)
        time.sleep(chance.uniform(0.0, 0.5))
        assert process.poll() is None, process.communicate()[0]
        kill_everything(directory, process)
    assert finish(config, directory) == undisturbed(config)
    assert not list(directory.glob("**/*.damaged"))


def test_the_loss_of_workers_is_survived_in_place(tmp_path: Path) -> None:
    if "ulfm" not in mpirun_settings(find_mpirun())[0]:
        pytest.skip("this MPI cannot live on without a rank")
    config, directory = write_config(tmp_path, **LONG), tmp_path / "run"
    process = start("run", config, "--out", directory, "-n", 4)
    while len(list(directory.glob("checkpoints/*.previous"))) < 8:  # a block of bins in every chain
        wait_for_block(directory, process)
    for rank in (2, 3):
        wait_for_block(directory, process)
        os.kill(ranks_of(directory)[rank], signal.SIGKILL)
    out, _ = process.communicate(timeout=400)
    assert process.returncode == 0, out
    assert out.count("lost: member") == 2
    assert digest(directory) == undisturbed(config)
    assert not all_of(directory), "processes are left over"


def test_the_death_of_the_master_ends_the_job_and_loses_nothing(tmp_path: Path) -> None:
    config, directory = write_config(tmp_path, **LONG), tmp_path / "run"
    process = start("run", config, "--out", directory, "-n", 3)
    wait_for_block(directory, process)
    os.kill(ranks_of(directory)[0], signal.SIGKILL)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 3 and "was killed" in out
    assert not all_of(directory), "processes are left over"
    assert finish(config, directory) == undisturbed(config)


def run_faulty(faults: str, config: Path, directory: Path) -> tuple[str, str, str]:
    """Run on two ranks with built-in faults; returns the exit status, the log and the errors."""
    flags, variables = mpirun_settings(find_mpirun())
    status = directory.with_name("status")
    faulty = [
        sys.executable,
        Path(__file__).with_name("faulty.py"),
        faults,
        "run",
        config,
        "--out",
        directory,
    ]
    done = subprocess.run(
        [str(word) for word in (find_mpirun(), "-n", 2, *flags, *faulty)],
        capture_output=True,
        text=True,
        timeout=400,
        env=environment() | variables | {"HPCBIP_STATUS_FILE": str(status)},
    )
    log = (directory / "logs" / "run-0001.log").read_text(encoding="utf-8")
    return status.read_text(encoding="utf-8"), log, done.stderr


def test_a_rank_that_raises_ends_the_job_and_loses_nothing(tmp_path: Path) -> None:
    config, directory = write_config(tmp_path), tmp_path / "run"
    status, log, errors = run_faulty("raise", config, directory)
    assert status == "1"
    assert "Traceback" in log and "ZeroDivisionError: made up" in log and "Traceback" in errors
    assert finish(config, directory) == undisturbed(config)  # without the fault the same command goes on


def test_chains_that_fail_are_isolated(tmp_path: Path) -> None:
    """One chain each of three ensembles fails in its second block, for different reasons: all others go on,
    and nothing is lost."""
    config, directory = write_config(tmp_path), tmp_path / "run"
    text = config.read_text(encoding="utf-8").replace("[0.5, 0.8]", "[0.4, 0.5, 0.6, 0.7]")
    config.write_text(text, encoding="utf-8")
    status, log, errors = run_faulty("overflow,nan,memory", config, directory)
    assert status == "2" and "Traceback" not in errors
    failures = [line for line in log.splitlines() if "failed: bipolaron" in line]
    reasons = ("more than 65532 events", "not finite", "out of memory")
    assert len(failures) == 3 and all(any(reason in line for line in failures) for reason in reasons)
    assert "(and 2 more); all other points are done" in errors
    records = json.loads(verb("status", directory, "--format", "json"))["ensembles"]
    assert sorted(record["state"] for record in records) == ["ended"] * 5 + ["failed"] * 3
    assert all(record["bins_min"] == 24 for record in records if record["state"] == "ended")
    table = json.loads(verb("reduce", directory, "--format", "json"))
    assert sum("bipolaron failed" in record["flags"] for record in table) == 3
    assert finish(config, directory) == undisturbed(config)  # without the faults the same command goes on


def test_more_chains_where_more_is_missing(tmp_path: Path) -> None:
    config = write_config(tmp_path, max_blocks=30)
    text = config.read_text(encoding="utf-8").replace("chains: 2", "chains: {min: 2, max: 9}")
    text = text.replace("{beta", "{target: {mass_bipolaron: 0.06}, beta")
    config.write_text(text, encoding="utf-8")
    expected = undisturbed(config)
    assert run_to_the_end(config, tmp_path / "run", 4) == expected
    chains = Counter(line.split()[0] for line in expected.splitlines())
    assert min(chains.values()) == 2 and max(chains.values()) > 2


def test_max_time_stops_with_status_3_and_the_same_command_goes_on(tmp_path: Path) -> None:
    config, directory = write_config(tmp_path, **LONG), tmp_path / "run"
    begun = time.time()
    stopped = hpcbip("run", config, "--out", directory, "-n", 2, "--max-time", 3)
    assert stopped.returncode == 3, stopped.stdout + stopped.stderr
    assert "stopped: time limit" in stopped.stdout + stopped.stderr
    log = (directory / "logs" / "run-0001.log").read_text(encoding="utf-8")
    times = {
        words[1]: datetime.fromisoformat(words[0]).timestamp()
        for line in log.splitlines()
        if len(words := line.split()) > 1
    }
    # a machine with other work may need longer than the limit to start the ranks, which then do nothing
    assert times["ended:"] - max(begun + 3, times["ranks:"]) < 3
    assert times["ranks:"] < begun + 3 or "ended: to go on: 0 blocks" in log
    assert finish(config, directory) == undisturbed(config)


def test_a_run_goes_on_at_once_after_its_launcher_alone_was_killed(tmp_path: Path) -> None:
    config, directory = write_config(tmp_path, **LONG), tmp_path / "run"
    process = start("run", config, "--out", directory, "-n", 2)
    wait_for_block(directory, process)
    process.kill()
    assert finish(config, directory) == undisturbed(config)
    assert not ranks_of(directory)
    process.communicate()


def test_what_killed_runs_left_stops_nobody(tmp_path: Path) -> None:
    """Open MPI refuses to start where one with the same process number was killed: here with all of the next
    ones."""
    leftovers = tmp_path / "tmp"
    newest = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout
    for number in range(int(newest), int(newest) + 2000):
        folder = leftovers / f"ompi.{number}"
        folder.mkdir(parents=True)
        (folder / f"pmix.{socket.gethostname()}.tool.{number}").touch()
    process = start("run", write_config(tmp_path), "--out", tmp_path / "run", "-n", 2, TMPDIR=str(leftovers))
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 0, out


# the ranks of mpirun hear of both signals by the same file
@pytest.mark.parametrize(("ranks", "number"), [(1, signal.SIGUSR1), (2, signal.SIGTERM)])
def test_a_second_run_is_refused_and_a_signal_stops_the_first_with_everything_saved(
    tmp_path: Path, ranks: int, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, directory = write_config(tmp_path, max_blocks=1000), tmp_path / "run"
    process = start("run", config, "--out", directory, "-n", ranks)
    wait_for_block(directory, process)
    monkeypatch.setattr(store_directory, "LOCK_PATIENCE", 0.5)
    with pytest.raises(InputError, match="another run"):
        run_campaign(config, directory, 1.0, time.monotonic())
    process.send_signal(number)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 3, out
    assert "stopped" in (directory / "logs" / "run-0001.log").read_text(encoding="utf-8")


def test_a_campaign_grows_and_keeps_what_it_has(tmp_path: Path) -> None:
    """More points, more chains and more blocks in the same directory: old bins stay, the sum is what a fresh
    run gives."""
    directory = tmp_path / "run"
    small = finish(write_config(tmp_path), directory)
    text = (tmp_path / "small.yaml").read_text(encoding="utf-8")
    larger = tmp_path / "larger.yaml"
    text = text.replace("lambda: [0.5, 0.8]", "lambda: [0.3, 0.5, 0.8]").replace("chains: 2", "chains: 3")
    larger.write_text(text.replace("max_blocks: 6", "max_blocks: 9"), encoding="utf-8")
    grown = run_to_the_end(larger, directory, 2)
    assert grown == undisturbed(larger)
    assert len(grown.splitlines()) == 18 and len(small.splitlines()) == 8
    assert len(list(directory.glob("bins-*.h5"))) > 1  # what came later has segments of its own


def test_bad_input_under_mpirun_is_one_line_and_no_rank_starts_work(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    config.write_text(config.read_text(encoding="utf-8").replace("square", "sqaure"), encoding="utf-8")
    for arguments in (("-n", 2), ()):
        refused = hpcbip("run", config, "--out", tmp_path / "run", *arguments)
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1 and "model.lattice" in refused.stderr
    assert not (tmp_path / "run").exists()


def test_plain_mpirun_works_too(tmp_path: Path) -> None:
    flags, variables = mpirun_settings(find_mpirun())
    config, directory = write_config(tmp_path), tmp_path / "run"
    done = subprocess.run(
        [str(find_mpirun()), "-n", "2", *flags, *command("run", config, "--out", directory)],
        capture_output=True,
        text=True,
        env=environment() | variables,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    assert digest(directory) == undisturbed(config)
