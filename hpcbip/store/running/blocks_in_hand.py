"""Which blocks were in hand when a rank or a whole run came to a sudden end.

    DIR/in-hand         a line per worker of the run at work: its block; gone after an orderly end
    DIR/suspects.json   how many ranks and runs have ended with a block in hand, where that was not orderly

The block of a chain is a function of the chain alone, so that one that ends its process does so every time,
and a campaign would come to no end. A kill from outside leaves the same traces, hence suspects are tried
before they are blamed (`hpcbip.driver.worker`).

A line of `in-hand` is written when a block is handed out, and not brought to the disk: the operating system
keeps it when a process ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from hpcbip.campaign.plan import ChainKey
from hpcbip.files import write_atomically

IN_HAND, SUSPECTS = "in-hand", "suspects.json"

LINE_BYTES = 128
"""Length of a line: an identity, the number of a chain, the number of a block."""

SUSPECT_AFTER_RUNS = 2
"""Runs that have ended with a block in hand, after which it is tried before it is run."""

GUILTY_AFTER_RANKS = 2
"""Ranks of one run that a block takes with it before it is not run any more."""

Block = tuple[str, int, int]
"""A block: identity and number of its chain, and its own number."""


class BlocksInHand:
    """Keeps account of the blocks in hand of a run at work, and of what earlier ones have left.

    Args:
        directory: of the campaign, locked.
        blocks_done: (identity, chain) -> blocks that are done, and beyond suspicion.

    Raises:
        OSError: if the files cannot be written.
    """

    def __init__(self, directory: Path, blocks_done: Mapping[ChainKey, int]) -> None:
        self._path, self._suspects_path = directory / IN_HAND, directory / SUSPECTS
        self._ends = _read_suspects(self._suspects_path)
        self._lost: dict[Block, int] = {}
        left = _read_lines(self._path)
        for block in left:
            self._ends[block] = self._ends.get(block, 0) + 1
        known = len(self._ends)
        self._ends = {
            (identity, chain, block): ends
            for (identity, chain, block), ends in self._ends.items()
            if blocks_done.get((identity, chain), 0) <= block
        }
        if left or known != len(self._ends):
            self._write_suspects()
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)

    def hand_out(self, worker: int, block: Block) -> None:
        """Note that a worker has a block in hand."""
        self._write_line(worker, " ".join(map(str, block)))

    def hand_back(self, worker: int) -> None:
        """Note that a worker has none."""
        self._write_line(worker, "")

    def is_suspect(self, block: Block) -> bool:
        """Tell whether ranks of this run, or runs, have ended with this block in hand."""
        return block in self._lost or self._ends.get(block, 0) >= SUSPECT_AFTER_RUNS

    def note_loss(self, block: Block) -> bool:
        """Note that a rank is lost with a block in hand; returns whether this block is not to be run again.

        Raises:
            OSError: if the disk refuses.
        """
        self._lost[block] = self._lost.get(block, 0) + 1
        self._ends[block] = self._ends.get(block, 0) + 1
        self._write_suspects()
        return self._lost[block] >= GUILTY_AFTER_RANKS

    def close(self) -> None:
        """Note that the run has come to an orderly end."""
        os.close(self._file)
        with contextlib.suppress(OSError):  # of a disk that refuses others have told
            self._path.unlink(missing_ok=True)

    def _write_line(self, worker: int, text: str) -> None:
        with contextlib.suppress(OSError):  # of a full disk others will tell
            os.pwrite(self._file, text.ljust(LINE_BYTES - 1).encode() + b"\n", worker * LINE_BYTES)

    def _write_suspects(self) -> None:
        if not self._ends:
            self._suspects_path.unlink(missing_ok=True)
            return
        content = [[*block, ends] for block, ends in self._ends.items()]
        write_atomically(self._suspects_path, json.dumps(content))


def _read_lines(path: Path) -> list[Block]:
    """Read the blocks that were in hand when the last run ended; what a power cut has left of them."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
    found = [re.fullmatch(r"(\S+) (\d+) (\d+) *", line) for line in lines]
    return [(match[1], int(match[2]), int(match[3])) for match in found if match]


def _read_suspects(path: Path) -> dict[Block, int]:
    """Read how many ends every block was in hand at; nothing from a file that is damaged."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {
            (str(identity), int(chain), int(block)): int(ends) for identity, chain, block, ends in entries
        }
    except (OSError, ValueError, TypeError):
        return {}
