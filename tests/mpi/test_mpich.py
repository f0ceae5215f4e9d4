"""MPICH for real, in an environment of its own (mpich.sh): the bins of any other MPI, and clean ends."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.mpi.campaigns import (
    all_of,
    digest,
    environment,
    finish,
    ranks_of,
    undisturbed,
    wait_for_block,
    write_config,
)

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-mpich" / "bin" / "python"
pytestmark = [
    pytest.mark.mpi,
    pytest.mark.skipif(
        not (PYTHON.parent.parent / ".mpich").exists(), reason="no .venv-mpich: tests/mpi/mpich.sh says why"
    ),
]


def start(
    config: Path, directory: Path, *options: object, launcher: tuple[object, ...] = ()
) -> subprocess.Popen[str]:
    command = [*launcher, PYTHON, "-m", "hpcbip", "run", config, "--out", directory, *options]
    return subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
        cwd=ROOT,
        start_new_session=True,
    )


@pytest.mark.parametrize("launcher", ["hpcbip", "mpirun"])
def test_the_bins_are_those_of_any_other_mpi(tmp_path: Path, launcher: str) -> None:
    config, directory = write_config(tmp_path), tmp_path / "run"
    if launcher == "hpcbip":
        process = start(config, directory, "-n", 3)
    else:
        process = start(config, directory, launcher=(PYTHON.with_name("mpirun"), "-n", 2))
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 0, out
    log = (directory / "logs" / "run-0001.log").read_text(encoding="utf-8")
    assert "MPI: MPICH" in log and f"ranks: {3 if launcher == 'hpcbip' else 2} on" in log
    assert digest(directory) == undisturbed(config)


def test_a_killed_rank_ends_the_job_and_a_signal_stops_the_next(tmp_path: Path) -> None:
    """This MPI cannot live on without a rank; what is done is done, and the same command goes on."""
    config, directory = write_config(tmp_path, max_blocks=24, updates_per_bin=30_000), tmp_path / "run"
    process = start(config, directory, "-n", 3)
    wait_for_block(directory, process)
    os.kill(ranks_of(directory)[2], signal.SIGKILL)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 3 and "was killed" in out, out
    assert not all_of(directory), "processes are left over"
    process = start(config, directory, "-n", 2)
    wait_for_block(directory, process)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 3 and "Traceback" not in out, out
    assert not all_of(directory), "processes are left over"
    assert finish(config, directory) == undisturbed(config)
