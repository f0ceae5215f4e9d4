"""Configurations with several families of phonons: identities, what the sampler gets, records, refusals."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpcbip import Model, sample
from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import Config, validate_config
from hpcbip.errors import InputError
from hpcbip.models import MAX_KINDS, Family, families_from_text
from hpcbip.models.families import MOST_PROFILE, largest_profile
from hpcbip.qmc.kernel.families import PROFILE_CELLS, PROFILE_TABLE
from hpcbip.reduction.bindings import sector_names
from hpcbip.report.model_description import model_formula, model_words

SECOND = {"where": "bonds", "omega": 2.0, "lambda": 0.1}


def config(lattice: str = "square", coupling: str = "bond", **model: Any) -> Config:
    content = {
        "name": "x",
        "seed": 1,
        "model": {"lattice": lattice, "coupling": coupling, **model},
        "grid": {"omega": [1.0], "lambda": [0.5], "U": [8.0]},
    }
    if coupling == "bond+holstein":
        content["grid"] |= {"g_holstein": [0.3], "omega_holstein": [1.5]}
    return validate_config(content, Path("x.yaml"))


def test_a_family_reaches_the_sampler() -> None:
    plan = make_plan(
        config("lieb", phonons=[SECOND, {"where": "sites", "omega": 0.5, "g": 0.4, "places": ["Cu"]}])
    )
    expected = (Family("bonds", 2.0, (0.1 * 4 * 2.0 / 3) ** 0.5), Family("sites", 0.5, 0.4, (0,)))
    for record in plan.ensembles.values():
        model = record.build().model
        assert families_from_text(record.parameters["phonons"]) == model.further_families
        for one, other in zip(model.further_families, expected, strict=True):
            assert one.g == pytest.approx(other.g) and replace(one, g=other.g) == other
        assert [len(model.modes("sites", kind)) for kind in range(3)] == [1, 0, 0]
        names = sector_names(record.sector, record.parameters)
        assert sum(name.startswith("phonons_family_") for name in names) == 3


def test_models_without_families_keep_their_identity() -> None:
    (plain,) = make_plan(config()).points
    assert "phonons" not in plain.parameters and "profile" not in plain.parameters
    assert make_plan(config(phonons=[])).points[0].identity == plain.identity
    assert make_plan(config(phonons=[SECOND])).points[0].identity != plain.identity


def test_however_its_coupling_is_given_a_family_is_the_same() -> None:
    given = config(phonons=[SECOND])
    g = given.model.further_families[0].g
    other = config(phonons=[{"where": "bonds", "omega": 2.0, "g": g}])
    assert make_plan(given).points[0].identity == make_plan(other).points[0].identity
    assert given.frozen() == other.frozen()
    assert given.frozen() != config(phonons=[{**SECOND, "omega": 2.1}]).frozen()


def test_the_slowest_family_decides_how_long_paths_are() -> None:
    assert make_plan(config(phonons=[{**SECOND, "omega": 0.2}])).points[0].parameters["beta"] == 24 / 0.2


REFUSED = {
    "unknown place": (
        {"phonons": [{**SECOND, "where": "bond"}]},
        r"phonons\[0\].where: 'bond': unknown place",
    ),
    "no coupling": ({"phonons": [{"where": "bonds", "omega": 2.0}]}, r"phonons\[0\].lambda: required key"),
    "both": ({"phonons": [{**SECOND, "g": 0.1}]}, r"phonons\[0\].lambda: 0.1: given together with g"),
    "no such axis": ({"phonons": [{**SECOND, "places": [2]}]}, "the lattice has 2 bond axes, from 0 on"),
    "no such site": ({"phonons": [{**SECOND, "where": "sites", "places": ["Cu"]}]}, "'Cu' is no"),
    "profile on bonds": ({"phonons": [{**SECOND, "profile": [1, 0.5]}]}, "a profile is one of the density"),
    "negative profile": ({"phonons": [{**SECOND, "where": "sites", "profile": [1, -0.5]}]}, ">= 0"),
    "long profile": ({"coupling": "holstein", "profile": [1.0] * 12}, "profile of 12 numbers"),
    "profile without sites": ({"profile": [1.0, 0.5]}, "without a coupling on sites"),
    "too many": ({"phonons": [SECOND] * 5}, "phonons"),
    "Omega = 0": ({"phonons": [{**SECOND, "omega": 0.0}]}, r"phonons\[0\].omega: 0.0: out of range"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_one_line(name: str) -> None:
    model, message = REFUSED[name]
    with pytest.raises(InputError, match=message) as caught:
        config(**model)
    assert "\n" not in str(caught.value) and str(caught.value).startswith("x.yaml: model")


def test_a_profile_on_a_lattice_with_a_basis() -> None:
    on_copper = {"where": "sites", "omega": 0.5, "g": 0.4, "places": ["Cu"]}
    found = config("lieb", "holstein", profile=[1.0, 0.5], phonons=[{**on_copper, "profile": [0.5, 0.2]}])
    (record, *_) = make_plan(found).ensembles.values()
    model = record.build().model
    assert model.profile == (1.0, 0.5) and model.further_families[0].profile == (0.5, 0.2)
    # at the second distance, that between oxygens, a copper has no neighbours
    with pytest.raises(InputError, match=r"phonons\[0\].*: no site is that far from the oscillators"):
        config("lieb", phonons=[{**on_copper, "profile": [0.0, 0.0, 1.0]}])
    with pytest.raises(InputError, match="a profile of 12 numbers: .* reach beyond"):
        config("honeycomb", "holstein", profile=[1.0] * 12)


def test_the_kernel_holds_every_profile_that_is_allowed() -> None:
    for d, kinds in itertools.product(MOST_PROFILE, range(1, MAX_KINDS + 1)):
        reach = largest_profile(d, kinds)
        assert reach >= 1 and (2 * reach + 1) ** d <= PROFILE_CELLS
        assert kinds**2 * (2 * reach + 1) ** d <= PROFILE_TABLE


def test_families_do_not_hop() -> None:
    content = config(phonons=[SECOND]).model_dump(by_alias=True, exclude_unset=True)
    content["grid"]["phonon_hopping"] = [0.1]
    with pytest.raises(InputError, match="grid.phonon_hopping: 0.1: phonons of several families"):
        validate_config(content, Path("x.yaml"))


def test_words_and_formula_name_every_family() -> None:
    found = config("square", "holstein", profile=[1.0, 0.5], phonons=[SECOND])
    words = model_words(found)
    assert "g multiplied by 1, 0.5 for the density on the site of an oscillator and on its neighbour" in words
    assert "Phonons of family 2: an oscillator with Ω = 2 and g = 0.632456 on every bond." in words
    formula = str(model_formula(found))
    assert "<i>g</i><sub>2</sub>" in formula and "p(|" in formula.replace("<i>p</i>", "p")


def test_sample_gives_phonons_by_family() -> None:
    model = Model("chain", "bond", 1.0, 1.0, 0.5, phonons=(Family("bonds", 2.0, 0.5),))
    found = sample(model, beta=8.0, bins=16, updates_per_bin=2_000, chains=2, seed=1)
    families = [found[f"phonons_family_bipolaron[{k}]"].value for k in (1, 2)]
    assert sum(families) == pytest.approx(found["phonons_bipolaron"].value, rel=1e-9)
