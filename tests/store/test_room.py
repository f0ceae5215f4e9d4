"""Room for bins: what is likely, in files of a bearable size, and more where it is needed."""

from __future__ import annotations

import random
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcbip.store import allocation
from hpcbip.store import room as room_module
from hpcbip.store.allocation import Allocation, Extent
from hpcbip.store.room import LEAST_ROOM, Room
from hpcbip.store.store import Store
from tests.store.test_store import rows

COLUMNS = ["x", "y", "z"]
METADATA = (1 << 20) + 10_000


def ensembles(number: int, chains: int = 512, rows: int = 8000) -> dict[str, Allocation]:
    return {f"{k:064d}": Allocation(chains, rows, COLUMNS, "polaron", "{}", [1.0], 8) for k in range(number)}


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("bins-*.h5"))


def size(folder: Path) -> int:
    """Bytes of all segments, as a copy without holes would have them."""
    return sum(path.stat().st_size for path in files(folder))


def bins_of(folder: Path) -> int:
    """Bytes of all segments without what describes the data, which takes 1 MiB at a time."""
    return size(folder) - METADATA * len(files(folder))


def test_a_campaign_of_many_chains_begins_small(tmp_path: Path) -> None:
    """The fault of 0.4: 3600 points with up to 512 chains of 1000 blocks wanted one file of 16 TiB."""
    need = Allocation(512, 8000, [f"c{k}" for k in range(140)], "bipolaron", "{}", [1.0], 8)
    most = {f"{k:064d}": need for k in range(50)}
    with Store(tmp_path, writable=True) as store:
        Room(most, 8, 64).begin(store)
        assert [store.capacity(key, 7) for key in most] == [64] * 50 and store.capacity(f"{0:064d}", 8) == 0
    first = 50 * need.bytes(Extent(0, 0, 8, 64))
    assert first < size(tmp_path) < 1.3 * first


def test_a_small_campaign_gets_all_its_room_at_once(tmp_path: Path) -> None:
    most = ensembles(2, chains=4, rows=96)
    with Store(tmp_path, writable=True) as store:
        Room(most, 2, 8).begin(store)
        assert all(store.capacity(key, 3) == 96 for key in most)
        assert not any(Room(most, 2, 8).ensure(store, (key, 3), 96, ()) for key in most)
    assert len(files(tmp_path)) == 1 and size(tmp_path) < LEAST_ROOM
    with Store(tmp_path, writable=True) as store:  # as every later run does
        Room(most, 2, 8).begin(store)
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("order", ["one after the other", "all together"])
def test_room_grows_with_the_bins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    """The segments stay few, a copy near the bins in size, and every bin comes back."""
    monkeypatch.setattr(room_module, "LEAST_ROOM", 4000)
    monkeypatch.setattr(Store, "bytes", property(lambda store: bins_of(tmp_path)))
    most, chance = ensembles(12, chains=4, rows=256), random.Random(1)
    lengths = {(key, chain): 8 * chance.randint(1, 32) for key in most for chain in range(4)}
    steps = [(first, chain) for chain, length in lengths.items() for first in range(0, length, 8)]
    if order == "all together":
        steps.sort(key=lambda step: step[0])
    with Store(tmp_path, writable=True) as store, Store(tmp_path) as reader:
        room = Room(most, 1, 8)
        room.begin(store)
        for first, chain in steps:
            if room.ensure(store, chain, first + 8, most):
                reader.refresh()
            store.write(*chain, first, rows(8, first))
        for (key, chain), length in lengths.items():
            stored = reader.read(key, chain)
            assert len(stored) == length
            assert np.array_equal(stored[-8:], rows(8, length - 8))
            assert len(reader.means(key, [length // 8] * 4, 8)[chain]) == length // 8
    written = sum(lengths.values()) * (8 * 3 + 4 + 20 / 8)
    assert bins_of(tmp_path) < 3.0 * written
    assert len(files(tmp_path)) < 40
    with Store(tmp_path) as store:
        assert all(len(store.read(*chain)) == length for chain, length in lengths.items())


def test_no_segment_is_larger_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 100_000
    monkeypatch.setattr(allocation, "LARGEST_SEGMENT", limit)
    need = Allocation(3, 16_000, COLUMNS, "polaron", "{}", [1.0], 8)  # a chain alone is larger
    most = {"a" * 64: need, **ensembles(3, chains=300, rows=16)}
    with Store(tmp_path, writable=True) as store:
        store.allocate(most)
        assert all(store.capacity(key, need.chains - 1) == need.rows for key, need in most.items())
        store.write("a" * 64, 2, 0, rows(8000))
        assert np.array_equal(store.read("a" * 64, 2), rows(8000))
        assert len(store.means("a" * 64, [0, 0, 1000], 8)[2]) == 1000
    sizes = [path.stat().st_size for path in files(tmp_path)]
    assert max(sizes) < limit + METADATA
    assert (
        len(sizes)
        < 1.3 * sum(need.bytes(Extent(0, 0, need.chains, need.rows)) for need in most.values()) / limit
    )


def test_another_store_finds_the_room_that_is_made_while_it_is_open(tmp_path: Path) -> None:
    """As ranks that write together do: one makes it, the others find it when they write."""
    key = "a" * 64
    one = {key: Allocation(2, 8, COLUMNS, "polaron", "{}", [1.0])}
    with Store(tmp_path, writable=True) as maker:
        maker.allocate(one)
        with Store(tmp_path, writable=True) as other:
            maker.allocate({key: Allocation(2, 16, COLUMNS, "polaron", "{}", [1.0])})
            other.write(key, 1, 0, rows(16))
            with pytest.raises(KeyError):
                other.write(key, 1, 16, rows(1))
        assert np.array_equal(maker.read(key, 1), rows(16))


def test_a_damaged_segment_keeps_its_number(tmp_path: Path) -> None:
    key = "a" * 64
    for name in ("bins-0007.h5.damaged", "bins-12345.h5.damaged"):
        (tmp_path / name).write_bytes(b"x")
    with Store(tmp_path, writable=True) as store:
        store.allocate({key: Allocation(2, 8, COLUMNS, "polaron", "{}", [1.0])})
    with h5py.File(tmp_path / "bins-12346.h5") as file:
        assert list(file) == [key]
    with Store(tmp_path) as store:
        assert store.capacity(key, 1) == 8
