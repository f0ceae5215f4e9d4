"""The real parallel stack: Debian's MPI and parallel HDF5, h5py built against it (parallel-hdf5.sh), three
ranks that each write their own rows. Its files must be those of the master that writes alone, byte for
byte."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.mpi.campaigns import (
    LONG,
    all_of,
    digest,
    environment,
    finish,
    kill_everything,
    ranks_of,
    undisturbed,
    wait_for_block,
    write_config,
)

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-parallel" / "bin" / "python"
DEBIAN = "/usr/bin:/bin"
"""Where Debian's MPI is, to which this HDF5 belongs, whatever else is on the path."""
pytestmark = [
    pytest.mark.mpi,
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-parallel: tests/mpi/parallel-hdf5.sh says why"),
]


def start(config: Path, directory: Path, ranks: int, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(PYTHON), "-m", "hpcbip", "run", str(config), "--out", str(directory), "-n", str(ranks)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment() | {"PATH": DEBIAN} | variables,
        cwd=ROOT,
        start_new_session=True,
    )


def run(config: Path, directory: Path, ranks: int, **variables: str) -> str:
    process = start(config, directory, ranks, **variables)
    out, _ = process.communicate(timeout=180)
    assert process.returncode == 0, out
    return digest(directory)


def written_by(directory: Path) -> list[str]:
    logs = sorted((directory / "logs").glob("run-*.log"))
    text = [log.read_text(encoding="utf-8") for log in logs]
    return [part.split("HDF5 written by ")[1].split("\n")[0] for part in text if "HDF5 written by " in part]


def segments(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of bins: pytest takes half an hour to show how files differ."""
    paths = sorted(directory.glob("bins-*.h5"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_readers_cannot_tell_which_of_the_two_wrote_the_file(tmp_path: Path) -> None:
    config = write_config(tmp_path, max_blocks=12)
    alone = finish(config, tmp_path / "wheel")
    assert run(config, tmp_path / "together", 3) == alone
    assert run(config, tmp_path / "master", 2, HPCBIP_HDF5="serial") == alone
    assert written_by(tmp_path / "together") == ["all ranks"]
    assert written_by(tmp_path / "master") == ["the master"]
    files = segments(tmp_path / "together")
    assert files and files == segments(tmp_path / "master") == segments(tmp_path / "wheel")


def test_deaths_of_ranks_that_write_together(tmp_path: Path) -> None:
    """Two SIGKILLs of everything; then one of a single rank, without which this MPI cannot live on: the job
    ends at once; then the end by the other writer: the same bins, no damaged file."""
    config, directory = write_config(tmp_path, **LONG), tmp_path / "run"
    chance = random.Random(3)
    for _ in range(2):
        process = start(config, directory, 3)
        wait_for_block(directory, process)
        time.sleep(chance.uniform(0.0, 0.5))
        assert process.poll() is None, process.communicate()[0]
        kill_everything(directory, process)
    process = start(config, directory, 3)
    wait_for_block(directory, process)
    os.kill(ranks_of(directory)[2], signal.SIGKILL)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 3, out
    assert not all_of(directory), "processes are left over"
    assert finish(config, directory) == undisturbed(config)
    assert written_by(directory) == ["all ranks"] * 3 + ["the master"]
    assert not list(directory.rglob("*.damaged"))


def test_a_rank_that_is_lost_where_mpi_can_live_on(tmp_path: Path) -> None:
    """The others write to the end, and leave the file open, which they could close together only."""
    config, directory = write_config(tmp_path, **LONG), tmp_path / "run"
    process = start(config, directory, 3, PATH=f"{ROOT / '.venv' / 'bin'}:{DEBIAN}")
    wait_for_block(directory, process)
    os.kill(ranks_of(directory)[2], signal.SIGKILL)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 0, out
    assert "lost: member 2" in out and written_by(directory) == ["all ranks"]
    assert not all_of(directory), "processes are left over"
    assert digest(directory) == undisturbed(config)
