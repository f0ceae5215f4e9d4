"""Checks of points: their limits, and that every flag fails the check that it belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from hpcbip.report.checks import CHECKS, CheckResult, run_checks, worst
from hpcbip.vocabulary.flags import FLAGS, split_code
from tests.report.flagged import CODES, flag_text, flagged


def good(lam: float = 0.5, tc: float | None = 0.17, **other: Any) -> dict[str, Any]:
    """A record that nothing speaks against, with everything in it."""
    values = {
        "E_polaron": (-4.512, 0.0012),
        "E_bipolaron": (-9.6, 0.003),
        "binding_energy": (0.576, 0.0041),
        "mass_polaron": (1.51, 0.02),
        "mass_polaron_fit": (1.53, 0.03),
        "mass_bipolaron": (2.61, 0.05),
        "mass_bipolaron_fit": (2.65, 0.08),
        "radius2": (1.32, 0.02),
        "phonons_bipolaron": (2.2, 0.01),
        "tc_over_omega": (tc, 0.004),
        "tc_kelvin": (None if tc is None else 348.0 * tc, 1.4),
    }
    record: dict[str, Any] = {
        "point": f"{lam:012.6f}",
        "lattice": "square",
        "coupling": "bond",
        "t": 1.0,
        "omega": 1.0,
        "g": 1.0,
        "lambda": lam,
        "U": 8.0,
        "V": 0.0,
        "beta": 100.0,
    }
    for name, (value, error) in values.items():
        known = value is not None
        record |= {
            name: value,
            f"{name}_err": error if known else None,
            f"{name}_tau": 1.2 if known else None,
        }
        record[f"{name}_verdict"] = "converged" if known else None
    for sector in ("polaron", "bipolaron"):
        record |= {
            f"mass_{sector}_fit_p": 0.4,
            f"mass_{sector}_sys": 0.01,
            f"bins_{sector}": 512,
            f"chains_{sector}": 4,
            f"independent_{sector}": 220.0,
            f"half_p_{sector}": 0.3,
            f"trend_p_{sector}": 0.2,
            f"chain_p_{sector}": 0.5,
            f"r_hat_{sector}": 1.004,
            f"seconds_{sector}": 5400.0,
        }
    record |= {
        "beta_weight": 1e-5,
        "radius": 1.149,
        "density": 0.2411,
        "tc_over_binding": 0.3,
        "tc_over_omega_sys": 0.002,
        "tc_kelvin_sys": 0.7,
        "tc_prefactor": 0.586,
        "tc_valid": tc is not None,
        **flagged(),
    }
    return record | other


def of(record: dict[str, Any]) -> dict[str, CheckResult]:
    return {one.name: one for one in run_checks(record)}


def test_nothing_speaks_against_a_good_point() -> None:
    found = run_checks(good())
    assert {one.level for one in found} == {"green"} and worst(found) == "green"
    assert [one.name for one in found] == [check.name for check in CHECKS]
    assert all(one.value and one.meaning for one in found)


def test_every_flag_belongs_to_a_check() -> None:
    assert {flag.check for flag in FLAGS.values()} <= {check.name for check in CHECKS} - {"other flags"}


@pytest.mark.parametrize("code", CODES)
def test_every_flag_fails_its_check(code: str) -> None:
    before, after = of(good()), of(good(**flagged(code)))
    flag, _ = split_code(code)
    assert {name: one.level for name, one in after.items() if one.level != "green"} == {
        flag.check: flag.severity
    }
    assert flag_text(code) in after[flag.check].value
    assert after[flag.check].meaning != before[flag.check].meaning
    # also where nothing else is known
    assert worst(run_checks({"lattice": "square", **flagged(code)})) == flag.severity


def test_an_unknown_flag_is_not_lost() -> None:
    found = of(good(flag_codes=["made_on_a_monday"], flags=["made on a Monday"]))
    assert found["other flags"].level == "yellow" and "made on a Monday" in found["other flags"].value


def test_nothing_known() -> None:
    found = run_checks({"lattice": "square", **flagged()})
    assert {one.level for one in found} == {"none", "green"} and worst(found) == "green"
    assert {one.name for one in found if one.level == "green"} == {"other flags"}
    every = run_checks(dict.fromkeys(good(), None) | {"lattice": "cubic"})
    assert worst(every) == "green"


@pytest.mark.parametrize(
    "changed,name,level",
    [
        ({"independent_polaron": 31.0}, "statistics", "yellow"),
        ({"independent_bipolaron": 9.0}, "statistics", "red"),
        ({"mass_bipolaron_verdict": "maybe"}, "statistics", "yellow"),
        ({"tc_over_omega_verdict": "not"}, "statistics", "red"),
        ({"chain_p_polaron": 9e-3}, "chains", "yellow"),
        ({"chain_p_bipolaron": 9e-5}, "chains", "red"),
        ({"r_hat_bipolaron": 1.2}, "chains", "yellow"),
        ({"r_hat_bipolaron": 1.4}, "chains", "red"),
        ({"half_p_polaron": 9e-3}, "thermalisation", "yellow"),
        ({"trend_p_bipolaron": 9e-5}, "thermalisation", "red"),
        ({"mass_bipolaron_fit": 3.0}, "displacement window", "yellow"),
        ({"mass_bipolaron_fit": 3.6}, "displacement window", "red"),
        ({"mass_bipolaron_fit_p": 9e-3}, "displacement window", "yellow"),
        ({"mass_polaron_fit_p": 9e-5}, "displacement window", "red"),
        ({"mass_bipolaron_sys": 0.06}, "displacement window", "yellow"),
        ({"mass_bipolaron_sys": 0.5}, "displacement window", "red"),
        ({"beta_weight": 0.006}, "beta", "yellow"),
        ({"beta_weight": 0.03}, "beta", "red"),
        ({"binding_energy_err": 0.2}, "binding", "yellow"),
        ({"binding_energy_err": 0.3}, "binding", "red"),
        ({"binding_energy": -0.5}, "binding", "red"),
        ({"tc_over_binding": 0.6}, "Tc against binding", "yellow"),
        ({"tc_over_binding": 1.2}, "Tc against binding", "red"),
        ({"tc_over_binding": -0.3}, "Tc against binding", "red"),
        ({"density": 0.3}, "pair size", "yellow"),
        ({"density": 0.8}, "pair size", "red"),
        ({"lattice": "cubic", "density": 0.9}, "pair size", "red"),
    ],
)
def test_thresholds(changed: dict[str, Any], name: str, level: str) -> None:
    found = of(good(**changed))
    assert found[name].level == level
    assert {one.level for other, one in found.items() if other != name} == {"green"}


def test_a_single_chain_cannot_agree() -> None:
    one = {f"chains_{sector}": 1 for sector in ("polaron", "bipolaron")}
    found = of(good(**one, chain_p_bipolaron=1.0))["chains"]
    assert found.level == "none" and found.value == "one chain only"


def test_size_says_by_how_much_and_names_the_saturation() -> None:
    assert "1.15 lattice constants, 0.15 above one" in of(good())["pair size"].value
    small = of(good(radius=0.8, density=0.3183))["pair size"]
    assert "R² counts as 1" in small.value and small.level == "green"
    assert of(good(lattice="chain", density=None))["pair size"].level == "green"
