"""`import hpcbip`: what a user of Python and notebooks is given, and that asking for it is all it costs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpcbip
from hpcbip.reduction.results import read_results

EXACT_MASS = 1.3505  # of the Holstein polaron on the chain at t = Ω = g = 1, by exact diagonalisation
SCAN = {
    "name": "scan",
    "seed": 3,
    "model": {"lattice": "square", "coupling": "bond"},
    "grid": {"omega": (1.0,), "lambda": np.array([0.3, 0.5, 0.7]), "U": [np.float64(2.0)]},
    "sampling": {
        "beta": {"polaron": 3.0, "bipolaron": 4},
        "chains": 2,
        "updates_per_bin": 500,
        "bins_per_block": 4,
        "thermal_blocks": 1,
        "min_blocks": 4,
        "max_blocks": 4,
    },
}


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_five_lines_from_nothing_to_a_mass_with_an_error_bar() -> None:
    model = hpcbip.Model("chain", "holstein", t=1.0, omega=1.0, g=1.0)
    result = hpcbip.sample(model, electrons=1, bins=24, updates_per_bin=50_000, seed=1)
    mass = result["mass_polaron"]
    assert abs(mass.value - EXACT_MASS) < 4.0 * mass.error < 0.03
    assert mass.verdict == "converged" and not result.flags


def test_import_loads_nothing() -> None:
    heavy = ("numba", "numpy", "h5py", "mpi4py", "pandas", "scipy", "pydantic", "yaml", "rich", "matplotlib")
    code = f"""
import sys, time
started = time.perf_counter()
import hpcbip
seconds = time.perf_counter() - started
assert seconds < 0.15, seconds
assert not [name for name in {heavy} if name in sys.modules]
assert set(hpcbip.__all__) <= set(dir(hpcbip))
hpcbip.Model, hpcbip.get_lattice, hpcbip.InputError, hpcbip.coupling_from_lambda, hpcbip.theory
assert not [name for name in ("numba", "h5py", "mpi4py", "pandas") if name in sys.modules]
"""
    python(code)


def test_every_public_name_is_there() -> None:
    assert all(getattr(hpcbip, name) is not None for name in hpcbip.__all__)
    names: dict[str, Any] = {}
    exec("from hpcbip import *", names)
    assert names["sample"] is hpcbip.sample and set(hpcbip.__all__) <= names.keys()
    with pytest.raises(AttributeError, match="no attribute 'smaple'"):
        hpcbip.smaple  # type: ignore[attr-defined]  # noqa: B018


def test_theories_are_there() -> None:
    names = ("exact", "pair", "antiadiabatic", "instanton", "eliashberg")
    code = f"import hpcbip; print(*(getattr(hpcbip.theory, name).__name__ for name in {names}))"
    assert python(code).split() == [f"hpcbip.theory.{name}" for name in names]


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    directory = tmp_path_factory.mktemp("scan") / "run"
    return directory, hpcbip.run(SCAN, directory)


def test_run_is_load(scan: tuple[Path, Any]) -> None:
    directory, frame = scan
    loaded = hpcbip.load(directory)
    assert frame.attrs["finished"] is True and frame.attrs["name"] == "scan"
    assert frame.equals(loaded) and len(frame) == 3
    assert list(frame["lambda"]) == [0.3, 0.5, 0.7] and frame["mass_bipolaron_err"].notna().all()


def test_run_takes_a_file_and_goes_on(scan: tuple[Path, Any], tmp_path: Path) -> None:
    directory, frame = scan
    again = hpcbip.run(directory / "config.yaml", tmp_path / "again")
    assert frame.drop(columns=["seconds_polaron", "seconds_bipolaron"]).equals(
        again.drop(columns=["seconds_polaron", "seconds_bipolaron"])
    )
    assert hpcbip.run(str(directory / "config.yaml"), str(directory)).equals(frame)  # nothing is left to do


def test_stopped_run_says_so(scan: tuple[Path, Any], tmp_path: Path) -> None:
    directory, before = scan
    shutil.copytree(directory, tmp_path / "run")
    longer = SCAN | {"sampling": SCAN["sampling"] | {"max_blocks": 100_000}}  # type: ignore[operator]
    after = hpcbip.run(longer, tmp_path / "run", max_time=3.0)
    assert after.attrs["finished"] is False and (after["bins_polaron"] >= before["bins_polaron"]).all()


def test_peaks_of_a_directory_a_frame_and_records(scan: tuple[Path, Any]) -> None:
    directory, frame = scan
    (peak,) = hpcbip.find_peaks(directory)
    (of_frame,) = hpcbip.find_peaks(frame)
    (of_records,) = hpcbip.find_peaks(read_results(directory).records)
    assert of_frame == of_records
    assert peak.position == pytest.approx(of_frame.position, abs=0.05)
    assert peak.statement.startswith("square, t/Ω = 1, U = 2t: Tc/Ω")
    assert hpcbip.find_peaks(frame.iloc[:2]) == []
    with pytest.raises(hpcbip.InputError, match="find_peaks: no column '.*'; allowed: a directory, a frame"):
        hpcbip.find_peaks(frame[["lambda", "omega"]])


def test_wrong_input_is_one_clear_line(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(
        hpcbip.InputError, match="^run: config: grid.omga: .*: unknown key, did you mean 'omega"
    ):
        hpcbip.run(SCAN | {"grid": {"omga": [1.0], "lambda": [0.5], "U": [1.0]}}, out)
    with pytest.raises(hpcbip.InputError, match="^run: config: model: required key is missing"):
        hpcbip.run({"name": "x", "seed": 1}, out)
    with pytest.raises(hpcbip.InputError, match="cannot be read"):
        hpcbip.run(tmp_path / "none.yaml", out)
    with pytest.raises(
        hpcbip.InputError, match="^run: cores: 0: not a number of ranks; allowed: an integer >= 1"
    ):
        hpcbip.run(SCAN, out, cores=0)
    with pytest.raises(hpcbip.InputError, match="^run: max_time: -1: not a time; allowed: seconds > 0"):
        hpcbip.run(SCAN, out, max_time=-1)
    assert not out.exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(hpcbip.InputError, match="holds other files"):
        hpcbip.run(SCAN, tmp_path)
    with pytest.raises(hpcbip.InputError, match="not a campaign"):
        hpcbip.load(tmp_path)


def test_texts_that_look_like_numbers_stay_texts(tmp_path: Path) -> None:
    from hpcbip.campaign.yaml_reader import read_yaml, yaml_text

    content = {"a": "1e-4", "b": "010", "c": ["1:30", "no", "null", ""], "d": 1e-5, "e": "λ", "f": -2.0}
    (tmp_path / "x.yaml").write_text(yaml_text(content), encoding="utf-8")
    assert read_yaml(tmp_path / "x.yaml") == content
