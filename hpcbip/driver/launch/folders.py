"""The folder of temporary files of a launch. That of one that was killed is removed by the next launch.

Its launcher, and mpirun, hold a lock on a file in it, which the operating system frees however they end. So
process numbers, which are used again and mean nothing on another machine, tell nothing here.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "hpcbip-launch-"
LOCK = "lock"


@contextlib.contextmanager
def launch_folder() -> Iterator[tuple[Path, int]]:
    """Make a folder that goes at the end; yields it and the descriptor of its lock, for whoever uses it.

    Raises:
        OSError: if it cannot be made.
    """
    remove_left_folders()
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        unfinished = folder / f"{LOCK}.making"
        lock = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(OSError):  # a file system without locks: nobody will remove the folder
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.replace(unfinished, folder / LOCK)  # only now a free lock means an end
            yield folder, lock
        finally:
            os.close(lock)


def remove_left_folders() -> None:
    """Remove the folders of launches that were killed: this user's, whose lock nobody holds any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    """Tell whether a folder is this user's, and nobody holds its lock. One without a lock is left alone."""
    if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != os.getuid():
        return False
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(lock)
    return True
