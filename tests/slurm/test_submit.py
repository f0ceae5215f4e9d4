"""`hpcbip submit` as far as it needs no Slurm: what it refuses, and the scripts it writes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hpcbip.cli import main
from hpcbip.driver.launch.slurm import parse_time_limit
from hpcbip.errors import InputError
from tests.mpi.campaigns import command, environment, hpcbip, write_config

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(path for path in (ROOT / "slurm").iterdir() if path.suffix == ".sbatch")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5400),
        ("1:30", 90),
        ("24:00:00", 86400),
        ("1-12", 129600),
        ("1-0:30", 88200),
        ("7-00:00:01", 604801),
        ("UNLIMITED", float("inf")),
    ],
)
def test_times_as_sbatch_takes_them(text: str, seconds: float) -> None:
    assert parse_time_limit(text) == seconds


LONG = ["9" * 400, "9" * 5000, f"1-{'9' * 5000}", f"{'9' * 400}:00:00"]


@pytest.mark.parametrize("text", [*LONG, "", "1h", "-5", "1:2:3:4", "1-", "1-1:1:1:1", "0:00", "24:00:00 "])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="--time") as refused:
        parse_time_limit(text)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--time", "soon"], "--time"),
        (["--time", "2", "--signal", "120"], "--signal"),
        (["--signal", "0"], "--signal"),
        (["--nodes", "0"], "--nodes"),
        (["--ntasks", "4", "--ntasks-per-node", "2"], "--ntasks"),
        (["--mpi", "pmix"], "--mpi"),
        (["--launcher", "ssh"], "ssh"),
        (["--sbatch", "mem=4G"], "--sbatch"),
        (["--sbatch", "--comment=a\nrm -rf x"], "printable"),
        (["--out", "/proc/1/x"], "--out"),
        (["small.yaml"], "two files"),
        (["missing.yaml"], "missing.yaml"),
    ],
)
def test_bad_options_are_one_line_and_nothing_is_written(
    tmp_path: Path,
    options: list[str],
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["hpcbip", "submit", "small.yaml", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert told.count("\n") == 1 and told.startswith("hpcbip: ") and named in told
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


def test_bad_configurations_and_directories_are_refused_before_anything_is_submitted(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.tex").touch()
    refused = hpcbip("submit", config, "--out", taken)
    assert (
        refused.returncode == 2 and "holds other files" in refused.stderr and refused.stderr.count("\n") == 1
    )
    config.write_text(config.read_text(encoding="utf-8").replace("square", "sqaure"), encoding="utf-8")
    refused = hpcbip("submit", config, "--out", tmp_path / "run")
    assert refused.returncode == 2 and "model.lattice" in refused.stderr and refused.stderr.count("\n") == 1


def test_without_sbatch_there_is_still_the_dry_run(tmp_path: Path) -> None:
    config, bare = write_config(tmp_path), environment() | {"PATH": str(tmp_path)}
    words = command("submit", config, "--out", tmp_path / "run")
    refused = subprocess.run(words, env=bare, capture_output=True, text=True)
    assert (
        refused.returncode == 2 and refused.stderr.count("\n") == 1 and "sbatch: not found" in refused.stderr
    )
    assert subprocess.run([*words, "--dry-run"], env=bare, capture_output=True).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


def test_variables_that_would_change_the_job_are_not_handed_down(tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "sbatch"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\nenv >{tmp_path}/seen\necho '12;cluster'\n", encoding="utf-8")
    fake.chmod(0o755)
    inside = {"SLURM_JOB_ID": "3", "SLURM_NTASKS": "64", "SLURM_CONF": "here", "OMPI_COMM_WORLD_RANK": "0"}
    inside |= {"SBATCH_TIMELIMIT": "1", "SBATCH_ACCOUNT": "bread", "SBATCH_OUTPUT": "/dev/null"}
    mine = environment() | inside | {"PATH": f"{fake.parent}:{os.environ['PATH']}"}
    words = command("submit", write_config(tmp_path), "--out", tmp_path / "below" / "run", "--time", 5)
    done = subprocess.run(words, env=mine, capture_output=True, text=True)
    assert done.stdout == f"submitted: job 12: {tmp_path}/below/run.sbatch\n", done.stderr
    seen = (tmp_path / "seen").read_text(encoding="utf-8")
    assert "SLURM_CONF=here" in seen and "SLURM_NTASKS" not in seen and "OMPI_" not in seen
    # sbatch heeds its variables more than the script: what was asked for stays, and what the script needs
    assert "SBATCH_ACCOUNT=bread" in seen and "SBATCH_TIMELIMIT" not in seen and "SBATCH_OUTPUT" not in seen


def test_the_templates_are_what_submit_writes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each says in its second line how it was made; after a change of the scripts make them again that
    way."""
    monkeypatch.chdir(ROOT)
    written: dict[str, list[str]] = {}
    for path in [*sorted((ROOT / "slurm" / "chain").iterdir(), key=lambda path: path.name), *TEMPLATES]:
        text = path.read_text(encoding="utf-8")
        written.setdefault(text.splitlines()[1], []).append(text)
    assert len(written) == 7
    for line, texts in written.items():
        monkeypatch.setattr("sys.argv", [*line.removeprefix("# Written by: ").split(), "--dry-run"])
        main()
        assert capsys.readouterr().out == "".join(texts), f"{line} --dry-run prints something else"


@pytest.mark.parametrize(
    "path", [*TEMPLATES, ROOT / "hpcbip/driver/launch/batch.sh", ROOT / "tests/debian.sh"]
)
def test_shells_can_read_them(path: Path) -> None:
    assert subprocess.run(["bash", "-n", path]).returncode == 0
