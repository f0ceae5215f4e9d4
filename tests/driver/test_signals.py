"""Requests to stop: signals, the stop file, and the death of the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hpcbip.driver.signals import STOP_SIGNALS, stop_requests, stop_signals_forwarded_to
from hpcbip.store.stop_file import clear_stop_request, request_stop


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_a_reason_and_the_handlers_come_back(number: signal.Signals, tmp_path: Path) -> None:
    before = [signal.getsignal(one) for one in STOP_SIGNALS]
    with stop_requests(tmp_path, os.getppid()) as reason:
        assert reason() == ""
        os.kill(os.getpid(), number)
        assert reason() == number.name
    assert [signal.getsignal(one) for one in STOP_SIGNALS] == before


def test_the_stop_file_is_a_reason_and_the_first_reason_stays(tmp_path: Path) -> None:
    with stop_requests(tmp_path, os.getppid()) as reason:
        request_stop(tmp_path)
        assert reason() == "asked to by the file stop"
        clear_stop_request(tmp_path)
        os.kill(os.getpid(), signal.SIGTERM)
        assert reason() == "asked to by the file stop"


def test_another_parent_is_a_reason(tmp_path: Path) -> None:
    with stop_requests(tmp_path, os.getppid() + 1) as reason:
        assert reason() == "the process that started this one has died"


def test_signals_reach_the_child_as_a_termination() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with stop_signals_forwarded_to(process) as received:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert process.wait(10) == -signal.SIGTERM
    assert received == [signal.SIGUSR1]
