"""Configurations: what is accepted, and one clear line for everything that is not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from hpcbip.campaign.schema import Config, check_frozen, load_config
from hpcbip.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
GOOD: dict[str, Any] = {
    "name": "dome",
    "seed": 2023,
    "model": {"lattice": "square", "coupling": "bond", "t": 1.0},
    "grid": {"omega": [0.5, 1], "lambda": [0.3, 0.5], "U": [8]},
    "points": [{"omega": 1.0, "g": 0.7, "U": 0.0}],
    "sampling": {"chains": 2, "target": {"mass_bipolaron": 0.02}, "max_blocks": 20},
    "tc": {"omega_meV": 30},
}
DELETE = object()


def edited(path: str, value: Any) -> dict[str, Any]:
    """GOOD with the entry at a dotted path replaced, added or deleted."""
    data = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    section: Any = data
    for key in parents:
        section = section[int(key) if isinstance(section, list) else key]
    if value is DELETE:
        del section[last]
    else:
        section[last] = value
    return data


def write(folder: Path, text: str) -> Path:
    path = folder / "campaign.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    """The message for a file that must be refused: one line that begins with the file's name."""
    with pytest.raises(InputError) as caught:
        load_config(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def test_good_config(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, yaml.safe_dump(GOOD)))
    assert config.grid is not None and config.grid.omega == (0.5, 1.0) and config.grid.lam == (0.3, 0.5)
    assert isinstance(config.grid.omega[1], float)
    assert config.sampling.target == {"mass_bipolaron": 0.02}
    assert (config.sampling.beta, config.sampling.min_blocks, config.sampling.updates_per_bin) == (
        "auto",
        8,
        500_000,
    )
    assert (config.tc.omega_meV, config.tc.prefactor) == (30.0, None)
    assert len(config.all_points()) == 5


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_configs_load(path: Path) -> None:
    assert load_config(path).all_points()


def test_scalars_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    text = (
        yaml.safe_dump(GOOD)
        .replace("mass_bipolaron: 0.02", "E_bipolaron: 1e-4")
        .replace("name: dome", "name: no")
    )
    config = load_config(write(tmp_path, text))
    assert config.sampling.target == {"E_bipolaron": 1e-4}
    assert config.name == "no"
    assert refusal(write(tmp_path, text.replace("2023", "010"))).startswith("seed: '010': must be an integer")


@pytest.mark.parametrize("beta", ["auto", 20, 12.5, {"polaron": 10, "bipolaron": 20.0}])
@pytest.mark.parametrize("prefactor", ["published", 0.5, None])
def test_alternatives(tmp_path: Path, beta: Any, prefactor: Any) -> None:
    data = edited("sampling.beta", beta) | {"tc": {"prefactor": prefactor}}
    config = load_config(write(tmp_path, yaml.safe_dump(data)))
    assert config.tc.prefactor == prefactor
    assert json.loads(json.dumps(config.frozen()))["sampling.beta"] == beta


# (dotted path in GOOD, broken value, start of the message after the file's name, what else it says)
BROKEN: list[tuple[str, Any, str, str]] = [
    ("sede", 1, "sede: 1: unknown key", "did you mean 'seed'?; allowed: name, seed, model"),
    ("model.latice", "square", "model.latice: 'square': unknown key", "did you mean 'lattice'?"),
    ("grid.lamda", [0.5], "grid.lamda: [0.5]: unknown key", "did you mean 'lambda'?"),
    ("sampling.chain", 3, "sampling.chain: 3: unknown key", "did you mean 'chains'?"),
    (
        "points",
        [{"omega": 1.0, "lambda": 1, "U": 1, "W": 2}],
        "points[0].W: 2: unknown key",
        "allowed: omega, lambda",
    ),
    (
        "model.lattice",
        "sqare",
        "model.lattice: 'sqare': unknown lattice",
        "'square'?; allowed: chain, square",
    ),
    ("model.lattice", 4, "model.lattice: 4: unknown lattice", "allowed: chain, square"),
    ("model.coupling", "bnod", "model.coupling: 'bnod': unknown coupling", "allowed: bond"),
    (
        "model.coupling",
        "site-peierls",
        "model.coupling: 'site-peierls': has a sign problem",
        "exact diagonalisation",
    ),
    ("model.coupling", "holstien", "model.coupling: 'holstien': unknown coupling", "mean 'holstein'?"),
    (
        "model.coupling",
        "bond+holstein",
        "grid.g_holstein: required key is missing",
        "with bond+holstein only",
    ),
    ("grid.g_holstein", [1.0], "grid.g_holstein: (1.0,): has no meaning for bond", "with bond+holstein only"),
    ("model.t_factors", [1.0], "model.t_factors: [1.0]: wrong number of factors", "which has 2"),
    ("model.t_factors", [1.0, 0.0], "model.t_factors[1]: 0.0: out of range", "> 0"),
    ("model.g_factors", [1.0, -1.0], "model.g_factors[1]: -1.0: out of range", ">= 0"),
    ("model.shells", ["x"], "model.shells[0]: 'x': must be a number", "finite number"),
    ("model.shells", [0.1] * 9, "model.shells: ", "8"),
    ("model.lattice", {"vectors": [[1, 0], [0, 1]]}, "model.lattice.bonds: required key is missing", ""),
    (
        "model.lattice",
        {"vectors": [[1, 0], [2, 0]], "bonds": [[1, 0]]},
        "model.lattice: {",
        "linearly independent; allowed: primitive vectors as rows",
    ),
    ("model.lattice", {"vectors": [[1]], "bonds": [[2]]}, "model.lattice: {", "connect all sites"),
    (
        "model.lattice",
        {"vectors": [[1]], "bonds": [[1], [-1]]},
        "model.lattice: {",
        "different from each other",
    ),
    ("model.lattice", {"vectors": [[1, 0]], "bonds": [[1]]}, "model.lattice: {", "d rows of d numbers"),
    (
        "model.lattice",
        {"vectors": [[1]], "bonds": [[1.5]]},
        "model.lattice.bonds[0][0]: 1.5: must be an integer",
        "",
    ),
    ("model.t", 0, "model.t: 0: out of range", "allowed: > 0"),
    ("model.t", -1.0, "model.t: -1.0: out of range", "allowed: > 0"),
    ("grid.omega", [1.0, 0], "grid.omega[1]: 0: out of range", "allowed: > 0"),
    ("grid.omega", [-0.5], "grid.omega[0]: -0.5: out of range", "allowed: > 0"),
    ("grid.omega", [], "grid.omega: []: must not be empty", "at least one"),
    ("grid.omega", 0.5, "grid.omega: 0.5: must be a list", "allowed: a list"),
    ("grid.omega", ["0.5"], "grid.omega[0]: '0.5': must be a number", "without quotes"),
    ("grid.omega", [True], "grid.omega[0]: True: must be a number", "finite number"),
    ("grid.omega", [0.5, 1.0, 0.5], "grid.omega: [0.5, 1.0, 0.5]: 0.5 is given twice", "distinct"),
    ("grid.lambda", [float("nan")], "grid.lambda[0]: nan: must be finite", "finite number"),
    ("grid.lambda", [float("inf")], "grid.lambda[0]: inf: must be finite", "finite number"),
    ("grid.lambda", [-0.1], "grid.lambda[0]: -0.1: out of range", ">= 0"),
    ("grid.lambda", DELETE, "grid.lambda: required key is missing", "either lambda or g"),
    ("grid.g", [0.5], "grid.lambda: (0.3, 0.5): given together with g", "either lambda or g"),
    ("grid.U", DELETE, "grid.U: required key is missing", ""),
    ("grid.U", [float("-inf")], "grid.U[0]: -inf: must be finite", "finite number"),
    ("grid.V", ["0.8"], "grid.V[0]: '0.8': must be a number", "finite number"),
    ("grid", [1], "grid: [1]: must be a mapping", "the keys omega, lambda, g, U, V"),
    ("points", [{"omega": 1.0, "lambda": 0.5}], "points[0].U: required key is missing", ""),
    ("points", [{"omega": 1.0, "U": 8.0}], "points[0].lambda: required key is missing", "either lambda or g"),
    (
        "points",
        [{"omega": 1.0, "U": 8.0, "g": 1, "lambda": 1}],
        "points[0].lambda: 1.0: given together with g",
        "either",
    ),
    ("points", [{"omega": 1, "U": 8, "g": 1}] * 2, "points[1]: same as points[0]", "distinct points"),
    ("points", {"omega": 1.0}, "points: {'omega': 1.0}: must be a list", "list"),
    ("name", DELETE, "name: required key is missing", ""),
    ("name", "", "name: '': must not be empty", "any text"),
    ("name", 7, "name: 7: must be a string", "text"),
    ("seed", DELETE, "seed: required key is missing", ""),
    ("seed", -1, "seed: -1: out of range", ">= 0"),
    ("seed", 1.5, "seed: 1.5: must be an integer", "integer"),
    ("seed", True, "seed: True: must be an integer", "integer"),
    ("seed", "2023", "seed: '2023': must be an integer", "without quotes"),
    ("model", DELETE, "model: required key is missing", ""),
    ("model.lattice", DELETE, "model.lattice: required key is missing", ""),
    ("sampling.beta", 0, "sampling.beta: 0: not a projection length", "auto, a number > 0"),
    ("sampling.beta", "long", "sampling.beta: 'long': not a projection length", "auto"),
    ("sampling.beta", float("nan"), "sampling.beta: nan: not a projection length", "auto"),
    ("sampling.beta", {"polaron": 10}, "sampling.beta.bipolaron: required key is missing", ""),
    (
        "points",
        [{"omega": 1.0, "lambda": 0.5, "U": 8.0, "beta": 0}],
        "points[0].beta: 0: not a projection length",
        "auto",
    ),
    ("sampling.beta", {"polaron": 10, "bipolaron": -1}, "sampling.beta.bipolaron: -1: out of range", "> 0"),
    ("sampling.chains", 0, "sampling.chains: 0: not a number of chains", ">= 1"),
    ("sampling.chains", 2.0, "sampling.chains: 2.0: not a number of chains", "integer"),
    ("sampling.chains", True, "sampling.chains: True: not a number of chains", "integer"),
    ("sampling.chains", {"min": 4}, "sampling.chains.max: required key is missing", ""),
    (
        "sampling.chains",
        {"min": 4, "max": 3},
        "sampling.chains.max: 3: smaller than min",
        ">= min, which is 4",
    ),
    ("sampling.chains", {"min": 4, "most": 9}, "sampling.chains.most: 9: unknown key", "min, max"),
    (
        "sampling",
        {"max_blocks": 4, "min_blocks": 8},
        "sampling.max_blocks: 4: smaller than min_blocks",
        ">= min_blocks, which is 8",
    ),
    (
        "sampling.target",
        {"mass": 0.01},
        "sampling.target.mass: 0.01: unknown observable",
        "allowed: E_polaron",
    ),
    ("sampling.target", {"radius2": 0}, "sampling.target.radius2: 0: out of range", "> 0"),
    ("sampling.target", 0.01, "sampling.target: 0.01: must be a mapping", "keys with values"),
    ("tc.omega_meV", 0, "tc.omega_meV: 0: out of range", "> 0"),
    ("tc.prefactor", "pilati", "tc.prefactor: 'pilati': not a prefactor", "a number > 0, or published"),
    ("tc.prefactor", -0.5, "tc.prefactor: -0.5: not a prefactor", "a number > 0, or published"),
]


@pytest.mark.parametrize(
    ("path", "value", "start", "rest"), BROKEN, ids=lambda x: x if isinstance(x, str) else ""
)
def test_broken_value(tmp_path: Path, path: str, value: Any, start: str, rest: str) -> None:
    message = refusal(write(tmp_path, yaml.safe_dump(edited(path, value))))
    assert message.startswith(start)
    assert rest in message
    assert "allowed: " in message


def test_neither_grid_nor_points(tmp_path: Path) -> None:
    data = {key: value for key, value in GOOD.items() if key not in ("grid", "points")}
    assert refusal(write(tmp_path, yaml.safe_dump(data))).startswith("grid: required key is missing")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("- a\n- b\n", "must be a mapping"),
        ("just text\n", "must be a mapping"),
        ("name: [1, 2\nseed: 3\n", "line 2, column 5: not valid YAML"),
        ("name: a\n\tseed: 3\n", "line 2, column 1: not valid YAML"),
        ("name: a\nseed: 1\nseed: 2\n", "line 3, column 1: not valid YAML: key 'seed' is given twice"),
        ("model:\n  t: 1\n  t: 2\n", "line 3, column 3: not valid YAML: key 't' is given twice"),
        ("1: 2\n", "1: 2: unknown key"),
        ("{[1]: 2}\n", "not valid YAML"),
        ("a: !!python/name:os.system\n", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("a: *nowhere\n", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        (f"seed: {'9' * 5000}\n", "not valid YAML"),
        ("name: \x01\n", "not valid YAML"),
    ],
)
def test_broken_file(tmp_path: Path, text: str, says: str) -> None:
    assert says in refusal(write(tmp_path, text))


def test_unreadable_files(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refusal(tmp_path / "absent.yaml")
    assert "cannot be read: Is a directory" in refusal(tmp_path)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"name: \xff\xfe")
    assert "byte 6 is not UTF-8" in refusal(binary)


def test_long_values_are_cut_and_line_ends_are_not_shown(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, yaml.safe_dump(edited("model.lattice", "a\nb" * 1000))))
    assert len(message) < 200


def test_shells_beyond_the_table_are_refused(tmp_path: Path) -> None:
    data = edited("model.lattice", {"vectors": [[1, 0], [9.5, 1]], "bonds": [[1, 0], [0, 1]]})
    data["model"]["shells"] = [0.1, 0.2]
    message = refusal(write(tmp_path, yaml.safe_dump(data)))
    assert (
        message.startswith("model.shells: [0.1, 0.2]: 2 shells reach beyond")
        and "shorter primitive" in message
    )


def test_several_errors_are_counted(tmp_path: Path) -> None:
    data = edited("seed", -1)
    data["model"]["t"] = 0
    assert refusal(write(tmp_path, yaml.safe_dump(data))).endswith("(and 1 more)")


FROZEN = [
    ("seed", 7, "seed"),
    ("model.lattice", "chain", "model.lattice"),
    ("model.t", 2.0, "model.t"),
    ("sampling.beta", 30.0, "sampling.beta"),
    ("sampling.updates_per_bin", 10, "sampling.updates_per_bin"),
    ("sampling.bins_per_block", 10, "sampling.bins_per_block"),
    ("sampling.thermal_blocks", 10, "sampling.thermal_blocks"),
]


@pytest.mark.parametrize(("path", "value", "key"), FROZEN)
def test_frozen_keys(path: str, value: Any, key: str) -> None:
    old = Config.model_validate(GOOD).frozen()
    new = Config.model_validate(edited(path, value))
    with pytest.raises(InputError) as caught:
        check_frozen(json.loads(json.dumps(old)), new, "new.yaml")
    message = str(caught.value)
    assert message.startswith(f"new.yaml: {key}: {value!r}: ")
    assert f"started with {old[key]!r}" in message


FREE = [
    ("name", "other"),
    ("grid.omega", [0.1]),
    ("points", []),
    ("tc.omega_meV", 20),
    ("sampling.max_blocks", 500),
    ("sampling.min_blocks", 2),
    ("sampling.chains", 9),
    ("sampling.target", {}),
]


@pytest.mark.parametrize(("path", "value"), FREE)
def test_everything_else_may_change(path: str, value: Any) -> None:
    old = Config.model_validate(GOOD).frozen()
    check_frozen(json.loads(json.dumps(old)), Config.model_validate(edited(path, value)))
