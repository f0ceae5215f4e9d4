"""Exit statuses of the `hpcbip` command."""

from __future__ import annotations

DONE = 0
"""Everything that was asked for is done."""

PROGRAM_ERROR = 1
"""The program is wrong: a traceback was printed."""

BAD_INPUT = 2
"""Input that cannot be used: one line says what, and what is allowed."""

STOPPED = 3
"""Stopped before the targets were met, with everything saved: the same command goes on."""

INTERRUPTED = 130
"""Interrupted from the keyboard, as shells count it."""
