"""Real campaigns for tests: under fire in processes of their own, undisturbed in this one.

What starts costs two seconds of a processor for each rank, so that what is only compared with runs here.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from click.testing import CliRunner

from hpcbip.cli import commands
from hpcbip.driver.run import run_campaign

SMALL = """\
name: small
seed: 7
model: {lattice: square, coupling: bond, t: 1.0}
grid: {omega: [1.0], lambda: [0.5, 0.8], U: [8.0]}
sampling: {beta: 8.0, chains: 2, max_blocks: %d, min_blocks: 2, thermal_blocks: 1, bins_per_block: 4,
  updates_per_bin: %d}
"""

LONG = {"max_blocks": 40, "updates_per_bin": 30_000}
"""Size of a campaign that is still at work some seconds after its first block: 9 s of one core."""


def write_config(folder: Path, max_blocks: int = 6, updates_per_bin: int = 5000, extra: str = "") -> Path:
    path = folder / "small.yaml"
    path.write_text(SMALL % (max_blocks, updates_per_bin) + extra, encoding="utf-8")
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "hpcbip", *map(str, arguments)]


def environment() -> dict[str, str]:
    # a child is no part of an MPI job that may run the tests themselves
    return {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("OMPI_", "PMIX_", "PMI_", "SLURM_", "HPCBIP_"))
    }


def hpcbip(*arguments: object, timeout: float = 400) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=timeout, env=environment()
    )


def verb(*arguments: object) -> str:
    """Run a verb of `hpcbip` in this process; returns what it prints."""
    done = CliRunner().invoke(commands, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def digest(directory: Path, *options: str) -> str:
    return verb("digest", directory, *options)


def finish(config: Path, directory: Path) -> str:
    """Run a campaign to its end, or go on with it, on one rank in this process; returns its digest."""
    assert run_campaign(config, directory, None, time.monotonic()) == 0
    return digest(directory)


def undisturbed(config: Path) -> str:
    """Return the digest of a campaign that nothing disturbs; equal ones run once."""
    return _undisturbed(config.read_text(encoding="utf-8"))


@functools.cache
def _undisturbed(text: str) -> str:
    with tempfile.TemporaryDirectory(prefix="hpcbip-undisturbed-") as folder:
        config = Path(folder, "small.yaml")
        config.write_text(text, encoding="utf-8")
        return finish(config, Path(folder, "run"))


def run_to_the_end(
    config: Path,
    directory: Path,
    ranks: int | None = None,
    timeout: float = 400,
    digest_options: tuple[str, ...] = (),
) -> str:
    """Run a campaign to its end as a user does, and return its digest."""
    done = hpcbip(
        "run", config, "--out", directory, *(() if ranks is None else ("-n", ranks)), timeout=timeout
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return digest(directory, *digest_options)


def start(*arguments: object, **variables: str) -> subprocess.Popen[str]:
    """Start in a process group of its own, so that the whole group can be killed."""
    return subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment() | variables,
        start_new_session=True,
    )


def checkpointed(directory: Path) -> dict[str, int]:
    """When the checkpoints of a campaign were written."""
    found = {}
    for path in directory.glob("checkpoints/*.checkpoint"):
        with contextlib.suppress(FileNotFoundError):
            found[path.name] = path.stat().st_mtime_ns
    return found


def wait_for_block(directory: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a run, which must not end before, has finished one more block."""
    seen = checkpointed(directory)
    while checkpointed(directory) == seen:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)


def ranks_of(directory: Path) -> dict[int, int]:
    """Process numbers of all ranks at work in a campaign's directory, by rank."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"hpcbip" in words and str(directory).encode() in words and b"-n" not in words[1:]:
                with contextlib.suppress(OSError):
                    variables = (entry / "environ").read_bytes().split(b"\0")
                    rank = [
                        word
                        for word in variables
                        if word.startswith((b"OMPI_COMM_WORLD_RANK=", b"PMI_RANK="))
                    ]
                    found[int(rank[0].split(b"=")[1]) if rank else 0] = int(entry.name)
    return found


def kill_everything(directory: Path, process: subprocess.Popen[str]) -> None:
    """SIGKILL to the launcher, to mpirun and to every rank, and wait until they are gone."""
    deadline = time.time() + 30
    process.kill()
    while (alive := all_of(directory)) and time.time() < deadline:
        for number in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.02)
    process.wait()


def all_of(directory: Path) -> list[int]:
    """Process numbers of everything that works for a campaign, its launcher and mpirun included."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                zombie = ") Z " in (entry / "stat").read_text(encoding="utf-8")
            except OSError:
                continue
            if str(directory).encode() in words and not zombie:
                found.append(int(entry.name))
    return found
