"""The first five minutes of a user: `make run` in a fresh clone with an empty home, every line with its time.

    python benchmarks/first_minutes.py [--runs N] [--page docs/measured/first-minutes.md] [--keep FOLDER]

Nothing is compiled and nothing is installed there but Python and pip. Afterwards the same campaign is begun
once more in another folder: the time to its first block is the one with the kernel in the cache. The first
block is done when the first checkpoint is on the disk. All of it is done `--runs` times, each in a home of
its own; the page shows the last one. `--keep` takes the folder of its campaign.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 100
"""Columns of the recording, after which lines are cut."""

HEAD = """\
# The first five minutes

Made by `python benchmarks/first_minutes.py --runs {runs}` on {cores} shared cores: `make run` in a fresh
clone, with an empty home, and nothing installed but Python and pip. Below is the last run, with the seconds
since the command in the first column. On a terminal the plain lines of the kernel and of the blocks are
moving bars; wide lines are cut here.

| | seconds, run by run |
|---|---|
| `make run`, from the command to the end | {total} |
| from the start of the ranks to the first block, nothing compiled | {cold} |
| the same, with the kernel in the cache | {warm} |

```text
$ make run
{lines}
```
"""


class Recorder:
    """Runs a command, and notes when each line of its output came, and when a campaign began and had a block.

    Args:
        command: with its arguments.
        campaign: folder of the campaign, within `folder`.
        folder: in which it runs.
        environment: variables of the command.
    """

    def __init__(self, command: list[str], campaign: str, folder: Path, environment: dict[str, str]) -> None:
        self.lines: list[tuple[float, str]] = []
        self.seconds = self.begun = self.first_block = 0.0
        self._started = time.monotonic()
        self._checkpoints = folder / campaign / "checkpoints"
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        watcher = threading.Thread(target=self._watch, args=(process,))
        watcher.start()
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append((self._now(), line.rstrip("\n")))
            click.echo(f"{self._now():6.1f}  {self.lines[-1][1]}")
            if line.startswith("starting "):
                self.begun = self._now()
        self.seconds = self._now()
        watcher.join()
        if process.wait() not in (0, 3):
            raise click.ClickException(f"{command[0]} ended with {process.returncode}")

    def _now(self) -> float:
        return time.monotonic() - self._started

    def _watch(self, process: subprocess.Popen[str]) -> None:
        while process.poll() is None and not self.first_block:
            if self._checkpoints.is_dir() and any(self._checkpoints.iterdir()):
                self.first_block = self._now()
            time.sleep(0.05)

    @property
    def waited(self) -> float:
        """Seconds from the start of the ranks to the first block."""
        return self.first_block - self.begun


def cut(line: str) -> str:
    """Cut a line that is too wide for the page."""
    return line if len(line) <= WIDTH else line[: WIDTH - 2].rstrip() + " …"


def record(keep: Path | None) -> tuple[Recorder, Recorder]:
    """Run the quickstart in a fresh clone with an empty home, and begin it once more; `keep` is where its
    campaign is copied to."""
    with tempfile.TemporaryDirectory(prefix="first-minutes-") as name:
        clone, home = Path(name) / "hpcbip", Path(name) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        kept = {"PATH", "LANG", "LC_ALL", "PYTHON", "SSL_CERT_FILE"}
        environment = {
            key: value for key, value in os.environ.items() if key in kept or key.startswith(("PIP_", "UV_"))
        }
        own = str(Path(os.environ.get("VIRTUAL_ENV", ROOT / ".venv")) / "bin")
        path = [folder for folder in environment["PATH"].split(os.pathsep) if folder != own]
        environment |= {"HOME": str(home), "PATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}
        cold = Recorder(["make", "run"], "runs/quickstart", clone, environment)
        again = [".venv/bin/hpcbip", "run", "configs/quickstart.yaml", "--out", "runs/again", "-n", "2"]
        warm = Recorder([*again, "--max-time", "15"], "runs/again", clone, environment)
        if keep is not None:
            shutil.copytree(clone / "runs" / "quickstart", keep, dirs_exist_ok=True)
    click.echo(f"{cold.seconds:.0f} s; first block {cold.waited:.1f} s cold, {warm.waited:.1f} s warm")
    return cold, warm


def write_page(page: Path, recorded: list[tuple[Recorder, Recorder]]) -> None:
    """Write the times of all runs, and the lines of the last one."""
    cold, warm = zip(*recorded, strict=True)
    text = HEAD.format(
        runs=len(recorded),
        cores=len(os.sched_getaffinity(0)),
        total=", ".join(f"{run.seconds:.0f}" for run in cold),
        cold=", ".join(f"{run.waited:.0f}" for run in cold),
        warm=", ".join(f"{run.waited:.0f}" for run in warm),
        lines="\n".join(cut(f"{seconds:5.0f}  {line}") for seconds, line in cold[-1].lines),
    )
    page.write_text(text, encoding="utf-8")


@click.command(help=__doc__)
@click.option("--runs", type=click.IntRange(min=1), default=1, show_default=True, help="How many fresh runs.")
@click.option(
    "--page", type=click.Path(path_type=Path, dir_okay=False), help="Write the recording as a page."
)
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Copy the campaign to FOLDER.")
def main(runs: int, page: Path | None, keep: Path | None) -> None:
    """Record, print, and write the page."""
    recorded = [record(keep) for _ in range(runs)]
    if page is not None:
        write_page(page, recorded)


if __name__ == "__main__":
    main()
