"""DIR/stop: the file that asks the campaign at work in a directory to stop with everything saved.

`hpcbip run -n` asks its ranks in the same way, by a file in a folder of its own, which no other run reads.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hpcbip.files import write_atomically

NAME = "stop"
AT_ONCE = "stop-at-once"
"""A second request: not even the blocks in hand are to be finished."""


def request_stop(folder: Path, reason: str = "", at_once: bool = False) -> None:
    """Ask whoever reads the requests of this folder to stop."""
    write_atomically(folder / (AT_ONCE if at_once else NAME), reason)


def reason_of_request(folder: Path) -> str:
    """Read why somebody asks for a stop; "" if he does not say, or nobody asks."""
    try:
        return (folder / NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def stop_is_requested(folder: Path, at_once: bool = False) -> bool:
    """Tell whether somebody asks for a stop."""
    return (folder / (AT_ONCE if at_once else NAME)).exists()


def stamp_of_request(directory: Path) -> str:
    """Identify the request that lies in a directory; "" for none. Whoever asks once more changes the stamp.

    No clock is compared with that of the file system.
    """
    return _stamp(directory / NAME)


def clear_stop_request(directory: Path, stamp: str) -> None:
    """Remove the request that an earlier run has left, but none that is younger.

    Args:
        directory: of the campaign.
        stamp: `stamp_of_request` when this run began.
    """
    path, aside = directory / NAME, directory / f"{NAME}.cleared"
    if not stamp or _stamp(path) != stamp:
        return
    with contextlib.suppress(FileNotFoundError):
        os.replace(path, aside)
        if _stamp(aside) == stamp:
            aside.unlink()
        else:  # somebody has asked between the two lines
            os.replace(aside, path)


def _stamp(path: Path) -> str:
    try:
        state = path.stat()
    except FileNotFoundError:
        return ""
    return f"{state.st_ino}-{state.st_mtime_ns}"
