"""Disks that are full, and disks that refuse: a small file system of its own, filled or made read-only while
a campaign is at work on it. One clear line, status 2, nothing lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mpi.campaigns import (
    LONG,
    all_of,
    checkpointed,
    finish,
    hpcbip,
    start,
    undisturbed,
    write_config,
)

pytestmark = pytest.mark.mpi


def mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        if os.geteuid() != 0 or shutil.which("mount") is None:
            pytest.skip("mounting a small file system needs root")
        mount("-t", "tmpfs", "-o", "size=12m", "tmpfs", place)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"mounting a small file system is not allowed here: {error.stderr!r}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", "--recursive", str(place)], check=True)


def fill(place: Path) -> None:
    with open(place / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def freeze(place: Path) -> None:
    """The directory under a read-only view of itself; the file system itself cannot be, while it is written
    to."""
    mount("--bind", place / "run", place / "run")
    mount("-o", "remount,bind,ro", place / "run")


TROUBLE: dict[str, tuple[Callable[[Path], None], Callable[[Path], None], str]] = {
    "full": (fill, lambda place: (place / "filler").unlink(), "No space left on device"),
    "read-only": (
        freeze,
        lambda place: subprocess.run(["umount", str(place / "run")], check=True),
        "Read-only",
    ),
}


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_disk_that_refuses_while_a_campaign_is_at_work(
    tmp_path: Path, disk: Path, trouble: str, ranks: int
) -> None:
    begin, end, told = TROUBLE[trouble]
    config = write_config(tmp_path, **LONG)
    directory = disk / "run"
    process = start("run", config, "--out", directory, "-n", ranks)
    while len(checkpointed(directory)) < 3 and process.poll() is None:
        time.sleep(0.02)
    begin(disk)
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 2, out
    lines = [line for line in out.splitlines() if line.startswith("hpcbip: ") and ": stopped: " not in line]
    assert len(lines) == 1 and told in lines[0] and str(directory) in lines[0], out
    assert "Traceback" not in out and not all_of(directory)
    again = hpcbip("run", config, "--out", directory)
    assert again.returncode == 2 and "Traceback" not in again.stderr and str(directory) in again.stderr, (
        again.stderr
    )
    end(disk)
    assert finish(config, directory) == undisturbed(config)
    assert not list(directory.rglob("*.damaged"))


def test_no_room_for_a_segment(tmp_path: Path, disk: Path) -> None:
    """A disk that is full before anything begins."""
    fill(disk)
    done = hpcbip("run", write_config(tmp_path), "--out", disk / "run")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "No space left" in done.stderr, (
        done.stderr
    )
