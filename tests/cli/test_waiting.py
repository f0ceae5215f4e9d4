"""What takes seconds says so on a terminal, and nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from hpcbip.cli.output import waiting
from tests.reduction.test_results import campaign


def test_nothing_is_said_without_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with waiting("reducing the bins"):
        pass
    assert capfd.readouterr() == ("", "")


def test_a_terminal_hears_what_is_waited_for_and_keeps_the_table(tmp_path: Path) -> None:
    campaign(tmp_path)
    master, slave = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "hpcbip", "reduce", str(tmp_path)], stdout=subprocess.PIPE, stderr=slave
    )
    os.close(slave)
    out, _ = done.communicate(timeout=60)
    told = os.read(master, 65536)
    os.close(master)
    assert done.returncode == 0 and b"reducing the bins" in told
    assert b"Convergence" in out and b"reducing" not in out
