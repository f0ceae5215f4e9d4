"""DIR/logs/run-0001.log, ...: a file per run, with all that is needed to reproduce its numbers, and what went
wrong."""

from __future__ import annotations

import contextlib
import json
import platform
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hpcbip.campaign.schema import Config
from hpcbip.messages import print_message
from hpcbip.version import __version__

TOOLS = ("numpy", "numba", "llvmlite", "scipy", "h5py", "mpi4py")


class RunLog:
    """Takes lines, and puts the time before them. Damage, losses, failures and stops are also told on stderr.

    Args:
        directory: of the campaign.

    Raises:
        OSError: if the file cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        folder = directory / "logs"
        folder.mkdir(exist_ok=True)
        number = max((int(path.stem[4:]) for path in folder.glob("run-[0-9]*.log")), default=0) + 1
        self.path = folder / f"run-{number:04d}.log"
        self.path.touch()

    def __call__(self, line: str) -> None:
        """Append a line; a full disk does not stop the run for that."""
        with contextlib.suppress(OSError), open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {line}\n")
        if line.startswith(("damaged", "lost", "failed", "stopped")):
            print_message(f"hpcbip: {line}")

    def begin(self, config: Config, hosts: Sequence[str], mpi: str, writer: str) -> None:
        """Note versions, hosts, ranks, seed and the whole configuration."""
        self(
            f"ranks: {len(hosts)} on "
            + ", ".join(f"{host} × {ranks}" for host, ranks in Counter(hosts).items())
        )
        versions = [f"hpcbip {__version__}", f"Python {platform.python_version()}"]
        for tool in TOOLS:
            with contextlib.suppress(PackageNotFoundError):
                versions.append(f"{tool} {version(tool)}")
        self(f"versions: {', '.join(versions)}; {platform.platform()}")
        self(f"MPI: {mpi}; HDF5 written by {writer}")
        self(
            f"seed: {config.seed}; the stream of a chain: SeedSequence({config.seed}, (its ensemble's hash, number))"
        )
        self("configuration: " + json.dumps(config.model_dump(mode="json", by_alias=True, exclude_none=True)))
