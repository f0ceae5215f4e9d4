"""What the atlas holds, and that its files are read as they were written."""

from __future__ import annotations

import csv
import io
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.catalogue.csv_format import csv_text, parse_csv
from hpcbip.catalogue.entries import CAMPAIGNS, campaign_names, configuration_path, read_records, results_path
from hpcbip.errors import InputError
from hpcbip.vocabulary.displays import ATLAS_TABLE
from hpcbip.vocabulary.flags import all_codes
from tests.catalogue.records import SECTORS, atlas_record, write_atlas
from tests.report.flagged import flagged

WRITTEN_OUT = '{"vectors":[[1.0,0.0],[0.5,0.866]],"bonds":[[1,0],[0,1]]}'
VALUES: dict[str, Any] = {
    "float": 0.1 + 0.2,
    "whole": 8.0,
    "tiny": -5e-324,
    "integer": 8,
    "yes": True,
    "no": False,
    "nothing": None,
    "text": "square",
    "empty": "",
    "digits": "0123456789",
    "number": "12345e678901",
    "word": "true",
    "null": "null",
    "nan": "NaN",
    "infinity": "-Infinity",
    "quoted": '"so", he said; and: λ\n',
    "blank": " 8",
    "list in words": "[1]",
    "lattice": WRITTEN_OUT,
    "flags": ["not bound; or, perhaps, bound", 'a "b"'],
    "none of them": [],
    "factors": [1.0, 0.25],
}


def same(a: Any, b: Any) -> bool:
    """Equal in value and in type, bit for bit."""
    return (
        a == b
        and type(a) is type(b)
        and (not isinstance(a, list) or list(map(type, a)) == list(map(type, b)))
    )


def test_every_value_comes_back_as_it_was() -> None:
    (back,) = parse_csv(csv_text([VALUES]))
    assert list(back) == list(VALUES)
    assert not [name for name in VALUES if not same(back[name], VALUES[name])]


def test_random_numbers_come_back_bit_for_bit() -> None:
    bits = np.random.default_rng(1).integers(0, 2**64, 4000, dtype=np.uint64).view(np.float64)
    numbers = [float(x) for x in bits if math.isfinite(x)]
    assert len(numbers) > 3900
    assert [row["x"] for row in parse_csv(csv_text([{"x": x} for x in numbers]))] == numbers


def test_records_with_different_entries_share_a_table() -> None:
    assert parse_csv(csv_text([{"a": 1}, {"b": "x"}])) == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_what_is_no_value_of_a_record_is_refused() -> None:
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="JSON"):
            csv_text([{"x": value}])
    with pytest.raises(TypeError, match="no value of a record"):
        csv_text([{"x": {"a": 1}}])
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        parse_csv("a,b\n1\n")


def test_other_programs_read_the_table() -> None:
    record = atlas_record(lattice=WRITTEN_OUT, **flagged("not_bound", "tc_above_binding"))
    (row,) = csv.DictReader(io.StringIO(csv_text([record])))
    assert float(row["tc_over_omega"]) == record["tc_over_omega"] and row["lattice"] == WRITTEN_OUT


def test_names_and_paths(tmp_path: Path) -> None:
    folder = write_atlas(tmp_path / "atlas", atlas_record(campaign="b"), atlas_record(campaign="a"))
    assert campaign_names(folder) == ["a", "b", "waiting"]
    assert configuration_path("waiting", folder) == folder / "waiting.yaml"
    with pytest.raises(InputError, match=r"^c: no campaign of the atlas; allowed: a, b, waiting$"):
        configuration_path("c", folder)


def test_records_of_all_and_of_some(tmp_path: Path) -> None:
    one, two = atlas_record(0.3, "a"), atlas_record(0.4, "b", **flagged("beta_short"))
    folder = write_atlas(tmp_path / "atlas", two, one)
    assert read_records(folder=folder) == [one, two]
    assert read_records(["b", "waiting"], folder) == [two]
    with pytest.raises(InputError, match="no campaign of the atlas"):
        read_records(["c"], folder)
    (folder / "a.csv").write_text("x,y\n1\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"a\.csv: cannot be read: .*; allowed: a file that hpcbip atlas add"
    ):
        read_records(folder=folder)


def test_three_hundred_points_are_read_at_once(tmp_path: Path) -> None:
    folder = write_atlas(tmp_path / "atlas", *(atlas_record(0.001 * i) for i in range(300)))
    started = time.process_time()
    assert len(read_records(folder=folder)) == 300
    assert time.process_time() - started < 0.5


CAMPAIGNS_WITH_RESULTS = [name for name in campaign_names() if results_path(name).is_file()]


def test_the_atlas_is_there() -> None:
    assert CAMPAIGNS_WITH_RESULTS and {path.stem for path in CAMPAIGNS.glob("*.csv")} <= set(campaign_names())
    assert {path.suffix for path in CAMPAIGNS.iterdir()} == {".yaml", ".csv"}


@pytest.mark.parametrize("name", campaign_names())
def test_a_configuration_of_the_atlas_is_one(name: str) -> None:
    config = load_config(configuration_path(name))
    assert config.name == name and make_plan(config).points


@pytest.mark.parametrize("name", CAMPAIGNS_WITH_RESULTS)
def test_results_of_the_atlas_are_those_of_their_configuration(name: str) -> None:
    config = load_config(configuration_path(name))
    points = {point.identity: point for point in make_plan(config).points}
    records = read_records([name])
    assert {record["point"] for record in records} == set(points) and len(records) == len(points)
    for record in records:
        point = points[record["point"]]
        assert record["campaign"] == name and record["seed"] == config.seed
        assert {key: record[key] for key in point.parameters} == point.parameters
        assert {sector: record[f"ensemble_{sector}"] for sector in SECTORS} == point.ensembles
        assert {one.name for one in ATLAS_TABLE} <= record.keys()  # later versions may know more observables
        assert set(record["flag_codes"]) <= set(all_codes())
        assert all(sum(record[f"chain_bins_{sector}"]) >= record[f"bins_{sector}"] for sector in SECTORS)
        assert all(len(record[f"digest_{sector}"]) == 64 for sector in SECTORS)
