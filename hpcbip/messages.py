"""Words for the user: lines on the terminal that must not break the run, and counts."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def print_message(text: str, stream: TextIO | None = None) -> None:
    """Print a line, on stderr unless told otherwise.

    That the reader has gone (mpirun has closed the pipe because a rank was lost, or the reader was `head`)
    must not look like a failure of the run: from then on the stream leads to the null device.
    """
    stream = stream or sys.stderr
    try:
        print(text, file=stream, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 point`, `2 points`: a number with its noun, whose plural is given if it is not made with an s."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
