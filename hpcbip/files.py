"""Files that are replaced as a whole or not at all, whatever kills the process that writes them; folders that
nobody else can change."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from pathlib import Path

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_UNMAPPED = Path("/proc/sys/kernel/overflowuid")


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


def is_private(folder: Path) -> bool:
    """Tell whether a folder is the user's own, and nobody but root can change it or put another in its place.

    Others may read it. The folders above must be the user's or root's, and closed as well; or sticky, as the
    temporary one is. A symbolic link is none of it: what it leads to may be, by its own path.
    """
    try:
        states = [os.lstat(path) for path in (folder.absolute(), *folder.absolute().parents)]
    except OSError:
        return False
    own, user = states[0], os.getuid()
    above = {user, 0, _unmapped_user()}
    return (
        own.st_uid == user
        and not own.st_mode & stat.S_ISVTX
        and all(map(_is_closed, states))
        and all(state.st_uid in above for state in states)
    )


def _is_closed(state: os.stat_result) -> bool:
    """Tell whether only the owner of a folder can take away what others have put there."""
    if not stat.S_ISDIR(state.st_mode):
        return False
    writable = state.st_mode & _OTHERS_WRITE
    private = writable == stat.S_IWGRP and _is_group_of_one(state.st_gid)
    return not writable or private or bool(state.st_mode & stat.S_ISVTX)


def _is_group_of_one(number: int) -> bool:
    """Tell whether a group is the user's own, as where umask 002 is the default."""
    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and number == user.pw_gid and set(group.gr_mem) <= {user.pw_name}


def _unmapped_user() -> int:
    """Read the number by which a container without privileges shows the owners that it does not know, root
    among them."""
    try:
        return int(_UNMAPPED.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
