"""The command as a user meets it: bad input is one line and status 2, before anything is written."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcbip.campaign.schema import load_config
from hpcbip.cli import main
from hpcbip.errors import InputError
from hpcbip.store.directory import check_directory, prepare_directory
from tests.mpi.campaigns import command, environment, hpcbip, run_to_the_end, write_config

BROKEN = {
    "unknown key": ("seed: 7", "seeed: 7", "seeed"),
    "lattice": ("square", "sqare", "model.lattice"),
    "omega": ("omega: [1.0]", "omega: [0.0]", "grid.omega"),
    "empty axis": ("U: [8.0]", "U: []", "grid.U"),
    "lambda and g": ("U: [8.0]", "U: [8.0], g: [1.0]", "grid.lambda"),
    "nan": ("U: [8.0]", "U: [.nan]", "grid.U"),
    "wrong type": ("chains: 2", "chains: two", "sampling.chains"),
    "site-Peierls": ("coupling: bond", "coupling: site-peierls", "sign problem"),
    "not YAML": ("{lattice", "{lattice: [", "YAML"),
}


def one_line(stderr: str) -> bool:
    return stderr.count("\n") == 1 and stderr.startswith("hpcbip: ") and "Traceback" not in stderr


Refused = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Refused:
    """Call the command's entry point in this process, where it is imported already; return its one line."""

    def call(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["hpcbip", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert ended.value.code == 2 and one_line(err) and not out, err
        return err

    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)
    return call


def broken_config(folder: Path, name: str) -> Path:
    old, new, _ = BROKEN[name]
    config = write_config(folder)
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")
    return config


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration(tmp_path: Path, name: str, refused: Refused) -> None:
    config = broken_config(tmp_path, name)
    line = refused("run", config, "--out", tmp_path / "run")
    assert BROKEN[name][2] in line and str(config) in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("verb", ["run", "reduce"])
def test_in_a_process_of_its_own(tmp_path: Path, verb: str) -> None:
    """The same line, and nothing else, for example from what is imported."""
    config = broken_config(tmp_path, "lattice")
    done = hpcbip("run", config, "--out", "x") if verb == "run" else hpcbip("reduce", "nowhere")
    assert done.returncode == 2 and one_line(done.stderr) and not done.stdout, done.stderr
    assert (str(config) if verb == "run" else "nowhere") in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "missing.yaml", "--out", "x"], "missing.yaml"),
        (["run", "missing.yaml"], "--out"),
        (["run", ".", "--out", "x", "-n", "0"], "-n"),
        (["run", ".", "--out", "x", "--max-time", "-3"], "--max-time"),
        (["digest", "nowhere"], "nowhere"),
        (["status", "nowhere"], "nowhere"),
        (["reduce", "nowhere"], "nowhere"),
        (["tc", "nowhere", "--prefactor", "minus"], "--prefactor"),
        (["tc", "nowhere", "--format", "xml"], "xml"),
        (["tc", "nowhere", "--density", "0"], "--density"),
        (["report", "nowhere"], "nowhere"),
        (["suggest", "nowhere"], "nowhere"),
        (["suggest", "nowhere", "--axes", "lambda,beta"], "--axes"),
        (["suggest", "nowhere", "--bounds", "lambda=2:1"], "--bounds"),
        (["suggest", "nowhere", "--tolerance", "height=-1"], "--tolerance"),
        (["search", "missing.yaml", "--out", "x", "--cpu-hours", "1"], "missing.yaml"),
        (["search", "missing.yaml", "--out", "x"], "--cpu-hours"),
        (["search", "missing.yaml", "--out", "x", "--cpu-hours", "0"], "--cpu-hours"),
        (["dance"], "dance"),
    ],
)
def test_bad_arguments(
    arguments: list[str], named: str, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert named in refused(*arguments)
    assert not list(tmp_path.iterdir())


def test_the_directory_of_another_campaign(tmp_path: Path) -> None:
    config, directory = write_config(tmp_path), tmp_path / "run"
    prepare_directory(directory, load_config(config), config)
    other = tmp_path / "other.yaml"
    for old, new, named in (
        ("name: small", "name: large", "name"),
        ("seed: 7", "seed: 8", "seed"),
        ("t: 1.0", "t: 2.0", "model.t"),
        ("beta: 8.0", "beta: 9.0", "sampling.beta"),
        ("bins_per_block: 4", "bins_per_block: 5", "sampling.bins_per_block"),
    ):
        text = config.read_text(encoding="utf-8")
        assert old in text
        other.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(InputError, match=named):
            check_directory(directory, load_config(other), str(other))


def test_directories_that_cannot_be_used(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path))
    check_directory(tmp_path / "new" / "deep", config, "x")
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("", encoding="utf-8")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "campaign.json").write_text("{", encoding="utf-8")
    for name in ("file", "other", "broken", "file/below"):
        with pytest.raises(InputError, match=name.split("/")[0]):
            check_directory(tmp_path / name, config, "x")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A campaign that ran to its end, and its digest."""
    folder = tmp_path_factory.mktemp("finished")
    config = write_config(folder, max_blocks=3, updates_per_bin=500)
    return folder / "run", run_to_the_end(config, folder / "run")


def test_status_and_digest_tell_the_truth(finished: tuple[Path, str]) -> None:
    directory, found = finished
    status = json.loads(hpcbip("status", directory, "--format", "json").stdout)
    records = status["ensembles"]
    assert not status["run"]["running"] and status["run"]["blocks"] == 32
    assert len(records) == 4 and {r["state"] for r in records} == {"ended"}
    assert {r["bins_min"] for r in records} == {12}
    lines = found.splitlines()
    assert len(lines) == 8 and lines == sorted(lines)
    assert all("bins=12 sha256=" in line for line in lines)
    assert hpcbip("digest", directory).stdout == found
    table = hpcbip("status", directory)
    assert table.returncode == 0 and "4 ended" in table.stdout


def test_a_full_disk_is_one_line_and_nothing_is_lost(tmp_path: Path, finished: tuple[Path, str]) -> None:
    """A limit on file sizes stands in for a full disk: checkpoints are larger than it, the segment is made
    before."""
    config, directory = write_config(tmp_path, max_blocks=3, updates_per_bin=500), tmp_path / "run"
    stopped = hpcbip("run", config, "--out", directory, "--max-time", 0.1)
    assert stopped.returncode == 3
    segment = (directory / "bins-0001.h5").stat().st_size

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing too much is then an error, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    assert segment > 1000
    full = subprocess.run(
        command("run", config, "--out", directory),
        capture_output=True,
        text=True,
        env=environment(),
        preexec_fn=limit,
    )
    assert full.returncode == 2 and "Traceback" not in full.stderr, full.stderr
    assert str(directory) in full.stderr
    assert run_to_the_end(config, directory) == finished[1]
