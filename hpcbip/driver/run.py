"""`hpcbip run`: one campaign, on this process or on all ranks of an MPI job."""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcbip import settings
from hpcbip.campaign.plan import Plan, ensembles_by_kind, make_plan
from hpcbip.campaign.schema import Config, load_config
from hpcbip.driver.deadline import Deadline, deadline
from hpcbip.driver.mpi import broadcast, gather_names, is_loss, library_version, mpi_rank, start_mpi
from hpcbip.driver.progress import CompilationDisplay, ProgressDisplay, points_done
from hpcbip.driver.signals import StopRequests, end_soon_after_parent, ignore_stop_signals, stop_requests
from hpcbip.driver.stopping_rule import StoppingRule, chains_that_are_missing
from hpcbip.errors import InputError
from hpcbip.exit_status import BAD_INPUT, DONE, PROGRAM_ERROR, STOPPED
from hpcbip.files import write_atomically
from hpcbip.messages import counted, print_message
from hpcbip.qmc import warm_up
from hpcbip.store.directory import check_directory, locked, prepare_directory
from hpcbip.store.running.stop_file import stamp_of_request

if TYPE_CHECKING:
    from hpcbip.driver.master import Master
    from hpcbip.store.recovery import RecoveredCampaign
    from hpcbip.store.run_log import RunLog
    from hpcbip.store.store import Store


@dataclass(frozen=True)
class StartMessage:
    """What rank 0 tells the others when everything is prepared: to work, or why not.

    Attributes:
        status: exit status with which to end if there is no configuration.
        config: of the campaign to work on; None: end at once.
        stored_columns: as the worker needs them.
        all_ranks_write: every rank writes its bins itself.
    """

    status: int = DONE
    config: Config | None = None
    stored_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    all_ranks_write: bool = False


@dataclass(frozen=True)
class PreparedCampaign:
    """A campaign that is ready to be worked on: checked, locked, and recovered."""

    source: Path
    config: Config
    plan: Plan
    log: RunLog
    recovered: RecoveredCampaign


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        status: exit status.
        message: what to tell the user, or "".
        ranks_lost: ranks were lost.
        open_stores: those that the ranks can close together only, so that they stay open where some are lost.
    """

    status: int
    message: str
    ranks_lost: bool
    open_stores: tuple[Store, ...] = ()


def run_campaign(
    source: Path,
    directory: Path,
    max_time: float | None,
    started: float,
    old_request: str | None = None,
    may_exit: bool = False,
) -> int:
    """Start a campaign or go on with it.

    Args:
        source: the configuration file.
        directory: where everything is kept.
        max_time: seconds after `started` at which everything is saved and the run ends.
        started: `time.monotonic()` at which the run began.
        old_request: stamp of the request to stop that lay in the directory then
            (`hpcbip.store.running.stop_file`); None: what lies there now is older than the run.
        may_exit: the process may be ended if the run does not end in time after a second signal.

    Returns:
        0 when every target is met, 3 when stopped before, on all ranks the same.

    Raises:
        InputError: on bad input, before any work starts; when the disk refuses to take results; when a point
            cannot be sampled.
    """
    if old_request is None:
        old_request = stamp_of_request(directory)
    parent = os.getppid()
    comm = start_mpi(report_status)
    if comm is not None:
        end_soon_after_parent(parent)
    if comm is not None and comm.Get_rank() > 0:
        ignore_stop_signals()
        return _run_as_worker(comm, directory, lambda: os.getppid() != parent)

    def leave() -> None:
        """End the whole job, whatever it is doing."""
        report_status(STOPPED)
        if comm is not None:
            comm.Abort(STOPPED)
        os._exit(STOPPED)

    launcher, last_resort = settings.launch_folder(), leave if may_exit else None
    mpirun = parent if comm is not None else None  # a shell may go: nohup, or a logout
    try:
        with stop_requests(directory, mpirun, launcher, old_request, last_resort) as stop:
            return _run_as_master(comm, source, directory, max_time, started, stop)
    except OSError as failure:
        raise InputError(f"{failure.filename or directory}: {failure.strerror or failure}") from failure


def _run_as_master(
    comm: Any, source: Path, directory: Path, max_time: float | None, started: float, stop: StopRequests
) -> int:
    """Prepare everything on rank 0, and only then start the others; returns the exit status."""
    with contextlib.ExitStack() as stack:
        try:
            campaign = _prepare(source, directory, stop, stack)
        except BaseException:
            if comm:
                broadcast(comm, StartMessage(BAD_INPUT))
            raise
        try:
            outcome = _sample(comm, directory, campaign, deadline(max_time, started), stop)
        except (InputError, OSError) as failure:
            if comm:  # the others are at work and know nothing of it
                print_message(f"hpcbip: {failure}")
                report_status(BAD_INPUT)
                comm.Abort(BAD_INPUT)
            raise
        except Exception as error:
            if comm is not None and is_loss(error):
                campaign.log("stopped: a rank was lost")
            else:
                campaign.log(f"program error\n{traceback.format_exc()}")
            raise
    if outcome.message and outcome.status == BAD_INPUT and not outcome.ranks_lost:
        raise InputError(outcome.message)
    if outcome.message:
        print_message(f"hpcbip: {outcome.message}")
    if outcome.ranks_lost:
        _leave_at_once(outcome.status)
    return outcome.status


def _prepare(
    source: Path, directory: Path, stop: StopRequests, stack: contextlib.ExitStack
) -> PreparedCampaign:
    """Check the configuration, lock the directory, and recover what earlier runs have left.

    Args:
        source: the configuration file.
        directory: of the campaign.
        stop: asks for a stop.
        stack: takes what has to be released in the end.
    """
    config = load_config(source)
    check_directory(directory, config, str(source))
    # only now, for what is refused should be refused at once: these load HDF5
    from hpcbip.store.recovery import recover
    from hpcbip.store.run_log import RunLog

    plan = make_plan(config)
    directory.mkdir(parents=True, exist_ok=True)
    stack.enter_context(locked(directory))
    prepare_directory(directory, config, source)
    stop.clear_old()
    log = RunLog(directory)
    log(f"started: {source} in {directory}")
    recovered = recover(directory, config, plan, log)
    stack.callback(recovered.store.close)
    log(f"restored: {sum(recovered.blocks_done.values())} blocks of {len(recovered.blocks_done)} chains")
    with CompilationDisplay(mpi_rank() is not None) as display:
        # the kernel is compiled by one rank; the others then only load it
        warm_up(ensembles_by_kind(plan.ensembles.values()), display.show)
    return PreparedCampaign(source, config, plan, log, recovered)


def _sample(
    comm: Any,
    directory: Path,
    campaign: PreparedCampaign,
    time_limit: Deadline,
    stop: StopRequests,
) -> Outcome:
    """Start the other ranks, hand out blocks until the end, and shut the ranks down."""
    from hpcbip.driver.executors import LocalExecutor, MpiExecutor
    from hpcbip.driver.master import Master
    from hpcbip.driver.worker import Worker
    from hpcbip.store.running.blocks_in_hand import BlocksInHand

    config, plan, log = campaign.config, campaign.plan, campaign.log
    report_status(STOPPED)  # if this process is killed from here on
    hosts, store, writer = _start_ranks(comm, directory, campaign)
    all_ranks_write = store is not writer
    log.begin(config, hosts, library_version(comm), "all ranks" if all_ranks_write else "the master")
    runner = Worker(directory, config, plan, campaign.recovered.stored_columns)
    executor = MpiExecutor(comm, runner) if comm else LocalExecutor(runner)
    rule = StoppingRule.from_config(config)
    if missing := chains_that_are_missing(rule, len(plan.ensembles), len(executor.workers)):
        print_message(f"hpcbip: {missing}")
    done, room = campaign.recovered.blocks_done, campaign.recovered.room
    in_hand = BlocksInHand(directory, done)
    master = Master(directory, config, plan, done, store, writer, room, in_hand, log)
    with ProgressDisplay(time_limit, comm is not None) as display:
        finished = master.run(executor, stop, time_limit, display.show)
    master.close()
    status, message = _status_and_message(master, finished)
    if status == STOPPED and not message:
        message = _how_to_go_on(master, campaign.source, directory, len(hosts))
    seconds = max(time.monotonic() - master.started, 1e-9)
    log.end(finished, master.blocks, seconds, master.sampling_seconds / max(1, master.workers) / seconds)
    report_status(status)
    ranks_lost = False
    if isinstance(executor, MpiExecutor):
        if executor.lost and message:  # launchers may end this rank with the first other one that leaves
            print_message(f"hpcbip: {message}")
            message = ""
        executor.shut_down(status)
        ranks_lost = bool(executor.lost)
    if ranks_lost:
        return Outcome(status, message, True, (store, writer))
    store.close()
    writer.close()
    return Outcome(status, message, False)


def _start_ranks(comm: Any, directory: Path, campaign: PreparedCampaign) -> tuple[list[str], Store, Store]:
    """Start the other ranks; returns the host of every rank, and the stores for reading and for writing.

    The two stores are one where the master writes all bins.
    """
    from hpcbip.store.store import Store, parallel_hdf5

    if not comm:
        return [platform.node()], campaign.recovered.store, campaign.recovered.store
    all_ranks_write = parallel_hdf5()
    broadcast(comm, StartMessage(DONE, campaign.config, campaign.recovered.stored_columns, all_ranks_write))
    hosts = gather_names(comm, platform.node())
    if not all_ranks_write:
        return hosts, campaign.recovered.store, campaign.recovered.store
    # everything that is not bins was written by this rank alone; from here on all write
    campaign.recovered.store.close()
    return hosts, Store(directory), Store(directory, writable=True, communicator=comm)


def _status_and_message(master: Master, finished: bool) -> tuple[int, str]:
    """Work out the exit status of a run, and the message if it is neither done nor merely stopped."""
    saved = "everything up to the last finished blocks is saved"
    if master.traceback:
        return PROGRAM_ERROR, f"a program error stopped the run, {saved}\n{master.traceback}"
    if master.error:
        return BAD_INPUT, f"{master.error}; {saved}, run again to go on"
    if not finished:
        return STOPPED, ""
    failures = master.scheduler.failures
    if not failures:
        return DONE, ""
    identity, reason = next(iter(failures.items()))
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    sector = master.plan.ensembles[identity].sector
    return BAD_INPUT, f"{sector} {identity[:12]}: {reason}{more}; all other points are done"


def _how_to_go_on(master: Master, source: Path, directory: Path, ranks: int) -> str:
    """Say what is left undone, and the command that goes on with it."""
    done = points_done(master)
    left = (
        f"{done.count(False)} of {counted(len(done), 'point')} still to do, everything is saved; go on with"
    )
    if mpi_rank() is not None and settings.started() is None:
        return f"{left} the same command"  # that of mpirun or srun, which is not known here
    command = ["hpcbip", "run", str(source), "--out", str(directory)]
    return f"{left} {shlex.join(command + (['-n', str(ranks)] if ranks > 1 else []))}"


def _run_as_worker(comm: Any, directory: Path, is_orphaned: Callable[[], bool]) -> int:
    """Wait for the start message, work, and end as the master says; returns the exit status."""
    # while rank 0 prepares the campaign; the kernel itself is loaded when that rank has compiled it
    import numba  # noqa: F401

    from hpcbip.driver.executors import serve_tasks
    from hpcbip.driver.worker import Worker
    from hpcbip.store.store import Store

    message = broadcast(comm)
    if message.config is None:
        return int(message.status)
    gather_names(comm, platform.node())
    shared = Store(directory, writable=True, communicator=comm) if message.all_ranks_write else None
    plan = make_plan(message.config)
    warm_up(ensembles_by_kind(plan.ensembles.values()))
    runner = Worker(directory, message.config, plan, message.stored_columns, shared)
    status, ranks_lost = serve_tasks(comm, runner, is_orphaned)
    if shared is not None and not ranks_lost:
        shared.close()
    if ranks_lost:
        _leave_at_once(status)
    return status


def _leave_at_once(status: int) -> None:
    """End this process after the loss of a rank: an ordinary end would wait for the lost one."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(DONE if settings.status_file() else status)


def report_status(status: int) -> None:
    """Tell `hpcbip run -n`, which started this job, how it ended (`hpcbip.driver.launch.mpirun`)."""
    if (path := settings.status_file()) is not None:
        with contextlib.suppress(FileNotFoundError):  # the launcher was killed, and its folder removed
            write_atomically(path, str(status))
