"""There is no second list of parameters, observables, sectors or flags: the vocabulary is the only one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcbip.vocabulary.flags import FLAGS, GAS_FLAGS, PEAK_FLAGS
from hpcbip.vocabulary.observables import OBSERVABLES
from hpcbip.vocabulary.parameters import COORDINATES, PARAMETERS
from hpcbip.vocabulary.sectors import SECTORS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "hpcbip"
NAMES = {*PARAMETERS, *COORDINATES, *OBSERVABLES}
MOST_NAMES, MOST_SECTORS = 2, 1  # more of them in one literal make a list of names
EXEMPT = {
    ("theory/pair/tables.py", "the text of a flag, 'not bound'"): (
        "the status of a state that was looked for and is not there; no flag is raised"
    ),
}
"""What a file may repeat of the vocabulary, and why."""
FLAG_TEXTS = {
    re.sub(r"\{[^}]*\}", "{}", text)
    for flag in (*FLAGS.values(), *PEAK_FLAGS.values(), *GAS_FLAGS.values())
    for text in (flag.text, flag.title)
    if text
}


def words(node: ast.AST) -> list[str]:
    """The strings in a literal; of elements that are tuples or calls, their first string."""
    if isinstance(node, ast.Dict):
        elements = [key for key in node.keys if key is not None]
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        elements = node.elts
    else:
        return []
    found = []
    for element in elements:
        if isinstance(element, ast.Tuple | ast.List) and element.elts:
            element = element.elts[0]
        elif isinstance(element, ast.Call) and element.args:
            element = element.args[0]
        if isinstance(element, ast.Constant) and isinstance(element.value, str):
            found.append(element.value)
    return found


def template(node: ast.AST) -> str | None:
    """The text of a string, with {} for what an f-string fills in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values]
        return "".join(parts)
    return None


def second_lists(source: str) -> Iterator[tuple[int, str]]:
    """What in a source repeats the vocabulary, and in which line."""
    for node in ast.walk(ast.parse(source)):
        found = words(node)
        line = getattr(node, "lineno", 0)
        if len(names := [word for word in found if word in NAMES]) > MOST_NAMES:
            yield line, str(names)
        if len(sectors := [word for word in found if word in SECTORS]) > MOST_SECTORS:
            yield line, str(sectors)
        if template(node) in FLAG_TEXTS:
            yield line, f"the text of a flag, {template(node)!r}"


SOURCES = [
    pytest.param(path, id=str(path.relative_to(PACKAGE)))
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] != "vocabulary"
]


@pytest.mark.parametrize("path", SOURCES)
def test_no_second_list(path: Path) -> None:
    name = str(path.relative_to(PACKAGE))
    found = [one for one in second_lists(path.read_text(encoding="utf-8")) if (name, one[1]) not in EXEMPT]
    assert not found


@pytest.mark.parametrize(("name", "found"), EXEMPT)
def test_an_exemption_is_needed(name: str, found: str) -> None:
    assert found in [words for _, words in second_lists((PACKAGE / name).read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    "source",
    [
        'NAMES = ("omega", "lambda", "U")',
        'LABELS = {"E_polaron": 1, "radius2": 2, "contact": 3}',
        'TABLE = (("omega", "Ω"), ("lambda", "λ"), ("U", "U"))',
        'COLUMNS = [Column("omega", 1), Column("U", 2), Column("V", 3)]',
        'BOTH = {"polaron": 1, "bipolaron": 2}',
        'flags = ["not bound"]',
        'flag = f"{sector}: not thermalised"',
    ],
)
def test_second_lists_are_found(source: str) -> None:
    assert list(second_lists(source))


def test_a_few_names_are_no_list() -> None:
    assert not list(second_lists('x = record["omega"], record["U"]; y = ("omega", "U"); z = "polaron"'))
