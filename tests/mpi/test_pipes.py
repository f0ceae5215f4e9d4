"""Runs whose output nobody reads any more."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.mpi.campaigns import command, digest, environment, undisturbed, write_config


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_closed_pipe_is_no_failure(tmp_path: Path, ranks: int) -> None:
    """As behind `| head`, or when mpirun closes the pipes because a rank was lost: the campaign goes on to
    its end."""
    config = write_config(tmp_path)
    arguments = command("run", config, "--out", tmp_path / "run", "-n", ranks)
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert process.stdout and process.stderr
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=400) == 0
    assert digest(tmp_path / "run") == undisturbed(config)
