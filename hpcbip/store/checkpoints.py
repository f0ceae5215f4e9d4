"""Checkpoints: the state of one chain after a block, together with that block's bins, in one file or not at
all.

    DIR/checkpoints/<identity>-<chain>.checkpoint, and .previous, the one before

A file is a line of magic, the SHA-256 of the rest, and the rest: an npz archive. It is written aside, synced
and renamed. Because a chain is deterministic, and because the checkpoint holds all bins that are not known to
have reached the disk, results and state cannot come apart: whatever a kill or a power cut leaves out of the
segments is replayed from here or computed again, bit for bit.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.files import write_atomically

MAGIC = b"hpcbip checkpoint 1\n"


@dataclass(frozen=True)
class Checkpoint:
    """A chain after `blocks` blocks, thermal ones included.

    Attributes:
        blocks: number of blocks that the chain has run.
        parameters: canonical JSON of what the chain samples; checked on reading.
        rows: the last bins, (bins, columns), up to those of the last block; at least all that may not have
            reached the disk. Empty if that block was thermal.
        arrays: state of the chain (`Chain.to_arrays`).
        number: of the chain; set on reading.
    """

    blocks: int
    parameters: str
    rows: NDArray[np.float64]
    arrays: Mapping[str, NDArray[Any]]
    number: int | None = None


class Checkpoints:
    """The checkpoints of a campaign."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "checkpoints"
        self.damaged: list[Path] = []

    def path(self, identity: str, chain: int) -> Path:
        """Return where the newest checkpoint of a chain lies; the one before has the suffix .previous."""
        return self.directory / f"{identity}-{chain}.checkpoint"

    def chains(self) -> list[tuple[str, int]]:
        """Find (identity, chain) of all that have a checkpoint, or the one before."""
        names = {
            path.stem for kind in ("checkpoint", "previous") for path in self.directory.glob(f"*-*.{kind}")
        }
        split = (name.rpartition("-") for name in names)
        return sorted((identity, int(chain)) for identity, _, chain in split if chain.isdigit())

    @staticmethod
    def read(path: Path) -> Checkpoint | None:
        """Read the checkpoint in a file; None if there is none that is whole."""
        try:
            return _parse(path.read_bytes())
        except OSError:
            return None

    def save(self, identity: str, chain: int, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, keeping the previous one.

        Raises:
            OSError: if it cannot be written; the previous checkpoint then still stands.
        """
        archive = io.BytesIO()
        arrays: dict[str, Any] = {f"chain.{key}": value for key, value in checkpoint.arrays.items()}
        arrays["blocks"], arrays["number"] = np.int64(checkpoint.blocks), np.int64(chain)
        arrays["parameters"] = np.array(checkpoint.parameters)
        np.savez(archive, rows=checkpoint.rows, **arrays)
        content = archive.getvalue()
        path = self.path(identity, chain)
        self.directory.mkdir(exist_ok=True)
        write_atomically(
            path,
            MAGIC + hashlib.sha256(content).digest() + content,
            keep_old_as=path.with_suffix(".previous"),
        )

    def candidates(self, identity: str, chain: int, parameters: str) -> Iterator[Checkpoint]:
        """Yield the readable checkpoints of a chain, newest first; damaged files are set aside and listed in
        `damaged`.

        Raises:
            OSError: if a file can neither be read nor be set aside.
        """
        path = self.path(identity, chain)
        for name in (path, path.with_suffix(".previous")):
            if not os.path.lexists(name):
                continue
            checkpoint = self.read(name)
            if (
                checkpoint is None
                or checkpoint.parameters != parameters
                or checkpoint.number not in (None, chain)
            ):
                os.replace(name, name.with_name(name.name + ".damaged"))
                self.damaged.append(name)
            else:
                yield checkpoint


def _parse(content: bytes) -> Checkpoint | None:
    start = len(MAGIC) + 32
    if (
        content[: len(MAGIC)] != MAGIC
        or hashlib.sha256(content[start:]).digest() != content[len(MAGIC) : start]
    ):
        return None
    try:
        with np.load(io.BytesIO(content[start:]), allow_pickle=False) as archive:
            arrays = {
                key.removeprefix("chain."): archive[key] for key in archive.files if key.startswith("chain.")
            }
            number = int(archive["number"]) if "number" in archive.files else None  # 0.2 did not write it
            return Checkpoint(
                int(archive["blocks"]), str(archive["parameters"]), archive["rows"], arrays, number
            )
    except (KeyError, ValueError, zipfile.BadZipFile):
        return None
