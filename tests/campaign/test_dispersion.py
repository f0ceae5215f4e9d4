"""Phonons that hop, in a configuration: identities, the projection length, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import hpcbip.models.description as description
from hpcbip.campaign.commented import commented_yaml
from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import Config, validate_config
from hpcbip.errors import InputError
from hpcbip.models import Model
from hpcbip.report.model_description import model_formula


def content(lattice: str = "square", coupling: str = "bond", **grid: Any) -> dict[str, Any]:
    return {
        "name": "x",
        "seed": 1,
        "model": {"lattice": lattice, "coupling": coupling},
        "grid": {"omega": [1.0], "lambda": [0.5], "U": [8.0], **grid},
    }


def config(*args: str, **grid: Any) -> Config:
    return validate_config(content(*args, **grid), "x.yaml")


def test_no_hopping_is_the_plain_point() -> None:
    """Zero or not given, in a grid or in a list: the same identities, and no key in any record."""
    plain = make_plan(config())
    zero, hopping = make_plan(config(phonon_hopping=[0.0, 0.1])).points
    assert zero.identity == plain.points[0].identity and zero.ensembles == plain.points[0].ensembles
    assert "phonon_hopping" not in zero.parameters
    assert hopping.parameters["phonon_hopping"] == 0.1
    assert not set(hopping.ensembles.values()) & set(zero.ensembles.values())
    listed = content() | {"points": [{"omega": 1.0, "lambda": 0.5, "U": 8.0, "phonon_hopping": 0}]}
    assert len(make_plan(validate_config(listed, "x.yaml")).points) == 1


def test_the_amplitude_comes_to_the_kernel() -> None:
    plan = make_plan(config("cubic", "holstein", phonon_hopping=[0.1]))
    for record in plan.ensembles.values():
        ensemble = record.build()
        assert ensemble.model.phonon_hopping == 0.1
        assert ensemble.parameters["dispersive"] and ensemble.parameters["transfer"] == 0.2
        assert ensemble.parameters["gap"][12] == pytest.approx(1.0 - 6 * 0.1)


def test_the_path_is_long_against_the_slowest_phonon() -> None:
    """24/(Ω - 2dw), which is more than the 50/t of the pair."""
    assert make_plan(config(phonon_hopping=[0.2])).points[0].parameters["beta"] == pytest.approx(24 / 0.2)
    assert make_plan(config(phonon_hopping=[0.1])).points[0].parameters["beta"] == 50.0


BOTH = {"g_holstein": [0.2], "omega_holstein": [1.0]}
REFUSED = [
    (("square", "bond"), {"phonon_hopping": [0.1, 0.25]}, "0.25: the band", "below omega/4, which is 0.25"),
    (("chain", "holstein"), {"phonon_hopping": [0.5]}, "0.5: the band", "below omega/2, which is 0.5"),
    (("triangular", "bond"), {"phonon_hopping": [0.1]}, "0.1: phonons do not hop", "chain, square or cubic"),
    (("honeycomb", "holstein"), {"phonon_hopping": [0.1]}, "0.1: phonons", "chain, square or cubic"),
    (
        ("square", "bond+holstein"),
        {"phonon_hopping": [0.1], **BOTH},
        "0.1: phonons",
        "bond or holstein alone",
    ),
]


@pytest.mark.parametrize(("model", "grid", "wrong", "allowed"), REFUSED)
def test_what_cannot_hop_is_refused_in_one_line(
    model: tuple[str, str], grid: dict[str, Any], wrong: str, allowed: str
) -> None:
    with pytest.raises(InputError) as refused:
        config(*model, **grid)
    message = str(refused.value)
    assert message.startswith(f"x.yaml: grid.phonon_hopping: {wrong}") and f"allowed: {allowed}" in message
    assert "\n" not in message


def test_a_negative_amplitude_is_refused() -> None:
    with pytest.raises(InputError, match=r"grid.phonon_hopping\[0\]: -0.1: out of range; allowed: >= 0"):
        config(phonon_hopping=[-0.1])


def test_it_is_told_of() -> None:
    assert "<i>w</i> Σ<sub>⟨kl⟩</sub>" in model_formula(config(phonon_hopping=[0.1]))
    assert "<i>w</i>" not in model_formula(config())
    model = Model("chain", "holstein", 1.0, 1.0, 0.5, phonon_hopping=0.1)
    assert "phonons hop" in description.model_in_words(model, dispersive=True)
    assert "phonons hop" not in description.model_in_words(model)


@pytest.mark.parametrize("lattice", ["square", "triangular"])
def test_new_configurations_explain_it_where_it_can_be(lattice: str) -> None:
    text = commented_yaml(config(lattice), Path("x.yaml"), ["About."])
    assert ("# phonon_hopping: [0.1]" in text) == (lattice == "square")
