"""`hpcbip run`: one campaign, on this process or on all ranks of an MPI job."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcbip import settings
from hpcbip.campaign.plan import ChainKey, Plan, make_plan
from hpcbip.campaign.schema import Config, load_config
from hpcbip.driver.mpi import abort_on_error, broadcast, gather_names, is_loss
from hpcbip.driver.deadline import deadline
from hpcbip.driver.progress import Progress
from hpcbip.errors import InputError
from hpcbip.exit_status import BAD_INPUT, DONE, PROGRAM_ERROR, STOPPED
from hpcbip.messages import print_message
from hpcbip.store.directory import check_directory, locked, prepare_directory

if TYPE_CHECKING:
    from hpcbip.driver.master import Master
    from hpcbip.store.run_log import RunLog
    from hpcbip.store.store import Store

MPI_RANK_VARIABLES = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "MPI_LOCALRANKID", "SLURM_PROCID")


@dataclass(frozen=True)
class Orders:
    """What rank 0 tells the others when everything is prepared: to work, or why not."""

    status: int = DONE
    config: Config | None = None
    parallel: bool = False  # all ranks write


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
        0 when every target is met, 3 when stopped before, on all ranks the same.

    Raises:
        InputError: on bad input, before any work starts; when the disk refuses to take results; when a point
            cannot be sampled.
    """
    comm = _world()
    parent = os.getppid()
    if comm is not None and comm.Get_rank() > 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the master decides when to stop
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        return _follow(comm, directory, lambda: os.getppid() != parent)
    try:
        with _stop_requests(directory, parent) as stop:
            return _lead(comm, source, directory, max_time, started, stop)
    except OSError as failure:
        raise InputError(f"{failure.filename or directory}: {failure.strerror or failure}") from failure


@dataclass(frozen=True)
class _Prepared:
    """A campaign that is ready to be worked on: checked, locked, and restored."""

    config: Config
    plan: Plan
    log: RunLog
    store: Store
    behind: Mapping[ChainKey, int]


def _lead(
    comm: Any, source: Path, directory: Path, max_time: float | None, started: float, stop: Callable[[], str]
) -> int:
    """Rank 0: prepare everything, and only then give the others their orders."""
    with contextlib.ExitStack() as stack:
        try:
            ready = _prepare(source, directory, stack)
        except BaseException:
            if comm:
                broadcast(comm, Orders(BAD_INPUT))
            raise
        try:
            status, message, lost = _conduct(comm, directory, ready, deadline(max_time, started), stop)
        except (InputError, OSError) as failure:
            if comm:  # the others are at work and know nothing of it
                print_message(f"hpcbip: {failure}")
                report_status(BAD_INPUT)
                comm.Abort(BAD_INPUT)
            raise
        except Exception as error:
            lost = comm is not None and is_loss(error)
            ready.log("stopped: a rank was lost" if lost else f"program error\n{traceback.format_exc()}")
            raise
    if message and status == BAD_INPUT and not lost:
        raise InputError(message)
    if message:
        print_message(f"hpcbip: {message}")
    _leave(status, lost)
    return status


def _prepare(source: Path, directory: Path, stack: contextlib.ExitStack) -> _Prepared:
    config = load_config(source)
    check_directory(directory, config, str(source))
    # only now, for what is refused should be refused at once: these load HDF5, and numba the kernel
    from hpcbip.qmc import warm_up
    from hpcbip.store.recovery import restore
    from hpcbip.store.run_log import RunLog

    plan = make_plan(config)
    directory.mkdir(parents=True, exist_ok=True)
    stack.enter_context(locked(directory))
    prepare_directory(directory, config, source)
    (directory / "stop").unlink(missing_ok=True)
    log = RunLog(directory)
    log(f"started: {source} in {directory}")
    store, behind = restore(directory, config, plan, log)
    stack.callback(store.close)
    log(f"restored: {sum(behind.values())} blocks of {len(behind)} chains")
    warm_up()  # the kernel is compiled, or its cache filled, by one rank; the others then only load it
    return _Prepared(config, plan, log, store, behind)


def _conduct(
    comm: Any, directory: Path, ready: _Prepared, limit: float | None, stop: Callable[[], str]
) -> tuple[int, str, bool]:
    """Give orders, hand out blocks until the end; returns the exit status, what to tell the user, and whether
    ranks were lost."""
    from hpcbip.driver.executors import LocalTeam, MpiTeam
    from hpcbip.driver.master import Master
    from hpcbip.driver.worker import Worker
    from hpcbip.store.store import Store, parallel_hdf5

    config, plan, log = ready.config, ready.plan, ready.log
    store = writer = ready.store
    hosts = [platform.node()]
    parallel = comm is not None and parallel_hdf5()
    report_status(STOPPED)  # if this process is killed from here on
    if comm:
        broadcast(comm, Orders(DONE, config, parallel))
        hosts = gather_names(comm, platform.node())
    if parallel:  # everything that is not bins was written by this rank alone; from here on all write
        store.close()
        store, writer = Store(directory), Store(directory, writable=True, communicator=comm)
    log.begin(config, hosts, _library(comm), "all ranks" if parallel else "the master")
    worker = Worker(directory, config, plan)
    team = MpiTeam(comm, worker) if comm else LocalTeam(worker)
    master = Master(directory, config, plan, ready.behind, store, writer, log)
    with Progress(limit, comm is not None) as progress:
        finished = master.run(team, stop, limit, progress.show)
    master.close()
    status, message = _outcome(master, finished)
    spent = max(time.time() - master.begun, 1e-9)
    busy = master.seconds / max(1, master.members) / spent
    outcome = "finished" if finished else "to go on"
    log(f"ended: {outcome}: {master.blocks} blocks in {spent:.2f} s, {busy:.2%} sampling")
    report_status(status)
    lost = False
    if isinstance(team, MpiTeam):
        team.dismiss(status)
        lost = bool(team.lost)
    if not lost:
        store.close()
        writer.close()
    return status, message, lost


def _outcome(master: Master, finished: bool) -> tuple[int, str]:
    """Exit status of a run, and what to tell the user if it is neither done nor merely stopped."""
    saved = "everything up to the last finished blocks is saved"
    if master.trace:
        return PROGRAM_ERROR, f"a program error stopped the run, {saved}\n{master.trace}"
    if master.error:
        return BAD_INPUT, f"{master.error}; {saved}, run again to go on"
    if not finished:
        return STOPPED, ""
    failures = master.scheduler.failures
    if not failures:
        return DONE, ""
    identity, why = next(iter(failures.items()))
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return (
        BAD_INPUT,
        f"{master.plan.ensembles[identity].sector} {identity[:12]}: {why}{more}; all other points are done",
    )


def _follow(comm: Any, directory: Path, orphaned: Callable[[], bool]) -> int:
    """The other ranks: wait for orders, work, and end as the master says."""
    orders = broadcast(comm)
    if orders.config is None:
        return int(orders.status)
    from hpcbip.driver.executors import serve
    from hpcbip.driver.worker import Worker
    from hpcbip.qmc import warm_up
    from hpcbip.store.store import Store

    gather_names(comm, platform.node())
    shared = Store(directory, writable=True, communicator=comm) if orders.parallel else None
    warm_up()
    worker = Worker(directory, orders.config, make_plan(orders.config), shared)
    status, lost = serve(comm, worker, orphaned)
    if shared is not None and not lost:
        shared.close()
    _leave(status, lost)
    return status


def _leave(status: int, lost: bool) -> None:
    """After the loss of a rank: end at once, for an ordinary end would wait for it."""
    if lost:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0 if settings.status_file() else status)


def _world() -> Any:
    """COMM_WORLD inside of an MPI job, otherwise None and MPI is not started."""
    if mpi_rank() is None:
        return None
    # A rank that dies while MPI starts leaves the others waiting in it for ever where MPI could live on
    # without it.
    old = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(settings.mpi_patience())
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)
    tasks = int(os.environ.get("SLURM_STEP_NUM_TASKS", "1"))
    if comm.Get_size() == 1 and tasks > 1:
        raise InputError(
            f"srun started {tasks} tasks but MPI sees one: the MPI type does not fit; allowed: srun --mpi=pmix or "
            "--mpi=pmi2, whichever this MPI was built for, or mpirun"
        )
    abort_on_error(comm, report_status)
    return comm


def _library(comm: Any) -> str:
    if comm is None:
        return "none"
    from mpi4py import MPI

    return str(MPI.Get_library_version()).split("\n")[0].split(", package")[0].strip("\0 ")


def report_status(status: int) -> None:
    """Tell `hpcbip run -n`, which started this job, how it ended (see `launch`)."""
    if (path := settings.status_file()) is not None:
        path.write_text(str(status), encoding="utf-8")


@contextlib.contextmanager
def _stop_requests(directory: Path, parent: int) -> Iterator[Callable[[], str]]:
    """SIGTERM, SIGINT and SIGUSR1, a file DIR/stop, and the death of the parent all ask for a stop after the
    blocks in hand."""
    reasons: list[str] = []

    def handler(number: int, _: Any) -> None:
        reasons.append(signal.Signals(number).name)

    def stop() -> str:
        if not reasons and (directory / "stop").exists():
            reasons.append("asked to by the file stop")
        if not reasons and os.getppid() != parent:
            reasons.append("the process that started this one has died")
        return reasons[0] if reasons else ""

    old = {
        number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    }
    try:
        yield stop
    finally:
        for number, action in old.items():
            signal.signal(number, action)
