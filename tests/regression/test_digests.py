"""Run small campaigns and compare their digests with stored ones: the bins are, bit for bit, those of 0.4.0.

A digest holds a SHA-256 of the bins of every chain, so that equal digests are equal bins. The campaigns cover
the kinds of models (bond, Holstein, both, anisotropic hopping with a tail V/r and shells, a written-out
lattice), growing numbers of chains, an extended configuration, and stops. The stored files were made by
version 0.4.0, on one rank:

    hpcbip run NAME.yaml --out DIR; hpcbip digest DIR > NAME.digest
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.mpi.campaigns import checkpointed, digest, run_to_the_end, start
from tests.regression.columns import OPTIONS

FOLDER = Path(__file__).parent
CAMPAIGNS = sorted((FOLDER / "digests").glob("*.yaml"))
PATIENCE = 1200.0  # seconds; a cold cache of the kernel takes a minute, on a busy machine several


def stored_digest(config: Path) -> str:
    return config.with_suffix(".digest").read_text(encoding="utf-8")


@pytest.mark.parametrize("config", CAMPAIGNS, ids=lambda config: config.stem)
def test_campaign(config: Path, tmp_path: Path) -> None:
    assert run_to_the_end(
        config, tmp_path / "run", digest_options=OPTIONS, timeout=PATIENCE
    ) == stored_digest(config)


def test_extended_campaign(tmp_path: Path) -> None:
    """A second configuration adds a point, chains, blocks and a target, and tightens another."""
    for config in (FOLDER / "extended" / "first.yaml", FOLDER / "extended" / "second.yaml"):
        assert run_to_the_end(
            config, tmp_path / "run", digest_options=OPTIONS, timeout=PATIENCE
        ) == stored_digest(config)


def test_interrupted_campaign(tmp_path: Path) -> None:
    """Killed, then stopped, a campaign still comes to the digest of one that ran in one go."""
    config, directory = FOLDER / "interrupted" / "interrupted.yaml", tmp_path / "run"
    killed = start("run", config, "--out", directory)
    wait_for_new_checkpoint(directory, {})
    os.killpg(killed.pid, signal.SIGKILL)
    output = killed.communicate(timeout=PATIENCE)[0]
    assert killed.returncode == -signal.SIGKILL, f"it ended before it was killed: {output}"

    saved = checkpointed(directory)
    stopped = start("run", config, "--out", directory)
    wait_for_new_checkpoint(directory, saved)
    (directory / "stop").touch()
    output = stopped.communicate(timeout=PATIENCE)[0]
    assert stopped.returncode == 3, output

    assert digest(directory, *OPTIONS) != stored_digest(config), "nothing was left to do"
    assert run_to_the_end(config, directory, digest_options=OPTIONS, timeout=PATIENCE) == stored_digest(
        config
    )


def wait_for_new_checkpoint(directory: Path, before: dict[str, int]) -> None:
    limit = time.monotonic() + PATIENCE
    while checkpointed(directory) == before:
        assert time.monotonic() < limit, "no checkpoint has been written"
        time.sleep(0.002)
