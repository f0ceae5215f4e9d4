"""Requests to stop: signals, the stop file, and the death of the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hpcbip.driver import signals
from hpcbip.driver.signals import STOP_SIGNALS, stop_requests, stop_signals_forwarded_to
from hpcbip.store.running.stop_file import clear_stop_request, request_stop, stamp_of_request


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
        clear_stop_request(tmp_path, stamp_of_request(tmp_path))
        os.kill(os.getpid(), signal.SIGTERM)
        assert reason() == "asked to by the file stop"


def test_no_request_that_is_younger_than_the_run_is_cleared(tmp_path: Path) -> None:
    request_stop(tmp_path)
    old = stamp_of_request(tmp_path)
    os.utime(tmp_path / "stop", ns=(1, 1))  # somebody has asked once more; no clock has to say when
    clear_stop_request(tmp_path, old)
    assert (tmp_path / "stop").exists()
    clear_stop_request(tmp_path, stamp_of_request(tmp_path))
    assert not any(tmp_path.iterdir())
    clear_stop_request(tmp_path, old)
    request_stop(tmp_path)
    clear_stop_request(tmp_path, "")  # there was none when the run began
    assert (tmp_path / "stop").exists()


def test_a_second_signal_is_a_reason_to_stop_at_once_and_each_is_answered(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "ECHO_WITHIN", 0.0)
    with stop_requests(tmp_path, None) as stop:
        assert not stop.at_once
        os.kill(os.getpid(), signal.SIGINT)
        assert stop() == "SIGINT" and not stop.at_once
        assert "SIGINT: stops when the blocks in hand are finished" in capfd.readouterr().err
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop() == "SIGINT" and stop.at_once
        assert "SIGTERM: ends at once" in capfd.readouterr().err


def test_echoes_and_the_signals_of_slurm_are_no_second_request(monkeypatch: pytest.MonkeyPatch) -> None:
    echo = signals.SignalSequence()
    assert not echo.is_repeated(signal.SIGTERM) and not echo.is_repeated(signal.SIGTERM)
    monkeypatch.setattr(signals, "ECHO_WITHIN", 0.0)
    assert echo.is_repeated(signal.SIGTERM)
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert not echo.is_repeated(signal.SIGUSR1) and not echo.is_repeated(signal.SIGTERM)
    assert echo.is_repeated(signal.SIGINT)


def test_the_launcher_asks_its_own_ranks_only(tmp_path: Path) -> None:
    campaign, folder = tmp_path / "campaign", tmp_path / "launch"
    campaign.mkdir()
    folder.mkdir()
    with stop_requests(campaign, None, folder) as own, stop_requests(campaign, None) as other:
        request_stop(folder, "SIGUSR1")
        assert (own(), own.at_once, other()) == ("SIGUSR1", False, "")
        request_stop(folder, at_once=True)
        assert own.at_once and not other.at_once


def test_another_parent_is_a_reason(tmp_path: Path) -> None:
    with stop_requests(tmp_path, os.getppid() + 1) as reason:
        assert reason() == "the process that started this one has died" and reason.at_once


def test_signals_reach_the_child_as_a_termination() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with stop_signals_forwarded_to(process) as received:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert process.wait(10) == -signal.SIGTERM
    assert received == [signal.SIGUSR1]
