"""`hpcbip plan`, and what `hpcbip submit` says of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hpcbip.cli import commands, main
from hpcbip.errors import InputError

CONFIG = """\
name: dome
seed: 1
model: {lattice: square, coupling: bond, t: 1.0}
grid: {omega: [1.0], lambda: [0.5, 0.8], U: [8.0]}
points:
  - {omega: 1.0, lambda: 0.6, U: 8.0, beta: 60}
sampling: {chains: 4, target: {tc_over_omega: 0.02}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "dome.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(commands, list(map(str, arguments)))


def test_the_table_says_what_is_expected_and_what_cures_short_paths(path: Path) -> None:
    found = call("plan", path, "-n", 2)
    assert found.exit_code == 0, found.output
    text = found.output
    for words in ("auto: long against", "given", "m*/m0", "core hours:", "wall time on 2 ranks", "--time"):
        assert words in text, words
    assert "2 points may or will be flagged" in text and "take them out of the grid" in text
    assert "- {omega: 1, lambda: 0.5, U: 8, beta: {polaron: 30, bipolaron: 3" in text
    assert list(path.parent.iterdir()) == [path]


def test_every_format_has_the_points(path: Path) -> None:
    content = json.loads(call("plan", path, "--format", "json", "-n", 3).output)
    assert content["summary"]["points"] == 3 and content["summary"]["ranks"] == 3
    assert content["summary"]["core_hours_low"] < content["summary"]["core_hours_high"]
    rows = list(csv.DictReader(io.StringIO(call("plan", path, "--format", "csv").output)))
    assert [row["lambda"] for row in rows] == ["0.5", "0.8", "0.6"]
    assert [row["point"] for row in rows] == [row["point"] for row in content["points"]]
    assert [row["beta_verdict"] for row in rows] == ["short", "long enough", "short"]
    assert float(rows[1]["mass_bipolaron"]) == pytest.approx(2.94, rel=0.03)
    assert rows[1]["mass_bipolaron_source"] == "atlas" and float(rows[1]["core_hours"]) > 0.0


def test_bad_input_is_one_line(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text(CONFIG.replace("lambda: [0.5", "lambda: [-0.5"), encoding="utf-8")
    with pytest.raises(InputError):
        CliRunner().invoke(commands, ["plan", str(path)], catch_exceptions=False, standalone_mode=False)
    for wrong in (["plan", str(path)], ["plan", str(path), "--pilot", "0"], ["plan", "nowhere.yaml"]):
        monkeypatch.setattr("sys.argv", ["hpcbip", *wrong])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr().err
        assert end.value.code == 2 and said.count("\n") == 1 and said.startswith("hpcbip: "), said


def test_submit_says_what_does_not_fit(path: Path) -> None:
    found = call("submit", path, "--dry-run", "--ntasks", 5000, "--time", "0:30")
    assert (
        found.exit_code == 0 and found.stdout.startswith("#!/bin/bash") and "core hours" not in found.stdout
    )
    assert "core hours: " in found.stderr and "beta short" in found.stderr
    assert "warning: 5000 ranks are more than make sense" in found.stderr
    assert "the job would be requeued" in found.stderr
    fits = call("submit", path, "--dry-run", "--ntasks", 1, "--time", "24:00:00").stderr
    assert "make sense," not in fits and "requeued" not in fits
