"""Requests to stop: signals, the file DIR/stop, and the death of the parent process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hpcbip.exit_status import STOPPED
from hpcbip.store.running.stop_file import clear_stop_request, reason_of_request, stop_is_requested

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
"""Signals that ask for a stop with everything saved; Slurm sends SIGUSR1 before the end of a job."""

ORDERLY_END = 4.0
"""Seconds that a run gets to end in order after a second signal, or after the death of its parent."""

ECHO_WITHIN = 0.2
"""Seconds after a signal in which another one is an echo of it."""

PARENT_INTERVAL = 0.3
"""Seconds between two checks whether the parent is alive."""

ORPHANED = "the process that started this one has died"

AWAITS_BLOCKS = "stops when the blocks in hand are finished; a second signal ends it at once, without them"


class SignalSequence:
    """The stop signals that a process has received: tells a second request from an echo of the first.

    `timeout` and others send a signal twice at once; Slurm sends several kinds of them before it ends a job.
    """

    def __init__(self) -> None:
        self._first: float | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there was any."""
        return self._first is not None

    def is_repeated(self, number: int) -> bool:
        """Take a signal; returns whether somebody is asking for the second time."""
        now = time.monotonic()
        if self._first is None:
            self._first = now
            return False
        by_slurm = "SLURM_JOB_ID" in os.environ and number != signal.SIGINT
        return now - self._first > ECHO_WITHIN and not by_slurm


class StopRequests:
    """What asks a run to stop after the blocks in hand, or at once.

    Args:
        directory: of the campaign, where the stop file is looked for; None: nowhere.
        parent: process number of the parent at the start; None: it may go.
        launch_folder: where `hpcbip run -n` leaves requests, or None.
        old: stamp of the stop file that an earlier run has left, or "".
    """

    def __init__(
        self,
        directory: Path | None = None,
        parent: int | None = None,
        launch_folder: Path | None = None,
        old: str = "",
    ) -> None:
        self._directory, self._parent, self._launch_folder = directory, parent, launch_folder
        self._old = old
        self._reasons: list[str] = []
        self._signals = SignalSequence()
        self._at_once = False

    def __call__(self) -> str:
        """Return the first reason to stop, or ""."""
        if not self._reasons:
            if self._directory is not None and stop_is_requested(self._directory):
                self.add("asked to by the file stop")
            elif self._launch_folder is not None and stop_is_requested(self._launch_folder):
                self.add(reason_of_request(self._launch_folder) or "a signal")
            elif self._is_orphaned():
                self.add(ORPHANED)
        return self._reasons[0] if self._reasons else ""

    @property
    def at_once(self) -> bool:
        """Whether not even the blocks in hand are to be finished."""
        folder = self._launch_folder
        self._at_once = (
            self._at_once
            or self._is_orphaned()
            or (folder is not None and stop_is_requested(folder, at_once=True))
        )
        return self._at_once

    def clear_old(self) -> None:
        """Remove the stop file that an earlier run has left, and no other. To be called under the lock."""
        if self._directory is not None:
            clear_stop_request(self._directory, self._old)

    def add(self, reason: str) -> None:
        """Ask for a stop."""
        self._reasons.append(reason)

    def add_signal(self, number: int) -> None:
        """Take a signal: the first asks for a stop, the second for one at once."""
        self._at_once = self._signals.is_repeated(number) or self._at_once
        self.add(signal.Signals(number).name)

    def _is_orphaned(self) -> bool:
        return self._parent is not None and os.getppid() != self._parent


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
def stop_requests(
    directory: Path,
    parent: int | None,
    launch_folder: Path | None = None,
    old: str = "",
    leave: Callable[[], object] | None = None,
) -> Iterator[StopRequests]:
    """Yield what asks for a stop, signals included.

    A signal is answered with a line on stderr at once, the second one with an end within seconds.

    Args:
        directory, parent, launch_folder, old: see `StopRequests`.
        leave: ends the process where a run has not come to its end in time after the second signal; None: it
            is left to itself.
    """
    requests = StopRequests(directory, parent, launch_folder, old)

    def handle(number: int) -> None:
        requests.add_signal(number)
        tell_of_signal(number, requests.at_once)
        if requests.at_once and leave is not None:
            timer = threading.Timer(ORDERLY_END, leave)
            timer.daemon = True
            timer.start()

    with stop_signals_handled_by(handle):
        yield requests


def tell_of_signal(number: int, at_once: bool) -> None:
    """Say on stderr what a signal does. A handler may not print: what it interrupts may be printing."""
    does = "ends at once; everything up to the last finished blocks is saved" if at_once else AWAITS_BLOCKS
    with contextlib.suppress(OSError):
        os.write(2, f"hpcbip: {signal.Signals(number).name}: {does}\n".encode())


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


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Have this process sent a signal when its parent is killed; 0: no more.

    To be called in a child before it starts. A run that nobody waits for must not hold the lock.
    """
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))


def end_soon_after_parent(parent: int) -> None:
    """End this process, from a thread, some seconds after its parent has died, whatever it is doing.

    A run that is at work ends in order before that.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_INTERVAL)
        time.sleep(ORDERLY_END)
        os._exit(STOPPED)

    threading.Thread(target=watch, daemon=True, name="parent").start()
