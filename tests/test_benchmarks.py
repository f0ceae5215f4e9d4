"""The benchmark of the kernel prints what its users read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

KERNEL = Path(__file__).parents[1] / "benchmarks" / "kernel.py"


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(KERNEL), *options], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("sector", ["polaron", "bipolaron"])
def test_json(sector: str) -> None:
    point = ["--lattice", "square", "--coupling", "bond", "--omega", "1", "--lambda", "0.5", "--U", "8"]
    done = run(*point, "--sector", sector, "--seconds", "0.5", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    expected = {f"E_{sector}", f"mass_{sector}", *(["pair_distance2"] if sector == "bipolaron" else [])}
    for key in ("err_sqrt_cpu", "tau_cpu_s", "value", "error"):
        assert expected <= result[key].keys()
        assert all(number > 0.0 for number in result[key].values() if key != "value")
    assert result["updates_per_s"] > 0.0 and result["cpu_s"] >= 0.5


def test_table_and_bad_options() -> None:
    done = run("--lattice", "triangular", "--coupling", "holstein", "--seconds", "0.2")
    assert done.returncode == 0 and "updates/s" in done.stdout and "mass_bipolaron" in done.stdout
    for options in (["--lattice", "sqare"], ["--omega", "0"], ["--lambda", "-1"]):
        done = run(*options)
        assert done.returncode == 2 and "Traceback" not in done.stderr
