"""A block that ends its process costs its ensemble, and neither the campaign nor the other ensembles."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hpcbip.driver.launch.mpirun import find_mpirun, mpirun_settings
from tests.mpi.campaigns import environment, finish, undisturbed, verb, write_config

pytestmark = pytest.mark.mpi


def run_faulty(fault: str, config: Path, directory: Path, ranks: int = 0) -> subprocess.CompletedProcess[str]:
    """Run with a built-in fault, on one process without MPI or on ranks."""
    faulty = [sys.executable, Path(__file__).with_name("faulty.py"), fault, "run", config, "--out", directory]
    variables = environment()
    if ranks:
        flags, settings = mpirun_settings(find_mpirun())
        faulty = [find_mpirun(), "-n", ranks, *flags, *faulty]
        variables |= settings
    return subprocess.run([*map(str, faulty)], capture_output=True, text=True, timeout=200, env=variables)


def check_all_but_one_are_done(directory: Path) -> None:
    """One ensemble is named, in log, status and flags; all others have all their bins."""
    log = sorted((directory / "logs").glob("run-*.log"))[-1].read_text(encoding="utf-8")
    failures = [line for line in log.splitlines() if "failed: bipolaron" in line]
    assert len(failures) == 1 and "ends the process that runs it" in failures[0]
    records = json.loads(verb("status", directory, "--format", "json"))["ensembles"]
    assert sorted(record["state"] for record in records) == ["ended"] * 3 + ["failed"]
    assert all(record["bins_min"] == 24 for record in records if record["state"] == "ended")
    assert [record["why"] for record in records if "why" in record][0].startswith("chain 1: its block ends")
    table = json.loads(verb("reduce", directory, "--format", "json"))
    assert [code for record in table for code in record["flag_codes"] if "crashed" in code] == [
        "bipolaron:crashed"
    ]


def test_a_block_that_has_ended_two_runs_is_given_up_by_the_third(tmp_path: Path) -> None:
    config, directory = write_config(tmp_path), tmp_path / "run"
    for _ in range(2):
        assert run_faulty("crash", config, directory).returncode == -signal.SIGSEGV
    third = run_faulty("crash", config, directory)
    assert third.returncode == 2 and "Traceback" not in third.stderr, third.stderr
    assert "(SIGSEGV)" in third.stderr and "all other points are done" in third.stderr
    check_all_but_one_are_done(directory)
    assert finish(config, directory) == undisturbed(config)  # without the fault the same command goes on


def test_a_block_that_has_ended_two_ranks_is_given_up_in_place(tmp_path: Path) -> None:
    if "ulfm" not in mpirun_settings(find_mpirun())[0]:
        pytest.skip("this MPI cannot live on without a rank")
    config, directory = write_config(tmp_path), tmp_path / "run"
    done = run_faulty("crash-of-a-rank", config, directory, 4)
    assert done.stderr.count("lost: member") == 2, done.stderr
    assert "all other points are done" in done.stderr
    check_all_but_one_are_done(directory)
