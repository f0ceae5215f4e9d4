"""The bins of a campaign in HDF5, in segments (`segment`: the one module that knows the file layout).

The valid bins of a chain are the longest run of rows from 0 on whose checksums are right. More rows or chains
than there is space for get new segments (`room`), also while a run is at work; no file is rewritten.

The mean of each block of bins is stored beside them, so that a long campaign can be reduced without reading
all of its bins. It is a copy that anyone can make again: where it is not whole, it is made from the bins.

Two ways to write, one layout: by one process, or with an MPI build of h5py by all ranks of a communicator,
each its own rows (driver mpio, opened together, written independently; each rank opens those that are made
later for itself). The files are the same, byte for byte.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.files import sync_path
from hpcbip.store.allocation import Allocation, Extent, missing_extents, shares
from hpcbip.store.segment import (
    Dataset,
    Group,
    Means,
    Rectangle,
    Rows,
    Sums,
    block_means,
    checksums,
    column_names_and_lags,
    count_intact,
    count_written,
    group_of,
    identities_in,
    make_segment,
    next_segment,
    open_dataset,
    open_segment,
    own_communicator,
    parallel_hdf5,
    read_part,
    rectangles_of,
    segments_in,
    sums_of_means,
    write_part,
)

NO_ROWS: Rows = np.empty((0, 0))
MOST_OPEN = 1000  # ensembles
PATIENCE = 100.0  # seconds until a new segment is seen by all machines
__all__ = ["NO_ROWS", "Means", "Allocation", "Rows", "Store", "parallel_hdf5"]


class Store:
    """The bins of one campaign. Any number of readers may read while it is written.

    Args:
        directory: of the campaign.
        writable: whether rows will be written.
        communicator: of the ranks that write together, each of which makes this object; None: one process
            writes.

    Raises:
        InputError: if a file may not be opened. Damaged ones are listed in `damaged`, and set aside if
            writable.
    """

    def __init__(self, directory: Path, writable: bool = False, communicator: Any = None) -> None:
        self.directory, self.writable = directory, writable
        self.damaged: list[Path] = []
        self._communicator = communicator
        self._files: list[h5py.File] = []
        self._paths: list[Path] = []
        self._rectangles: dict[str, list[Rectangle]] = {}
        self._groups: dict[tuple[int, str], Group | None] = {}
        self._latest_opened = ""  # ensemble of which a group was opened
        self._datasets: dict[tuple[int, str, str, str], Dataset] = {}
        for path in segments_in(directory):
            self._open(path, communicator)

    def close(self) -> None:
        """Close all segments."""
        self._datasets, self._groups = {}, {}
        for file in self._files:
            file.close()
        self._files, self._paths, self._rectangles = [], [], {}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def bytes(self) -> int:
        """Size of all segments, holes included."""
        return sum(path.stat().st_size for path in self._paths)

    def refresh(self) -> bool:
        """Open the segments that have been made since; returns whether there are any."""
        new = [path for path in segments_in(self.directory) if path not in self._paths]
        for path in new:
            self._open(path, own_communicator(self._communicator))
        if new and not self.writable:
            self._rectangles = {}  # only now: whoever has looked in between looks again
        return bool(new)

    def _open(self, path: Path, communicator: Any) -> None:
        try:
            if path.is_file() and path.stat().st_size == 0:
                raise OSError("empty")  # HDF5 would make a new file of it
            file = open_segment(path, self.writable, communicator)
            found = {}
            for identity in identities_in(file):
                if self.writable:  # readers open only what is asked of them
                    found[identity] = rectangles_of(group_of(file, identity), len(self._files))
        except PermissionError as error:
            raise InputError(f"{path}: cannot be opened: {error.strerror}") from None
        except (OSError, KeyError, ValueError, RuntimeError, AttributeError) as error:
            if communicator is not None:
                raise InputError(f"{path}: cannot be opened by several ranks: {error}") from None
            self.damaged.append(path)
            if self.writable:
                os.replace(path, path.with_suffix(".h5.damaged"))
            return
        self._files.append(file)
        self._paths.append(path)
        for identity, rectangles in found.items():
            self._rectangles[identity] = self._parts(identity) + rectangles

    def _parts(self, identity: str) -> list[Rectangle]:
        """Find all rectangles of an ensemble."""
        if identity not in self._rectangles and not self.writable:
            self._rectangles[identity] = found = []
            for number in range(len(self._files)):
                with contextlib.suppress(KeyError, ValueError, RuntimeError, OSError):  # damaged
                    if (group := self._group(number, identity)) is not None:
                        found += rectangles_of(group, number)
        return self._rectangles.get(identity, [])

    def _group(self, file: int, identity: str) -> Group | None:
        found = self._groups.get((file, identity))
        if found is None:
            # HDF5 needs 10 kB for each data set that is open. A reader goes on to the next ensemble; ranks
            # that write together have few, and had better not close anything by themselves. What another
            # thread uses stays open.
            passed, self._latest_opened = not self.writable and identity != self._latest_opened, identity
            if passed or (self._communicator is None and len(self._groups) >= MOST_OPEN):
                self._groups.clear()
                self._datasets.clear()
            found = self._groups[file, identity] = group_of(self._files[file], identity)
        return found

    def _dataset(self, identity: str, part: Rectangle, name: str) -> Dataset:
        where = (part.file, identity, part.name, name)
        found = self._datasets.get(where)
        if found is None:
            found = self._datasets[where] = open_dataset(self._group(part.file, identity), part, name)
        return found

    def allocate(self, needs: Mapping[str, Allocation]) -> None:
        """Add segments for whatever does not fit into the present ones.

        Raises:
            OSError: if a file cannot be written.
        """
        missing = {identity: list(self._missing(identity, need)) for identity, need in needs.items()}
        for extents in shares(needs, missing):
            path = next_segment(self.directory)
            make_segment(path, needs, extents)
            self._open(path, own_communicator(self._communicator))

    def bytes_missing(self, identity: str, need: Allocation) -> int:
        """Count the bytes that `allocate` would add for an ensemble."""
        return sum(need.bytes(extent) for extent in self._missing(identity, need))

    def _missing(self, identity: str, need: Allocation) -> Iterator[Extent]:
        known = self.chains(identity)
        rows = [self.capacity(identity, chain) for chain in range(min(known, need.chains))]
        return missing_extents([*rows, *[0] * (need.chains - known)], need)

    def capacity(self, identity: str, chain: int) -> int:
        """Count the rows of a chain that there is space for."""
        rows = 0
        for rectangle in self._of_chain(identity, chain):
            if rectangle.first_row != rows:
                break  # a segment in between is lost: what follows is out of reach
            rows += rectangle.rows
        return rows

    def _of_chain(self, identity: str, chain: int) -> list[Rectangle]:
        found = {r.first_row: r for r in self._parts(identity) if r.holds(chain)}
        return [found[row] for row in sorted(found)]

    def write(self, identity: str, chain: int, first_row: int, rows: Rows) -> None:
        """Write rows of one chain, with the means of the whole blocks among them, and hand them to the
        operating system; see `sync`.

        Raises:
            OSError: if the disk is full or fails.
            KeyError: if there is no space for them (`allocate`).
        """
        self._wait_for_room(identity, chain, first_row + len(rows))
        done = 0
        for part in self._of_chain(identity, chain):
            begin = max(first_row + done, part.first_row)
            end = min(first_row + len(rows), part.first_row + part.rows)
            if begin == first_row + done and end > begin:
                self._write(identity, part, chain, begin, rows[begin - first_row : end - first_row])
                done += end - begin
        if done != len(rows):
            raise KeyError(f"no space for rows {first_row + done}.. of chain {chain} of {identity}")

    def _wait_for_room(self, identity: str, chain: int, rows: int) -> None:
        """See to it that space which another rank has made is open here; file systems take their time."""
        give_up = time.monotonic() + (PATIENCE if self._communicator is not None else 0.0)
        while self.capacity(identity, chain) < rows and (self.refresh() or time.monotonic() < give_up):
            time.sleep(0.0 if self._communicator is None else 0.1)

    def _write(self, identity: str, part: Rectangle, chain: int, first: int, rows: Rows) -> None:
        """Write rows that lie in one rectangle. The checksums of the bins come last: whoever sees them sees
        the rest."""
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        row, at = chain - part.first_chain, first - part.first_row
        write_part(self._dataset(identity, part, "bins"), (row, at, 0), rows)
        skip = -at % part.size if part.size else len(rows)
        if part.size and len(rows) - skip >= part.size:
            means, block = block_means(rows[skip:], part.size), (at + skip) // part.size
            write_part(self._dataset(identity, part, "means"), (row, block, 0), means)
            sums = sums_of_means(means, (first + skip) // part.size)
            write_part(self._dataset(identity, part, "means_sum"), (row, block), sums)
        write_part(self._dataset(identity, part, "crc"), (row, at), checksums(rows, first))

    def sync(self) -> None:
        """Wait until all that this machine has written is on the disk.

        Raises:
            OSError: if it cannot be.
        """
        for path in self._paths:
            sync_path(path)

    def read(self, identity: str, chain: int, limit: int | None = None, verify: bool = True) -> Rows:
        """Read the valid bins of one chain, shape (bins, columns).

        Args:
            identity, chain: the ensemble, and the number of its chain.
            limit: read the first so many only.
            verify: False: those that are written, whatever their checksums: for bins that this run has
                verified or written itself.
        """
        found: list[Rows] = []
        for part, number, sums in self._written(identity, chain, limit):
            rows = read_part(self._dataset(identity, part, "bins"), chain - part.first_chain, 1, len(sums))[0]
            valid = count_intact(rows, sums, number) if verify else len(sums)
            found.append(rows[:valid])
            if valid < len(sums):
                break
        return np.concatenate(found) if len(found) > 1 else found[0] if found else NO_ROWS

    def sums(self, identity: str, chain: int, limit: int | None = None) -> Sums:
        """Read the stored checksums of the bins that `read` would return, were all of them intact."""
        parts = [sums for _, _, sums in self._written(identity, chain, limit)]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint32)

    def _written(self, identity: str, chain: int, limit: int | None) -> Iterator[tuple[Rectangle, int, Sums]]:
        """Find the written rows of a chain, rectangle by rectangle up to the first gap: where they lie, the
        number of the first one, their checksums."""
        number = 0
        for part in self._of_chain(identity, chain):
            if part.first_row != number or number == limit:
                return
            take = part.rows if limit is None else min(part.rows, limit - number)
            sums = read_part(self._dataset(identity, part, "crc"), chain - part.first_chain, 1, take)[0]
            sums = sums[: int(count_written(sums))]
            yield part, number, sums
            number += len(sums)
            if len(sums) < part.rows:
                return

    def means(self, identity: str, blocks: Sequence[int], size: int, verify: bool = True) -> list[Means]:
        """Read the means of the first `blocks[c]` blocks of `size` bins of each chain c, (blocks, columns);
        fewer where fewer are valid. `verify` as in `read`."""
        found: list[list[Means]] = [[] for _ in blocks]
        for part, first, counts in self._of_blocks(identity, blocks, size):
            values = read_part(self._dataset(identity, part, "means"), 0, len(counts), max(counts))
            sums = self._sums_of(identity, part, counts)
            intact = sums == sums_of_means(values, first) if verify else sums
            for row, (count, whole) in enumerate(zip(counts, count_written(intact), strict=True)):
                chain = part.first_chain + row
                if sum(map(len, found[chain])) == first:
                    found[chain].append(values[row, : min(count, whole)])
        for chain, (count, parts) in enumerate(zip(blocks, found, strict=True)):
            if not parts or sum(map(len, parts)) < count:  # not there, or damaged
                found[chain] = [block_means(self.read(identity, chain, count * size, verify), size)]
        return [np.concatenate(parts) if len(parts) != 1 else parts[0] for parts in found]

    def mean_sums(self, identity: str, blocks: Sequence[int], size: int) -> list[Sums]:
        """Read the stored checksums of these means; of a chain that lacks some, those of its bins."""
        found: list[list[Sums]] = [[] for _ in blocks]
        for part, first, counts in self._of_blocks(identity, blocks, size):
            sums = self._sums_of(identity, part, counts)
            for row, (count, whole) in enumerate(zip(counts, count_written(sums), strict=True)):
                chain = part.first_chain + row
                if sum(map(len, found[chain])) == first:
                    found[chain].append(sums[row, : min(count, whole)])
        return [
            np.concatenate(parts)
            if sum(map(len, parts)) == count > 0
            else self.sums(identity, chain, count * size)
            for chain, (count, parts) in enumerate(zip(blocks, found, strict=True))
        ]

    def _sums_of(self, identity: str, part: Rectangle, counts: Sequence[int]) -> Sums:
        return read_part(self._dataset(identity, part, "means_sum"), 0, len(counts), max(counts))

    def _of_blocks(
        self, identity: str, blocks: Sequence[int], size: int
    ) -> Iterator[tuple[Rectangle, int, list[int]]]:
        """Find the means of these blocks: a rectangle, the number of its first block, and how many of each of
        its chains are wanted, up to the last chain that it has."""
        for part in sorted(self._parts(identity), key=lambda part: part.first_row):
            if part.size != size:
                continue
            first = part.first_row // size
            wanted = blocks[part.first_chain : part.first_chain + part.chains]
            counts = [max(0, min(part.rows // size, count - first)) for count in wanted]
            if any(counts):
                yield part, first, counts

    def chains(self, identity: str) -> int:
        """Count the chains that there is space for."""
        return max((r.first_chain + r.chains for r in self._parts(identity)), default=0)

    def column_names_and_lags(self, identity: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """Read the names of the columns of an ensemble's bins, and the time differences of those called
        displacement2[k]; none if the store does not know it."""
        parts = self._parts(identity)
        return column_names_and_lags(self._group(parts[0].file, identity)) if parts else ((), np.empty(0))
