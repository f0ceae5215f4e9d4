"""Stops and kills at any moment of a run, its start included; long blocks; clocks that are set."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hpcbip.driver.launch.mpirun import find_mpirun, mpirun_settings
from hpcbip.driver.run import run_campaign
from hpcbip.driver.signals import ECHO_WITHIN
from hpcbip.store.progress import PROGRESS_FILE, CampaignProgress
from tests.mpi.campaigns import (
    all_of,
    command,
    environment,
    kill_everything,
    start,
    wait_for_block,
)

pytestmark = pytest.mark.mpi

TINY = """\
name: tiny
seed: 1
model: {lattice: chain, coupling: bond}
grid: {omega: [1.0], lambda: [0.5], U: [4.0]}
sampling: {beta: 4.0, chains: 2, max_blocks: %d, min_blocks: 2, thermal_blocks: 1, bins_per_block: 4,
  updates_per_bin: %d}
"""
PATIENCE = 30.0
"""Seconds within which a run ends on a machine with other work: without the stop it would take hours."""


def write_config(folder: Path, max_blocks: int = 4, updates_per_bin: int = 2000) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(TINY % (max_blocks, updates_per_bin), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An endless campaign, and its directory, in which there has been a run."""
    folder = tmp_path_factory.mktemp("stops")
    config, directory = write_config(folder, max_blocks=1_000_000), folder / "run"
    assert run_campaign(config, directory, 0.0, time.monotonic()) == 3
    return config, directory


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Fail where the code within takes longer, as it would for hours with the fault that is looked for."""

    def fail(*_: object) -> None:
        raise TimeoutError(f"not over after {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def wait_until(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.02)


@pytest.mark.parametrize("delay", [0.3, 0.8, 1.3, 1.8])
def test_a_signal_at_any_moment_of_the_start_stops_the_run(begun: tuple[Path, Path], delay: float) -> None:
    config, directory = begun
    process = start("run", config, "--out", directory, "-n", 2, "--max-time", 300)
    time.sleep(delay)
    process.terminate()
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode in (3, -signal.SIGTERM), out  # the latter: Python itself was being started
    assert "stopped: time limit" not in out and "Traceback" not in out
    assert not all_of(directory), "processes are left over"


def test_a_stop_file_that_is_younger_than_the_run_counts(begun: tuple[Path, Path]) -> None:
    config, directory = begun
    (directory / "stop").touch()
    with at_most(30):
        assert run_campaign(config, directory, None, time.monotonic(), old_request="") == 3
        assert (directory / "stop").exists()
        assert run_campaign(config, directory, 0.0, time.monotonic()) == 3
    assert not (directory / "stop").exists()  # the second run found it when it began


@pytest.mark.parametrize(
    ("launcher", "variables"),
    [
        ("mpirun (MPICH", {"PMI_SIZE": "2", "PMI_RANK": "0"}),
        ("mpirun (Open MPI", {"OMPI_COMM_WORLD_SIZE": "3", "OMPI_COMM_WORLD_RANK": "0"}),
        ("srun", {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0"}),
    ],
)
def test_the_mpirun_of_another_mpi_is_refused(
    tmp_path: Path, launcher: str, variables: dict[str, str]
) -> None:
    process = start("run", write_config(tmp_path), "--out", tmp_path / "run", **variables)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2, out
    assert out.count("\n") == 1 and launcher in out and "MPI sees one" in out
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("ranks", "delay"), [(1, 0.2), (3, 0.2), (1, 0.6), (3, 0.6), (3, 1.0)])
def test_no_rank_outlives_an_mpirun_that_was_killed_at_the_start(
    begun: tuple[Path, Path], ranks: int, delay: float
) -> None:
    config, directory = begun
    flags, variables = mpirun_settings(find_mpirun())
    process = subprocess.Popen(
        [str(find_mpirun()), "-n", str(ranks), *flags, *command("run", config, "--out", directory)],
        env=environment() | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(delay)
    process.kill()
    process.wait()
    try:
        wait_until(lambda: not all_of(directory), "a rank goes on alone")
    finally:
        for number in all_of(directory):
            os.kill(number, signal.SIGKILL)


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_second_ctrl_c_ends_a_block_of_an_hour_in_seconds(tmp_path: Path, ranks: int) -> None:
    config, directory = write_config(tmp_path, updates_per_bin=1_000_000_000), tmp_path / "run"
    process = start("run", config, "--out", directory, "-n", ranks)
    note = directory / "in-hand"  # of the blocks that are handed out
    wait_until(lambda: note.exists() and note.read_text(encoding="utf-8").strip(), "no block is begun")
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    for line in process.stdout:
        if "waits for" in line:
            break
    assert "SIGINT: waits for" in line and "in hand" in line
    time.sleep(2 * ECHO_WITHIN)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, out
    assert time.monotonic() - begun < 10.0
    assert "left unfinished" in out and not note.exists()
    assert not all_of(directory)


def test_a_block_that_is_longer_than_the_limit_ends_with_it(tmp_path: Path) -> None:
    config = write_config(tmp_path, updates_per_bin=1_000_000_000)
    with at_most(20):
        assert run_campaign(config, tmp_path / "run", 1.5, time.monotonic()) == 3
    log = (tmp_path / "run" / "logs" / "run-0001.log").read_text(encoding="utf-8")
    assert "stopped: time limit; left unfinished: 1 block in hand" in log


def test_a_clock_that_is_set_back_moves_no_limit(
    begun: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, directory = begun
    real, started = time.time, time.monotonic()
    monkeypatch.setattr(time, "time", lambda: real() - (3600.0 if time.monotonic() > started + 0.5 else 0.0))
    with at_most(20):
        assert run_campaign(config, directory, 1.5, started) == 3
    assert time.monotonic() - started < 10.0


def test_the_folder_of_a_killed_launcher_goes_with_the_next_launch(
    begun: tuple[Path, Path], tmp_path: Path
) -> None:
    config, directory = begun
    arguments = ("run", config, "--out", directory, "-n", 2, "--max-time")
    process = start(*arguments, 300, TMPDIR=str(tmp_path))
    wait_for_block(directory, process)
    kill_everything(directory, process)
    (left,) = tmp_path.glob("hpcbip-*")
    process = start(*arguments, 1, TMPDIR=str(tmp_path))
    process.communicate(timeout=PATIENCE)
    assert not left.exists() and not list(tmp_path.glob("hpcbip-*"))


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "launched"])
def test_a_run_stays_without_the_shell_that_started_it(tmp_path: Path, options: list[str]) -> None:
    """As after `nohup` and a logout."""
    config, directory = write_config(tmp_path, max_blocks=50, updates_per_bin=20_000), tmp_path / "run"
    line = shlex.join(command("run", config, "--out", directory, *options))
    shell = subprocess.Popen(["sh", "-c", f"nohup {line} > /dev/null 2>&1 & wait"], env=environment())
    wait_for_block(directory, shell)
    shell.kill()
    shell.wait()

    def is_done() -> bool:
        known = CampaignProgress.read(directory).ensembles if (directory / PROGRESS_FILE).exists() else {}
        return len(known) == 2 and all(one.done for one in known.values())

    wait_until(is_done, "the run has ended with its shell")
