"""A kill of this process, as far as files can tell: everything ends before a chosen renaming of a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


def killed_at_rename(call: int, monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> bool:
    """Run, and die before the given renaming of a file, from 1; False if there were fewer."""
    count = 0
    rename = os.replace

    def replace(source: Any, target: Any) -> None:
        nonlocal count
        count += 1
        if count == call:
            raise Killed
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        try:
            run()
        except Killed:
            return True
    return False
