"""Checkpoints: saved whole or not at all, damage found, the previous one kept."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from hpcbip.models import Model
from hpcbip.qmc import Chain, Ensemble
from hpcbip.store.checkpoints import Checkpoint, Checkpoints

KEY, PARAMETERS = "c" * 64, '{"g":1.0}'


def checkpoint(blocks: int) -> Checkpoint:
    arrays = {"rng": np.arange(4, dtype=np.uint64) + blocks, "state": np.arange(3)}
    return Checkpoint(blocks, PARAMETERS, np.full((2, 3), float(blocks)), arrays)


def saved(tmp_path: Path, count: int) -> Checkpoints:
    checkpoints = Checkpoints(tmp_path)
    for blocks in range(1, count + 1):
        checkpoints.save(KEY, 0, checkpoint(blocks))
    return checkpoints


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    found = list(saved(tmp_path, 4).candidates(KEY, 0, PARAMETERS))
    assert [c.blocks for c in found] == [4, 3]
    assert np.array_equal(found[0].rows, np.full((2, 3), 4.0))
    assert found[0].arrays["rng"].tolist() == [4, 5, 6, 7] and found[0].arrays["rng"].dtype == np.uint64
    assert not list(Checkpoints(tmp_path).candidates(KEY, 1, PARAMETERS))


def test_a_real_chain_goes_on_bit_for_bit(tmp_path: Path) -> None:
    ensemble = Ensemble(Model("square", "bond", 1.0, 1.0, 1.0, 8.0), 2, 6.0)
    chain = Chain.start(ensemble, np.arange(1, 5, dtype=np.uint64))
    rows = chain.run_block(2, 5000)
    Checkpoints(tmp_path).save(KEY, 0, Checkpoint(1, PARAMETERS, rows, chain.to_arrays()))
    (found,) = Checkpoints(tmp_path).candidates(KEY, 0, PARAMETERS)
    again = Chain.from_arrays(ensemble, found.arrays)
    assert chain.run_block(2, 5000).tobytes() == again.run_block(2, 5000).tobytes()


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "text"])
def test_damage_is_found_and_the_previous_one_is_used(tmp_path: Path, damage: str) -> None:
    checkpoints = saved(tmp_path, 3)
    path = tmp_path / "checkpoints" / f"{KEY}-0.checkpoint"
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    path.write_bytes(
        {"truncate": content[:-1], "flip": bytes(flipped), "empty": b"", "text": b"hello"}[damage]
    )
    assert [c.blocks for c in checkpoints.candidates(KEY, 0, PARAMETERS)] == [2]
    assert checkpoints.damaged == [path]
    assert path.with_name(path.name + ".damaged").exists() and not path.exists()


def test_a_checkpoint_of_other_parameters_is_not_used(tmp_path: Path) -> None:
    assert not list(saved(tmp_path, 2).candidates(KEY, 0, '{"g":1.1}'))


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_in_the_middle_of_saving_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    checkpoints = saved(tmp_path, 2)
    real, calls = getattr(os, step), []

    def failing(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == (
            2 if step == "replace" else 1
        ):  # the second rename: the old one has already moved away
            raise OSError(28, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(os, step, failing)
    with pytest.raises(OSError, match="No space"):
        checkpoints.save(KEY, 0, checkpoint(3))
    monkeypatch.undo()
    assert next(checkpoints.candidates(KEY, 0, PARAMETERS)).blocks == 2
    checkpoints.save(KEY, 0, checkpoint(3))
    assert next(checkpoints.candidates(KEY, 0, PARAMETERS)).blocks == 3
