"""The columns of a bin row: known without a compiler, and where the kernel writes them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hpcbip.models import LATTICES, Model
from hpcbip.qmc import Ensemble, cycle
from hpcbip.qmc.cycle import CYCLE, UPDATES, tries_per_cycle
from hpcbip.qmc.estimators import displacement, energy, pair, phonons
from hpcbip.qmc.estimators.measure import (
    DISPLACEMENT,
    ENERGY,
    ESTIMATORS,
    FIRST_COLUMN,
    PAIR,
    PHONONS,
    SCALARS,
)
from hpcbip.qmc.layout import FAMILIES, columns, family_offsets, kernel_columns, sector_mask

LIGHT = (
    "hpcbip.qmc.layout",
    "hpcbip.qmc.ensemble",
    "hpcbip.campaign.plan",
    "hpcbip.store.recovery",
    "hpcbip.reduction.points",
)


def test_descriptions_need_no_compiler() -> None:
    """Importing these modules, and building the parameters of the kernel, does not load numba."""
    program = f"""
import sys
import {", ".join(LIGHT)}
from hpcbip.models import Model
from hpcbip.qmc import Chain, Ensemble, columns
ensemble = Ensemble(Model("square", "bond", 1.0, 1.0, 0.5), 2, 8.0)
ensemble.parameters, columns(ensemble)
assert "numba" not in sys.modules, "numba is loaded"
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("lattice", LATTICES)
def test_offsets_find_the_names(lattice: str, electrons: int) -> None:
    ensemble = Ensemble(Model(lattice, "bond", 1.0, 1.0, 0.5), electrons, 8.0)
    names = kernel_columns(ensemble)
    assert len(set(names)) == len(names)
    assert names[FIRST_COLUMN[ENERGY] + energy.ENERGY] == "energy"
    assert names[FIRST_COLUMN[DISPLACEMENT] + displacement.DIFFUSION] == "diffusion"
    assert names[FIRST_COLUMN[PHONONS] + phonons.NUMBER_OF_EVENTS] == "events"
    assert names[FIRST_COLUMN[PAIR] + pair.PAIR_DISTANCE2] == "pair_distance2"
    offsets = family_offsets(ensemble.model, ensemble.lattice)
    assert list(offsets) == list(FAMILIES)
    # families of the sites of the cell have no columns on a Bravais lattice
    families = ["diffusion", "displacement2", "wave", "pair_weight", "contact", "site_weight"]
    families.append("distortion_shell")
    expected = [name for name in families if f"{name}[" in "".join(names)]
    first = [names[offset] for offset in sorted(set(offsets.values())) if offset < len(names)]
    assert [name.partition("[")[0] for name in first] == expected
    of_a_basis, of_others = {"contact", "site_weight"}, {"distortion_shell"}
    assert set(families) - set(expected) == (of_a_basis if ensemble.lattice.is_bravais else of_others)
    assert min(offsets.values()) == SCALARS == sum(len(e.COLUMNS.scalars) for e in ESTIMATORS)
    assert all(ensemble.parameters[name] == offset for name, offset in offsets.items())


def test_one_electron_has_no_columns_of_pairs() -> None:
    pair_ensemble, single = (Ensemble(Model("square", "bond", 1.0, 1.0, 0.5), n, 8.0) for n in (2, 1))
    assert sector_mask(pair_ensemble).all()
    missing = set(columns(pair_ensemble)) - set(columns(single))
    assert {"pair_distance2", "potential", "pair_weight[0,0]"} <= missing
    assert all("pair_" in name or "_between" in name or name == "potential" for name in missing)


def test_updates_without_use_are_not_tried() -> None:
    def tried(model: Model) -> set[str]:
        repeats = tries_per_cycle(Ensemble(model, 2, 8.0).parameters)
        assert all(n in (0, CYCLE[name].number) for name, n in zip(UPDATES, repeats, strict=True))
        return {name for name, n in zip(UPDATES, repeats, strict=True) if n}

    bond = tried(Model("square", "bond", 1.0, 1.0, 0.5))
    assert set(UPDATES) - bond == {"split", "line", "exchange"}
    assert set(UPDATES) - tried(Model("square", "holstein", 1.0, 1.0, 0.5)) == {"join", "split"}
    assert "split" in tried(Model("triangular", "bond", 1.0, 1.0, 0.5))


def test_numbers_of_updates_are_those_of_their_columns() -> None:
    assert [getattr(cycle, name.upper()) for name in UPDATES] == list(range(len(UPDATES)))
