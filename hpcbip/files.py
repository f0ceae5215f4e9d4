"""Files that are replaced as a whole or not at all, whatever kills the process that writes them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def sync_path(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk.

    Raises:
        OSError: if the disk refuses.
    """
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_atomically(
    path: Path, content: str | bytes, suffix: str = ".writing", keep_old_as: Path | None = None
) -> None:
    """Write a file beside its name, bring it to the disk, and rename it into place.

    Args:
        path: of the file; its folder must exist.
        content: text is written in UTF-8, with its line ends as they are.
        suffix: what the name of the unfinished file ends with.
        keep_old_as: new name of an older file, in the same folder; None: it is replaced. A kill in between
            leaves it under that name only.

    Raises:
        OSError: if it cannot be written; an older file of that name then still stands.
    """
    unfinished = path.with_name(path.name + suffix)
    try:
        with open(unfinished, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        if keep_old_as is not None:
            with contextlib.suppress(FileNotFoundError):
                os.replace(path, keep_old_as)
        os.replace(unfinished, path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    sync_path(path.parent)
