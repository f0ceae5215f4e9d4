"""`hpcbip submit`: the batch script of a campaign, of an array of campaigns or of a chain of jobs, given to
Slurm.

A script is a head, which depends on the request, and for campaigns the body in `batch.sh`, which is always
the same: it runs `hpcbip run`, passes Slurm's signals on to it, and requeues the job until the campaign is
finished.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from hpcbip import settings
from hpcbip.campaign.schema import load_config
from hpcbip.errors import InputError
from hpcbip.store.directory import check_directory

FOLLOW_UPS = (
    ("reduce", ""),
    ("tc", '--figure "$directory/dome.png"'),
    ("report", ""),
)
"""The chain after a campaign: each verb, with its options, starts when the one before has succeeded."""
FOLLOW_UP_SECONDS = 3600.0
"""Time limit of each of these."""
TIMES = (
    "minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes[:seconds] or UNLIMITED"
)
MAX_DIGITS = 9
"""Most digits of a number in a time limit: Slurm counts minutes in 32 bits."""
MAX_SHOWN = 40
"""Most characters that a message repeats."""
# Variables that a job which calls `hpcbip submit` must not hand down to the one it submits.
_OF_THIS_JOB = (
    *("SLURM_", "OMPI_", "PMIX_", "PMI_", "PRTE_"),
    *(settings.STATUS_FILE, settings.STARTED, settings.LAUNCH_FOLDER, settings.OLD_REQUEST),
)
# Variables of sbatch override the script's directives. These would override what the script needs:
_SCRIPT_ONLY = ("ARRAY_INX", "EXCLUSIVE", "JOB_NAME", "NO_REQUEUE", "OPEN_MODE", "OUTPUT", "SIGNAL")
# These override the options that the user has given to `hpcbip submit`:
_OPTIONS = {"time": "TIMELIMIT", "partition": "PARTITION", "account": "ACCOUNT", "qos": "QOS"}


@dataclass(frozen=True)
class Request:
    """The options of `hpcbip submit`, by their names; `command` is the command as typed.

    Raises:
        InputError: for options that contradict each other or that Slurm cannot read.
    """

    configs: tuple[Path, ...]
    out: Path | None
    python: str
    command: str
    nodes: int | None = None
    ntasks: int | None = None
    ntasks_per_node: int | None = None
    time: str | None = None
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    signal: int | None = None
    chain: bool = False
    launcher: str = "mpirun"
    mpi: str | None = None
    sbatch: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in (self.command, self.python, *self.sbatch):
            if not text.isprintable():
                raise InputError(
                    f"{text!r}: cannot stand in a script; allowed: printable characters on one line"
                )
        for option in self.sbatch:
            if not re.match("--[a-z]", option):
                raise InputError(
                    f"--sbatch: {option}: no option of sbatch; allowed: its long options, as in --mem=4G"
                )
        if self.ntasks and self.ntasks_per_node:
            raise InputError(
                "--ntasks: given together with --ntasks-per-node; allowed: one of the two, or neither"
            )
        if self.mpi and self.launcher != "srun":
            raise InputError(
                f"--mpi: {self.mpi}: is an option of srun; allowed: together with --launcher srun"
            )
        limit = self.time_limit
        if self.signal is not None and self.signal >= limit:
            raise InputError(
                f"--signal: {self.signal}: not before the limit; allowed: less than --time {self.time}"
            )
        names = [path.stem for path in self.configs]
        for name in names:
            if names.count(name) > 1:
                raise InputError(
                    f"{name}: two files of that name; allowed: distinct ones, they name the directories"
                )

    @property
    def directories(self) -> list[Path]:
        """Directory of each campaign: `out`, or for several campaigns one below it for each."""
        if len(self.configs) == 1:
            out = self.out or Path("runs", self.configs[0].stem)
            return [
                out if out.name not in ("", "..") else Path(os.path.abspath(out))
            ]  # it names script and log
        return [(self.out or Path("runs")) / config.stem for config in self.configs]

    @property
    def ranks(self) -> int | None:
        """MPI ranks in all; None where whole nodes are asked for, whose CPUs Slurm counts."""
        if self.ntasks_per_node:
            return self.ntasks_per_node * (self.nodes or 1)
        return self.ntasks

    @property
    def time_limit(self) -> float:
        """Limit of one go in seconds; infinite where none is given."""
        return float("inf") if self.time is None else parse_time_limit(self.time)

    @property
    def prefix(self) -> Path:
        """Beginning of the names of scripts and logs: they lie beside the directories."""
        return self.directories[0] if len(self.configs) == 1 else self.directories[0].with_name("campaigns")


@dataclass(frozen=True)
class Job:
    """A batch script.

    Attributes:
        path, text: of the script.
        after: kind of dependency on the job before it, or "".
    """

    path: Path
    text: str
    after: str = ""


def parse_time_limit(text: str) -> float:
    """Read a time limit as sbatch takes it, in seconds.

    Raises:
        InputError: if it is none.
    """
    if text.upper() in ("UNLIMITED", "INFINITE", "0"):
        return float("inf")
    number = rf"(\d{{1,{MAX_DIGITS}}})"
    if match := re.fullmatch(rf"{number}-{number}(?::{number})?(?::{number})?", text):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    elif match := re.fullmatch(rf"(?:{number}:(?=\d+:))?{number}(?::{number})?", text):
        days, hours, minutes, seconds = 0, *(int(part or 0) for part in match.groups())
    else:
        shown = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
        allowed = f"{TIMES}, with numbers of at most {MAX_DIGITS} digits"
        raise InputError(f"--time: {shown}: not a time limit; allowed: {allowed}")
    total = float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    if not total:
        raise InputError(f"--time: {text}: is no time at all; allowed: {TIMES}")
    return total


def make_jobs(request: Request) -> list[Job]:
    """Make the scripts of a request, in the order in which they are to be submitted.

    Raises:
        InputError: if a configuration or a directory is not one that a run could start or go on with.
    """
    for config, directory in zip(request.configs, request.directories, strict=True):
        check_directory(directory, load_config(config), str(config))
    prefix, is_array = str(request.prefix), len(request.configs) > 1
    body = files(__package__).joinpath("batch.sh").read_text(encoding="utf-8")
    resources = list(_resources(request))
    head = _script_head(request, "", resources, "# Goes on until the campaign is finished: submit it once.")
    jobs = [Job(Path(f"{prefix}.sbatch"), head + _launch_function(request) + body)]
    for verb, options in FOLLOW_UPS if request.chain else ():
        after = "aftercorr" if is_array else "afterok"
        script = Path(f"{prefix}-{verb}.sbatch")
        command = shlex.join(_sbatch_command(after, "JOB"))
        comment = f"# After {jobs[-1].path.name}, job JOB: {command} {script.name}"
        call = f'exec "$python" -m hpcbip {verb} "$directory" {options}'.rstrip()
        jobs.append(
            Job(
                script,
                f"{_script_head(request, f'-{verb}', _follow_up_resources(request), comment)}{call}\n",
                after,
            )
        )
    return jobs


def _directive(name: str, value: object) -> str:
    return f"--{name}={shlex.quote(str(value))}"


def _resources(request: Request) -> Iterator[str]:
    """Yield the options for nodes and tasks; without a number of tasks: whole nodes, a rank on each CPU."""
    yield _directive("nodes", request.nodes or 1) if request.nodes or not request.ntasks else ""
    if request.ntasks_per_node:
        yield _directive("ntasks-per-node", request.ntasks_per_node)
    elif request.ntasks:
        yield _directive("ntasks", request.ntasks)
    else:
        yield "--exclusive"
    if request.time:
        yield _directive("time", request.time)
    if request.signal:
        yield _directive("signal", f"B:USR1@{request.signal}")


def _follow_up_resources(request: Request) -> list[str]:
    """List the options of a job after the campaign: one task, for an hour at most."""
    short = request.time and parse_time_limit(request.time) <= FOLLOW_UP_SECONDS
    return [
        "--ntasks=1",
        *([_directive("time", request.time if short else "1:00:00")] if request.time else []),
    ]


def _script_head(request: Request, suffix: str, resources: list[str], comment: str) -> str:
    is_array = len(request.configs) > 1
    log = f"{request.prefix}{suffix}".replace("%", "%%") + ("-%A_%a.log" if is_array else "-%j.log")
    directives = [_directive("job-name", request.prefix.name + suffix), *filter(None, resources)]
    for name in ("partition", "account", "qos"):
        if value := getattr(request, name):
            directives.append(_directive(name, value))
    if is_array:
        directives.append(_directive("array", f"0-{len(request.configs) - 1}"))
    directives += ["--requeue", "--open-mode=append", _directive("output", log)]
    directives += request.sbatch
    lines = [
        "#!/bin/bash",
        f"# Written by: {request.command}",
        comment,
        *(f"#SBATCH {directive}" for directive in directives),
        "",
    ]
    lines += ["export OMP_NUM_THREADS=1  # the parallelism is MPI's", f"python={shlex.quote(request.python)}"]
    if is_array:
        lines.append(f"configs=({shlex.join(map(str, request.configs))})")
        lines.append(f"directories=({shlex.join(map(str, request.directories))})")
        lines.append("config=${configs[SLURM_ARRAY_TASK_ID]}")
        lines.append("directory=${directories[SLURM_ARRAY_TASK_ID]}")
        lines.append("job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID")
    else:
        lines.append(f"config={shlex.quote(str(request.configs[0]))}")
        lines.append(f"directory={shlex.quote(str(request.directories[0]))}")
        lines.append("job=$SLURM_JOB_ID")
    return "\n".join(lines) + "\n"


def _launch_function(request: Request) -> str:
    """Write the shell function `launch`; it replaces its shell, so that signals reach hpcbip or srun."""
    lines = ["ranks=${SLURM_NTASKS:-$((SLURM_CPUS_ON_NODE * SLURM_JOB_NUM_NODES))}"]
    run = '"$python" -m hpcbip run "$config" --out "$directory"'
    if request.launcher == "srun":
        lines.append("# srun takes any status but 0 for a crash: the true one goes through a file")
        lines += [f"{settings.STATUS_FILE}=$(mktemp)", f"export {settings.STATUS_FILE}"]
        mpi = f"{_directive('mpi', request.mpi)} " if request.mpi else ""
        lines.append(f'launch() {{ exec srun {mpi}--ntasks="$ranks" --kill-on-bad-exit=1 {run}; }}')
    else:
        lines.append(f'launch() {{ exec {run} -n "$ranks"; }}')
    return "\n".join(lines) + "\n"


def submit(request: Request) -> Iterator[tuple[Job, str]]:
    """Write the scripts beside the campaign's directory and submit them; yields each job with its number.

    Raises:
        InputError: if something is wrong with the campaign, a script cannot be written, or sbatch refuses.
    """
    jobs = make_jobs(request)
    if shutil.which("sbatch") is None:
        raise InputError(
            "sbatch: not found; allowed: a machine that submits to Slurm, or --dry-run to see the script"
        )
    environment, number = _environment(request), ""
    for job in jobs:
        try:
            job.path.parent.mkdir(parents=True, exist_ok=True)
            job.path.write_text(job.text, encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"{job.path}: cannot be written: {error.strerror}{_submitted_so_far(number)}"
            ) from None
        command = [*_sbatch_command(job.after, number), str(job.path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [re.sub("^sbatch: (error: )?", "", line) for line in done.stderr.splitlines()]
            reasons = "; ".join(line for line in lines if line.strip() and not line.startswith("Try "))
            raise InputError(
                f"sbatch: {reasons}; allowed: what this cluster accepts{_submitted_so_far(number)}"
            )
        number = done.stdout.strip().split(";")[0]
        yield job, number


def _environment(request: Request) -> dict[str, str]:
    """Take from the environment what the submitted job must not inherit."""
    given = [variable for option, variable in _OPTIONS.items() if getattr(request, option)]
    dropped = {f"SBATCH_{variable}" for variable in (*_SCRIPT_ONLY, *given)}
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("SLURM_CONF", "SLURM_CLUSTERS"))
        or not (name in dropped or name.startswith(_OF_THIS_JOB))
    }


def _submitted_so_far(number: str) -> str:
    return f" (job {number} is submitted: scancel it, or submit the rest by hand)" if number else ""


def _sbatch_command(after: str, number: str) -> list[str]:
    """Write the command that submits a script after job `number`.

    A job that waits for one that has failed is cancelled; Slurm would let it wait for ever.
    """
    return [
        "sbatch",
        "--parsable",
        *([f"--dependency={after}:{number}", "--kill-on-invalid-dep=yes"] if after else []),
    ]
