"""The house rules of the source tree: lint, types, floors and walls, readable file sizes."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "hpcbip"
# Lowest first; a module imports only from its own floor and from floors below.
FLOORS = [
    "version",
    "errors",
    "messages",
    "files",
    "settings",
    "exit_status",
    "vocabulary",
    "models",
    "statistics",
    "qmc",
    "theory",
    "superconductivity",
    "campaign",
    "store",
    "reduction",
    "catalogue",
    "driver",
    "report",
    "cli",
    "__main__",
    "__init__",
]
MAX_LINES = 350
MAX_FUNCTION_LINES = 60
MAX_FILES = 14


def module_name(path: Path) -> str:
    """`hpcbip.models.lattice` for its file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Full dotted names of everything that a file imports, also inside functions; relative imports are
    resolved."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield from (".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names)


def floor(name: str) -> str | None:
    """The floor of a module of the package, or of a name imported from one; None for other packages.

    `hpcbip/__init__.py`, and the names that it alone defines or hands out, are the highest floor.
    """
    parts = name.split(".")
    if parts[0] != "hpcbip":
        return None
    room = parts[1] if len(parts) > 1 else "__init__"
    return room if (PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").exists() else "__init__"


SOURCES = sorted(PACKAGE.rglob("*.py"))
MODULES = [pytest.param(path, id=module_name(path)) for path in SOURCES]


@pytest.mark.parametrize("path", MODULES)
def test_imports_only_from_floors_below(path: Path) -> None:
    own = floor(module_name(path))
    assert own is not None
    above = [
        name for name in imports(path) if (other := floor(name)) and FLOORS.index(other) > FLOORS.index(own)
    ]
    assert not above


@pytest.mark.parametrize("path", MODULES)
def test_walls(path: Path) -> None:
    module, used = module_name(path), set(imports(path))
    own, roots = floor(module), {name.split(".")[0] for name in used}
    inner = {other for name in used if (other := floor(name))}
    if own not in ("campaign", "store", "reduction", "driver", "report", "cli"):
        assert not roots & {"mpi4py", "h5py", "yaml"}, "a result is arrays in, arrays out below the campaign"
    if "h5py" in roots:
        store = ("hpcbip.store.store", "hpcbip.store.segment")
        assert module.startswith(store), "only the store knows the file layout"
    if module.startswith("hpcbip.driver.scheduler"):
        assert "mpi4py" not in roots, "the scheduler is a plain state machine"
    if own == "statistics":
        assert inner <= {"errors", "statistics"}, "statistics knows no physics"
    if own == "theory":
        assert "qmc" not in inner, "theory is what the kernel is checked against"


def test_floors_are_complete() -> None:
    rooms = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/*.py")
    }
    assert rooms == set(FLOORS)
    assert floor("hpcbip") == floor("hpcbip.load") == floor("hpcbip.sample") == FLOORS[-1]


def test_floors_test_sees_relative_and_absolute_imports() -> None:
    names = set(imports(PACKAGE / "campaign" / "plan.py"))
    assert {"hpcbip.campaign.schema.Config", "hpcbip.models.Model", "hpcbip.qmc.ensemble.Ensemble"} <= names


@pytest.mark.parametrize(
    "path", [*SOURCES, *sorted(ROOT.glob("tests/**/*.py"))], ids=lambda p: str(p.relative_to(ROOT))
)
def test_files_and_functions_can_be_read_in_one_sitting(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    long = [one.name for one in functions if (one.end_lineno or 0) - one.lineno >= MAX_FUNCTION_LINES]
    assert not long, f"longer than {MAX_FUNCTION_LINES} lines"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.html")), ids=lambda p: p.name)
def test_templates_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize(
    "room", ["hpcbip", "tests", "benchmarks", "configs", "docs", "jobs", "packaging", "slurm"]
)
def test_folders_can_be_seen_at_a_glance(room: str) -> None:
    # by Python, by the documentation, and by `hpcbip atlas add`
    made = {"__pycache__", "_build", "modules", "campaigns"}
    for folder in [ROOT / room, *(path for path in (ROOT / room).rglob("*") if path.is_dir())]:
        if not made & set(folder.relative_to(ROOT).parts):
            files = [path.name for path in folder.iterdir() if path.is_file()]
            assert len(files) <= MAX_FILES, folder.relative_to(ROOT)


@pytest.mark.parametrize(
    "command",
    ["ruff check --no-cache", "ruff format --no-cache --check", "mypy"],
    ids=["ruff", "format", "mypy"],
)
def test_lint_and_types(command: str) -> None:
    run = [sys.executable, "-m", *command.split()]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
