"""`hpcbip run`: one campaign, on this process or on all ranks of an MPI job."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hpcbip.errors import InputError

from .config import load_config
from .deadline import deadline
from .directory import check_directory, locked, prepare_directory
from .plan import make_plan
from .progress import Progress

DONE, STOPPED = 0, 3
MPI_RANK_VARIABLES = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "MPI_LOCALRANKID", "SLURM_PROCID")
_TOOLS = ("hpcbip", "numpy", "numba", "h5py", "mpi4py")


def mpi_rank() -> int | None:
    """The rank the launcher gave this process, or None outside of an MPI job; does not start MPI."""
    under_srun = int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1
    for name in MPI_RANK_VARIABLES:
        if name in os.environ and (under_srun or not name.startswith("SLURM")):
            return int(os.environ[name])
    return None


def run_campaign(source: Path, directory: Path, max_time: float | None, started: float) -> int:
    """Start a campaign or go on with it.

    Args:
        source: the configuration file.
        directory: where everything is kept.
        max_time: seconds after `started` at which everything is saved and the run ends.
        started: `time.time()` at which the run began, on all ranks the same or nearly so.

    Returns:
        0 when every target is met, 3 when stopped before.

    Raises:
        InputError: on bad input, before any work starts, and when the disk refuses to take results.
    """
    config = load_config(source)
    check_directory(directory, config, str(source))
    comm = _world()
    rank = comm.Get_rank() if comm else 0
    parent = os.getppid()
    # MPI before numba: the kernel is compiled, or its cache filled, by one rank; the others then only load it
    from hpcbip.qmc import warm_up

    if rank == 0:
        with _stop_requests(directory, parent) as stop:
            return _lead(comm, source, directory, deadline(max_time, started), stop)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the master decides when to stop
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    assert comm is not None
    _quiet_barrier(comm)
    warm_up()
    from .team import serve
    from .worker import Worker

    serve(comm, Worker(directory, config, make_plan(config)), lambda: os.getppid() != parent)
    return _agree(comm, None)


def _lead(comm: Any, source: Path, directory: Path, limit: float | None, stop: Callable[[], str]) -> int:
    from hpcbip.qmc import warm_up

    from .master import Master
    from .team import LocalTeam, MpiTeam
    from .worker import Worker

    config = load_config(source)
    plan = make_plan(config)
    try:
        with contextlib.ExitStack() as stack:
            directory.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(directory))
            prepare_directory(directory, config, source)
            with contextlib.suppress(FileNotFoundError):
                (directory / "stop").unlink()
            log = Log(directory / "run.log")
            log(f"started: {_provenance(comm)}, seed {config.seed}")
            master = Master(directory, config, plan, log)
            stack.callback(master.close)
            progress = stack.enter_context(Progress(limit, comm is not None))
            warm_up()
            if comm:
                _quiet_barrier(comm)
            worker = Worker(directory, config, plan)
            team = MpiTeam(comm, worker) if comm else LocalTeam(worker)
            finished = master.run(team, stop, limit, progress.show)
            if isinstance(team, MpiTeam):
                team.dismiss()
            log(f"ended: {'finished' if finished else 'to be continued'}")
            error = master.error
    except OSError as failure:
        error, finished = f"{failure.filename or directory}: {failure.strerror or failure}", False
        if comm:
            _fail(comm, error)
    except InputError as failure:
        if comm:
            _fail(comm, str(failure))
        raise
    if error:
        if comm:
            _agree(comm, 2)
        raise InputError(f"{error}; everything up to the last finished blocks is saved, run again to go on")
    status = DONE if finished else STOPPED
    return _agree(comm, status) if comm else status


def _fail(comm: Any, message: str) -> None:
    """Before the other ranks have begun to work there is nothing to save: say why and end the job."""
    print(f"hpcbip: {message}", file=sys.stderr, flush=True)
    report_status(2)
    comm.Abort(2)


def _world() -> Any:
    """COMM_WORLD inside of an MPI job, otherwise None and MPI is not started."""
    if mpi_rank() is None:
        return None
    from mpi4py import MPI

    from .team import abort_on_error

    comm = MPI.COMM_WORLD
    tasks = int(os.environ.get("SLURM_STEP_NUM_TASKS", "1"))
    if comm.Get_size() == 1 and tasks > 1:
        raise InputError(
            f"srun started {tasks} tasks but MPI sees one: the MPI type does not fit; allowed: srun --mpi=pmix or "
            "--mpi=pmi2, whichever this MPI was built for, or mpirun"
        )
    abort_on_error(comm)
    return comm


def _quiet_barrier(comm: Any) -> None:
    """A barrier that leaves the cores to those who still work."""
    request = comm.Ibarrier()
    while not request.Test():
        time.sleep(0.01)


def _agree(comm: Any, status: int | None) -> int:
    """The master's status on all ranks."""
    if status is not None:
        for rank in range(1, comm.Get_size()):
            comm.send(status, dest=rank, tag=9)
        report_status(status)
        return status
    while (message := comm.improbe(source=0, tag=9)) is None:
        time.sleep(0.01)
    return int(message.recv())


def report_status(status: int) -> None:
    """Tell `hpcbip run -n`, which started this job, how it ended (see `launch`)."""
    path = os.environ.get("HPCBIP_STATUS_FILE")
    if path:
        Path(path).write_text(str(status), encoding="utf-8")


@contextlib.contextmanager
def _stop_requests(directory: Path, parent: int) -> Iterator[Callable[[], str]]:
    """SIGTERM, SIGINT and SIGUSR1, a file DIR/stop, and the death of the parent all ask for a stop after the blocks in
    hand."""
    reasons: list[str] = []

    def handler(number: int, _: Any) -> None:
        reasons.append(signal.Signals(number).name)

    def stop() -> str:
        if not reasons and (directory / "stop").exists():
            reasons.append("asked to by the file stop")
        if not reasons and os.getppid() != parent:
            reasons.append("the process that started this one has died")
        return reasons[0] if reasons else ""

    old = {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    try:
        yield stop
    finally:
        for number, action in old.items():
            signal.signal(number, action)


def _provenance(comm: Any) -> str:
    versions = []
    for tool in _TOOLS:
        with contextlib.suppress(PackageNotFoundError):
            versions.append(f"{tool} {version(tool)}")
    ranks = comm.Get_size() if comm else 1
    return f"{ranks} ranks, host {platform.node()}, Python {platform.python_version()}, {', '.join(versions)}"


class Log:
    """DIR/run.log: a line with the time for everything worth knowing afterwards; damage is also told on stderr."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, line: str) -> None:
        """Append a line."""
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {line}\n")
        if line.startswith(("damaged", "stopped")):
            print(f"hpcbip: {line}", file=sys.stderr, flush=True)
