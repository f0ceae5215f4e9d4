"""`hpcbip atlas` and `hpcbip.atlas`: looking results up."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import hpcbip
from hpcbip.cli import commands
from hpcbip.errors import InputError
from hpcbip.vocabulary.parameters import ADIABATICITY, PARAMETERS
from tests.catalogue.records import atlas_record, write_atlas
from tests.report.flagged import flagged


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An atlas of three points in two campaigns, and one campaign without results."""
    return write_atlas(
        tmp_path / "atlas",
        atlas_record(0.3, "first", seconds_polaron=1800.0),
        atlas_record(0.5, "first", **flagged("tc_above_binding"), tc_valid=False),
        atlas_record(0.5, "second", coupling="holstein", omega=0.5, U=0.0),
    )


def atlas(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(commands, ["atlas", *arguments, "--folder", str(folder)])


def found(folder: Path, *arguments: str) -> list[tuple[str, float]]:
    result = atlas(folder, *arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    return [(record["campaign"], record["lambda"]) for record in json.loads(result.stdout)]


def test_every_parameter_is_an_option(folder: Path) -> None:
    options = {option for parameter in commands.commands["atlas"].params for option in parameter.opts}
    names = [*PARAMETERS, ADIABATICITY.name]
    assert {"--" + name.replace("/", "-over-").replace("_", "-") for name in names} <= options


def test_points_are_chosen(folder: Path) -> None:
    assert len(found(folder)) == 3
    assert found(folder, "--coupling", "bond", "--U", "8") == [("first", 0.3), ("first", 0.5)]
    assert found(folder, "--lambda", "0.4:0.8") == [("first", 0.5), ("second", 0.5)]
    assert found(folder, "--t-over-omega", "4/2,3", "--lattice", "square") == [("second", 0.5)]
    assert found(folder, "--campaign", "first", "--unflagged") == [("first", 0.3)]
    assert found(folder, "--coupling", "bond", "--coupling", "holstein", "--lambda", "0.5") == [
        ("first", 0.5),
        ("second", 0.5),
    ]


def test_the_table_marks_flags(folder: Path) -> None:
    text = atlas(folder, "--coupling", "bond").stdout
    assert "first" in text and "0.1700(40)!" in text and "Tc >= binding energy: # 2" in text
    assert "second" not in text and "of 2 points, 1 flagged" in text
    text = atlas(folder, "--columns", "potential,tc_over_omega,chains_polaron,E_polaron").stdout
    assert "-4.5120(12)" in text and "chains_polaron" in text and "m*/m0" not in text
    assert "no points of the atlas are like that" in atlas(folder, "--lattice", "fcc").stdout


def test_columns_in_csv_and_json(folder: Path) -> None:
    rows = list(
        csv.DictReader(atlas(folder, "--columns", "radius2,seed", "--format", "csv").stdout.splitlines())
    )
    assert {"campaign", "point", "lattice", "lambda", "radius2", "radius2_err", "seed", "flags"} <= rows[
        0
    ].keys()
    assert "mass_bipolaron" not in rows[0] and float(rows[0]["radius2_err"]) == 0.02
    everything = json.loads(atlas(folder, "--format", "json").stdout)
    assert everything[0]["digest_polaron"] == 64 * "d" and everything[1]["flags"] == ["Tc >= binding energy"]


def test_campaigns_are_listed(folder: Path) -> None:
    rows = json.loads(atlas(folder, "--campaigns", "--format", "json").stdout)
    assert [(row["campaign"], row["points"], row["flagged"], row["cpu_hours"]) for row in rows] == [
        ("first", 2, 1, 5.0),
        ("second", 1, 0, 3.0),
        ("waiting", 0, 0, None),
    ]
    assert rows[0]["hpcbip"] == "0.5.0" and rows[0]["seed"] == 14
    rows = json.loads(atlas(folder, "--campaigns", "--U", "0", "--format", "json").stdout)
    assert [row["campaign"] for row in rows] == ["second"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--U", "eight"], "--U: eight: cannot be read; allowed: a number, several"),
        (["--lambda", "0.8:0.3"], "--lambda: 0.8:0.3"),
        (["--lambda", "nan"], "--lambda: nan"),
        (["--t-over-omega", "1/0"], "--t-over-omega: 1/0"),
        (
            ["--columns", "mass_bipolarn"],
            "--columns: mass_bipolarn: no entry of the records; allowed: mass_bip",
        ),
        (["--lattice", "fcc", "--page", "page.html"], "--page: no points to show"),
        (["--page", "/nowhere/page.html"], "/nowhere/page.html: cannot be written"),
    ],
)
def test_bad_input_is_named(folder: Path, arguments: list[str], named: str) -> None:
    result = atlas(folder, *arguments)
    assert isinstance(result.exception, InputError) and named in str(result.exception)


def test_add_says_what_is_wrong(tmp_path: Path) -> None:
    result = CliRunner().invoke(commands, ["atlas", "add", str(tmp_path)])
    assert isinstance(result.exception, InputError) and "not a campaign" in str(result.exception)


def test_the_frame_of_the_package() -> None:
    frame = hpcbip.atlas()
    assert frame.index.names == ["campaign", "point"] and frame.index.is_unique and len(frame)
    name = frame.attrs["campaigns"][0]
    part = hpcbip.atlas(campaign=name)
    assert part.attrs["campaigns"] == [name] and len(part) == len(frame.loc[name])
    assert list(part["mass_bipolaron"]) == list(frame.loc[name]["mass_bipolaron"])
    assert isinstance(part["flags"].iloc[0], list) and part["tc_over_omega"].dtype == float
    assert hpcbip.atlas(lattice="none of these").empty
    with pytest.raises(hpcbip.InputError, match="latice"):
        hpcbip.atlas(latice="square")
    assert len(hpcbip.find_peaks(frame.loc[name])) == len(hpcbip.find_peaks(part))
