"""Real jobs on a real Slurm: stopped, preempted, requeued; the bins are always those of an undisturbed run.

All long jobs are submitted at once and run beside each other; each test then looks at its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mpi.campaigns import command, digest, run_to_the_end, write_config
from tests.slurm.conftest import Slurm, read, wait_for

pytestmark = [pytest.mark.slurm, pytest.mark.mpi]

LONG = {"max_blocks": 60, "updates_per_bin": 60_000}  # about 15 s of one core
ENDLESS = {"max_blocks": 10_000, "updates_per_bin": 100_000}
EARLY = "36"
"""Seconds before a limit of one minute at which a run stops. The go of 24 s is enough for a first block while
the ranks of all jobs start on two cores, and too short for the campaign beside them."""

PREEMPTED = ("script", "daemons", "ranks", "all")


@dataclass
class Going:
    """Jobs under way, by name, all with the same campaign; each in FOLDER/NAME."""

    folder: Path
    numbers: dict[str, list[str]]

    def directory(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture(scope="module")
def going(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Going:
    folder = tmp_path_factory.mktemp("going")
    config = write_config(folder, **LONG).rename(folder / "long.yaml")
    endless = write_config(folder, **ENDLESS).rename(folder / "endless.yaml")
    options: dict[str, list[object]] = {
        "limited": [config, "--ntasks", 1, "--time", 1, "--chain", "--sbatch", "--nodelist=node1"],
        "stuck": [config, "--ntasks", 1, "--time", 1, "--sbatch", "--nodelist=node1"],
        "undisturbed": [config, "--ntasks", 1, "--time", 10, "--sbatch", "--nodelist=node1"],
        "signalled": [endless, "--ntasks", 1, "--time", 1, "--signal", 30, "--sbatch", "--nodelist=node1"],
        # Of a preemption hears: the script (with --signal), else the job's steps, which are mpirun's daemons
        # or the ranks; or all at once, where no notice is given.
        "script": [config, "--ntasks", 1, "--signal", 5, "--sbatch", "--nodelist=node2"],
        "daemons": [config, "--ntasks", 2, "--sbatch", "--nodelist=node2"],
        "ranks": [
            config,
            "--ntasks",
            2,
            "--launcher",
            "srun",
            "--mpi",
            "pmix",
            "--sbatch",
            "--nodelist=node2",
        ],
        "all": [config, "--ntasks", 1, "--partition", "cheap", "--sbatch", "--nodelist=node2"],
    }
    margins = {"limited": EARLY, "stuck": "1000"}
    numbers = {}
    for name, words in options.items():
        more = {"HPCBIP_SLURM_MARGIN": margins[name]} if name in margins else {}
        numbers[name] = slurm.submit(folder, *words, "--out", name, **more)
    for name in PREEMPTED:
        wait_for(lambda: list((folder / name).glob("checkpoints/*")), f"a block of {name}")  # noqa: B023
    urgent = ["sbatch", "--partition=urgent", "--nodelist=node2", "--exclusive", "--output=/dev/null"]
    done = slurm.call(*urgent, "--wrap=sleep 1")
    assert done.returncode == 0, done.stderr
    return Going(folder, numbers)


@pytest.fixture(scope="module")
def undisturbed(slurm: Slurm, going: Going) -> str:
    job = slurm.finished(going.numbers["undisturbed"][0])
    assert job["Restarts"] == "0" and job["NumNodes"] == "1"
    return digest(going.directory("undisturbed"))


def test_slurm_asks_before_the_limit_and_cancelled_means_cancelled(slurm: Slurm, going: Going) -> None:
    (number,) = going.numbers["signalled"]
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


def test_stopped_by_its_limit_a_job_requeues_itself_and_finishes(
    slurm: Slurm, going: Going, undisturbed: str
) -> None:
    job = slurm.finished(going.numbers["limited"][0])
    assert int(job["Restarts"]) >= 1
    assert digest(going.directory("limited")) == undisturbed
    assert "stopped: time limit" in read(job["StdOut"])


def test_the_chain_waits_for_the_last_go(slurm: Slurm, going: Going, undisturbed: str) -> None:
    last = slurm.finished(going.numbers["limited"][0])
    reduce, tc, report = (slurm.finished(number) for number in going.numbers["limited"][1:])
    assert last["EndTime"] <= reduce["StartTime"] <= reduce["EndTime"] <= tc["StartTime"]
    assert tc["EndTime"] <= report["StartTime"] and (going.directory("limited") / "report.html").is_file()
    directory = going.directory("limited")
    assert (directory / "results.json").is_file() and (directory / "dome.png").is_file()
    assert "Tc/omega" in read(tc["StdOut"])


@pytest.mark.parametrize("name", PREEMPTED)
def test_a_preempted_job_is_requeued_and_finishes(
    slurm: Slurm, going: Going, undisturbed: str, name: str
) -> None:
    job = slurm.finished(going.numbers[name][0])
    assert int(job["Restarts"]) >= 1
    assert digest(going.directory(name)) == undisturbed


def test_a_job_without_progress_is_not_requeued_for_ever(slurm: Slurm, going: Going) -> None:
    (job,) = slurm.ended(going.numbers["stuck"][0])
    assert (job["JobState"], job["ExitCode"], job["Restarts"]) == ("FAILED", "3:0", "2")
    assert "finished no block" in read(job["StdOut"])


@pytest.mark.parametrize(
    "options", [[], ["--ntasks", 2, "--launcher", "srun", "--mpi", "pmix"]], ids=["whole", "srun"]
)
def test_two_nodes(slurm: Slurm, tmp_path: Path, options: list[object]) -> None:
    config = write_config(tmp_path)
    job = slurm.finished(slurm.submit(tmp_path, config, "--nodes", 2, "--time", 10, *options)[0])
    assert job["NodeList"] == "node[1-2]"
    assert digest(tmp_path / "runs" / "small") == run_to_the_end(config, tmp_path / "undisturbed")


def test_an_array_of_campaigns_each_with_its_chain(slurm: Slurm, tmp_path: Path) -> None:
    first = write_config(tmp_path)
    second = tmp_path / "other seed.yaml"
    second.write_text(first.read_text(encoding="utf-8").replace("seed: 7", "seed: 8"), encoding="utf-8")
    numbers = slurm.submit(tmp_path, first.name, second.name, "--out", "two", "--ntasks", 2, "--chain")
    for number in numbers:
        assert [job["JobState"] for job in slurm.ended(number)] == ["COMPLETED"] * 2
    for config in (first, second):
        directory = tmp_path / "two" / config.stem
        assert digest(directory) == run_to_the_end(config, tmp_path / "undisturbed" / config.stem)
        assert (directory / "results.json").is_file() and (directory / "dome.png").is_file()


def test_srun_with_the_wrong_mpi_is_refused_and_not_requeued(slurm: Slurm, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    numbers = slurm.submit(
        tmp_path, config, "--ntasks", 2, "--launcher", "srun", "--mpi", "none", "--chain", "--out", "r"
    )
    (job, *waiting) = (slurm.ended(number)[0] for number in numbers)
    assert (job["JobState"], job["ExitCode"], job["Restarts"]) == ("FAILED", "2:0", "0")
    assert read(job["StdOut"]).count("MPI type") == 1
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
