"""What several tests of the search use."""

from __future__ import annotations

import pytest

from hpcbip.superconductivity import maximum, peaks


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few draws, for tests that search many times."""
    monkeypatch.setattr(maximum, "DRAWS", 60)
    monkeypatch.setattr(peaks, "INTERPOLATION_DRAWS", 60)
