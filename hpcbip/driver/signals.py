"""Requests to stop: signals, the file DIR/stop, and the death of the parent process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hpcbip.store.stop_file import stop_is_requested

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
"""Signals that ask for a stop with everything saved; Slurm sends SIGUSR1 before the end of a job."""


@contextlib.contextmanager
def stop_signals_handled_by(handler: Callable[[int], None]) -> Iterator[None]:
    """Call `handler` with the number of every stop signal, and put the old handlers back in the end."""
    previous = {number: signal.signal(number, lambda n, _: handler(n)) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, action in previous.items():
            signal.signal(number, action)


@contextlib.contextmanager
def stop_requests(directory: Path, parent: int) -> Iterator[Callable[[], str]]:
    """Yield a function that returns the first reason to stop after the blocks in hand, or "".

    Args:
        directory: of the campaign, where the stop file is looked for.
        parent: process number of the parent at the start.
    """
    reasons: list[str] = []

    def reason() -> str:
        if not reasons and stop_is_requested(directory):
            reasons.append("asked to by the file stop")
        if not reasons and os.getppid() != parent:
            reasons.append("the process that started this one has died")
        return reasons[0] if reasons else ""

    with stop_signals_handled_by(lambda number: reasons.append(signal.Signals(number).name)):
        yield reason


@contextlib.contextmanager
def stop_signals_forwarded_to(process: subprocess.Popen[Any]) -> Iterator[list[int]]:
    """Pass stop signals on to a child as SIGTERM; yields the list that the received numbers are added to."""
    received: list[int] = []

    def forward(number: int) -> None:
        received.append(number)
        process.send_signal(signal.SIGTERM)

    with stop_signals_handled_by(forward):
        yield received


def ignore_stop_signals() -> None:
    """Let a rank that is not the master go on at SIGTERM and SIGUSR1: the master decides when to stop."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def die_with_parent() -> None:
    """Have this process sent SIGTERM when its parent is killed; to be called in a child before it starts.

    A run that nobody waits for must not hold the lock.
    """
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
