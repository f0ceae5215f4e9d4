"""What several tests of the report share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.report.html import browser


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """A browser without a window, one for all tests of a file."""
    if reason := browser.missing():
        pytest.skip(reason)
    with browser.browser() as started:
        yield started
