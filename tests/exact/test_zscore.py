"""The comparison itself: passes what is right, rejects shifts and wrong error bars."""

from __future__ import annotations

import numpy as np
import pytest

from tests.exact.reference.zscore import compare, z_scores

SEEDS, BINS = 16, 32


def chains(rng: np.random.Generator, shift: float = 0.0, hidden: float = 0.0) -> list[np.ndarray]:
    """Bins with an error of 1/√32 per seed; `hidden` adds a fluctuation between seeds that the bins do not
    show."""
    return [rng.normal(shift + hidden * rng.normal(), 1.0, BINS) for _ in range(SEEDS)]


def test_z_scores_are_standard_normal() -> None:
    rng = np.random.default_rng(1)
    z = np.concatenate([z_scores(chains(rng), 0.0) for _ in range(400)])
    assert abs(z.mean()) < 4 / np.sqrt(len(z))
    assert abs(z.var() - 1.0) < 4 * np.sqrt(2 / len(z))
    assert np.mean(np.abs(z) > 3) < 0.006


def test_what_is_right_passes() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        assert not compare({"x": chains(rng), "y": chains(rng)}, {"x": 0.0, "y": 0.0})


@pytest.mark.parametrize("wrong", [{"shift": 0.3}, {"shift": -0.3}, {"hidden": 0.5}])
def test_what_is_wrong_is_rejected(wrong: dict[str, float]) -> None:
    rng = np.random.default_rng(3)
    table = compare({"x": chains(rng, **wrong), "y": chains(rng)}, {"x": 0.0, "y": 0.0})
    assert "BAD x" in table and "BAD y" not in table


def test_errors_that_are_too_large_are_rejected() -> None:
    rng = np.random.default_rng(4)
    alternating = [np.tile([1.0, -1.0], BINS // 2) + 1e-3 * rng.normal(size=BINS) for _ in range(SEEDS)]
    assert "BAD x" in compare({"x": alternating}, {"x": 0.0})
