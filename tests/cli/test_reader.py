"""A second user, who may read a campaign but not write to it: results are printed, files go where he says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from hpcbip.cli import main
from hpcbip.report.html import page as page_module
from tests.reduction.test_results import campaign

NOTHING = "nothing was written: {} may not be written to; --out FOLDER takes the files\n"


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    campaign(folder)
    record = {"format": 2, "name": "synthetic", "frozen": {}}
    (folder / "campaign.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


@pytest.fixture
def closed(others: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign whose folder takes no files (also from root, who may write everywhere)."""
    may, folder = os.access, str(others)
    monkeypatch.setattr(
        os, "access", lambda path, mode: may(path, mode) and not (mode & os.W_OK and str(path) == folder)
    )
    others.chmod(0o555)
    return others


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["hpcbip", *words])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize("verb", ["reduce", "report", "tc", "status"])
def test_results_are_printed(
    verb: str, closed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in closed.iterdir())
    assert run(monkeypatch, verb, str(closed)) == 0
    said = capsys.readouterr()
    assert "bipolaron" in said.out if verb == "status" else "converged" in said.out
    assert said.err == (NOTHING.format(closed) if verb in ("reduce", "report") else "")
    assert {path.name for path in closed.iterdir()} - {"analysis.zip"} <= set(before)


def test_json_stays_json(
    closed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "reduce", str(closed), "--format", "json") == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)) == 2 and said.err == NOTHING.format(closed)


def test_files_go_where_they_are_wanted(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page_module, "draw_all", lambda results, folder: [])
    out = tmp_path / "mine" / "files"
    assert run(monkeypatch, "reduce", str(closed), "--out", str(out)) == 0
    assert run(monkeypatch, "report", str(closed), "--out", str(out)) == 0
    assert not capsys.readouterr().err
    assert {path.name for path in out.iterdir()} == {
        "results.json",
        "results.csv",
        "binning.csv",
        "plateau.png",
        "plateau.pdf",
        "plateau.csv",
        "report.html",
    }
    assert 'href="results.csv"' in (out / "report.html").read_text(encoding="utf-8")
    assert not (closed / "report.html").exists() and not (closed / "results.csv").exists()


def test_a_folder_that_cannot_be_made(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert run(monkeypatch, "reduce", str(closed), "--out", str(tmp_path / "file" / "x")) == 2
    assert "cannot be made" in capsys.readouterr().err
