"""The process that runs the campaign of a search: its command, the time it takes, and signals."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcbip.driver.search.process import run_in_process


def program(folder: Path, text: str) -> Path:
    """In place of the interpreter: a script that gets the command of `hpcbip run`."""
    path = folder / "program"
    path.write_text(f"#!{sys.executable}\nimport signal, sys, time\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_campaign_runs_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "arguments"
    stub = program(tmp_path, f"open({str(out)!r}, 'w').write('\\n'.join(sys.argv[1:]))\nsys.exit(3)")
    monkeypatch.setattr(sys, "executable", str(stub))
    spent: list[float] = []
    assert run_in_process(Path("a.yaml"), Path("b"), 4, 12.5, spent.append) == 3
    expected = ["-m", "hpcbip", "run", "a.yaml", "--out", "b", "-n", "4", "--max-time", "12.500"]
    assert out.read_text().split("\n") == expected
    assert spent and all(seconds > 0.0 for seconds in spent)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_stops_the_campaign_and_then_the_search(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = tmp_path / "ready"
    stub = program(
        tmp_path,
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n"
        f"open({str(ready)!r}, 'w').close()\ntime.sleep(60)",
    )
    monkeypatch.setattr(sys, "executable", str(stub))

    def later(do: Callable[[], None]) -> None:
        while not ready.exists():
            time.sleep(0.01)
        do()

    thread = threading.Thread(target=later, args=(lambda: os.kill(os.getpid(), number),))
    old = signal.getsignal(number)
    thread.start()
    assert run_in_process(Path("a.yaml"), tmp_path, 1, 60.0, lambda _: None) == 3
    thread.join()
    assert signal.getsignal(number) == old
