"""Points and targets added to a file: it grows by these and nothing else, or stays as it was."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from hpcbip.campaign.edit import Extension, check_extensible, extend
from hpcbip.campaign.schema import load_config
from hpcbip.errors import InputError
from tests.kills import killed_at_rename

HEAD = "name: x\nseed: 1\nmodel: {lattice: square, coupling: bond}\n"
NEW = {"omega": 0.5, "lambda": 0.45, "U": 8.0}
TIGHTER = {"tc_over_omega": 0.02}

LAYOUTS = {
    "block list of flow maps": HEAD
    + """points:
  - {omega: 0.5, lambda: 0.40, U: 8.0}   # first
  - {omega: 0.5, lambda: 0.50, U: 8.0}   # last

# about sampling
sampling: {chains: 4, target: {tc_over_omega: 0.05, E_polaron: 1e-4}, max_blocks: 1000}  # s
tc: {omega_meV: 30}
# tail
""",
    "block list of block maps": HEAD
    + """points:
- omega: 0.5
  lambda: 0.40    # first
  U: 8.0
- omega: 0.5
  lambda: 0.50
  U: 8.0   # last

# about sampling
sampling:
    chains: 4
    target:
        E_polaron: 1e-4
        tc_over_omega: 5e-2   # the target
""",
    "flow list": HEAD
    + """points: [{omega: 0.5, lambda: 0.40, U: 8.0}]   # p

# about sampling
sampling: {chains: 4}
""",
    "grid only, target without Tc": HEAD
    + """grid:
  omega: [0.5]          # Ω
  lambda: [0.4, 0.5]
  U: [8.0]

# about sampling
sampling:
  target: {E_polaron: 1e-4}
""",
    "no sampling, no end of line": HEAD + "grid: {omega: [0.5], lambda: [0.4], U: [8.0]}",
    "empty lists": HEAD
    + "grid: {omega: [0.5], lambda: [0.4], U: [8.0]}\npoints: []\nsampling: {target: {}}\n",
    "sampling as a block without a target": HEAD
    + "points:\n  - {omega: 0.5, g: 0.6, U: 8.0}\nsampling:\n  chains: 2\n",
    "windows line ends": (
        HEAD + "points:\n  - {omega: 0.5, lambda: 0.4, U: 8.0}\ntc: {omega_meV: 30}\n"
    ).replace("\n", "\r\n"),
    "the end is marked": HEAD + "points:\n  - {omega: 0.5, lambda: 0.4, U: 8.0}  # p\n...\n# tail\n",
    "no list, the end is marked": HEAD + "grid: {omega: [0.5], lambda: [0.4], U: [8.0]}  # g\n# more\n...\n",
    "marked at both ends, indented": "%YAML 1.2\n---\n"
    + (HEAD + "grid: {omega: [0.5], lambda: [0.4], U: [8.0]}\n").replace("\n", "\n  ").join(["  ", ""])[:-2]
    + "...\n",
    "a byte order mark": "\ufeff" + HEAD + "grid: {omega: [0.5], lambda: [0.4], U: [8.0]}\n",
    "all in flow style": """{name: x, seed: 1, model: {lattice: square, coupling: bond},  # m
 grid: {omega: [0.5], lambda: [0.4], U: [8.0]},  # g
}  # tail
""",
    "flow style, one line, no end of line": "{name: x, seed: 1, model: {lattice: square, coupling: bond}, "
    "points: [{omega: 0.5, lambda: 0.4, U: 8.0}], sampling: {target: {E_polaron: 0.1}}}",
    "flow style with an empty value": "--- {name: x, seed: 1, model: {lattice: square, coupling: bond}, "
    "points: [{omega: 0.5, lambda: 0.4, U: 8.0}], tc: {omega_meV: }}\n...\n",
    "block list with an empty value": HEAD
    + "tc:\n  omega_meV:\npoints:\n- omega: 0.5\n  lambda: 0.4\n  U: 8.0\n  g_holstein:\n",
}
SECTIONS = {
    "name": "x",
    "seed": 1,
    "model": {"lattice": "square", "coupling": "bond"},
    "points": [{"omega": 0.5, "lambda": 0.4, "U": 8.0}],
}


def written(folder: Path, text: str) -> Path:
    path = folder / "c.yaml"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_grows_by_the_points_and_the_target(layout: str, tmp_path: Path) -> None:
    text = LAYOUTS[layout]
    path = written(tmp_path, text)
    before = load_config(path)
    assert extend(path, [NEW], TIGHTER) == Extension((NEW,), TIGHTER)
    after = load_config(path)
    assert after.points == (*before.points, *after.points[-1:])
    assert (after.points[-1].omega, after.points[-1].lam, after.points[-1].U) == (0.5, 0.45, 8.0)
    assert after.sampling.target == {**before.sampling.target, **TIGHTER}
    same = {"points", "sampling"}
    assert after.model_dump(exclude=same) == before.model_dump(exclude=same)
    assert after.sampling.model_dump(exclude={"target"}) == before.sampling.model_dump(exclude={"target"})
    now = path.read_bytes().decode()
    lost = [
        line[2:]
        for line in difflib.ndiff(text.splitlines(True), now.splitlines(True))
        if line.startswith("- ")
    ]
    edited = ("target", "tc_over_omega", "points: [", "sampling: {", "grid: {", "{name")
    assert all(any(word in line for word in edited) or not line.endswith("\n") for line in lost), lost
    assert all(line[line.index("#") :] in now for line in text.splitlines() if "#" in line)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "sections",
    [{}, {"points": []}, {"sampling": {}}, {"sampling": {"target": {}}}, {"sampling": {"target": {"U": 1}}}],
    ids=str,
)
def test_json_stays_json(indent: int | None, sections: dict[str, Any], tmp_path: Path) -> None:
    content = SECTIONS | sections
    if content["points"] == []:
        content |= {"grid": {"omega": [0.5], "lambda": [0.4], "U": [8.0]}}
    if sections == {"sampling": {"target": {"U": 1}}}:
        content["sampling"] = {"target": {"tc_over_omega": 0.5, "E_polaron": 1e-5}, "chains": 2}
    if not sections:
        del content["points"]
        content["grid"] = {"omega": [0.5], "lambda": [0.4], "U": [8.0]}
    path = written(tmp_path, json.dumps(content, indent=indent))
    assert extend(path, [NEW], TIGHTER) == Extension((NEW,), TIGHTER)
    now = json.loads(path.read_text())
    sampling = content.get("sampling", {})
    expected = content | {"points": [*content.get("points", []), NEW]}
    expected["sampling"] = sampling | {"target": sampling.get("target", {}) | TIGHTER}
    assert now == expected


def test_whether_a_file_can_be_extended_is_known_beforehand(tmp_path: Path) -> None:
    """`search` asks before the first block is run."""
    for layout in LAYOUTS.values():
        path = written(tmp_path, layout)
        check_extensible(path)
        assert path.read_bytes().decode() == layout
    path = written(tmp_path, HEAD + "points: &p [{omega: 0.5, lambda: 0.4, U: 8.0}]\n")
    check_extensible(path)
    shared = "sampling: {target: {E_polaron: &e 0.05, tc_over_omega: *e}}\n"
    path = written(tmp_path, HEAD + "points: [{omega: 0.5, lambda: 0.4, U: 8.0}]\n" + shared)
    with pytest.raises(InputError, match="allowed: a file without aliases, or by hand"):
        check_extensible(path)
    assert path.read_text().endswith(shared)


def test_comments_stay_where_they_are(tmp_path: Path) -> None:
    path = written(tmp_path, LAYOUTS["block list of flow maps"])
    extend(path, [NEW])
    assert path.read_text() == LAYOUTS["block list of flow maps"].replace(
        "# last\n", "# last\n  - {omega: 0.5, lambda: 0.45, U: 8.0}\n"
    )


def test_all_configurations_of_the_tree_can_be_extended(tmp_path: Path) -> None:
    for source in sorted((Path(__file__).parents[2] / "configs").glob("*.yaml")):
        path = written(tmp_path, source.read_text(encoding="utf-8"))
        extend(path, [{"omega": 0.77, "lambda": 0.123, "U": 4.5}], {"tc_over_omega": 1e-3})
        assert load_config(path).sampling.target["tc_over_omega"] == 1e-3
        assert load_config(path).points[-1].lam == 0.123


def test_what_is_there_already_changes_nothing(tmp_path: Path) -> None:
    """Also by another name: from the grid, and g in place of λ."""
    text = (
        HEAD
        + "grid: {omega: [0.5], lambda: [0.4, 0.5], U: [8.0]}\nsampling: {target: {tc_over_omega: 0.02}}\n"
    )
    path = written(tmp_path, text)
    stamp = path.stat().st_mtime_ns
    there = [{"omega": 0.5, "lambda": 0.5, "U": 8.0, "V": 0.0}, {"omega": 0.5, "g": 0.4**0.5, "U": 8.0}]
    assert extend(path, there, {"tc_over_omega": 0.05}) == Extension((), {})
    assert path.stat().st_mtime_ns == stamp
    assert extend(path, [NEW, NEW, {**NEW, "V": 0.0}]).points == (NEW,)


def test_points_of_another_model_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, LAYOUTS["flow list"])
    with pytest.raises(
        InputError, match=r"c.yaml: model.lattice: square: a point with lattice = cubic does not fit"
    ):
        extend(path, [{**NEW, "lattice": "cubic"}])
    with pytest.raises(InputError, match=r"model.t: 1.0: a point with t = 2.0"):
        extend(path, [{**NEW, "t": 2.0}])
    assert extend(path, [{**NEW, "lattice": "square", "coupling": "bond", "t": 1.0}]).points == (NEW,)


@pytest.mark.parametrize(
    "point,target,message",
    [
        ({"omega": -0.5, "lambda": 0.45, "U": 8.0}, None, "a new point: omega: -0.5: out of range"),
        ({"omega": 0.5, "U": 8.0}, None, "either lambda or g"),
        ({**NEW, "g_holstein": 1.0}, None, "has no meaning for bond"),
        (NEW, {"tc": 0.1}, "unknown observable"),
        (NEW, {"tc_over_omega": 0.0}, "out of range"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_file_stays(
    point: dict, target: dict | None, message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, LAYOUTS["flow list"])
    with pytest.raises(InputError, match=message) as error:
        extend(path, [point], target)
    assert "\n" not in str(error.value)
    assert path.read_text() == LAYOUTS["flow list"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["c.yaml"]


def test_aliases_elsewhere_do_no_harm(tmp_path: Path) -> None:
    merged = HEAD + "points:\n  - &p {omega: 0.5, lambda: 0.4, U: 8.0}\n  - {<<: *p, lambda: 0.7}\n"
    assert extend(written(tmp_path, merged), [NEW]).points == (NEW,)


@pytest.mark.parametrize(
    "target", ["{tc_over_omega: &e 0.05, E_polaron: *e}", "{E_polaron: &e 0.05, tc_over_omega: *e}"]
)
def test_a_target_that_shares_its_text_is_left_alone(target: str, tmp_path: Path) -> None:
    text = HEAD + f"points: [{{omega: 0.5, lambda: 0.4, U: 8.0}}]\nsampling: {{target: {target}}}\n"
    path = written(tmp_path, text)
    with pytest.raises(InputError, match="allowed: a file without aliases, or by hand"):
        extend(path, [], TIGHTER)
    assert path.read_text() == text


def test_a_configuration_that_is_wrong_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"c.yaml: nme: 'x': unknown key"):
        extend(written(tmp_path, HEAD.replace("name", "nme")), [NEW])
    with pytest.raises(InputError, match="cannot be read"):
        extend(tmp_path / "none.yaml", [NEW])


def test_a_kill_before_the_rename_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, LAYOUTS["flow list"])
    assert killed_at_rename(1, monkeypatch, lambda: extend(path, [NEW]))
    assert path.read_text() == LAYOUTS["flow list"]
    assert extend(path, [NEW]).points == (NEW,)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path = written(tmp_path, LAYOUTS["flow list"])
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    extend(link, [NEW])
    assert link.is_symlink()
    assert len(load_config(path).points) == 2


def test_a_directory_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    path = written(tmp_path, LAYOUTS["flow list"])
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"c.yaml: cannot be written: No space left on device"):
        extend(path, [NEW])
    assert path.read_text() == LAYOUTS["flow list"]
