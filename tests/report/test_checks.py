"""Traffic lights: thresholds, and that every flag that there is shows up as a yellow or red one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hpcbip
from hpcbip.report.checks import CHECKS, Diagnostic, diagnostics, worst

FLAGS = (
    "not bound",
    "Tc >= binding energy",
    "beta short",
    "statistics not converged",
    "polaron: too few bins",
    "bipolaron: too few bins",
    "bipolaron: not thermalised",
    "polaron: chains disagree",
    "bipolaron: chains disagree",
    "mass_bipolaron_fit differs by 4.2 sigma",
    "mass_polaron_fit differs by 12.0 sigma",
    "bipolaron failed",
    "polaron failed",
    "pairs overlap",
    "no Tc in one dimension",
    "mass not resolved",
    "binding energy unknown",
    "no polaron bins",
    "no bipolaron bins",
)


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
        "flags": [],
    }
    return record | other


def of(record: dict[str, Any]) -> dict[str, Diagnostic]:
    return {one.name: one for one in diagnostics(record)}


def flags_in_source() -> Iterator[str]:
    """Every text that a point's list of flags may get: what is appended to a name with `flags` in it, or
    stands in a list that becomes one. Sectors and numbers in it get an example."""
    package = Path(hpcbip.__file__).parent
    # other modules flag other things: peaks, Fermi surfaces
    sources = [*package.glob("reduction/*.py"), package / "superconductivity/tc.py"]
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="append" | "extend", value=target), args=[value]):
                    yield from _texts(target, value)
                case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, value=value):
                    yield from _texts(target, value)


def _texts(target: ast.expr, value: ast.expr) -> Iterator[str]:
    if "flags" not in ast.unparse(target):
        return
    for node in (
        [value] if isinstance(value, ast.Constant | ast.JoinedStr) else getattr(value, "elts", [value])
    ):
        inner = node.elt if isinstance(node, ast.ListComp) else node
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value
        elif isinstance(inner, ast.JoinedStr):
            yield "".join(
                part.value if isinstance(part, ast.Constant) else "4.2" if part.format_spec else "bipolaron"
                for part in inner.values
            )


def test_nothing_speaks_against_a_good_point() -> None:
    found = diagnostics(good())
    assert {one.light for one in found} == {"green"} and worst(found) == "green"
    assert [one.name for one in found] == [check.name for check in CHECKS]
    assert all(one.value and one.meaning for one in found)


def test_source_has_the_flags() -> None:
    assert set(flags_in_source()) >= {"not bound", "beta short", "bipolaron failed", "no bipolaron bins"}


@pytest.mark.parametrize("flag", sorted({*FLAGS, *flags_in_source()}))
def test_every_flag_is_a_light(flag: str) -> None:
    before, after = of(good()), of(good(flags=[flag]))
    lit = {name for name, one in after.items() if one.light in ("yellow", "red")}
    assert len(lit) == 1 and "other flags" not in lit
    (name,) = lit
    assert flag in after[name].value and after[name].meaning != before[name].meaning
    # also where nothing else is known
    assert worst(diagnostics({"lattice": "square", "flags": [flag]})) in ("yellow", "red")


def test_an_unknown_flag_is_not_lost() -> None:
    found = of(good(flags=["made on a Monday"]))
    assert found["other flags"].light == "yellow" and "made on a Monday" in found["other flags"].value


def test_nothing_known() -> None:
    found = diagnostics({"lattice": "square", "flags": []})
    assert {one.light for one in found} == {"none", "green"} and worst(found) == "green"
    assert {one.name for one in found if one.light == "green"} == {"other flags"}
    every = diagnostics(dict.fromkeys(good(), None) | {"lattice": "cubic", "flags": None})
    assert worst(every) == "green"


@pytest.mark.parametrize(
    "changed,name,light",
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
def test_thresholds(changed: dict[str, Any], name: str, light: str) -> None:
    found = of(good(**changed))
    assert found[name].light == light
    assert {one.light for other, one in found.items() if other != name} == {"green"}


def test_a_single_chain_cannot_agree() -> None:
    one = {f"chains_{sector}": 1 for sector in ("polaron", "bipolaron")}
    found = of(good(**one, chain_p_bipolaron=1.0))["chains"]
    assert found.light == "none" and found.value == "one chain only"


def test_size_says_by_how_much_and_names_the_saturation() -> None:
    assert "1.15 lattice constants, 0.15 above one" in of(good())["pair size"].value
    small = of(good(radius=0.8, density=0.3183))["pair size"]
    assert "R² counts as 1" in small.value and small.light == "green"
    assert of(good(lattice="chain", density=None))["pair size"].light == "green"
