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
from pathlib import Path

import pytest

from tests.mpi.campaigns import (
    all_of,
    checkpointed,
    command,
    digest,
    environment,
    hpcbip,
    kill_everything,
    ranks_of,
    run_to_the_end,
    start,
    write_config,
)

pytestmark = pytest.mark.mpi


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("undisturbed")
    return run_to_the_end(write_config(folder), folder / "run")


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
def test_any_number_of_ranks_gives_the_same_bins(tmp_path: Path, ranks: int, undisturbed: str) -> None:
    assert run_to_the_end(write_config(tmp_path), tmp_path / "run", ranks) == undisturbed


def test_a_target_stops_at_the_same_bins_on_any_number_of_ranks(tmp_path: Path) -> None:
    results = []
    for ranks in (1, 3):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        config = write_config(folder, max_blocks=12)
        target = "target: {mass_bipolaron: 0.2, binding_energy: 3.0}"
        text = config.read_text(encoding="utf-8").replace("{beta", "{" + target + ", beta")
        config.write_text(text, encoding="utf-8")
        results.append(run_to_the_end(config, folder / "run", ranks))
    assert results[0] == results[1]
    bins = {int(word.split("=")[1]) for word in results[0].split() if word.startswith("bins=")}
    assert min(bins) < 48, "no ensemble met its target early: the test shows nothing"


@pytest.mark.parametrize(("ranks", "seed"), [(1, 1), (3, 2)])
def test_three_sigkills_leave_the_same_bins(tmp_path: Path, ranks: int, seed: int) -> None:
    config = write_config(tmp_path, max_blocks=40, updates_per_bin=60_000)
    expected = run_to_the_end(config, tmp_path / "undisturbed", 2)
    directory = tmp_path / "killed"
    chance = random.Random(seed)
    killed = 0
    for _ in range(12):
        process = start("run", config, "--out", directory, "-n", ranks)
        while not list(directory.glob("checkpoints/*.checkpoint")) and process.poll() is None:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 2.0))
        if process.poll() is not None:
            break
        kill_everything(directory, process)
        killed += 1
        if killed == 3:
            break
    assert killed == 3
    assert run_to_the_end(config, directory, ranks) == expected
    assert not list(directory.glob("**/*.damaged"))


def test_the_loss_of_workers_is_survived_in_place(tmp_path: Path) -> None:
    from hpcbip.driver.launch.mpirun import find_mpirun, mpirun_settings

    if "ulfm" not in mpirun_settings(find_mpirun())[0]:
        pytest.skip("this MPI cannot live on without a rank")
    config = write_config(tmp_path, max_blocks=40, updates_per_bin=60_000)
    expected = run_to_the_end(config, tmp_path / "undisturbed", 2)
    directory = tmp_path / "run"
    process = start("run", config, "--out", directory, "-n", 4)
    for rank in (2, 3):
        seen = len(checkpointed(directory))
        while len(checkpointed(directory)) <= seen and process.poll() is None:
            time.sleep(0.02)
        os.kill(ranks_of(directory)[rank], signal.SIGKILL)
    out, _ = process.communicate(timeout=400)
    assert process.returncode == 0, out
    assert out.count("lost: member") == 2
    assert digest(directory) == expected
    assert not all_of(directory), "processes are left over"


def test_the_death_of_the_master_ends_the_job_and_loses_nothing(tmp_path: Path) -> None:
    config = write_config(tmp_path, max_blocks=40, updates_per_bin=60_000)
    expected = run_to_the_end(config, tmp_path / "undisturbed", 2)
    directory = tmp_path / "run"
    process = start("run", config, "--out", directory, "-n", 3)
    while not checkpointed(directory) and process.poll() is None:
        time.sleep(0.02)
    os.kill(ranks_of(directory)[0], signal.SIGKILL)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 3 and "was killed" in out
    assert not all_of(directory), "processes are left over"
    assert run_to_the_end(config, directory, 2) == expected


@pytest.mark.parametrize(("fault", "status"), [("raise", 1), ("overflow", 2), ("nan", 2), ("memory", 2)])
def test_a_chain_that_fails_is_isolated_and_a_rank_that_raises_ends_the_job(
    tmp_path: Path, fault: str, status: int
) -> None:
    """One chain of the first bipolaron ensemble fails in its second block: the others go on; a program error
    stops the run with its traceback told; both lose nothing."""
    from hpcbip.driver.launch.mpirun import find_mpirun, mpirun_settings

    config, directory = write_config(tmp_path), tmp_path / "run"
    expected = run_to_the_end(config, tmp_path / "undisturbed")
    flags, variables = mpirun_settings(find_mpirun())
    faulty = [sys.executable, Path(__file__).with_name("faulty.py"), fault, "run", config, "--out", directory]
    done = subprocess.run(
        [str(word) for word in (find_mpirun(), "-n", 3, *flags, *faulty)],
        capture_output=True,
        text=True,
        timeout=400,
        env=environment() | variables | {"HPCBIP_STATUS_FILE": str(tmp_path / "status")},
    )
    assert (tmp_path / "status").read_text(encoding="utf-8") == str(status), done.stdout + done.stderr
    log = (directory / "logs" / "run-0001.log").read_text(encoding="utf-8")
    if fault == "raise":
        assert "Traceback" in log and "ZeroDivisionError: made up" in log and "Traceback" in done.stderr
    else:
        assert "Traceback" not in done.stderr
        assert "failed: bipolaron" in log and "all other points are done" in done.stderr
        records = json.loads(hpcbip("status", directory, "--format", "json").stdout)["ensembles"]
        assert sorted(record["state"] for record in records) == ["ended"] * 3 + ["failed"]
        assert all(record["bins_min"] == 24 for record in records if record["state"] == "ended")
        table = json.loads(hpcbip("reduce", directory, "--format", "json").stdout)
        assert sum("bipolaron failed" in record["flags"] for record in table) == 1
    assert run_to_the_end(config, directory, 2) == expected  # without the fault the same command goes on


def test_more_chains_where_more_is_missing(tmp_path: Path) -> None:
    results = []
    for ranks in (1, 4):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        config = write_config(folder, max_blocks=30)
        text = config.read_text(encoding="utf-8").replace("chains: 2", "chains: {min: 2, max: 9}")
        text = text.replace("{beta", "{target: {mass_bipolaron: 0.06}, beta")
        config.write_text(text, encoding="utf-8")
        results.append(run_to_the_end(config, folder / "run", ranks))
    assert results[0] == results[1]
    chains = {line.split()[0]: 0 for line in results[0].splitlines()}
    for line in results[0].splitlines():
        chains[line.split()[0]] += 1
    assert min(chains.values()) == 2 and max(chains.values()) > 2


def test_max_time_stops_with_status_3_and_the_same_command_goes_on(tmp_path: Path) -> None:
    config = write_config(tmp_path, max_blocks=60, updates_per_bin=40_000)
    expected = run_to_the_end(config, tmp_path / "undisturbed")
    directory = tmp_path / "run"
    begun = time.time()
    stopped = hpcbip("run", config, "--out", directory, "-n", 2, "--max-time", 3)
    assert stopped.returncode == 3, stopped.stdout + stopped.stderr
    assert time.time() - begun < 15  # the starts of Python, mpirun and two ranks on two slow cores included
    assert "stopped: time limit" in stopped.stdout + stopped.stderr
    assert run_to_the_end(config, directory, 2) == expected


def test_a_run_goes_on_at_once_after_its_launcher_alone_was_killed(tmp_path: Path) -> None:
    config = write_config(tmp_path, max_blocks=12, updates_per_bin=60_000)
    directory = tmp_path / "run"
    process = start("run", config, "--out", directory, "-n", 2)
    while not list(directory.glob("checkpoints/*.checkpoint")) and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    assert run_to_the_end(config, directory, 2) == run_to_the_end(config, tmp_path / "undisturbed")
    assert not ranks_of(directory)


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_signal_stops_with_everything_saved(tmp_path: Path, number: signal.Signals, ranks: int) -> None:
    config = write_config(tmp_path, max_blocks=40, updates_per_bin=200_000)
    directory = tmp_path / "run"
    process = start("run", config, "--out", directory, "-n", ranks)
    while not list(directory.glob("checkpoints/*.checkpoint")):
        time.sleep(0.02)
    process.send_signal(number)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 3, out
    assert "stopped" in (directory / "logs" / "run-0001.log").read_text(encoding="utf-8")


def test_a_second_run_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path, max_blocks=40, updates_per_bin=400_000)
    directory = tmp_path / "run"
    process = start("run", config, "--out", directory)
    while not list(directory.glob("checkpoints/*.checkpoint")):
        time.sleep(0.02)
    second = hpcbip("run", config, "--out", directory)
    kill_everything(directory, process)
    assert second.returncode == 2
    assert "another run" in second.stderr and second.stderr.count("\n") == 1


def test_a_campaign_grows_and_keeps_what_it_has(tmp_path: Path) -> None:
    """More points, more chains and more blocks in the same directory: old bins stay, the sum is what a fresh
    run gives."""
    directory = tmp_path / "run"
    small = run_to_the_end(write_config(tmp_path), directory)
    text = (tmp_path / "small.yaml").read_text(encoding="utf-8")
    larger = tmp_path / "larger.yaml"
    text = text.replace("lambda: [0.5, 0.8]", "lambda: [0.3, 0.5, 0.8]").replace("chains: 2", "chains: 3")
    larger.write_text(text.replace("max_blocks: 6", "max_blocks: 9"), encoding="utf-8")
    grown = run_to_the_end(larger, directory, 2)
    assert grown == run_to_the_end(larger, tmp_path / "fresh")
    assert len(grown.splitlines()) == 18 and len(small.splitlines()) == 8
    assert len(list(directory.glob("bins-*.h5"))) == 2


def test_bad_input_under_mpirun_is_one_line_and_no_rank_starts_work(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    config.write_text(config.read_text(encoding="utf-8").replace("square", "sqaure"), encoding="utf-8")
    for arguments in (("-n", 2), ()):
        refused = hpcbip("run", config, "--out", tmp_path / "run", *arguments)
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1 and "model.lattice" in refused.stderr
    assert not (tmp_path / "run").exists()


def test_plain_mpirun_works_too(tmp_path: Path, undisturbed: str) -> None:
    from hpcbip.driver.launch.mpirun import find_mpirun, mpirun_settings

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
    assert digest(directory) == undisturbed
