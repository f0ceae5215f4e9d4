"""The folders of launches that were killed are removed by the next one, and nothing else is."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from hpcbip.driver.launch.folders import launch_folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def make(folder: Path, *files: str) -> Path:
    folder.mkdir()
    for name in files:
        (folder / name).touch()
    return folder


def test_the_folder_of_a_killed_launch_goes_and_no_other(temporary: Path) -> None:
    killed = make(temporary / "hpcbip-launch-killed", "lock", "status")
    make(killed / "ompi.17", "socket")
    spared = [
        make(temporary / "hpcbip-launch-beginning", "lock.making"),
        make(temporary / f"hpcbip-{os.getuid()}", "lock"),
        make(temporary / "hpcbip-kernel-a1b2", "lock"),
        make(temporary / "another", "lock"),
    ]
    (temporary / "hpcbip-launch-link").symlink_to(temporary / "another")
    with launch_folder() as (running, _):
        assert not killed.exists() and all(folder.exists() for folder in spared)
        with launch_folder() as (second, _):  # does not take away the first one's
            assert running.exists() and second != running
        assert not second.exists()
        with open(running / "lock", "rb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not running.exists() and all(folder.exists() for folder in spared)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_folders_of_others_are_left_alone(temporary: Path) -> None:
    others = make(temporary / "hpcbip-launch-others", "lock")
    os.chown(others, 12345, 12345)
    with launch_folder():
        assert others.exists()
