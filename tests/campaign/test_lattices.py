"""Lattices with a basis in a configuration: what is refused, in one line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.campaign.test_schema import edited, refusal, write

BROKEN: list[tuple[str, Any, str, str]] = [
    (
        "model.levels",
        [1.0],
        "model.levels: [1.0]: wrong number of values",
        "on a lattice whose cell has several",
    ),
    ("model.omega_factors", [1.0], "model.omega_factors: [1.0]: wrong number of factors", "which has 2"),
    *(
        ("model.lattice", {"vectors": [[1]], "sites": {"A": [0], "B": [0.5]}, "bonds": bonds}, key, wrong)
        for bonds, key, wrong in (
            ([["A", "B", [0]]], "model.lattice.bonds[0]: ", "must be a mapping"),
            ([{"from": "A", "to": "B"}], "model.lattice.bonds[0].cell: required key is missing", ""),
            ([{"from": "A", "to": "C", "cell": [0]}], "model.lattice: {", "a bond of the unknown site C"),
            ([{"from": "A", "to": "B", "cell": [0]}], "model.lattice: {", "bonds must connect all cells"),
            (
                [{"from": "A", "to": "A", "cell": [1]}],
                "model.lattice: {",
                "none leads to B; allowed: vectors",
            ),
            (
                [{"from": "A", "to": "B", "cell": [k]} for k in (0, 0)],
                "model.lattice: {",
                "different from each",
            ),
            ([{"from": "A", "to": "A", "cell": [0]}], "model.lattice: {", "must not join a site to itself"),
        )
    ),
    (
        "model.lattice",
        {"vectors": [[1]], "sites": {"A": [0], "B": [1.0]}, "bonds": [{"from": "A", "to": "B", "cell": [0]}]},
        "model.lattice: {",
        "sites must be in different places",
    ),
]


@pytest.mark.parametrize(("path", "value", "start", "rest"), BROKEN)
def test_what_is_refused(tmp_path: Path, path: str, value: Any, start: str, rest: str) -> None:
    message = refusal(write(tmp_path, yaml.safe_dump(edited(path, value))))
    assert message.startswith(start) and rest in message
