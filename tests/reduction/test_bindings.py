"""What observables are computed from: each is bound once, to columns by their names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpcbip.errors import InputError
from hpcbip.models import written_lattice
from hpcbip.reduction import bindings, estimates
from hpcbip.reduction.bindings import BINDINGS, binding_of, bound, sector_names
from hpcbip.reduction.ensembles import BoundEnsemble, EnsembleBins, TcSettings
from hpcbip.reduction.estimates import Evaluation, reduce_ensemble
from hpcbip.reduction.points import sector_entries
from hpcbip.vocabulary.entries import Observable
from hpcbip.vocabulary.indexed import LATTICE_OBSERVABLES
from hpcbip.vocabulary.observables import (
    BINDING_ENERGY,
    BINDING_MARGIN,
    OBSERVABLES,
    RADIUS2,
    sector_observables,
)
from hpcbip.vocabulary.sectors import SECTORS
from tests.reduction.test_points import make
from tests.store.synthetic import sector_bins

WEIGHT = Observable(
    name="weight", quantity="weight", sectors=("bipolaron",), words="one more", column="weight"
)


@pytest.mark.parametrize(
    ("lattice", "parameters", "anisotropic"),
    [
        ("square", {}, False),
        ("triangular", {}, False),
        ("square", {"t_factors": [1.0, 0.5]}, True),
        (written_lattice(((1.0, 0.0), (0.0, 2.0)), ((1, 0), (0, 1))).name, {}, True),
        (written_lattice(((1.0, 0.0), (0.0, 1.0)), ((1, 0), (0, 1))).name, {}, False),
    ],
)
def test_axes_that_differ_have_masses_of_their_own(lattice: str, parameters: dict, anisotropic: bool) -> None:
    ensemble = BoundEnsemble("bipolaron", {"lattice": lattice, **parameters}, np.ones(3), TcSettings(), None)
    assert ensemble.anisotropic is anisotropic


@pytest.mark.parametrize("name", [*OBSERVABLES, *LATTICE_OBSERVABLES])
def test_every_observable_of_one_sector_has_a_binding(name: str) -> None:
    observable = {**OBSERVABLES, **LATTICE_OBSERVABLES}[name]
    if observable in (BINDING_ENERGY, BINDING_MARGIN):  # of two sectors: `hpcbip.reduction.points`
        assert observable.column is None and name not in BINDINGS
    else:
        assert binding_of(observable).columns


def test_an_observable_is_bound_once() -> None:
    for observable in (RADIUS2, OBSERVABLES["pair_distance2"]):
        with pytest.raises(ValueError, match="bound already"):
            bound(observable, columns=("energy",))(lambda ensemble, energy: energy)


@pytest.mark.parametrize("sector", SECTORS)
def test_values_come_in_the_order_of_the_vocabulary_with_columns_in_any(tmp_path: Path, sector: str) -> None:
    data = sector_bins(make(tmp_path), sector)
    order = np.random.default_rng(1).permutation(len(data.columns))
    mixed = replace(
        data,
        columns=[data.columns[i] for i in order],
        chains=[np.ascontiguousarray(chain[:, order]) for chain in data.chains],
    )
    one, two = reduce_ensemble(data), reduce_ensemble(mixed)
    assert one.names == two.names == sector_names(sector, data.parameters)
    declared = [observable.name for observable in sector_observables(sector) if not observable.indexed]
    assert [name for name in one.names if "[" not in name] == declared
    np.testing.assert_allclose(one.values, two.values, rtol=1e-12)


def with_weight(data: EnsembleBins) -> EnsembleBins:
    """The same bins with a column that the kernel does not have."""
    rng = np.random.default_rng(7)
    chains = [np.column_stack([chain, rng.normal(0.3, 0.01, len(chain))]) for chain in data.chains]
    return replace(data, columns=[*data.columns, "weight"], chains=chains)


def declare(monkeypatch: pytest.MonkeyPatch, observable: Observable) -> None:
    """As if one more observable stood in the vocabulary."""

    def more(sector: str) -> tuple[Observable, ...]:
        return sector_observables(sector) + ((observable,) if observable.sectors == (sector,) else ())

    monkeypatch.setattr(estimates, "sector_observables", more)
    monkeypatch.setattr(bindings, "sector_observables", more)
    bindings._sector_names.cache_clear()


def test_a_declaration_alone_brings_the_mean_of_a_column_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, WEIGHT)
    data = with_weight(sector_bins(make(tmp_path), "bipolaron"))
    entries = sector_entries("bipolaron", reduce_ensemble(data), data.parameters)
    assert entries["weight"] == pytest.approx(0.3, abs=0.004)
    assert entries["weight_err"] == pytest.approx(0.01 / 16, rel=0.3) and entries["weight_verdict"]
    bindings._sector_names.cache_clear()


def test_bins_without_a_column_are_refused_unless_the_observable_can_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = sector_bins(make(tmp_path), "bipolaron")
    declare(monkeypatch, WEIGHT)
    with pytest.raises(InputError, match="no column weight"):
        reduce_ensemble(data)
    declare(monkeypatch, replace(WEIGHT, required=False))
    entries = sector_entries("bipolaron", reduce_ensemble(data), data.parameters)
    assert entries["weight"] is None and entries["weight_verdict"] is None and entries["radius2_err"] > 0.0
    bindings._sector_names.cache_clear()


def test_evaluation_at_exact_means(tmp_path: Path) -> None:
    data = sector_bins(make(tmp_path), "bipolaron")
    function = Evaluation(data, TcSettings(omega_meV=30.0), None)
    means = np.array(
        [
            {"diffusion": 0.5, "pair_distance2": 6.0, "energy": -9.0}.get(name, 1.0)
            for name in function.columns
        ]
    )
    values = dict(zip(function.all_names, function(means), strict=True))
    assert values["mass_bipolaron"] == 4.0 and values["radius2"] == 1.5 and values["E_bipolaron"] == -9.0
    assert values["unsaturated_tc"] == values["tc_over_omega"] and np.isnan(values["mass_bipolaron_fit"])
    assert values["tc_kelvin"] == pytest.approx(11.6045 * 30.0 * values["tc_over_omega"])
    np.testing.assert_array_equal(function(np.stack([means, means])), [[*values.values()]] * 2)
