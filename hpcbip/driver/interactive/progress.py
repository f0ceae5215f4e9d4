"""How far the sampling is: a bar on a terminal or in a notebook."""

from __future__ import annotations

import time
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

NOTEBOOK_PERIOD = 0.5  # seconds between two states of the bar in a notebook
WAITING = "loading the kernel"


class ProgressBar(Protocol):
    """A bar that is shown from `__enter__` to `__exit__`."""

    def __enter__(self) -> ProgressBar: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, share: float, note: str) -> None:
        """Show a share, 0 to 1, of what is to be done, and a few words."""


def progress_bar(wanted: bool | None) -> ProgressBar:
    """Choose how progress is shown: on stderr, in a notebook, or not at all.

    Args:
        wanted: None: only where stderr is a terminal, and in notebooks.
    """
    console = Console(stderr=True)
    if console.is_jupyter and wanted is not False:
        return _NotebookBar()
    return _TerminalBar(console, console.is_terminal if wanted is None else wanted)


class _TerminalBar:
    def __init__(self, console: Console, visible: bool) -> None:
        fields = (TextColumn("sampling"), BarColumn(), TextColumn("{task.description}"))
        self._bar = Progress(*fields, console=console, disable=not visible)
        self._task = self._bar.add_task(WAITING, total=1.0)

    def __enter__(self) -> _TerminalBar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, share: float, note: str) -> None:
        self._bar.update(self._task, completed=share, description=note)


class _NotebookBar:
    """A bar in HTML, gone when the sampling is over; rich would need ipywidgets for one."""

    def __init__(self) -> None:
        self._next = 0.0
        self._handle: Any = None

    def __enter__(self) -> _NotebookBar:
        from IPython.display import HTML, display  # in notebooks only, which have it

        self._html = HTML
        self._handle = display(HTML(_html_bar(0.0, WAITING)), display_id=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.update(self._html(""))

    def show(self, share: float, note: str) -> None:
        if time.monotonic() > self._next:
            self._next = time.monotonic() + NOTEBOOK_PERIOD
            self._handle.update(self._html(_html_bar(share, note)))


def _html_bar(share: float, note: str) -> str:
    return f'<progress value="{share:.3f}" max="1"></progress> sampling: {note}'
