"""Real jobs on a real Slurm: stopped, preempted, requeued; the bins are always those of an undisturbed run.

All long jobs are submitted at once and run beside each other; each test then looks at its own. The processes
of a job are halted (SIGSTOP) at its first block until what is to disturb them is there: so none has finished
before, however fast or slow the machine is, and none takes a processor to wait.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from tests.mpi.campaigns import checkpointed, command, digest, undisturbed, write_config
from tests.slurm.conftest import Slurm, read, wait_for

pytestmark = [pytest.mark.slurm, pytest.mark.mpi]

SIZE = {"max_blocks": 40, "updates_per_bin": 10_000}  # about 5 s of one core
ENDLESS = {"max_blocks": 10_000, "updates_per_bin": 100_000}
LIMIT, EARLY = 60, 15
"""Seconds of the shortest limit, and of these left when a run stops: a busy machine has done a block."""

PREEMPTED = ("script", "daemons", "ranks", "all")


@dataclass
class Going:
    """Jobs under way, by name, all but `signalled` and the array with the campaign `config`; each in
    FOLDER/NAME. `halts` end when the job has been released."""

    folder: Path
    config: Path
    numbers: dict[str, list[str]] = field(default_factory=dict)
    halts: dict[str, Future[None]] = field(default_factory=dict)

    def directory(self, name: str) -> Path:
        return self.folder / name


def processes_of(number: str) -> list[int]:
    """Process numbers of the campaign's Python processes in a job."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[0] == sys.executable.encode() and b"hpcbip" in words:
                variables = (entry / "environ").read_bytes().split(b"\0")
                if f"SLURM_JOB_ID={number}".encode() in variables:
                    found.append(int(entry.name))
    return found


def is_pending(number: signal.Signals, process: int) -> bool:
    """Tell whether a signal waits for a process to go on; true as well for one that is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return True
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd", "ShdPnd"))]
    return any(mask >> (number - 1) & 1 for mask in masks)


def halt(number: str, directory: Path, until: Callable[[list[int]], object]) -> None:
    """Halt a job at its first block until a condition holds, which is given its processes."""
    wait_for(lambda: checkpointed(directory), f"a block of {directory.name}", pause=0.02)
    processes = processes_of(number)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        wait_for(lambda: until(processes), f"the end of the halt of {directory.name}")
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


@pytest.fixture(scope="module")
def going(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Going]:
    folder = tmp_path_factory.mktemp("going")
    endless = write_config(folder, **ENDLESS).rename(folder / "endless.yaml")
    config = write_config(folder, **SIZE).rename(folder / "long.yaml")
    jobs = Going(folder, config)

    def submit(name: str, *options: object, config: Path = config, **more: str) -> str:
        jobs.numbers[name] = slurm.submit(folder, config, "--out", name, *options, **more)
        return jobs.numbers[name][0]

    def halted(name: str, until: Callable[[list[int]], object]) -> None:
        jobs.halts[name] = threads.submit(halt, jobs.numbers[name][0], folder / name, until)

    def wait_for_block(name: str) -> None:
        wait_for(lambda: checkpointed(folder / name), f"a block of {name}")

    with ThreadPoolExecutor() as threads:
        one, first, second = (
            ("--ntasks", 1),
            ("--sbatch", "--nodelist=node1"),
            ("--sbatch", "--nodelist=node2"),
        )
        # alone at first: its time is short
        submit("limited", *one, "--time", 1, "--chain", *first, HPCBIP_SLURM_MARGIN=str(EARLY))
        halted("limited", lambda _: time.time() > first_log_entry(folder / "limited") + LIMIT - EARLY)
        wait_for_block("limited")
        for number in jobs.numbers["limited"]:  # this go knows its end, the next one need not be short
            done = slurm.call("scontrol", "update", f"JobId={number}", "TimeLimit=10")
            assert done.returncode == 0, done.stderr
        submit("signalled", *one, "--time", 2, "--signal", 75, *first, config=endless)
        halted("signalled", lambda processes: all(is_pending(signal.SIGUSR1, one) for one in processes))
        # Of a preemption hears: the script (with --signal), else the job's steps, which are mpirun's daemons
        # or the ranks; or all at once, where no notice is given.
        ways = {
            "script": (*one, "--signal", 5),
            "daemons": ("--ntasks", 2),
            "ranks": ("--ntasks", 2, "--launcher", "srun", "--mpi", "pmix"),
            "all": (*one, "--partition", "cheap"),
        }
        for name, way in ways.items():
            number = submit(name, *way, *second)
            # at once: on a busy machine the next submission takes longer than the job
            halted(name, lambda _, number=number: was_preempted(slurm.job(number)))
        submit("stuck", *one, "--time", 1, *first, HPCBIP_SLURM_MARGIN="1000")
        for name in PREEMPTED:
            wait_for_block(name)
        urgent = ["sbatch", "--partition=urgent", "--nodelist=node2", "--exclusive", "--output=/dev/null"]
        done = slurm.call(*urgent, "--wrap=sleep 1")
        assert done.returncode == 0, done.stderr
        yield jobs


def first_log_entry(directory: Path) -> float:
    """Return the `time.time()` of a campaign's first entry in a log: a little after its start."""
    text = (directory / "logs" / "run-0001.log").read_text(encoding="utf-8")
    return datetime.fromisoformat(text.split()[0]).timestamp()


def was_preempted(job: dict[str, str]) -> bool:
    return job.get("PreemptTime", "None") != "None" or job["Restarts"] != "0"


@pytest.mark.parametrize("name", PREEMPTED)
def test_a_preempted_job_is_requeued_and_finishes(slurm: Slurm, going: Going, name: str) -> None:
    going.halts[name].result()
    job = slurm.finished(going.numbers[name][0])
    assert int(job["Restarts"]) >= 1
    assert digest(going.directory(name)) == undisturbed(going.config)


def test_a_job_without_progress_is_not_requeued_for_ever(slurm: Slurm, going: Going) -> None:
    (job,) = slurm.ended(going.numbers["stuck"][0])
    assert (job["JobState"], job["ExitCode"], job["Restarts"]) == ("FAILED", "3:0", "2")
    assert "finished no block" in read(job["StdOut"])


def test_slurm_asks_before_the_limit_and_cancelled_means_cancelled(slurm: Slurm, going: Going) -> None:
    (number,) = going.numbers["signalled"]
    going.halts["signalled"].result()
    log = slurm.job(number)["StdOut"]
    wait_for(lambda: "stopped: SIGUSR1" in read(log), "the signal before the limit")
    wait_for(
        lambda: slurm.job(number)["Restarts"] != "0" and slurm.job(number)["JobState"] == "RUNNING",
        "a restart",
    )
    restarts = slurm.job(number)["Restarts"]
    slurm.call("scancel", number)
    (job,) = slurm.ended(number)
    time.sleep(1)  # would a requeue come, it would come at once
    assert (job["JobState"], slurm.job(number)["JobState"]) == ("CANCELLED", "CANCELLED")
    assert slurm.job(number)["Restarts"] == restarts


def test_stopped_by_its_limit_a_job_requeues_itself_and_finishes(slurm: Slurm, going: Going) -> None:
    going.halts["limited"].result()
    job = slurm.finished(going.numbers["limited"][0])
    assert int(job["Restarts"]) >= 1
    assert digest(going.directory("limited")) == undisturbed(going.config)
    assert "stopped: time limit" in read(job["StdOut"])


def test_the_chain_waits_for_the_last_go(slurm: Slurm, going: Going) -> None:
    last = slurm.finished(going.numbers["limited"][0])
    reduce, tc, report = (slurm.finished(number) for number in going.numbers["limited"][1:])
    assert last["EndTime"] <= reduce["StartTime"] <= reduce["EndTime"] <= tc["StartTime"]
    assert tc["EndTime"] <= report["StartTime"] and (going.directory("limited") / "report.html").is_file()
    directory = going.directory("limited")
    assert (directory / "results.json").is_file() and (directory / "dome.png").is_file()
    assert "Tc/omega" in read(tc["StdOut"])


@pytest.mark.parametrize(
    ("options", "ranks"),
    [([], 4), (["--ntasks", 2, "--launcher", "srun", "--mpi", "pmix"], 2)],
    ids=["whole", "srun"],
)
def test_two_nodes(slurm: Slurm, tmp_path: Path, options: list[object], ranks: int) -> None:
    config = write_config(tmp_path)
    words = (config, "--nodes", 2, "--time", 10, "--partition", "small", *options)
    job = slurm.finished(slurm.submit(tmp_path, *words)[0])
    assert job["NodeList"] == "node[3-4]" and job["Restarts"] == "0"
    directory = tmp_path / "runs" / "small"
    assert f"ranks: {ranks} on" in read(str(directory / "logs" / "run-0001.log"))
    assert digest(directory) == undisturbed(config)


def test_an_array_of_campaigns_each_with_its_chain(slurm: Slurm, tmp_path: Path) -> None:
    first = write_config(tmp_path)  # of one point, whose report is short
    first.write_text(first.read_text(encoding="utf-8").replace("[0.5, 0.8]", "[0.5]"), encoding="utf-8")
    second = tmp_path / "other seed.yaml"
    second.write_text(first.read_text(encoding="utf-8").replace("seed: 7", "seed: 8"), encoding="utf-8")
    numbers = slurm.submit(tmp_path, first.name, second.name, "--out", "two", "--ntasks", 1, "--chain")
    for number in numbers:
        jobs = slurm.ended(number)
        assert [(job["JobState"], job["Restarts"]) for job in jobs] == [("COMPLETED", "0")] * 2
    for config in (first, second):
        directory = tmp_path / "two" / config.stem
        assert digest(directory) == undisturbed(config)
        assert (directory / "results.json").is_file() and (directory / "dome.png").is_file()


def test_srun_with_the_wrong_mpi_is_refused_and_not_requeued(slurm: Slurm, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    numbers = slurm.submit(
        tmp_path, config, "--ntasks", 2, "--launcher", "srun", "--mpi", "none", "--chain", "--out", "r"
    )
    (job, *waiting) = (slurm.ended(number)[0] for number in numbers)
    assert (job["JobState"], job["ExitCode"], job["Restarts"]) == ("FAILED", "2:0", "0")
    assert read(job["StdOut"]).count("srun started 2 tasks but MPI sees one") == 1
    assert not (tmp_path / "r").exists()
    assert [job["JobState"] for job in waiting] == ["CANCELLED"] * 3


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--partition", "nowhere"], "partition"),
        (["--sbatch", "--nodelist=nix"], "node"),
        (["--sbatch", "--no-such"], "--no-such"),
    ],
)
def test_what_sbatch_refuses_is_one_line(
    slurm: Slurm, tmp_path: Path, options: list[object], named: str
) -> None:
    done = slurm.call(*command("submit", write_config(tmp_path), "--out", tmp_path / "run", *options))
    assert (
        done.returncode == 2 and done.stderr.count("\n") == 1 and done.stderr.startswith("hpcbip: sbatch: ")
    )
    assert named in done.stderr
