"""Every verb that has a module is registered."""

from __future__ import annotations

from pathlib import Path

import hpcbip.cli
from hpcbip.cli import commands, theory

SHARED = {"__init__", "options", "output"}


def modules(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py")} - SHARED


def test_every_module_is_a_verb() -> None:
    folder = Path(hpcbip.cli.__file__).parent
    rooms = modules(folder / "campaign") | modules(folder / "papers")
    assert set(commands.commands) == modules(folder) | rooms | {"theory"}
    assert {name.replace("-", "_") for name in theory.commands} == modules(folder / "theory")
    assert all(command.help for command in (*commands.commands.values(), *theory.commands.values()))
