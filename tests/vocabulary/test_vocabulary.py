"""Every name is declared once, completely, and as the rest of the program spells it."""

from __future__ import annotations

import math
import string
from dataclasses import fields

import pytest
from pydantic import ValidationError

from hpcbip.campaign.schema import GridSection, ModelSection, PointSection
from hpcbip.models import Model
from hpcbip.vocabulary import cloud, displays, flags, indexed, observables, parameters, sectors
from hpcbip.vocabulary.entries import Entry, Observable
from hpcbip.vocabulary.flags import FLAGS, GAS_FLAGS, PEAK_FLAGS, speaks_against, split_code
from hpcbip.vocabulary.indexed import LATTICE_OBSERVABLES
from hpcbip.vocabulary.observables import OBSERVABLES
from hpcbip.vocabulary.parameters import COORDINATES, PARAMETERS, POINT_KEYS, SCAN_AXES
from hpcbip.vocabulary.sectors import SECTORS


def declared(module: object, kind: type) -> list:
    """Objects of one kind that a module declares."""
    return [value for value in vars(module).values() if isinstance(value, kind)]


def keys(section: type) -> set[str]:
    """Keys of a section of the configuration, as users write them."""
    return {field.alias or name for name, field in section.model_fields.items()}  # type: ignore[attr-defined]


def test_names_are_declared_once_and_listed() -> None:
    named = declared(parameters, parameters.Parameter)
    assert sorted(p.name for p in named) == sorted({*PARAMETERS, "t/omega"})
    rooms = (observables, indexed, cloud)
    found = sorted(one.name for room in rooms for one in declared(room, Observable))
    assert found == sorted([*OBSERVABLES, *LATTICE_OBSERVABLES])
    entries = [
        entry.name
        for entry in {entry for room in (observables, cloud, displays) for entry in declared(room, Entry)}
    ]
    assert len(entries) == len(set(entries))
    assert sorted(flag.code for flag in declared(flags, flags.Flag)) == sorted(
        [*FLAGS, *PEAK_FLAGS, *GAS_FLAGS]
    )
    texts = [flag.text for flag in (*FLAGS.values(), *PEAK_FLAGS.values(), *GAS_FLAGS.values())]
    assert len(texts) == len(set(texts))
    assert [s.name for s in declared(sectors, sectors.Sector)] == list(SECTORS)


def test_parameters_are_the_keys_of_the_configuration_and_of_the_model() -> None:
    assert keys(PointSection) - {"beta"} == keys(GridSection) == set(POINT_KEYS)  # a point may have its own β
    model = {name for name, p in PARAMETERS.items() if p.section == parameters.MODEL}
    assert keys(ModelSection) == model
    ensemble = {name for name, p in PARAMETERS.items() if p.of_ensemble}
    assert {field.name for field in fields(Model)} == ensemble - {"beta"}


@pytest.mark.parametrize("name", POINT_KEYS)
@pytest.mark.parametrize("value", [-1.0, 0.0, 0.5, math.inf, math.nan, True, "1"], ids=str)
def test_the_configuration_allows_what_is_declared_as_allowed(name: str, value: object) -> None:
    content = {"omega": 1.0, "U": 8.0, name: value}
    content |= {} if name in ("lambda", "g") else {"lambda": 0.5}
    try:
        PointSection.model_validate(content)
        allowed = True
    except ValidationError:
        allowed = False
    assert allowed == PARAMETERS[name].check(value)


def test_coordinates_and_axes() -> None:
    assert list(COORDINATES)[:6] == ["lattice", "coupling", "t/omega", "lambda", "U", "V"]
    assert set(SCAN_AXES) == {name for name, p in {**PARAMETERS, **COORDINATES}.items() if p.scan}
    for axis in SCAN_AXES.values():
        assert axis.scan and axis.scan.bounds[0] < axis.scan.bounds[1] and axis.scan.tolerance > 0.0


def test_each_sector_has_the_same_quantities_up_to_the_size_of_the_pair() -> None:
    one, two = (
        {observable.quantity for observable in observables.sector_observables(sector)} for sector in SECTORS
    )
    assert one < two and "pair_distance2" in two - one
    assert observables.sector_observable("mass", "polaron") is OBSERVABLES["mass_polaron"]
    assert sectors.partner("polaron") == "bipolaron" and sectors.partner("bipolaron") == "polaron"
    with pytest.raises(KeyError):
        sectors.partner("trion")


def test_what_is_shown_has_what_its_place_needs() -> None:
    for table in (displays.REDUCE_TABLE, displays.TC_TABLE):
        assert all(entry.terminal.isascii() and entry.terminal for entry in table)
    assert all(entry.html and entry.group and entry.words for entry in displays.RESULTS_TABLE)
    assert all(observable.axis_label for observable in displays.CURVES_FIGURE)
    assert all(observable.tex for observable in displays.AUTOCORRELATION_FIGURE)
    assert all(o.panel for o in (*displays.PLATEAU_FIGURE, *observables.TARGETS.values()))


def test_indexed_observables_name_their_members() -> None:
    assert LATTICE_OBSERVABLES["mass_polaron[a]"].members(2) == ("mass_polaron[1]", "mass_polaron[2]")
    assert OBSERVABLES["radius2"].members(3) == ("radius2",)


@pytest.mark.parametrize(
    "flag", [*FLAGS.values(), *PEAK_FLAGS.values(), *GAS_FLAGS.values()], ids=lambda flag: flag.code
)
def test_every_flag_is_complete(flag: flags.Flag) -> None:
    places = {name for _, name, _, _ in string.Formatter().parse(flag.text) if name}
    assert ("sector" in places) == flag.per_sector
    assert flag.code.isidentifier() and flag.check
    sector = "polaron" if flag.per_sector else ""
    raised = flag.raised(sector, **dict.fromkeys(places - {"sector"}, 5.0))
    assert split_code(raised.code) == (flag, sector)
    assert "{" not in raised.text and raised.text.startswith(flag.counted_as(sector).partition("{")[0])
    with pytest.raises(ValueError, match="sector"):
        flag.raised("" if flag.per_sector else "polaron", **dict.fromkeys(places - {"sector"}, 5.0))


def test_what_a_flag_speaks_against() -> None:
    assert not speaks_against("pairs_overlap", "radius2") and speaks_against("pairs_overlap", "tc_kelvin")
    assert speaks_against("beta_short", "radius2") and speaks_against("beta_short", "tc_over_omega")
    assert speaks_against("polaron:not_thermalised", "binding_energy")
    assert speaks_against("polaron:not_thermalised", "tc_over_omega")  # by way of the binding energy
    assert not speaks_against("polaron:not_thermalised", "mass_bipolaron")
    assert speaks_against("bipolaron:mass_fit_differs", "mass_bipolaron")
    assert not speaks_against("bipolaron:mass_fit_differs", "binding_energy")
    assert not speaks_against("bipolaron:mass_fit_differs", "tc_over_omega")
    assert flags.concerns_tc_only("tc_above_binding") and not flags.concerns_tc_only("not_bound")
    assert flags.invalidates_tc(["polaron:failed"]) and not flags.invalidates_tc(["polaron:mass_fit_differs"])
    assert not speaks_against("gas_formula_range", "tc_over_omega") and not speaks_against(
        "gas_formula_range", "radius2"
    )
    with pytest.raises(KeyError):
        split_code("no such flag")
    assert len(flags.all_codes()) == len(FLAGS) + sum(flag.per_sector for flag in FLAGS.values())
