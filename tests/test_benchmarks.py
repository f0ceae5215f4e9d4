"""The benchmark of the kernel prints what its users read, and a page holds the figures that are stored."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

KERNEL = Path(__file__).parents[1] / "benchmarks" / "kernel.py"
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the benchmark with options in this process, where the sampler is loaded once."""
    monkeypatch.syspath_prepend(str(KERNEL.parent))
    main = importlib.import_module(KERNEL.stem).main
    return lambda *options: CliRunner().invoke(main, options)


@pytest.mark.parametrize("sector", ["polaron", "bipolaron"])
def test_json(sector: str, run: Run) -> None:
    point = ["--lattice", "square", "--coupling", "bond", "--omega", "1", "--lambda", "0.5", "--U", "8"]
    done = run(*point, "--sector", sector, "--seconds", "0.5", "--json")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    expected = {f"E_{sector}", f"mass_{sector}", *(["pair_distance2"] if sector == "bipolaron" else [])}
    for key in ("err_sqrt_cpu", "tau_cpu_s", "value", "error"):
        assert expected <= result[key].keys()
        assert all(number > 0.0 for number in result[key].values() if key != "value")
    assert result["updates_per_s"] > 0.0 and result["cpu_s"] >= 0.5


def test_table_and_bad_options(run: Run) -> None:
    command = [sys.executable, str(KERNEL), "--lattice", "triangular", "--coupling", "holstein"]
    done = subprocess.run([*command, "--seconds", "0.2"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "updates/s" in done.stdout and "mass_bipolaron" in done.stdout
    for options in (["--lattice", "sqare"], ["--omega", "0"], ["--lambda", "-1"]):
        refused = run(*options)
        assert refused.exit_code == 2 and options[0] in refused.stderr and not refused.stdout


def test_the_page_of_other_kinds_is_that_of_the_stored_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(KERNEL.parent))
    release = importlib.import_module("release")
    nothing = tmp_path / "nothing.json"
    nothing.write_text(json.dumps({"version": "none", "points": {}}), encoding="utf-8")
    options = ["--kinds", "--before", str(nothing), "--now", str(release.FIGURES), "--out", str(tmp_path)]
    done = CliRunner().invoke(release.main, options)
    assert done.exit_code == 0, done.output
    page = KERNEL.parents[1] / "docs" / "measured" / "kinds.md"
    assert (tmp_path / "kinds.md").read_text(encoding="utf-8") == page.read_text(encoding="utf-8")
