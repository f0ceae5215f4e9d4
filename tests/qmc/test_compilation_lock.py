"""Of processes that need the kernel at once one compiles it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from hpcbip.qmc.cycle import run_bins
from hpcbip.qmc.kernel import compilation_lock
from hpcbip.qmc.kernel.compilation_lock import compiled_once


def test_one_compiles_and_the_others_wait_until_it_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks are those of open files, so that threads stand for processes here."""
    monkeypatch.setattr(compilation_lock, "cache_directory", lambda: tmp_path)
    inside, most, count = 0, 0, threading.Lock()

    def compile_it() -> None:
        nonlocal inside, most
        with compiled_once(run_bins):
            with count:
                inside += 1
                most = max(most, inside)
            time.sleep(0.02)
            with count:
                inside -= 1

    threads = [threading.Thread(target=compile_it) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    with compiled_once(run_bins), compiled_once(run_bins):  # from now on nobody waits, not even for himself
        pass


def test_a_failure_is_not_taken_for_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation_lock, "cache_directory", lambda: tmp_path)
    with pytest.raises(MemoryError), compiled_once(run_bins):
        raise MemoryError
    assert not [path for path in tmp_path.iterdir() if not path.name.endswith(".lock")]


def test_where_there_can_be_no_lock_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation_lock, "cache_directory", lambda: tmp_path / "nowhere")
    with compiled_once(run_bins), compiled_once(run_bins):
        pass
