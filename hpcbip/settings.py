"""The environment variables HPCBIP_*: names, meaning and defaults, each read by one function."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hpcbip.messages import print_message

HDF5 = "HPCBIP_HDF5"
"""`serial`: the master writes all bins even where h5py is built against MPI. For users."""

SLURM_MARGIN = "HPCBIP_SLURM_MARGIN"
"""Seconds before the end of a Slurm job at which everything is saved. For users."""

MPI_PATIENCE = "HPCBIP_MPI_PATIENCE"
"""Seconds after which a rank gives up waiting for MPI to start. Set by `hpcbip run -n` for its ranks."""

STARTED = "HPCBIP_STARTED"
"""`time.monotonic()` at which the user's command began. Set by `hpcbip run -n` for its ranks, of which the
first is on the same machine."""

LAUNCH_FOLDER = "HPCBIP_LAUNCH_FOLDER"
"""Folder in which `hpcbip run -n` asks its ranks to stop. Set by it for its ranks."""

OLD_REQUEST = "HPCBIP_OLD_REQUEST"
"""Stamp of the request to stop that lay in the campaign's directory when the user's command began. Set by
`hpcbip run -n` for its ranks."""

STATUS_FILE = "HPCBIP_STATUS_FILE"
"""File for the exit status, where a launcher would alter it. Set by `hpcbip run -n` and batch scripts."""

TERMINAL = "HPCBIP_TERMINAL"
"""`1`: the user looks at a terminal, which mpirun hides from its ranks. Set by `hpcbip run -n`."""


def serial_hdf5() -> bool:
    """Tell whether the user wants bins written by the master alone."""
    return os.environ.get(HDF5) == "serial"


def slurm_margin() -> float | None:
    """Read the seconds to keep free at the end of a Slurm job; None if they are absent, or not a number."""
    text = os.environ.get(SLURM_MARGIN, "")
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", text):
        return float(text)
    if text:
        print_message(f"hpcbip: {SLURM_MARGIN}: {text}: ignored; allowed: seconds")
    return None


def mpi_patience() -> int:
    """Read the seconds that MPI may take to start; 0 for no limit."""
    return int(os.environ.get(MPI_PATIENCE, "0"))


def started() -> float | None:
    """Read the `time.monotonic()` at which the user's command began; None if this process is that command."""
    text = os.environ.get(STARTED)
    return float(text) if text else None


def launch_folder() -> Path | None:
    """Read the folder of `hpcbip run -n`; None if it did not start this process."""
    text = os.environ.get(LAUNCH_FOLDER)
    return Path(text) if text else None


def old_request() -> str | None:
    """Read the stamp of the request to stop that is older than the run; None if nobody has noted it."""
    return os.environ.get(OLD_REQUEST)


def status_file() -> Path | None:
    """Read the path of the file that takes the exit status; None if nobody waits for one."""
    text = os.environ.get(STATUS_FILE)
    return Path(text) if text else None


def at_terminal() -> bool:
    """Tell whether `hpcbip run -n` was started from a terminal."""
    return os.environ.get(TERMINAL) == "1"
