"""Campaigns that are joined: equal to the whole one, chains that add up, what goes on, what is refused."""

from __future__ import annotations

import fcntl
import json
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from hpcbip.campaign.schema import load_config
from hpcbip.catalogue.addition import add_campaign
from hpcbip.catalogue.entries import read_records
from hpcbip.catalogue.reproduction import sample_digest
from hpcbip.cli import commands
from hpcbip.errors import InputError
from hpcbip.reduction.results import read_results
from hpcbip.reduction.status import status_records
from hpcbip.store.digest import digest_lines
from hpcbip.store.directory import open_campaign
from hpcbip.store.run_log import read_runs
from hpcbip.store.segment import checksum
from hpcbip.store.store import Store
from hpcbip.store.transfer.merging import merge_campaigns
from hpcbip.store.transfer.origins import Origins
from tests.store.small import copied, go_on, small

Chains = dict[tuple[str, str], str]


def records(directory: Path) -> list[dict[str, Any]]:
    """Results, with None in place of NaN and without the costs."""
    found = read_results(directory).records
    return [{k: v for k, v in one.items() if not k.startswith("seconds")} for one in found]


def bins(directory: Path) -> list[tuple[str, str]]:
    """(Ensemble, SHA-256 of the bins that count) of every chain, whatever its number; sorted."""
    return sorted((line[:16], line.split("sha256=")[1]) for line in digest_lines(directory))


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same campaign with two seeds."""
    folder = tmp_path_factory.mktemp("seeds")
    return small(folder / "seven"), small(folder / "eight", seed=8)


@pytest.fixture(scope="module")
def joined(seeds: tuple[Path, Path]) -> Path:
    """The two of them in one."""
    merge_campaigns(seeds, out := seeds[0].with_name("joined"))
    return out


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A whole campaign, and two with some of its points each; those in the middle are on both."""
    folder = tmp_path_factory.mktemp("halves")
    rule = {"target": "{E_polaron: 0.1, E_bipolaron: 0.1}", "blocks": 8}
    return (
        small(folder / "whole", lam="[0.4, 0.5, 0.6]", **rule),
        small(folder / "one", lam="[0.4, 0.5]", **rule),
        small(folder / "two", lam="[0.5, 0.6]", **rule),
    )


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_two_halves_are_the_whole(
    halves: tuple[Path, Path, Path], tmp_path: Path, order: tuple[int, int]
) -> None:
    whole = halves[0]
    before = [digest_lines(half) for half in halves]
    merge_campaigns([halves[k] for k in order], out := tmp_path / "joined")
    assert digest_lines(out) == digest_lines(whole)  # numbers of chains and of bins included
    assert {one["point"]: one for one in records(out)} == {one["point"]: one for one in records(whole)}
    assert [digest_lines(half) for half in halves] == before
    assert not Origins.read(out).ensembles
    states = {(one["state"], one["bins_min"]) for one in status_records(out)}
    assert states == {(one["state"], one["bins_min"]) for one in status_records(whole)}
    assert go_on(out) == 0 and digest_lines(out) == digest_lines(whole)
    assert len(read_runs(out)) == 3


def test_chains_of_other_seeds_add_up(seeds: tuple[Path, Path], joined: Path) -> None:
    assert bins(joined) == sorted(bins(seeds[0]) + bins(seeds[1]))
    config = load_config(joined / "config.yaml")
    assert (config.seed, config.name, config.sampling.chains) == (7, "small", 4)
    with Store(seeds[0]) as one, Store(seeds[1]) as two, Store(joined) as both:
        for key in open_campaign(joined)[1].ensembles:
            for chain in range(2):
                assert np.array_equal(both.read(key, chain), one.read(key, chain))
                assert np.array_equal(both.read(key, chain + 2), two.read(key, chain))
            origins = [one.origin for one in Origins.read(joined).ensembles[key]]
            assert origins == [(7, 0), (7, 1), (8, 0), (8, 1)]
            energies = [part.read(key, chain)[:, 0] for part in (one, two) for chain in range(2)]
            name = (
                "E_polaron"
                if "U" not in open_campaign(joined)[1].ensembles[key].parameters
                else "E_bipolaron"
            )
            (record,) = records(joined)
            assert record[name] == pytest.approx(np.mean(energies), rel=1e-12)
    (record,), halves = records(joined), [records(one)[0] for one in seeds]
    ratio = record["E_polaron_err"] / math.sqrt(np.mean([one["E_polaron_err"] ** 2 for one in halves]))
    assert 0.5 < ratio < 0.95  # 1/√2, as far as such errors are known


def test_a_joined_campaign_goes_on_where_its_chains_were(
    seeds: tuple[Path, Path], joined: Path, tmp_path: Path
) -> None:
    """Bit for bit as each would have gone on alone; also a chain whose checkpoints are lost."""
    alone = [
        small(copied(one, f"{tmp_path.name}-{one.name}"), seed=s, blocks=6) for s, one in enumerate(seeds, 7)
    ]
    out = copied(joined, f"{tmp_path.name}-joined")
    text = (out / "config.yaml").read_text(encoding="utf-8")
    (out / "config.yaml").write_text(text.replace("max_blocks: 4", "max_blocks: 6"), encoding="utf-8")
    lost = list((out / "checkpoints").glob("*-3.*"))
    assert lost
    for path in lost:
        path.unlink()
    assert go_on(out) == 0
    assert bins(out) == sorted(bins(alone[0]) + bins(alone[1]))
    assert all(" bins=24 " in line for line in digest_lines(out))


def test_what_counted_counts_on(tmp_path: Path) -> None:
    """Chains of unequal lengths, targets that fewer bins meet: a run changes nothing."""
    one = small(tmp_path / "one", target="{E_polaron: 0.01, E_bipolaron: 0.01}", blocks=12)
    two = small(tmp_path / "two", seed=8, target="{}", blocks=5)
    loose = small(tmp_path / "loose", seed=9, target="{E_polaron: 0.9, E_bipolaron: 0.9}")
    merge_campaigns([loose, one, two], out := tmp_path / "joined")
    assert bins(out) == sorted(bins(loose) + bins(one) + bins(two))
    before = records(out)
    assert {record["state"] for record in status_records(out)} == {"met"}
    assert go_on(out) == 0
    assert records(out) == before and bins(out) == sorted(bins(loose) + bins(one) + bins(two))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_a_copy_that_was_gone_on_with_the_longer_is_taken(
    seeds: tuple[Path, Path], tmp_path: Path, order: tuple[int, int]
) -> None:
    longer = small(copied(seeds[0], f"longer-{tmp_path.name}"), blocks=5)
    merge_campaigns([(seeds[0], longer)[k] for k in order], out := tmp_path / "joined")
    assert digest_lines(out) == digest_lines(longer) and records(out) == records(longer)
    assert not Origins.read(out).ensembles and load_config(out / "config.yaml").sampling.chains == 2


def test_joined_campaigns_join(seeds: tuple[Path, Path], joined: Path, tmp_path: Path) -> None:
    """A chain that comes by two ways is one chain."""
    nine = small(tmp_path / "nine", seed=9, chains="3")
    merge_campaigns([seeds[1], nine], other := tmp_path / "other")
    merge_campaigns([joined, other], out := tmp_path / "all")
    assert bins(out) == sorted(bins(seeds[0]) + bins(seeds[1]) + bins(nine))
    for chains in Origins.read(out).ensembles.values():
        assert [one.origin for one in chains] == [
            *((7, 0), (7, 1), (8, 0), (8, 1)),
            *((9, k) for k in range(3)),
        ]
    merge_campaigns([joined], alone := tmp_path / "alone")
    assert digest_lines(alone) == digest_lines(joined) and records(alone) == records(joined)


def test_new_chains_are_new(seeds: tuple[Path, Path], joined: Path, tmp_path: Path) -> None:
    """A chain that begins later is none of those that are there."""
    out = copied(joined, f"more-{tmp_path.name}")
    text = (out / "config.yaml").read_text(encoding="utf-8")
    (out / "config.yaml").write_text(text.replace("chains: 4 ", "chains: 5 "), encoding="utf-8")
    assert go_on(out) == 0
    fifth = [line for line in digest_lines(out) if "chain=4" in line]
    assert len(fifth) == 2
    five = small(tmp_path / "five", chains="5")
    assert {line.split("sha256=")[1] for line in fifth} == {
        line.split("sha256=")[1] for line in digest_lines(five) if "chain=4" in line
    }


def test_points_keep_their_projection_lengths(tmp_path: Path) -> None:
    one = small(tmp_path / "one")
    two = small(tmp_path / "two", lam="[0.5, 0.6]", beta="{polaron: 4.0, bipolaron: 6.0}")
    merge_campaigns([one, two], out := tmp_path / "joined")
    assert bins(out) == sorted({*bins(one), *bins(two)})  # they share the polaron at λ = 0.5
    both = sorted((one, two), key=lambda path: path.name)
    expected = {one["point"]: one for directory in both for one in records(directory)}
    assert {one["point"]: one for one in records(out)} == expected and len(expected) == 3


def test_bins_that_only_a_checkpoint_has(seeds: tuple[Path, Path], tmp_path: Path) -> None:
    """After a power cut: the last bins had not reached the disk."""
    cut = copied(seeds[0], f"cut-{tmp_path.name}")
    with h5py.File(cut / "bins-0001.h5", "r+") as file:
        for group in file.values():
            group["0"]["crc"][:, 12:] = 0
    assert all(" bins=12 " in line for line in digest_lines(cut))
    merge_campaigns([cut], out := tmp_path / "joined")
    assert digest_lines(out) == digest_lines(seeds[0])


def test_a_joined_campaign_in_the_atlas(seeds: tuple[Path, Path], joined: Path, tmp_path: Path) -> None:
    """Its bins can be sampled once more, each chain with the random numbers that it had."""
    add_campaign(joined, folder=tmp_path, allow_flagged=True)
    (record,) = read_records(folder=tmp_path)
    for sector in ("polaron", "bipolaron"):
        assert sample_digest(record, sector, tmp_path) == record[f"digest_{sector}"]


# ---------------------------------------------------------------- what is refused


def _other_bin(directory: Path) -> Path:
    """Change a bin, and its checksum with it."""
    with h5py.File(directory / "bins-0001.h5", "r+") as file:
        part = next(iter(file.values()))["0"]
        part["bins"][1, 3, 0] *= 1.0 + 1e-15
        part["crc"][1, 3] = checksum(part["bins"][1, 3], 3)
    return directory


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"updates": 100},
            r"sampling.updates_per_bin: 100: .*seven/config.yaml has 200; allowed: campaigns of",
        ),
        ({"model": "square"}, r"model.lattice: 'square': .* has 'chain'"),
    ],
)
def test_campaigns_of_another_kind(
    seeds: tuple[Path, Path], tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    other = copied(seeds[1], f"other-{tmp_path.name}")
    text = (other / "config.yaml").read_text(encoding="utf-8")
    text = text.replace("chain,", f"{changes.get('model', 'chain')},")
    text = text.replace("updates_per_bin: 200", f"updates_per_bin: {changes.get('updates', 200)}")
    (other / "config.yaml").write_text(text, encoding="utf-8")
    refused([seeds[0], other], tmp_path / "joined", message)


def refused(directories: list[Path], out: Path, message: str) -> None:
    """Check that nothing comes of it but one line."""
    with pytest.raises(InputError, match=message) as caught:
        merge_campaigns(directories, out)
    assert "\n" not in str(caught.value)
    assert not list(out.parent.glob(f".{out.name}*"))
    assert not out.is_dir() or [path.name for path in out.iterdir()] == ["mine"]


def test_a_chain_with_other_bins(seeds: tuple[Path, Path], tmp_path: Path) -> None:
    other = _other_bin(copied(seeds[0], f"changed-{tmp_path.name}"))
    message = (
        r"polaron [0-9a-f]{12}: chain 1 began with the same random numbers \(seed 7\) as in .* other bins"
    )
    refused([seeds[0], other], tmp_path / "joined", message)


def test_a_running_campaign(seeds: tuple[Path, Path], tmp_path: Path) -> None:
    with open(seeds[1] / "lock", "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        refused(list(seeds), tmp_path / "joined", r"eight: a run is at work in it")


def test_places_that_cannot_be_used(seeds: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "file").touch()
    for name in ("full", "file"):
        refused(list(seeds), tmp_path / name, f"--out: .*{name}: is there already")
    refused([*seeds, tmp_path / "full"], tmp_path / "joined", r"full: not a campaign")
    refused(list(seeds), tmp_path / "file" / "joined", r"--out: .*: cannot be written")


def test_other_columns(seeds: tuple[Path, Path], tmp_path: Path) -> None:
    other = copied(seeds[1], f"columns-{tmp_path.name}")
    with h5py.File(other / "bins-0001.h5", "r+") as file:
        for group in file.values():
            names = json.loads(group.attrs["columns"])
            group.attrs["columns"] = json.dumps([*names[:-1], "another"])
    refused([seeds[0], other], tmp_path / "joined", r"its bins have other columns than those of .*another")


def test_the_verb(seeds: tuple[Path, Path], tmp_path: Path) -> None:
    arguments = ["merge", *map(str, seeds), "--out", str(tmp_path / "joined")]
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 0, result.output
    assert (
        "1 points, 2 ensembles, 8 chains, 128 bins; ensembles with chains of several campaigns: 2"
        in result.output
    )
    assert f"to go on: hpcbip run {tmp_path / 'joined' / 'config.yaml'}" in result.output.replace("\n", "")
    again = CliRunner().invoke(commands, arguments)
    assert isinstance(again.exception, InputError) and "is there already" in str(again.exception)
