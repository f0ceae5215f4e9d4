"""Adding a campaign to an atlas: what is refused, and what is written."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.catalogue import addition
from hpcbip.catalogue.addition import NO_VERSION, add_campaign
from hpcbip.catalogue.entries import read_records
from hpcbip.errors import InputError
from hpcbip.reduction.results import read_results
from hpcbip.store.digest import digest_lines
from hpcbip.store.directory import prepare_directory
from hpcbip.store.progress import CampaignProgress, EnsembleProgress
from hpcbip.store.run_log import RunLog
from hpcbip.version import __version__
from tests.reduction.test_results import campaign

ADDED = {"campaign", "seed", "hpcbip", "columns"}


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """The directory of a finished campaign of two points, without flags, run by one version."""
    return finish(tmp_path / "run")


def finish(directory: Path, points: int = 2, done: int = 4) -> Path:
    campaign(directory, points=points)
    config = load_config(directory / "config.yaml")
    prepare_directory(directory, config, directory / "config.yaml")
    progress = {
        key: EnsembleProgress(4, 8, done=i < done, seconds=10.0 + i)
        for i, key in enumerate(make_plan(config).ensembles)
    }
    CampaignProgress(progress).write(directory)
    RunLog(directory).begin(config, ["node1"], "none", "the master")
    return directory


def test_a_finished_campaign(finished: Path, tmp_path: Path) -> None:
    path = add_campaign(finished, folder=tmp_path)
    assert path == tmp_path / "synthetic.csv"
    assert (tmp_path / "synthetic.yaml").read_bytes() == (finished / "config.yaml").read_bytes()
    records, before = read_records(folder=tmp_path), read_results(finished).records
    lines = digest_lines(finished)
    for record, one, point in zip(
        records, before, make_plan(load_config(finished / "config.yaml")).points, strict=True
    ):
        assert {name: record[name] for name in one} == one  # bit for bit
        assert (record["campaign"], record["seed"]) == ("synthetic", 1)
        assert record["hpcbip"] == __version__
        for sector, key in point.ensembles.items():
            assert record[f"ensemble_{sector}"] == key and record[f"chain_bins_{sector}"] == [64] * 4
            printed = "".join(f"{line}\n" for line in lines if line.startswith(key[:16]))
            assert record[f"digest_{sector}"] == hashlib.sha256(printed.encode()).hexdigest()
        added = {
            f"{what}_{sector}" for sector in point.ensembles for what in ("ensemble", "chain_bins", "digest")
        }
        assert record.keys() - one.keys() == ADDED | added
    only = frozenset(records[0]["columns"].split(","))
    assert {"energy", "displacement2", "accept:kinks"} <= only and digest_lines(finished, only) == lines


def test_nothing_but_the_two_files_is_left(finished: Path, tmp_path: Path) -> None:
    for _ in range(2):  # the second time they are replaced
        add_campaign(finished, "other-name", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other-name.csv", "other-name.yaml", "run"]
    assert {record["campaign"] for record in read_records(folder=tmp_path)} == {"other-name"}


def test_a_campaign_without_records_of_its_runs(finished: Path, tmp_path: Path) -> None:
    (finished / "logs" / "run-0001.json").unlink()
    add_campaign(finished, folder=tmp_path)
    assert {record["hpcbip"] for record in read_records(folder=tmp_path)} == {NO_VERSION}


def refused(directory: Path, folder: Path, match: str, **options: Any) -> None:
    with pytest.raises(InputError, match=match) as wrong:
        add_campaign(directory, folder=folder, **options)
    assert "\n" not in str(wrong.value)
    assert not list(folder.glob("*.csv"))


def test_an_unfinished_campaign_is_refused_unless_asked(tmp_path: Path) -> None:
    directory = finish(tmp_path / "run", done=3)
    refused(directory, tmp_path, "run: not finished: 1 of 4 ensembles not done; allowed: .*--unfinished")
    assert add_campaign(directory, folder=tmp_path, allow_unfinished=True).is_file()


def test_flagged_points_are_refused_by_name_unless_asked(tmp_path: Path) -> None:
    directory = finish(tmp_path / "run", points=1)
    named = r"1 of 2 points flagged .*: square, .*λ = 0\.7, .* \(no polaron bins, no bipolaron bins"
    refused(directory, tmp_path, named + r".*\); allowed: points without flags, or --flagged")
    add_campaign(directory, folder=tmp_path, allow_flagged=True)
    flags = [record["flag_codes"] for record in read_records(folder=tmp_path)]
    assert flags[0] == [] and "polaron:no_bins" in flags[1]


def test_points_that_are_not_converged_are_refused(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = read_results(finished)
    results.records[1]["radius2_verdict"] = "maybe"
    monkeypatch.setattr(addition, "read_results", lambda _: results)
    refused(finished, tmp_path, r"1 of 2 points .*: square, .*λ = 0\.7, .* \(not converged\); allowed")
    assert add_campaign(finished, folder=tmp_path, allow_flagged=True).is_file()


def test_a_chain_is_not_refused_for_having_no_tc(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = read_results(finished)
    for record in results.records:
        record["flags"], record["flag_codes"] = ["no Tc in one dimension"], ["no_tc_in_one_dimension"]
    monkeypatch.setattr(addition, "read_results", lambda _: results)
    assert add_campaign(finished, folder=tmp_path).is_file()


def test_what_is_no_campaign_or_no_place(finished: Path, tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", tmp_path, "not a campaign")
    refused(finished, tmp_path, r"name: 'a/b': cannot be the name of a file", name="a/b")
    with pytest.raises(InputError, match="--folder: .*none: not a folder"):
        add_campaign(finished, folder=tmp_path / "none")


def test_another_campaign_of_that_name_is_not_overwritten(finished: Path, tmp_path: Path) -> None:
    other = (finished / "config.yaml").read_text(encoding="utf-8").replace("seed: 1", "seed: 2")
    (tmp_path / "synthetic.yaml").write_text(other, encoding="utf-8")
    refused(
        finished, tmp_path, r"synthetic\.yaml is another campaign of that name, with another seed; allowed"
    )
    assert (tmp_path / "synthetic.yaml").read_text(encoding="utf-8") == other


def test_digests_are_of_what_is_there(finished: Path, tmp_path: Path) -> None:
    """A changed number changes the digest of its ensemble and of no other."""
    add_campaign(finished, "before", tmp_path)
    key = read_records(folder=tmp_path)[0]["ensemble_bipolaron"]
    progress = CampaignProgress.read(finished)
    shorter = {k: asdict(one) | ({"blocks": 7} if k == key else {}) for k, one in progress.ensembles.items()}
    CampaignProgress({k: EnsembleProgress(**one) for k, one in shorter.items()}).write(finished)
    add_campaign(finished, "after", tmp_path)
    after, before = (read_records([name], tmp_path) for name in ("after", "before"))
    changed = [
        (i, sector)
        for i in range(2)
        for sector in ("polaron", "bipolaron")
        if after[i][f"digest_{sector}"] != before[i][f"digest_{sector}"]
    ]
    assert changed == [(0, "bipolaron")] and after[0]["chain_bins_bipolaron"] == [56] * 4
