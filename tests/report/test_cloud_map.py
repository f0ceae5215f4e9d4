"""The map of the cloud: what is drawn is what the records say, bond by bond."""

from __future__ import annotations

from typing import Any

import pytest

from hpcbip.models import get_lattice
from hpcbip.models.shells import shells_of
from hpcbip.report.figures.cloud_map import cloud_map, has_map
from hpcbip.report.papers.registry import find_figure
from tests.report.papers.synthetic import scan


def with_map(record: dict[str, Any]) -> dict[str, Any]:
    """The same point with shells distorted by 1, 1/2, 1/3, ..., of a pair by twice that."""
    shells = shells_of(get_lattice(record["lattice"]), record["coupling"], (), (), ())
    found = dict(record)
    for k in range(1, len(shells) + 1):
        for sector, scale in (("polaron", 1.0), ("bipolaron", 2.0)):
            name = f"distortion_shell_{sector}[{k}]"
            found |= {name: -scale / k, f"{name}_err": 0.01, f"{name}_verdict": "converged"}
    return found


@pytest.mark.parametrize(
    ("lattice", "coupling", "bonds", "sites"),
    [
        ("square", "bond", 52, 0),
        ("square", "bond+holstein", 52, 25),
        ("chain", "holstein", 0, 7),
        ("cubic", "bond", 32, 0),
    ],
)
def test_every_member_in_the_plane_is_drawn(lattice: str, coupling: str, bonds: int, sites: int) -> None:
    record = with_map(scan(lattice, coupling, 1.0, [0.5])[0])
    picture = cloud_map([record])
    drawn = picture.figure.axes[0].collections
    assert len(drawn[1].get_segments()) == bonds
    assert sum(len(one.get_offsets()) for one in drawn[2:]) == sites
    shells = shells_of(get_lattice(lattice), coupling, (), (), ())
    assert [row["members"] for row in picture.rows] == 2 * [len(shell.members) for shell in shells]
    assert [row["x"] for row in picture.rows[: len(shells)]] == [-1.0 / k for k in range(1, len(shells) + 1)]
    assert {row["of"] for row in picture.rows} == {"polaron", "pair"}


def test_flagged_points_are_called_so() -> None:
    record = with_map(scan("square", "bond", 1.0, [0.5])[0])
    for codes, texts in (([], []), (["beta_short"], ["beta short"])):
        picture = cloud_map([record | {"flag_codes": codes, "flags": texts}])
        titles = [axes.get_title() for axes in picture.figure.axes[:2]]
        assert [title.endswith("flagged") for title in titles] == 2 * [bool(codes)], titles


def test_points_without_a_map_are_left_out() -> None:
    plain = scan("square", "bond", 1.0, [0.5, 0.8])
    assert not any(map(has_map, plain)) and has_map(with_map(plain[0]))
    picture = find_figure("cloud-map").draw([plain[0], with_map(plain[1])])
    assert {row["point"] for row in picture.rows} == {"t/Ω = 1, λ = 0.8, U = 8t"}
