"""The HDF5 store: what is written is read, torn rows are not, damage is set aside, growth keeps the old."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcbip.store import segment
from hpcbip.store import store as store_module
from hpcbip.store.segment import checksum
from hpcbip.store.store import Allocation, Store

KEY = "a" * 64


def room(chains: int = 2, rows: int = 10) -> dict[str, Allocation]:
    return {KEY: Allocation(chains, rows, ["x", "y", "z"], "polaron", "{}", [0.5, 1.0])}


def rows(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3))


def test_round_trip_and_metadata(tmp_path: Path) -> None:
    with Store(tmp_path, writable=True) as store:
        store.allocate(room())
        store.write(KEY, 1, 0, rows(4))
        store.write(KEY, 1, 4, rows(2, 1))
    with Store(tmp_path) as store:
        assert np.array_equal(store.read(KEY, 1), np.vstack([rows(4), rows(2, 1)]))
        assert store.read(KEY, 0).shape == (0, 3)
        columns, lags = store.column_names_and_lags(KEY)
        assert columns == ("x", "y", "z") and lags.tolist() == [0.5, 1.0]
        assert store.column_names_and_lags("b" * 64)[0] == ()
        assert store.read("b" * 64, 0).size == 0


def test_plain_h5py_reads_it_as_documented(tmp_path: Path) -> None:
    with Store(tmp_path, writable=True) as store:
        store.allocate(room())
        store.write(KEY, 0, 0, rows(3))
    with h5py.File(tmp_path / "bins-0001.h5") as file:
        block = file[KEY]["0"]
        written = block["crc"][0] != 0
        assert np.array_equal(block["bins"][0][written], rows(3))
        assert block["bins"].id.get_create_plist().get_layout() == h5py.h5d.CONTIGUOUS
        assert block["crc"][0][1] == checksum(rows(3)[1], 1)


def test_a_gap_or_a_torn_row_ends_the_valid_bins(tmp_path: Path) -> None:
    with Store(tmp_path, writable=True) as store:
        store.allocate(room())
        store.write(KEY, 0, 0, rows(5))
        store.write(KEY, 1, 2, rows(3))
        assert len(store.read(KEY, 1)) == 0
    with h5py.File(tmp_path / "bins-0001.h5", "r+") as file:
        file[KEY]["0"]["bins"][0, 3, 1] += 1e-9
    with Store(tmp_path) as store:
        assert np.array_equal(store.read(KEY, 0), rows(5)[:3])


def test_growth_adds_segments_and_moves_nothing(tmp_path: Path) -> None:
    with Store(tmp_path, writable=True) as store:
        store.allocate(room(2, 10))
        store.write(KEY, 0, 0, rows(10))
    before = (tmp_path / "bins-0001.h5").read_bytes()
    with Store(tmp_path, writable=True) as store:
        store.allocate(room(2, 10))
        assert len(list(tmp_path.glob("bins-*.h5"))) == 1
        store.allocate(room(3, 14))
        store.write(KEY, 0, 10, rows(4, 1))
        store.write(KEY, 2, 8, rows(6, 2))
        store.write(KEY, 2, 0, rows(8, 3))
    assert (tmp_path / "bins-0001.h5").read_bytes() == before
    with Store(tmp_path) as store:
        assert np.array_equal(store.read(KEY, 0), np.vstack([rows(10), rows(4, 1)]))
        assert np.array_equal(store.read(KEY, 2), np.vstack([rows(8, 3), rows(6, 2)]))
        assert store.chains(KEY) == 3


def test_rows_across_two_segments(tmp_path: Path) -> None:
    with Store(tmp_path, writable=True) as store:
        store.allocate(room(1, 3))
        store.allocate(room(1, 8))
        store.write(KEY, 0, 0, rows(7))
        assert np.array_equal(store.read(KEY, 0), rows(7))
        with pytest.raises(KeyError):
            store.write(KEY, 0, 7, rows(2))


def test_a_damaged_segment_is_named_and_set_aside(tmp_path: Path) -> None:
    with Store(tmp_path, writable=True) as store:
        store.allocate(room())
    path = tmp_path / "bins-0001.h5"
    path.write_bytes(path.read_bytes()[:700])
    with Store(tmp_path) as reader:
        assert reader.damaged == [path] and path.exists()
    with Store(tmp_path, writable=True) as store:
        assert store.damaged == [path]
        store.allocate(room())
        store.write(KEY, 0, 0, rows(2))
    assert (tmp_path / "bins-0001.h5.damaged").exists() and (tmp_path / "bins-0002.h5").exists()
    with Store(tmp_path) as store:
        assert len(store.read(KEY, 0)) == 2


WRITER = """
import sys
from pathlib import Path
from tests.store.test_store import KEY, Store, room, rows
store = Store(Path(sys.argv[1]), writable=True)
store.allocate(room(2, 100000))
print("ready", flush=True)
for k in range(100000):
    store.write(KEY, 0, k, rows(1, k))
"""


@pytest.mark.parametrize("pause", [0.0, 0.15, 0.4])
def test_sigkill_while_writing_leaves_a_file_that_opens(tmp_path: Path, pause: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(pause)
    with Store(tmp_path) as reader:  # a reader looks on while the writer writes
        seen = len(reader.read(KEY, 0))
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Store(tmp_path, writable=True) as store:
        assert not store.damaged
        valid = store.read(KEY, 0)
        assert len(valid) >= seen
        assert all(np.array_equal(row, rows(1, k)[0]) for k, row in enumerate(valid))


def test_a_writer_of_many_ensembles_does_not_keep_all_of_them_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "MOST_OPEN", 3)
    keys = [f"{k:064d}" for k in range(8)]
    with Store(tmp_path, writable=True) as store:
        store.allocate({key: room()[KEY] for key in keys})
        for first in (0, 4):
            for k, key in enumerate(keys):
                store.write(key, 1, first, rows(4, k + first))
                assert len(store._groups) <= 3 and len(store._datasets) <= 3 * 4
        for k, key in enumerate(keys):
            assert np.array_equal(store.read(key, 1), np.vstack([rows(4, k), rows(4, k + 4)]))


def test_of_a_segment_damaged_in_part_nothing_is_taken(tmp_path: Path) -> None:
    """The first ensemble in it is in order, the second is not; what lies in the next segment is found all the
    same."""
    keys = ["a" * 64, "b" * 64, "c" * 64]
    with Store(tmp_path, writable=True) as store:
        store.allocate({key: room()[KEY] for key in keys[:2]})
        store.allocate({key: room()[KEY] for key in keys[2:]})
        for k, key in enumerate(keys):
            store.write(key, 0, 0, rows(4, k))
    with h5py.File(tmp_path / "bins-0001.h5", "r+") as file:
        del file[keys[1]].attrs["places"]
    with Store(tmp_path) as store:
        assert np.array_equal(store.read(keys[0], 0), rows(4, 0)) and len(store.read(keys[1], 0)) == 0
    with Store(tmp_path, writable=True) as store:
        assert store.damaged == [tmp_path / "bins-0001.h5"]
        assert len(store.read(keys[0], 0)) == 0 and np.array_equal(store.read(keys[2], 0), rows(4, 2))
        store.allocate({key: room()[KEY] for key in keys})
        store.write(keys[0], 0, 0, rows(4, 9))
        assert np.array_equal(store.read(keys[0], 0), rows(4, 9))


@pytest.mark.parametrize("writes", range(5))
def test_a_kill_between_any_two_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """Bins, means, checksums of means, checksums of bins: whoever sees bins sees their means."""
    done: list[str] = []

    def put(*arguments: object) -> None:
        if len(done) == writes:
            raise KeyboardInterrupt
        segment.write_part(*arguments)
        done.append("")

    with Store(tmp_path, writable=True) as store:
        store.allocate({KEY: Allocation(1, 8, ["x", "y", "z"], "polaron", "{}", [1.0], 4)})
        monkeypatch.setattr(store_module, "write_part", put)
        with contextlib.suppress(KeyboardInterrupt):
            store.write(KEY, 0, 0, rows(4))
    with Store(tmp_path) as store:
        assert len(store.read(KEY, 0)) == (4 if writes == 4 else 0)
    with h5py.File(tmp_path / "bins-0001.h5") as file:
        part = file[KEY]["0"]
        assert part["means_sum"][0, 0] or not part["crc"][0].any()
