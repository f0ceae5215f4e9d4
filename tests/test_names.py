"""The words of the source tree: standard terms for names, sentences for docstrings, one home for every
name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "hpcbip").rglob("*.py"))

# Words that once named things here and told a newcomer nothing, each with what is said instead.
PUZZLES = {
    "judge": "convergence",
    "milestone": "sample size, goal",
    "team": "executor",
    "mourned": "reported lost",
    "hungry": "idle",
    "news": "changed",
    "gamble": "speculative",
    "analyst": "reduction",
    "analysed": "selected bins",
    "analyses": "reduced ensembles",
    "extras": "dispersion",
    "kept": "cache",
    "lights": "checks",
    "summit": "maximum",
    "said": "message",
    "again": "repeat",
    "together": "rows per sample",
    "there": "available",
    "look": "poll, style",
    "horizon": "limit",
    "beyond": "remaining",
    "quiet": "collective",
    "sure": "confirmed, resolved",
}


DECLARED_BY_EACH = {"COLUMNS", "SUMS", "WINDOW_MEANS"}
"""What every estimator declares (`hpcbip.qmc.estimators`)."""


def words(name: str) -> set[str]:
    """The words of an identifier, in snake case or in camel case, in the singular and as they are."""
    found = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
    return found | {word.removesuffix("s") for word in found}


def defined_names(path: Path) -> Iterator[tuple[int, str]]:
    """Names of the module, its classes, functions, parameters, variables and attributes, with their lines."""
    yield 1, path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.lineno, node.target.id
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    yield node.lineno, target.attr
                elif isinstance(target, ast.Name):
                    yield node.lineno, target.id


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_names_are_standard_terms(path: Path) -> None:
    puzzling = [
        f"{path.relative_to(ROOT)}:{line}: {name}: say {PUZZLES[word]}"
        for line, name in defined_names(path)
        for word in sorted(words(name) & PUZZLES.keys())
    ]
    assert not puzzling, "\n".join(puzzling)


def test_the_rule_sees_a_puzzle() -> None:
    assert words("_look_again") & PUZZLES.keys() == {"look", "again"}
    assert words("MpiTeam") & PUZZLES.keys() == {"team"}
    assert not words("lookup_table") & PUZZLES.keys()


def test_a_constant_has_one_home() -> None:
    """No two modules declare a public constant of the same name: one name means one thing."""
    homes: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            for target in targets:
                if isinstance(target, ast.Name) and re.fullmatch(r"[A-Z][A-Z0-9_]+", target.id):
                    homes.setdefault(target.id, []).append(str(path.relative_to(ROOT)))
    twice = {
        name: places for name, places in homes.items() if len(places) > 1 and name not in DECLARED_BY_EACH
    }
    assert not twice, twice
