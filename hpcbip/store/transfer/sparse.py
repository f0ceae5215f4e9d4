"""Files with holes in tar archives: only what is written of them is stored, and holes come back as holes.

The format is the one that GNU tar, BSD tar and Python's tarfile read, version 1.0 of the sparse files in pax
archives: a list of the ranges that hold data, as decimal numbers padded to a block, and then these ranges
(GNU tar manual, "Storing Sparse Files"). tarfile reads it, but does not write it.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

PIECE = 1 << 20
"""Bytes that are read at once."""

Range = tuple[int, int]
"""Offset and length of a piece of a file."""


def data_ranges(file: IO[bytes]) -> list[Range]:
    """Find the ranges of a file that are not holes; the whole file where the file system cannot tell."""
    number, size = file.fileno(), os.fstat(file.fileno()).st_size
    found: list[Range] = []
    end = 0
    while end < size:
        try:
            start = os.lseek(number, end, os.SEEK_DATA)
            end = os.lseek(number, start, os.SEEK_HOLE)
        except OSError as error:
            return found if error.errno == errno.ENXIO else [(0, size)]  # a hole up to the end
        found.append((start, end - start))
    return found


class _Ranges(io.RawIOBase):
    """Reads a head, then ranges of a file one after the other, and works out the SHA-256 of the ranges."""

    def __init__(self, file: IO[bytes], ranges: Sequence[Range], head: bytes = b"") -> None:
        self._file, self._ranges, self._head = file, list(ranges), head
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes (all of them: < 0); fewer at the end only."""
        parts = []
        while size and (part := self._next(PIECE if size < 0 else size)):
            parts.append(part)
            size -= len(part) if size > 0 else 0
        return b"".join(parts)

    def _next(self, size: int) -> bytes:
        if self._head:
            part, self._head = self._head[:size], self._head[size:]
            return part
        while self._ranges and not self._ranges[0][1]:
            self._ranges.pop(0)
        if not self._ranges:
            return b""
        offset, length = self._ranges[0]
        self._file.seek(offset)
        part = self._file.read(min(size, length, PIECE))
        if not part:
            raise OSError(errno.EIO, "became shorter while it was read")
        self._ranges[0] = offset + len(part), length - len(part)
        self.sha256.update(part)
        return part


def add_file(archive: tarfile.TarFile, path: Path, name: str) -> tuple[list[Range], str]:
    """Add a file to an archive, without its holes.

    Args:
        archive: open for writing, in pax format.
        path: of the file.
        name: in the archive.

    Returns:
        the ranges of the file that hold data, and the SHA-256 of these.

    Raises:
        OSError: if it cannot be read, or the archive not be written.
    """
    with open(path, "rb") as file:
        info, status = tarfile.TarInfo(name), os.fstat(file.fileno())
        info.mtime, info.mode, info.size = int(status.st_mtime), status.st_mode & 0o777, status.st_size
        ranges, head = data_ranges(file), b""
        stored = sum(length for _, length in ranges)
        if stored < status.st_size:
            written = [*ranges, (status.st_size, 0)]  # so that a hole at the end is one
            head = "".join(f"{n}\n" for n in (len(written), *(n for one in written for n in one))).encode()
            head += bytes(-len(head) % tarfile.BLOCKSIZE)
            info.pax_headers = {
                "GNU.sparse.major": "1",
                "GNU.sparse.minor": "0",
                "GNU.sparse.name": name,
                "GNU.sparse.realsize": str(status.st_size),
            }
            info.name, info.size = "GNUSparseFile.0/data", len(head) + stored  # a short one
        source = _Ranges(file, ranges, head)
        archive.addfile(info, source)  # type: ignore[arg-type]  # of a file it asks for read alone
        return ranges, source.sha256.hexdigest()


def sha256_of_ranges(path: Path, ranges: Sequence[Range]) -> str:
    """Return the SHA-256 of these ranges of a file, one after the other.

    Raises:
        OSError: if they cannot be read.
    """
    with open(path, "rb") as file:
        source = _Ranges(file, ranges)
        while source.read(PIECE):
            pass
        return source.sha256.hexdigest()
