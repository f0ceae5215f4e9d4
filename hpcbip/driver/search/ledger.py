"""The ledger of a search: the CPU time it has spent, and what it has found step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpcbip.errors import InputError
from hpcbip.files import write_atomically

LEDGER_FORMAT = 1
"""Version of the layout of search.json."""


class SearchLedger:
    """The file search.json: CPU seconds spent and the steps so far.

    Attributes:
        path: of the file.
        cpu_seconds: spent on all runs, restarts included.
        steps: what was found step by step.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cpu_seconds = 0.0
        self.steps: list[dict[str, Any]] = []

    def read(self) -> None:
        """Take over the content of the file, if it exists.

        Raises:
            InputError: if it is not a search's.
        """
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if content["format"] != LEDGER_FORMAT:
                raise ValueError
            self.cpu_seconds, self.steps = float(content["cpu_seconds"]), list(content["steps"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(
                f"{self.path}: cannot be read; allowed: the file that the search wrote"
            ) from None

    def write(self) -> None:
        """Write the file."""
        content = {"format": LEDGER_FORMAT, "cpu_seconds": self.cpu_seconds, "steps": self.steps}
        write_atomically(self.path, json.dumps(content, indent=1))

    def add_seconds(self, seconds: float) -> None:
        """Add CPU seconds."""
        self.cpu_seconds += seconds
        self.write()

    def add_step(self, step: Mapping[str, Any]) -> None:
        """Add a step; one that was interrupted and is repeated replaces itself."""
        entry = {**step, "cpu_seconds": self.cpu_seconds}
        is_repeated = bool(self.steps) and all(
            self.steps[-1].get(key) == step[key] for key in ("points", "target")
        )
        self.steps = [*self.steps[: -1 if is_repeated else None], entry]
        self.write()
