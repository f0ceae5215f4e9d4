"""Results for other programs: what is on disk is what `hpcbip.load` has, with words and units."""

from __future__ import annotations

import builtins
import csv
import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow.parquet
import pytest
import xarray
from click.testing import CliRunner

import hpcbip
from hpcbip.cli import commands
from hpcbip.driver.interactive import dataset
from hpcbip.driver.interactive.dataset import NO_POINT, data_set, describe
from hpcbip.errors import InputError
from hpcbip.report.data_files import WRITERS
from hpcbip.vocabulary.displays import DERIVED
from hpcbip.vocabulary.observables import OBSERVABLES
from hpcbip.vocabulary.parameters import PARAMETERS
from tests.reduction.test_results import campaign
from tests.report.test_checks import good


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    campaign(folder)
    return folder


def export(directory: Path, path: Path) -> None:
    result = CliRunner().invoke(commands, ["export", str(directory), str(path)])
    assert result.exit_code == 0, result.output
    assert result.output == f"written: {path}\n"
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_netcdf(directory: Path, tmp_path: Path) -> None:
    export(directory, tmp_path / "results.nc")
    frame = hpcbip.load(directory)
    with xarray.open_dataset(tmp_path / "results.nc") as read:
        read.load()
    xarray.testing.assert_identical(read, hpcbip.load(directory, as_xarray=True))
    assert dict(read.sizes) == {"omega": 1, "lambda": 2, "U": 1, "V": 1}
    for _, row in frame.iterrows():
        at = read.sel({name: row[name] for name in read.dims})
        for name in frame.columns:
            if name in read.attrs or name in read.dims:
                continue
            value, expected = at[name].item(), row[name]
            if isinstance(expected, list):
                assert value == "; ".join(expected)
            elif expected is None or expected != expected:
                assert value == "" or math.isnan(value)
            elif isinstance(expected, str | bool | np.bool_):
                assert value == expected
            else:
                assert value == expected
    assert read.attrs["name"] == "synthetic" and read.attrs["lattice"] == "square" and read.attrs["seed"] == 1
    assert read.mass_bipolaron.attrs["units"] == "m0" and "standard error" in read.E_polaron_err.long_name


def test_a_large_seed(tmp_path: Path) -> None:
    """That netCDF 3 has no integer for."""
    campaign(tmp_path / "run")
    source = tmp_path / "run" / "config.yaml"
    source.write_text(
        source.read_text(encoding="utf-8").replace("seed: 1", f"seed: {2**40}"), encoding="utf-8"
    )
    (tmp_path / "out").mkdir()
    export(tmp_path / "run", tmp_path / "out" / "results.nc")
    with xarray.open_dataset(tmp_path / "out" / "results.nc") as read:
        assert int(read.attrs["seed"]) == 2**40


def test_parquet(directory: Path, tmp_path: Path) -> None:
    export(directory, tmp_path / "results.parquet")
    frame, read = hpcbip.load(directory), pandas.read_parquet(tmp_path / "results.parquet")
    assert read.attrs == frame.attrs
    assert [list(row) for row in read["flags"]] == list(frame["flags"])
    lists = [name for name in frame if any(isinstance(value, list) for value in frame[name])]
    pandas.testing.assert_frame_equal(
        read.drop(columns=lists), frame.drop(columns=lists), check_exact=True, check_dtype=False
    )
    field = pyarrow.parquet.read_schema(tmp_path / "results.parquet").field("radius2")
    assert field.metadata[b"units"] == b"a^2" and b"mean-square" in field.metadata[b"long_name"]


def test_csv(directory: Path, tmp_path: Path) -> None:
    export(directory, tmp_path / "results.csv")
    rows = list(csv.DictReader((tmp_path / "results.csv").open(encoding="utf-8")))
    frame = hpcbip.load(directory)
    assert [float(row["mass_bipolaron"]) for row in rows] == list(frame["mass_bipolaron"])


# ---------------------------------------------------------------- the layout


def test_scattered_points_leave_gaps_that_are_marked() -> None:
    points = [good(lam) | {"omega": omega} for lam, omega in ((0.3, 1.0), (0.4, 1.0), (0.4, 0.5))]
    points[1]["flags"] = ["first", "second"]
    data = data_set(points, {"name": "made up"})
    assert dict(data.sizes) == {"omega": 2, "lambda": 2, "U": 1, "V": 1}
    gap = data.sel({"omega": 0.5, "lambda": 0.3}).squeeze()
    assert np.isnan(gap.tc_over_omega) and gap.tc_valid == NO_POINT and gap.flags == "" and gap.point == ""
    assert data.flags.sel({"omega": 1.0, "lambda": 0.4}).item() == "first; second"
    assert int((data.point != "").sum()) == 3 and data.tc_valid.flag_meanings == "unknown false true"


def test_one_of_lambda_and_g_is_a_dimension() -> None:
    by_g = [
        good(lam) | {"g": g, "omega": omega}
        for (g, omega), lam in zip(
            itertools.product((1.0, 1.5), (0.5, 1.0)), (0.1, 0.2, 0.3, 0.4), strict=True
        )
    ]
    data = data_set(by_g, {})
    assert "g" in data.dims and "lambda" in data.coords and data["lambda"].dims == data.E_polaron.dims
    assert data["lambda"].sel(g=1.5, omega=0.5).item() == 0.3


def test_beta_is_a_dimension_where_points_differ_in_nothing_else() -> None:
    data = data_set([good(0.5) | {"beta": beta} for beta in (30.0, 60.0)], {})
    assert data.sizes["beta"] == 2 and data["beta"].attrs["units"] == "1/energy"


@pytest.mark.parametrize("change", [dict, lambda: {"beta": None}])
def test_points_that_nothing_tells_apart_lie_in_a_row(change: Callable[[], dict[str, Any]]) -> None:
    points = [good(0.5) | {"point": name} | change() for name in ("one", "two")]
    data = data_set(points, {})
    assert data.tc_over_omega.dims == ("point",) and list(data.point.values) == ["one", "two"]
    assert list(data["lambda"].values) == [0.5, 0.5]


def test_points_scattered_too_widely_lie_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [good(lam) | {"g": lam, "U": 10.0 * lam, "point": str(lam)} for lam in (0.3, 0.4, 0.5)]
    assert dict(data_set(points, {}).sizes) == {"omega": 1, "lambda": 3, "U": 3, "V": 1}
    monkeypatch.setattr(dataset, "MOST_CELLS", 8)
    assert dict(data_set(points, {}).sizes) == {"point": 3}


def test_everything_declared_has_words_and_units() -> None:
    for name in OBSERVABLES:
        assert all(describe(name + suffix)["long_name"] for suffix in ("", "_err", "_tau", "_verdict"))
        assert (
            describe(name)["units"] == describe(f"{name}_err")["units"]
            and describe(f"{name}_tau")["units"] == "1"
        )
    assert all(describe(name)["units"] for name in PARAMETERS)
    assert all(describe(entry.name)["long_name"] for entry in DERIVED)
    assert describe("dispersion_polaron[2]")["long_name"].endswith("(number 2)")
    assert describe("mass_polaron[1]")["long_name"] != describe("mass_polaron")["long_name"]
    assert describe("bins_polaron") == {}


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("results.xlsx", r"unknown format '.xlsx'; allowed: FILE.nc, FILE.parquet, FILE.csv"),
        ("results", r"unknown format ''; allowed"),
        *[(f"no/where/results{ending}", r"cannot be written") for ending in WRITERS],
    ],
)
def test_files_that_cannot_be_written(directory: Path, tmp_path: Path, name: str, message: str) -> None:
    result = CliRunner().invoke(commands, ["export", str(directory), str(tmp_path / name)])
    assert isinstance(result.exception, InputError)
    assert pytest.raises(InputError, match=message) and "\n" not in str(result.exception)
    assert message.split(";")[0].replace("\\", "") in str(result.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("ending", "module"), [(".nc", "xarray"), (".parquet", "pyarrow")])
def test_a_missing_package_is_named(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, module: str
) -> None:
    def without(name: str) -> Any:
        if name.partition(".")[0] == module:
            raise ImportError(name)
        return builtins.__import__(name)

    monkeypatch.setattr(dataset, "import_module", without)
    path = tmp_path / f"results{ending}"
    result = CliRunner().invoke(commands, ["export", str(directory), str(path)])
    assert isinstance(result.exception, InputError)
    assert f"needs {module}, which is not installed; allowed: pip install 'hpcbip[export]'" in str(
        result.exception
    )
    assert not path.exists() and json.dumps(str(result.exception)).count("\\n") == 0


def test_a_campaign_without_bins(tmp_path: Path) -> None:
    result = CliRunner().invoke(commands, ["export", str(tmp_path), str(tmp_path / "results.csv")])
    assert isinstance(result.exception, InputError) and "not a campaign" in str(result.exception)
