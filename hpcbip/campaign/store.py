"""The bins of a campaign in HDF5: the one module that knows the file layout.

    DIR/bins-0001.h5, bins-0002.h5, ...      segments, read in the order of their numbers
      /<identity>/<block>                    a rectangle of one ensemble's bins: some chains × some rows
          bins   (chains, rows, columns) f8  row r of chain c
          crc    (chains, rows) u4           CRC-32 of the row's bytes and its number, never 0; 0: not written
          attributes first_chain, first_row  where the rectangle lies
      /<identity> attributes                 sector, parameters (JSON), columns (JSON), lags

A segment is made complete, all metadata fixed and all space allocated, beside its final name, and renamed in. After
that only raw numbers are written into it, so that a kill at any moment leaves a file that opens. The valid bins of a
chain are the longest run of rows from 0 on whose checksums are right. More rows or chains than there is room for get a
new segment; no file is rewritten.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Room:
    """What an ensemble needs space for: chains × rows bins with these columns; the rest is for the reader's eye."""

    chains: int
    rows: int
    columns: Sequence[str]
    sector: str
    parameters: str
    lags: Sequence[float]


@dataclass(frozen=True)
class _Rectangle:
    file: int
    name: str
    first_chain: int
    first_row: int
    chains: int
    rows: int

    def holds(self, chain: int) -> bool:
        return self.first_chain <= chain < self.first_chain + self.chains


def checksum(row: Rows, number: int) -> int:
    """CRC-32 of a row's bytes and its number; 1 stands in for 0, which means unwritten."""
    return zlib.crc32(number.to_bytes(8, "little"), zlib.crc32(np.ascontiguousarray(row, dtype="<f8").tobytes())) or 1


def sync_directory(directory: Path) -> None:
    """Make renames in a directory durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Store:
    """The bins of one campaign. Any number of readers may look on while one process writes."""

    def __init__(self, directory: Path, writable: bool = False) -> None:
        self.directory, self.writable = directory, writable
        self.damaged: list[Path] = []
        self._files: list[h5py.File] = []
        self._rectangles: dict[str, list[_Rectangle]] = {}
        for path in sorted(directory.glob("bins-[0-9][0-9][0-9][0-9].h5")):
            self._open(path)

    def close(self) -> None:
        """Close all segments."""
        for file in self._files:
            file.close()
        self._files, self._rectangles = [], {}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, path: Path) -> None:
        try:
            # the campaign's own lock keeps other writers out; HDF5's fails on some cluster file systems
            file = h5py.File(path, "r+" if self.writable else "r", locking=False)
            rectangles = list(_rectangles(file, len(self._files)))
        except PermissionError as error:
            raise InputError(f"{path}: cannot be opened: {error.strerror}") from None
        except (OSError, KeyError, ValueError):
            self.damaged.append(path)
            if self.writable:
                os.replace(path, path.with_suffix(".h5.damaged"))
            return
        self._files.append(file)
        for identity, rectangle in rectangles:
            self._rectangles.setdefault(identity, []).append(rectangle)

    def make_room(self, needs: Mapping[str, Room]) -> None:
        """Add a segment for whatever does not fit into the present ones.

        Raises:
            OSError: if the file cannot be written.
        """
        missing = {identity: list(self._missing(identity, room)) for identity, room in needs.items()}
        if not any(missing.values()):
            return
        numbers = [int(path.name[5:9]) for path in self.directory.glob("bins-[0-9][0-9][0-9][0-9].h5*")]
        path = self.directory / f"bins-{max(numbers, default=0) + 1:04d}.h5"
        aside = path.with_suffix(".making")
        with h5py.File(aside, "w", locking=False) as file:
            file.attrs["format"] = 1
            for identity, blocks in missing.items():
                if blocks:
                    _create(file, identity, needs[identity], blocks)
        with open(aside, "rb") as handle:
            os.fsync(handle.fileno())
        os.replace(aside, path)
        sync_directory(self.directory)
        self._open(path)

    def _missing(self, identity: str, room: Room) -> Iterator[tuple[int, int, int, int]]:
        """(first_chain, first_row, chains, rows) of the rectangles to add: more rows for old chains, then new
        chains."""
        depth = [self._capacity(identity, chain) for chain in range(room.chains)]
        start = 0
        for stop in range(1, room.chains + 1):
            if stop == room.chains or depth[stop] != depth[start]:
                if depth[start] < room.rows:
                    yield start, depth[start], stop - start, room.rows - depth[start]
                start = stop

    def _capacity(self, identity: str, chain: int) -> int:
        rows = 0
        for rectangle in self._of_chain(identity, chain):
            if rectangle.first_row != rows:
                break  # a segment in between is lost: what follows is out of reach
            rows += rectangle.rows
        return rows

    def _of_chain(self, identity: str, chain: int) -> list[_Rectangle]:
        found = {r.first_row: r for r in self._rectangles.get(identity, ()) if r.holds(chain)}
        return [found[row] for row in sorted(found)]

    def write(self, identity: str, chain: int, first_row: int, rows: Rows) -> None:
        """Write rows of one chain and hand them to the operating system.

        Raises:
            OSError: if the disk is full or fails.
            KeyError: if there is no room for them (`make_room`).
        """
        done = 0
        for block in self._of_chain(identity, chain):
            begin = max(first_row + done, block.first_row)
            end = min(first_row + len(rows), block.first_row + block.rows)
            if begin != first_row + done or end <= begin:
                continue
            part = rows[begin - first_row : end - first_row]
            group = self._files[block.file][f"{identity}/{block.name}"]
            where = (chain - block.first_chain, slice(begin - block.first_row, end - block.first_row))
            group["bins"][where] = part
            group["crc"][where] = [checksum(row, begin + k) for k, row in enumerate(part)]
            self._files[block.file].flush()
            done += len(part)
        if done != len(rows):
            raise KeyError(f"no room for rows {first_row + done}.. of chain {chain} of {identity}")

    def read(self, identity: str, chain: int) -> Rows:
        """The valid bins of one chain, shape (bins, columns)."""
        parts: list[Rows] = []
        number = 0
        for block in self._of_chain(identity, chain):
            if block.first_row != number:
                break
            group = self._files[block.file][f"{identity}/{block.name}"]
            sums = group["crc"][chain - block.first_chain]
            written = int(np.argmin(sums != 0)) if (sums == 0).any() else len(sums)
            rows = group["bins"][chain - block.first_chain, :written]
            valid = 0
            while valid < written and checksum(rows[valid], number + valid) == sums[valid]:
                valid += 1
            parts.append(rows[:valid])
            number += valid
            if valid < block.rows:
                break
        return np.concatenate(parts) if parts else np.empty((0, 0))

    def chains(self, identity: str) -> int:
        """Number of chains there is room for."""
        return max((r.first_chain + r.chains for r in self._rectangles.get(identity, ())), default=0)

    def columns(self, identity: str) -> list[str]:
        """Names of the columns of an ensemble's bins; empty if the store does not know it."""
        for file in self._files:
            if identity in file:
                return json.loads(file[identity].attrs["columns"])
        return []

    def lags(self, identity: str) -> NDArray[np.float64]:
        """Time differences of the columns displacement2[k]."""
        for file in self._files:
            if identity in file:
                return np.asarray(file[identity].attrs["lags"], dtype=np.float64)
        return np.empty(0)


def _rectangles(file: h5py.File, number: int) -> Iterator[tuple[str, _Rectangle]]:
    for identity, group in file.items():
        for name, block in group.items():
            chains, rows = block["crc"].shape
            yield identity, _Rectangle(
                number, name, int(block.attrs["first_chain"]), int(block.attrs["first_row"]), chains, rows
            )


def _create(file: h5py.File, identity: str, room: Room, blocks: Sequence[tuple[int, int, int, int]]) -> None:
    group = file.create_group(identity)
    group.attrs["sector"] = room.sector
    group.attrs["parameters"] = room.parameters
    group.attrs["columns"] = json.dumps(list(room.columns))
    group.attrs["lags"] = np.asarray(room.lags, dtype=np.float64)
    for k, (first_chain, first_row, chains, rows) in enumerate(blocks):
        block = group.create_group(str(k))
        block.attrs["first_chain"], block.attrs["first_row"] = first_chain, first_row
        _allocate(block, "bins", (chains, rows, len(room.columns)), h5py.h5t.IEEE_F64LE)
        _allocate(block, "crc", (chains, rows), h5py.h5t.STD_U32LE)


def _allocate(group: h5py.Group, name: str, shape: tuple[int, ...], kind: Any) -> None:
    """A contiguous dataset with all its space allocated now: later writes touch no metadata."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    # the checksums must read 0 until written; filling the bins as well would only cost time
    properties.set_fill_time(h5py.h5d.FILL_TIME_ALLOC if name == "crc" else h5py.h5d.FILL_TIME_NEVER)
    h5py.h5d.create(group.id, name.encode(), kind, h5py.h5s.create_simple(shape), dcpl=properties)
