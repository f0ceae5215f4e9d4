"""One segment of the store, an HDF5 file: its layout, how it is made, opened, written to and read.

    DIR/bins-0001.h5, bins-0002.h5, ...      segments, read in the order of their numbers
      /<identity>/<number>                   a rectangle of one ensemble's bins: some chains × some rows
          bins   (chains, rows, columns) f8  row r of chain c
          crc    (chains, rows) u4           CRC-32 of the row's bytes and its number, never 0; 0: not written
          means  (chains, rows // size, columns) f4  mean of each block of `size` rows
          means_sum  (chains, rows // size) u8  of the mean (`sums_of_means`), never 0; 0: not written
      /<identity> attributes                 sector, parameters (JSON), columns (JSON), lags, and of each
                                             rectangle, in the order of their numbers, a row of `places`:
                                             first chain, first row, chains, rows, size (0: no means)

Before 0.4 there were no means, and the first chain and row of a rectangle were attributes of its own.

A segment is made complete by one process, all metadata fixed and all space allocated, beside its final name,
and renamed in. After that only raw numbers are written into it, so that a kill at any moment leaves a file
that opens. Files are sparse: space that is not used takes no space.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hpcbip import settings
from hpcbip.files import sync_path
from hpcbip.store.allocation import Allocation, Extent

Rows = NDArray[np.float64]
Means = NDArray[np.float32]
Sums = NDArray[np.unsignedinteger[Any]]
Dataset = Any  # h5py.h5d.DatasetID
Group = Any  # h5py.h5g.GroupID
SEGMENT_FORMAT = 1  # of a segment


@dataclass(frozen=True)
class Rectangle:
    """Where some of an ensemble's bins lie: the number of the file in the store, and the attributes of the
    layout."""

    file: int
    name: str
    first_chain: int
    first_row: int
    chains: int
    rows: int
    size: int

    def holds(self, chain: int) -> bool:
        """Tell whether rows of this chain are in it."""
        return self.first_chain <= chain < self.first_chain + self.chains


def block_means(rows: Rows, size: int) -> Means:
    """Average blocks of `size` rows, (blocks, columns); the same bits whichever blocks are in one call.

    In single precision: 1e-7 of a mean is far below its noise.
    """
    count = len(rows) // size
    return rows[: count * size].reshape(count, size, rows.shape[1]).mean(axis=1).astype("<f4")


def sums_of_means(means: Means, first: int) -> Sums:
    """Work out the checksums (..., blocks) of the means of blocks (..., blocks, columns).

    A checksum is number + Σ_j K^(j+1) word_j modulo 2^64 over the 32-bit words of the mean, K odd: no change
    of one word leaves it as it is. All are worked out at once, where CRC-32 would take as long as reading
    does. 1 stands in for 0.
    """
    powers = _powers(means.shape[-1] + 1)
    words = np.ascontiguousarray(means, dtype="<f4").view("<u4").astype(np.uint64)
    sums = words @ powers[1:] + np.arange(first, first + means.shape[-2], dtype=np.uint64)
    return np.asarray(np.maximum(sums, np.uint64(1)))


@cache
def _powers(count: int) -> NDArray[np.uint64]:
    return np.concatenate(
        [[np.uint64(1)], np.cumprod(np.full(count - 1, 0x9E3779B97F4A7C15, dtype=np.uint64))]
    )


def checksum(row: Rows, number: int) -> int:
    """Return the CRC-32 of a row's bytes and its number; 1 stands in for 0, which means unwritten."""
    return (
        zlib.crc32(number.to_bytes(8, "little"), zlib.crc32(np.ascontiguousarray(row, dtype="<f8").tobytes()))
        or 1
    )


def checksums(rows: Rows, first: int) -> Sums:
    """Return the `checksum` of every row; `first` is the number of the first one."""
    return np.array([checksum(row, first + k) for k, row in enumerate(rows)], dtype=np.uint32)


def count_intact(rows: Rows, sums: Sums, first: int) -> int:
    """Count the rows from the beginning on that have the right checksums; `first` numbers the first one.

    The same as `checksum`, in half the time.
    """
    content = np.ascontiguousarray(rows, dtype="<f8").tobytes()
    width, crc32 = 8 * rows.shape[1], zlib.crc32
    for k, known in enumerate(sums.tolist()):
        if (
            crc32((first + k).to_bytes(8, "little"), crc32(content[k * width : (k + 1) * width])) or 1
        ) != known:
            return k
    return len(sums)


def count_written(sums: NDArray[Any]) -> NDArray[np.int64]:
    """Count the rows (...) before the first whose checksum (..., rows) is 0: it is not written."""
    missing = sums == 0
    first = missing.argmax(axis=-1) if sums.size else 0
    return np.where(missing.any(axis=-1), first, sums.shape[-1])


def make_segment(
    path: Path, needs: Mapping[str, Allocation], missing: Mapping[str, Sequence[Extent]]
) -> None:
    """Make a segment with space for what is missing.

    Raises:
        OSError: if the file cannot be written.
    """
    aside = path.with_suffix(".making")
    try:
        # what describes the data lies together, 1 MB at a time: scattered over the file it takes long to read
        with h5py.File(
            aside, "w", locking=False, libver=("earliest", "v108"), meta_block_size=1 << 20
        ) as file:
            file.attrs["format"] = SEGMENT_FORMAT
            for identity, parts in missing.items():
                if parts:
                    _create(file, identity, needs[identity], parts)
        sync_path(aside)
        os.replace(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    sync_path(path.parent)


def group_of(file: h5py.File, identity: str) -> Group | None:
    """Open what a segment holds of an ensemble.

    This and what follows is the interface below that of h5py's own groups and data sets: five times as fast.
    """
    name = identity.encode()
    return h5py.h5g.open(file.id, name) if name in file.id else None


def open_dataset(group: Group, part: Rectangle, name: str) -> Dataset:
    """Open a data set of a rectangle."""
    return h5py.h5d.open(group, f"{part.name}/{name}".encode())


def write_part(dataset: Dataset, start: tuple[int, ...], values: NDArray[Any]) -> None:
    """Write `dataset[start:...] = values` along the last axes."""
    space = dataset.get_space()
    space.select_hyperslab(start, (1,) * (len(start) - values.ndim) + values.shape)
    dataset.write(h5py.h5s.create_simple(values.shape), space, values)


def read_part(dataset: Dataset, first: int, chains: int, rows: int) -> NDArray[Any]:
    """Read `dataset[first : first + chains, :rows]`."""
    space = dataset.get_space()
    shape = (chains, rows, *space.shape[2:])
    values = np.empty(shape, dtype=dataset.dtype)
    if values.size:
        space.select_hyperslab((first, *(0,) * (len(shape) - 1)), shape)
        dataset.read(h5py.h5s.create_simple(shape), space, values)
    return values


def segments_in(directory: Path) -> list[Path]:
    """List the segments of a store in the order of their numbers."""
    return sorted(directory.glob("bins-[0-9]*.h5"), key=_number)


def next_segment(directory: Path) -> Path:
    """Return where the next segment goes; those that are set aside keep their numbers."""
    number = max(map(_number, directory.glob("bins-[0-9]*.h5*")), default=0) + 1
    return directory / f"bins-{number:04d}.h5"


def _number(path: Path) -> int:
    return int(path.name.removeprefix("bins-").split(".")[0])


def own_communicator(communicator: Any) -> Any:
    """Return the communicator of this rank alone where ranks write together; otherwise None."""
    if communicator is None:
        return None
    from mpi4py import MPI

    return MPI.COMM_SELF


def parallel_hdf5() -> bool:
    """Tell whether this h5py can write from several ranks, and HPCBIP_HDF5=serial does not forbid it."""
    return bool(h5py.get_config().mpi) and not settings.serial_hdf5()


def open_segment(path: Path, writable: bool, communicator: Any) -> h5py.File:
    """Open a segment without buffers of raw data: what is written is with the operating system when the call
    returns, and what is read is what lies in the file now."""
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
    file = h5py.File(h5py.h5f.open(os.fsencode(path), flags, fapl=access))
    if not writable and hasattr(os, "posix_fadvise"):
        # bytes after those asked for are of no use: without reading ahead the system has half the work
        with contextlib.suppress(OSError):
            os.posix_fadvise(file.id.get_vfd_handle(), 0, 0, os.POSIX_FADV_RANDOM)
    return file


def column_names_and_lags(group: Group) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Read the names of the columns of an ensemble's bins, and the lags.

    Raises:
        KeyError: if it is not there.
    """
    return _names(_attribute(group, b"columns", h5py.string_dtype()).item()), _attribute(
        group, b"lags", np.float64
    )


def _attribute(group: Group, name: bytes, kind: Any = np.int64) -> NDArray[Any]:
    attribute = h5py.h5a.open(group, name)
    values = np.empty(attribute.shape, dtype=kind)
    attribute.read(values)
    return values


@cache
def _names(text: str | bytes) -> tuple[str, ...]:
    return tuple(json.loads(text))


def identities_in(file: h5py.File) -> list[str]:
    """List the ensembles that a segment has space for.

    Raises:
        KeyError, ValueError: if it is none of ours.
    """
    if file.attrs["format"] != SEGMENT_FORMAT:
        raise ValueError("of another format")
    return list(file)


def rectangles_of(group: Group, number: int) -> list[Rectangle]:
    """List the rectangles of an ensemble in a segment, the `number`-th of the store.

    Raises:
        KeyError, ValueError, RuntimeError: if it is none of ours.
    """
    if h5py.h5a.exists(group, b"places"):
        return [
            Rectangle(number, str(k), *map(int, row)) for k, row in enumerate(_attribute(group, b"places"))
        ]
    found = []
    for name in group:
        part = h5py.h5g.open(group, name)
        first_chain, first_row = int(_attribute(part, b"first_chain")), int(_attribute(part, b"first_row"))
        chains, rows = h5py.h5d.open(part, b"crc").shape
        found.append(Rectangle(number, name.decode(), first_chain, first_row, chains, rows, 0))
    return found


def _create(file: h5py.File, identity: str, need: Allocation, parts: Sequence[Extent]) -> None:
    group = file.create_group(identity)
    group.attrs["sector"] = need.sector
    group.attrs["parameters"] = need.parameters
    group.attrs["columns"] = json.dumps(list(need.columns))
    group.attrs["lags"] = np.asarray(need.lags, dtype=np.float64)
    places, width = [], len(need.columns)
    for k, (first_chain, first_row, chains, rows) in enumerate(parts):
        part = group.create_group(str(k))
        _allocate(part, "bins", (chains, rows, width), h5py.h5t.IEEE_F64LE)
        _allocate(part, "crc", (chains, rows), h5py.h5t.STD_U32LE)
        size = need.size if need.size > 1 and first_row % need.size == 0 and rows >= need.size else 0
        if size:
            _allocate(part, "means", (chains, rows // size, width), h5py.h5t.IEEE_F32LE)
            _allocate(part, "means_sum", (chains, rows // size), h5py.h5t.STD_U64LE)
        places.append((first_chain, first_row, chains, rows, size))
    group.attrs["places"] = np.array(places, dtype=np.int64)


def _allocate(group: h5py.Group, name: str, shape: tuple[int, ...], kind: Any) -> None:
    """Make a contiguous dataset with all its space allocated now: later writes touch no metadata.

    Nothing is filled in: what has never been written of a new file reads as zeros and takes no space on the
    disk.
    """
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    properties.set_obj_track_times(False)  # the same content is the same file
    h5py.h5d.create(group.id, name.encode(), kind, h5py.h5s.create_simple(shape), dcpl=properties)
