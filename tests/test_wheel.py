"""The wheel: built from this tree, complete, installed into an empty environment and run there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import hpcbip

ROOT = Path(__file__).parents[1]
BUILT_FROM = ("hpcbip", "configs", "pyproject.toml", "README.md", "LICENSE")
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def _run(*command: str | Path, cwd: Path) -> str:
    """Run a command without the variables that would let it find this tree; return what it prints."""
    environment = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _wheel(folder: Path) -> Path:
    """Build the wheel from a copy, so that nothing is left in the tree."""
    source = folder / "source"
    source.mkdir()
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source)
    _run(*PIP, "wheel", "--no-deps", "--wheel-dir", folder / "dist", source, cwd=folder)
    (wheel,) = (folder / "dist").glob("hpcbip-*.whl")
    return wheel


@pytest.mark.minutes
def test_the_wheel_works_in_an_empty_environment(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path)
    assert wheel.name.startswith(f"hpcbip-{hpcbip.__version__}-")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("hpcbip/")}
    tree = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "hpcbip").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    tree |= {f"hpcbip/catalogue/configs/{path.name}" for path in (ROOT / "configs").iterdir()}  # by a link
    assert packed == {path for path in tree if (ROOT / path).is_file()}  # templates and py.typed too

    venv.create(tmp_path / "empty", with_pip=False)
    binaries = tmp_path / "empty" / ("Scripts" if os.name == "nt" else "bin")
    python = binaries / "python"
    _run(*PIP, "--python", python, "install", "--no-compile", wheel, cwd=tmp_path)
    assert hpcbip.__version__ in _run(binaries / "hpcbip", "--version", cwd=tmp_path)
    where = _run(python, "-c", "import hpcbip; print(hpcbip.__file__)", cwd=tmp_path)
    assert str(tmp_path / "empty") in where
    assert "written: dome.yaml" in _run(
        binaries / "hpcbip", "new", "dome.yaml", "--from", "square-dome", cwd=tmp_path
    )
    assert "name: dome" in (tmp_path / "dome.yaml").read_text(encoding="utf-8")
    assert "triplet" in _run(binaries / "hpcbip", "theory", "ring", cwd=tmp_path)
