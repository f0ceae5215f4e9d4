"""A real Slurm for the tests of this folder, brought up once and taken down whatever happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hpcbip.qmc import warm_up
from tests.mpi.campaigns import command, environment
from tests.slurm import cluster

PATIENCE = 300.0


class Slurm:
    """Talks to the private Slurm of `slurm.conf`."""

    def __init__(self, configuration: str) -> None:
        self.environment = environment() | {"SLURM_CONF": configuration}

    def call(self, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*map(str, words)], env=self.environment | more, capture_output=True, text=True, timeout=120
        )

    def submit(self, folder: Path, *arguments: object, **more: str) -> list[str]:
        """`hpcbip submit` in a folder; the numbers of the jobs."""
        done = subprocess.run(
            command("submit", *arguments),
            cwd=folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return re.findall(r"^submitted: job (\d+)", done.stdout, re.MULTILINE)

    def jobs(self, number: str) -> list[dict[str, str]]:
        """What Slurm knows of a job, or of every task of an array."""
        lines = self.call("scontrol", "show", "--oneliner", "job", number).stdout.splitlines()
        return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines]

    def job(self, number: str) -> dict[str, str]:
        (only,) = self.jobs(number)
        return only

    def ended(self, number: str) -> list[dict[str, str]]:
        """Wait until a job, or every task of an array, has ended for good."""
        wait_for(
            lambda: all(job["JobState"] not in UNDER_WAY for job in self.jobs(number)), f"end of job {number}"
        )
        return self.jobs(number)

    def finished(self, number: str) -> dict[str, str]:
        """Wait for a job that is to succeed."""
        (job,) = self.ended(number)
        assert job["JobState"] == "COMPLETED", (job, read(job["StdOut"]))
        return job


UNDER_WAY = (
    "PENDING",
    "CONFIGURING",
    "RUNNING",
    "SIGNALING",
    "COMPLETING",
    "SUSPENDED",
    "REQUEUED",
    "STOPPED",
)


def wait_for(condition: Callable[[], object], what: str, pause: float = 0.2) -> None:
    patience = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < patience, f"waited in vain for {what}"
        time.sleep(pause)


def read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else f"no file {path}"


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    if reason := cluster.missing():
        pytest.skip(reason)
    # a session of its own: an interrupt from the terminal reaches the tests only, whose end it sees
    process = subprocess.Popen(
        [sys.executable, cluster.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    assert process.stdin and process.stdout and process.stderr
    try:
        warm_up()  # compiled once, not within the time limit of a job
        said = process.stdout.readline().strip()
        assert said.startswith("SLURM_CONF="), process.stderr.read()
        yield Slurm(said.removeprefix("SLURM_CONF="))
    finally:
        process.stdin.close()
        process.wait(timeout=120)
        assert not os.path.exists(said.removeprefix("SLURM_CONF="))
