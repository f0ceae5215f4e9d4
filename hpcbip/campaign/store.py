"""The bins of a campaign in HDF5: the one module that knows the file layout.

    DIR/bins-0001.h5, bins-0002.h5, ...      segments, read in the order of their numbers
      /<identity>/<block>                    a rectangle of one ensemble's bins: some chains × some rows
          bins   (chains, rows, columns) f8  row r of chain c
          crc    (chains, rows) u4           CRC-32 of the row's bytes and its number, never 0; 0: not written
          attributes first_chain, first_row  where the rectangle lies
      /<identity> attributes                 sector, parameters (JSON), columns (JSON), lags

A segment is made complete by one process, all metadata fixed and all space allocated, beside its final name, and
renamed in. After that only raw numbers are written into it, so that a kill at any moment leaves a file that opens. The
valid bins of a chain are the longest run of rows from 0 on whose checksums are right. More rows or chains than there
is room for get a new segment; no file is rewritten. Files are sparse: room that is not used takes no space.

Two ways to write, one layout: by one process, or with an MPI build of h5py by all ranks of a communicator, each its
own rows (driver mpio, opened together, written independently). The files are the same, byte for byte.
"""

from __future__ import annotations

import contextlib
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
FORMAT = 1  # of a segment


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


def _intact(rows: Rows, sums: list[int], first: int) -> int:
    """How many rows from the beginning on have the right checksums; `first` is the number of the first one. As
    `checksum`, in half the time."""
    content = np.ascontiguousarray(rows, dtype="<f8").tobytes()
    width, crc32 = 8 * rows.shape[1], zlib.crc32
    for k in range(len(rows)):
        if (crc32((first + k).to_bytes(8, "little"), crc32(content[k * width : (k + 1) * width])) or 1) != sums[k]:
            return k
    return len(rows)


def sync_path(path: Path) -> None:
    """Wait until a file is on the disk, or a directory and the renames in it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def parallel_hdf5() -> bool:
    """Whether this h5py can write a file from several ranks; HPCBIP_HDF5=serial says that it shall not."""
    return bool(h5py.get_config().mpi) and os.environ.get("HPCBIP_HDF5") != "serial"


class Store:
    """The bins of one campaign. Any number of readers may look on while it is written.

    Args:
        directory: of the campaign.
        writable: whether rows will be written.
        communicator: of the ranks that write together, each of which makes this object; None: one process writes.

    Raises:
        InputError: if a file may not be opened. Damaged ones are listed in `damaged`, and set aside if writable.
    """

    def __init__(self, directory: Path, writable: bool = False, communicator: Any = None) -> None:
        self.directory, self.writable = directory, writable
        self.damaged: list[Path] = []
        self._communicator = communicator
        self._files: list[h5py.File] = []
        self._paths: list[Path] = []
        self._rectangles: dict[str, list[_Rectangle]] = {}
        self._datasets: dict[tuple[int, str, str], tuple[h5py.Dataset, h5py.Dataset]] = {}
        for path in sorted(directory.glob("bins-[0-9][0-9][0-9][0-9].h5")):
            self._open(path)

    def close(self) -> None:
        """Close all segments."""
        self._datasets = {}
        for file in self._files:
            file.close()
        self._files, self._paths, self._rectangles = [], [], {}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, path: Path) -> None:
        try:
            if path.is_file() and path.stat().st_size == 0:
                raise OSError("empty")  # HDF5 would make a new file of it
            file = _open_file(path, self.writable, self._communicator)
            if file.attrs["format"] != FORMAT:
                raise ValueError("of another format")
            rectangles = list(_rectangles(file, len(self._files)))
        except PermissionError as error:
            raise InputError(f"{path}: cannot be opened: {error.strerror}") from None
        except (OSError, KeyError, ValueError, RuntimeError, AttributeError) as error:
            if self._communicator is not None:
                raise InputError(f"{path}: cannot be opened by several ranks: {error}") from None
            self.damaged.append(path)
            if self.writable:
                os.replace(path, path.with_suffix(".h5.damaged"))
            return
        self._files.append(file)
        self._paths.append(path)
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
        try:
            with h5py.File(aside, "w", locking=False, libver=("earliest", "v108")) as file:
                file.attrs["format"] = FORMAT
                for identity, blocks in missing.items():
                    if blocks:
                        _create(file, identity, needs[identity], blocks)
            sync_path(aside)
            os.replace(aside, path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        sync_path(self.directory)
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
        """Write rows of one chain and hand them to the operating system; see `sync`.

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
            bins, crc = self._of_block(identity, block)
            where = (chain - block.first_chain, begin - block.first_row)
            _put(bins, (*where, 0), np.ascontiguousarray(part, dtype=np.float64))
            _put(crc, where, np.array([checksum(row, begin + k) for k, row in enumerate(part)], dtype=np.uint32))
            done += len(part)
        if done != len(rows):
            raise KeyError(f"no room for rows {first_row + done}.. of chain {chain} of {identity}")

    def sync(self) -> None:
        """Wait until all that this machine has written is on the disk.

        Raises:
            OSError: if it cannot be.
        """
        for path in self._paths:
            sync_path(path)

    def _of_block(self, identity: str, block: _Rectangle) -> tuple[h5py.Dataset, h5py.Dataset]:
        where = (block.file, identity, block.name)
        if where not in self._datasets:
            if not self.writable and self._datasets and next(iter(self._datasets))[1] != identity:
                self._datasets.clear()  # a reader goes on to the next ensemble; HDF5 needs 20 kB for each that is open
            group = self._files[block.file][f"{identity}/{block.name}"]
            self._datasets[where] = group["bins"], group["crc"]
        return self._datasets[where]

    def read(self, identity: str, chain: int, limit: int | None = None, verify: bool = True) -> Rows:
        """The valid bins of one chain, shape (bins, columns); the first `limit` of them, if given. Without `verify`
        those that are written, whatever their checksums: for bins that this run has verified or written itself."""
        parts: list[Rows] = []
        for bins, row, number, sums in self._written(identity, chain, limit):
            rows = bins[row, : len(sums)]
            valid = _intact(rows, sums.tolist(), number) if verify else len(sums)
            parts.append(rows[:valid])
            if valid < len(sums):
                break
        return np.concatenate(parts) if parts else np.empty((0, 0))

    def sums(self, identity: str, chain: int, limit: int | None = None) -> NDArray[np.uint32]:
        """The stored checksums of the bins that `read` would find, were all of them intact."""
        parts = [sums for *_, sums in self._written(identity, chain, limit)]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint32)

    def _written(
        self, identity: str, chain: int, limit: int | None
    ) -> Iterator[tuple[h5py.Dataset, int, int, NDArray[np.uint32]]]:
        """The rows of a chain that are written, rectangle by rectangle up to the first gap: the data set of the bins,
        the chain's place in it, the number of the first row, the checksums."""
        number = 0
        for block in self._of_chain(identity, chain):
            if block.first_row != number or number == limit:
                return
            bins, crc = self._of_block(identity, block)
            take = block.rows if limit is None else min(block.rows, limit - number)
            sums = crc[chain - block.first_chain, :take]
            if (sums == 0).any():
                sums = sums[: int(np.argmin(sums != 0))]
            yield bins, chain - block.first_chain, number, sums
            number += len(sums)
            if len(sums) < block.rows:
                return

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


def _put(dataset: h5py.Dataset, start: tuple[int, ...], values: NDArray[Any]) -> None:
    """`dataset[start:...] = values` along the last axes, by the interface below that of numpy: five times as fast."""
    space = dataset.id.get_space()
    space.select_hyperslab(start, (1,) * (len(start) - values.ndim) + values.shape)
    dataset.id.write(h5py.h5s.create_simple(values.shape), space, values)


def _open_file(path: Path, writable: bool, communicator: Any) -> h5py.File:
    """Open a segment without buffers of raw data: what is written is with the operating system when the call returns,
    and what is read is what lies in the file now."""
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_sieve_buf_size(0)
    if communicator is not None:
        from mpi4py import MPI

        access.set_fapl_mpio(communicator, MPI.Info())
    else:
        # the campaign's own lock keeps other writers out; HDF5's fails on some cluster file systems
        with contextlib.suppress(AttributeError):
            access.set_file_locking(False, False)
    flags = h5py.h5f.ACC_RDWR if writable else h5py.h5f.ACC_RDONLY
    return h5py.File(h5py.h5f.open(os.fsencode(path), flags, fapl=access))


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
    """A contiguous dataset with all its space allocated now: later writes touch no metadata.

    Nothing is filled in: what has never been written of a new file reads as zeros and takes no space on the disk.
    """
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    properties.set_obj_track_times(False)  # the same content is the same file
    h5py.h5d.create(group.id, name.encode(), kind, h5py.h5s.create_simple(shape), dcpl=properties)
