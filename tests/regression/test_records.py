"""Negative controls of the comparison of records."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.regression.records import differences

Record = dict[str, Any]
STORED: Record = {
    "mass": 2.5,
    "mass_err": None,
    "bins": 48,
    "valid": False,
    "flags": ["not bound", "beta short"],
}


def test_equal_records_and_further_keys_pass() -> None:
    assert differences([STORED], [STORED]) == []
    assert differences([{**STORED, "weight": 0.5}], [STORED]) == []
    assert differences([{**STORED, "mass": 2.5 * (1 + 1e-13)}], [STORED]) == []
    assert differences([{**STORED, "mass": 3.0}], [STORED], ignored=("mass",)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.update(mass=2.5 * (1 + 1e-11)),
        lambda record: record.update(mass=None),
        lambda record: record.update(mass_err=0.0),
        lambda record: record.update(bins=47),
        lambda record: record.update(valid=0),
        lambda record: record["flags"].pop(),
        lambda record: record["flags"].append("not thermalised"),
        lambda record: record["flags"].reverse(),
        lambda record: record.pop("mass_err"),
    ],
)
def test_any_change_is_found(change: Callable[[Record], object]) -> None:
    changed = copy.deepcopy(STORED)
    change(changed)
    assert len(differences([changed], [STORED])) >= 1
    assert differences([], [STORED])
