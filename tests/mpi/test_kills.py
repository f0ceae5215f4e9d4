"""A campaign under fire: SIGKILLs at random moments to a worker, to the master, to everything at once.

    HPCBIP_KILLS=100 python -m pytest -s tests/mpi/test_kills.py    # the long version, a quarter of an hour

The bins must be those of an undisturbed run, bit for bit; no file may be damaged; and after every kill each
chain goes on from the block that its last checkpoint tells of: what is lost is what was in hand.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from hpcbip.store.checkpoints import Checkpoints
from tests.mpi.campaigns import (
    all_of,
    finish,
    kill_everything,
    ranks_of,
    start,
    undisturbed,
    wait_for_block,
)

KILLS = int(os.environ.get("HPCBIP_KILLS", "5"))
START, WORK = 3.0, 3.0 if "HPCBIP_KILLS" in os.environ else 1.0
"""Longest time from the start of a run to a kill, and from its first block, or the kill before."""
UPDATES = 250_000 if "HPCBIP_KILLS" in os.environ else 50_000
RANKS = 3
CONFIG = f"""\
name: under-fire
seed: 11
model: {{lattice: square, coupling: bond, t: 1.0}}
grid: {{omega: [1.0], lambda: [0.3, 0.4, 0.5, 0.6, 0.7], U: [0.0, 4.0, 8.0, 12.0]}}
sampling: {{beta: 8.0, chains: 2, max_blocks: {max(20, 7 * KILLS // 10)}, min_blocks: 2, thermal_blocks: 1,
  bins_per_block: 4, updates_per_bin: {UPDATES}}}
"""
PATIENCE = 120.0


def blocks_done(directory: Path) -> int:
    """Count the blocks of all chains, by their checkpoints. Read while nobody writes."""
    checkpoints = Checkpoints(directory)
    total = 0
    for key, chain in checkpoints.chains():
        for path in (checkpoints.path(key, chain), checkpoints.path(key, chain).with_suffix(".previous")):
            if found := checkpoints.read(path):
                total += found.blocks
                break
    return total


def logs(directory: Path) -> list[Path]:
    return sorted((directory / "logs").glob("run-*.log"))


def restored(directory: Path) -> int | None:
    """What the latest run says it went on from; None if it has not said so yet."""
    found = re.search(r"restored: (\d+) blocks", logs(directory)[-1].read_text(encoding="utf-8"))
    return int(found[1]) if found else None


def wait_for_the_end_of_all(directory: Path) -> None:
    """Wait for the ranks of a killed run: one in a block, or in the start of MPI, needs a moment."""
    left = time.monotonic() + PATIENCE
    while all_of(directory) and time.monotonic() < left:
        time.sleep(0.1)
    assert not all_of(directory), "processes are left over"


@pytest.mark.mpi
def test_random_kills_change_nothing(tmp_path: Path) -> None:
    config = tmp_path / "under-fire.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    begun = time.monotonic()
    expected = undisturbed(config)
    alone = time.monotonic() - begun
    directory, chance, kills = tmp_path / "run", random.Random(2), Counter[str]()
    process, restarts, seen, longest = None, 0, [], START
    while kills.total() < KILLS:
        if process is None or process.poll() is not None:
            # killed before it had begun it may end with any status but that of success
            begun_at_all = process is not None and logs(directory) != seen and restored(directory) is not None
            assert not begun_at_all or process.returncode == 3, process.communicate()[0]
            wait_for_the_end_of_all(directory)
            saved, seen = blocks_done(directory), logs(directory)
            process = start("run", config, "--out", directory, "-n", RANKS, HPCBIP_MPI_PATIENCE="20")
            restarts += 1
            until, longest = time.monotonic() + PATIENCE, START
            # half of the restarts are hit anywhere, also while they start; the others when they work
            if chance.random() < 0.5:
                while process.poll() is None and (logs(directory) == seen or restored(directory) is None):
                    assert time.monotonic() < until, "the run does not begin"
                    time.sleep(0.02)
                assert restored(directory) == saved
                wait_for_block(directory, process)
                longest = WORK
        time.sleep(chance.uniform(0.0, longest))
        if process.poll() == 0:
            break
        if process.poll() is not None:  # the kill before ended it, late
            continue
        target = chance.choice(["worker", "master", "everything"])
        ranks = ranks_of(directory)
        if target == "everything":
            kill_everything(directory, process)
        elif target == "worker" and len(ranks) > 1:
            os.kill(ranks[chance.choice(sorted(ranks.keys() - {0}))], signal.SIGKILL)
            time.sleep(1.0)  # survived in place, or the job ends
            longest = WORK
        elif 0 in ranks:
            os.kill(ranks[0], signal.SIGKILL)
            process.communicate(timeout=PATIENCE + 60)
        else:
            continue
        kills[target] += 1
        if target == "everything":
            process.wait()
            process = None
    if process is not None and process.poll() is None:
        process.communicate(timeout=3600)
    assert kills.total() == KILLS, "the campaign was too short"
    assert finish(config, directory) == expected
    assert not list(directory.rglob("*.damaged")) and not list(directory.rglob("*.making"))
    print(
        f"\n{dict(kills)}: {restarts} restarts, bins identical, no file damaged; "
        f"undisturbed run {alone:.0f} s"
    )
