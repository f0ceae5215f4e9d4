"""`hpcbip reduce` and `hpcbip tc` on synthetic bins in a real store."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.cli import commands
from hpcbip.errors import InputError
from tests.reduction.test_results import campaign


@pytest.mark.parametrize("verb", ["reduce", "tc"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_formats_for_programs_have_nothing_else_on_stdout(tmp_path: Path, verb: str, form: str) -> None:
    campaign(tmp_path)
    result = CliRunner().invoke(commands, [verb, str(tmp_path), "--format", form])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout) if form == "json" else list(csv.DictReader(result.stdout.splitlines()))
    assert len(rows) == 2 and float(rows[0]["tc_over_omega_err"]) > 0.0 and float(rows[1]["lambda"]) == 0.7


def test_reduce_ends_with_how_converged_it_is(tmp_path: Path) -> None:
    campaign(tmp_path)
    result = CliRunner().invoke(commands, ["reduce", str(tmp_path)])
    assert result.exit_code == 0 and "Convergence: median relative error of m*" in result.output
    assert (tmp_path / "results.json").is_file() and (tmp_path / "plateau.png").is_file()


def test_tc_prints_the_dome_and_draws_it(tmp_path: Path) -> None:
    campaign(tmp_path)
    arguments = ["tc", str(tmp_path), "--prefactor", "published", "--figure", str(tmp_path / "dome.png")]
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 0, result.output
    assert "highest Tc/omega = 0.04" in result.output and "Convergence: median" in result.output
    assert all((tmp_path / f"dome.{end}").is_file() for end in ("png", "pdf", "csv"))


def test_tc_shows_the_gas_band_where_it_is_asked_for(tmp_path: Path) -> None:
    campaign(tmp_path)
    plain, shown = (
        CliRunner().invoke(commands, ["tc", str(tmp_path), *option]) for option in ([], ["--gas-band"])
    )
    assert shown.exit_code == 0, shown.output
    assert "gas low" not in plain.output and "gas high" in shown.output
    flag = "gas band outside the range of its formula: n a^2 > 0.16: # 1, 2"
    assert flag not in plain.output and flag in shown.output
    row = json.loads(CliRunner().invoke(commands, ["tc", str(tmp_path), "--format", "json"]).stdout)[0]
    assert row["tc_over_omega_gas_low"] < row["tc_over_omega_gas_high"] < row["tc_over_omega"]
    assert row["tc_over_omega_gas_flags"] == ["gas band outside the range of its formula: n a^2 > 0.16"]


def test_tc_at_a_density(tmp_path: Path) -> None:
    campaign(tmp_path)
    arguments = ["tc", str(tmp_path), "--density", "0.02", "--format", "json"]
    records = json.loads(CliRunner().invoke(commands, arguments).stdout)
    assert [record["density"] for record in records] == [0.02, 0.02]


def test_suggest_says_what_to_do_next_and_writes_it(tmp_path: Path) -> None:
    campaign(tmp_path / "run")
    config = tmp_path / "scan.yaml"
    config.write_text("# kept\n" + (tmp_path / "run" / "config.yaml").read_text())
    arguments = ["suggest", str(tmp_path / "run"), "--number", "2", "--write", str(config)]
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 0 and "new point" in result.stdout and "added to" in result.stderr
    text = config.read_text()
    assert text.startswith("# kept") and "points:" in text
    before, after = (
        len(make_plan(load_config(path)).points) for path in (tmp_path / "run" / "config.yaml", config)
    )
    assert after > before
    rows = json.loads(CliRunner().invoke(commands, [*arguments[:2], "--format", "json"]).stdout)
    assert {row["kind"] for row in rows} <= {"extend", "refine", "tighten"} and all(
        row["why"] for row in rows
    )


@pytest.mark.parametrize("verb", ["reduce", "tc", "report", "suggest"])
def test_a_directory_that_is_no_campaign(tmp_path: Path, verb: str) -> None:
    result = CliRunner().invoke(commands, [verb, str(tmp_path)])
    assert isinstance(result.exception, InputError) and "not a campaign" in str(result.exception)


@pytest.mark.parametrize("word", ["publisched", "-1", "nan", "0"])
def test_wrong_prefactor(tmp_path: Path, word: str) -> None:
    result = CliRunner().invoke(commands, ["tc", str(tmp_path), f"--prefactor={word}"])
    assert isinstance(result.exception, InputError) and word in str(result.exception)
