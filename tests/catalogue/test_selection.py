"""Which records meet conditions."""

from __future__ import annotations

from typing import Any

import pytest

from hpcbip.catalogue.selection import select
from hpcbip.errors import InputError
from tests.catalogue.records import atlas_record

RECORDS = [
    atlas_record(0.3, "a"),
    atlas_record(0.1 + 0.2, "b", omega=0.3, U=0.0, V=0.8),
    atlas_record(0.8, "b", lattice="cubic", omega=0.5, U=16.0, t=2.0, tc_valid=False),
    atlas_record(0.8, "c", coupling="holstein", t_factors=[1.0, 0.5]),
]


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({}, [0, 1, 2, 3]),
        ({"lattice": "square", "coupling": "bond"}, [0, 1]),
        ({"lattice": ["square", "cubic"], "coupling": "bond"}, [0, 1, 2]),
        ({"U": 8.0}, [0, 2, 3]),  # 16 at t = 2 is 8 t
        ({"U": 8.0 + 1e-6}, []),
        ({"U": [0, 16]}, [1]),
        ({"V": 0.0}, [0, 2, 3]),
        ({"V": (0.5, 1.0)}, [1]),
        ({"t_over_omega": 10 / 3}, [1]),
        ({"t_over_omega": 4}, [2]),
        ({"t/omega": (1.0, 10 / 3)}, [0, 1, 3]),  # both ends
        ({"omega": 0.5}, [2]),
        ({"lambda_": 0.3}, [0, 1]),  # 0.1 + 0.2 is the same number
        ({"lambda": (0.3, 0.7)}, [0, 1]),
        ({"lambda_": (0.31, 0.8)}, [2, 3]),
        ({"campaign": "b", "tc_valid": True}, [1]),
        ({"t_factors": None}, [0, 1, 2]),
        ({"t_factors": (1, 0.5)}, [3]),
        ({"t_factors": [1.0]}, []),
        ({"g_holstein": None}, [0, 1, 2, 3]),
        ({"g_holstein": (0.0, 1.0)}, []),
        ({"mass_bipolaron": (2.6, 2.7), "campaign": ["a", "c"]}, [0, 3]),
    ],
)
def test_select(conditions: dict[str, Any], found: list[int]) -> None:
    assert select(RECORDS, **conditions) == [RECORDS[i] for i in found]


def test_an_entry_that_nobody_has_is_named() -> None:
    with pytest.raises(InputError, match=r"^t_over_omga: no parameter or entry .*; allowed: t_over_omega,"):
        select(RECORDS, t_over_omga=1.0)
    with pytest.raises(InputError, match=r"^xyzzy: .*; allowed: lattice, .*campaign"):
        select(RECORDS, xyzzy=1.0)
    assert select([], campaign="a") == []
