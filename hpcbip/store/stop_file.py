"""DIR/stop: the file that asks the campaign at work in a directory to stop with everything saved."""

from __future__ import annotations

from pathlib import Path

NAME = "stop"


def request_stop(directory: Path) -> None:
    """Ask the campaign at work in a directory to stop."""
    (directory / NAME).touch()


def stop_is_requested(directory: Path) -> bool:
    """Tell whether somebody asks for a stop."""
    return (directory / NAME).exists()


def clear_stop_request(directory: Path) -> None:
    """Remove a request that an earlier run has left."""
    (directory / NAME).unlink(missing_ok=True)
