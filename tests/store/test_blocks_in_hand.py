"""Blocks in hand at a sudden end: noted, suspected the second time, beyond suspicion when they are done."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcbip.store.running.blocks_in_hand import BlocksInHand

FIRST, SECOND = ("a" * 64, 0, 3), ("b" * 64, 17, 0)
NOTHING: dict[tuple[str, int], int] = {}


def dies_with(directory: Path, *blocks: tuple[str, int, int]) -> BlocksInHand:
    """A run that ends with these blocks in hand."""
    run = BlocksInHand(directory, NOTHING)
    run.hand_out(0, ("c" * 64, 1, 1))
    for worker, block in enumerate(blocks):
        run.hand_out(worker, block)
    return run


def test_a_block_that_two_runs_have_ended_with_is_suspect(tmp_path: Path) -> None:
    dies_with(tmp_path, FIRST, SECOND)
    assert not dies_with(tmp_path, FIRST).is_suspect(FIRST)
    third = BlocksInHand(tmp_path, NOTHING)
    assert third.is_suspect(FIRST) and not third.is_suspect(SECOND)
    third.close()
    assert BlocksInHand(tmp_path, NOTHING).is_suspect(FIRST)  # an orderly end proves nothing
    done = BlocksInHand(tmp_path, {FIRST[:2]: 4})
    assert not done.is_suspect(FIRST)
    done.close()
    assert not BlocksInHand(tmp_path, NOTHING).is_suspect(FIRST)


def test_orderly_ends_and_finished_blocks_leave_nothing(tmp_path: Path) -> None:
    for _ in range(3):
        run = dies_with(tmp_path, FIRST)
        run.close()
        run = dies_with(tmp_path, SECOND)
        run.hand_back(0)
    assert not any(BlocksInHand(tmp_path, NOTHING).is_suspect(block) for block in (FIRST, SECOND))
    assert not (tmp_path / "suspects.json").exists()


def test_the_second_rank_of_a_run_proves_a_block_guilty(tmp_path: Path) -> None:
    run = BlocksInHand(tmp_path, NOTHING)
    assert not run.note_loss(FIRST) and run.is_suspect(FIRST)
    assert not run.note_loss(SECOND)
    assert run.note_loss(FIRST)


@pytest.mark.parametrize("damage", [b"", b"\0" * 300, b"[[1]]", b"{}", b"\xff\xfe nonsense"])
def test_damaged_notes_are_none(tmp_path: Path, damage: bytes) -> None:
    for name in ("in-hand", "suspects.json"):
        (tmp_path / name).write_bytes(damage)
    run = BlocksInHand(tmp_path, NOTHING)
    assert not run.is_suspect(FIRST)
    run.close()
