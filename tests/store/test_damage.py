"""Whatever is damaged in a campaign's directory: it is named, set aside or refused in one line, and nothing
is lost."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from hpcbip.driver.run import run_campaign
from hpcbip.errors import InputError
from hpcbip.store import bin_writer
from hpcbip.store.checkpoints import MAGIC
from hpcbip.store.digest import digest_lines

CONFIG = """\
name: small
seed: 7
model: {lattice: chain, coupling: bond}
grid: {omega: [1.0], lambda: [0.5], U: [8.0]}
sampling: {beta: 4.0, chains: 2, max_blocks: 4, min_blocks: 2, thermal_blocks: 1, bins_per_block: 2,
  updates_per_bin: 300}
"""


def go_on(directory: Path) -> int:
    return run_campaign(directory.parent / "small.yaml", directory, None, time.monotonic())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished campaign whose bins were synced at its end only, however slow the machine is."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "small.yaml").write_text(CONFIG, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bin_writer, "SYNC_INTERVAL", math.inf)
        assert go_on(folder / "run") == 0
    return folder


def segment(directory: Path) -> Path:
    return directory / "bins-0001.h5"


def newest(directory: Path) -> Path:
    return sorted(directory.glob("checkpoints/*.checkpoint"))[0]


def both(directory: Path) -> list[Path]:
    return [newest(directory), newest(directory).with_suffix(".previous")]


def flip(path: Path, where: float = 0.5) -> None:
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1
    path.write_bytes(content)


def cut(path: Path, to: float) -> None:
    path.write_bytes(path.read_bytes()[: int(to * path.stat().st_size)])


def into_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def change(path: Path, name: str) -> None:
    """Another number in the first row of a dataset of a segment."""
    with h5py.File(path, "r+") as file:
        dataset = next(iter(file.values()))["0"][name]
        where = (0, 0, 0) if name == "bins" else (0, 0)
        dataset[where] = dataset[where] + 1


def foreign(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["temperature"] = [1.0, 2.0]


def exchange(directory: Path) -> None:
    """The checkpoints of two chains of one ensemble under each other's names."""
    one = newest(directory)
    two = one.with_name(one.name.replace("-0.", "-1."))
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)


def other_ensemble(directory: Path) -> None:
    files = sorted(directory.glob("checkpoints/*-0.checkpoint"))
    shutil.copy(files[1], files[0])


MENDED: dict[str, tuple[Callable[[Path], object], str]] = {
    "segment empty": (lambda d: cut(segment(d), 0.0), "damaged: bins-0001.h5"),
    "segment cut in its head": (lambda d: cut(segment(d), 0.02), "damaged: bins-0001.h5"),
    "segment cut in half": (lambda d: cut(segment(d), 0.5), "damaged: bins-0001.h5"),
    "segment: superblock flipped": (lambda d: flip(segment(d), 0.0), "damaged: bins-0001.h5"),
    "segment is text": (lambda d: segment(d).write_text("hello"), "damaged: bins-0001.h5"),
    "segment is a folder": (lambda d: into_folder(segment(d)), "damaged: bins-0001.h5"),
    "segment is another HDF5 file": (lambda d: foreign(segment(d)), "damaged: bins-0001.h5"),
    "segment gone": (lambda d: segment(d).unlink(), ""),
    "a bin changed": (lambda d: change(segment(d), "bins"), ""),
    "a checksum changed": (lambda d: change(segment(d), "crc"), ""),
    "half-made segment": (lambda d: (d / "bins-0002.making").write_text("x"), ""),
    "checkpoint empty": (lambda d: cut(newest(d), 0.0), "damaged: "),
    "checkpoint cut": (lambda d: cut(newest(d), 0.9), "damaged: "),
    "checkpoint flipped": (lambda d: flip(newest(d)), "damaged: "),
    "checkpoint is text": (lambda d: newest(d).write_text("hello"), "damaged: "),
    "checkpoint is only its head": (lambda d: newest(d).write_bytes(MAGIC), "damaged: "),
    "checkpoint is a folder": (lambda d: into_folder(newest(d)), "damaged: "),
    "checkpoint of another ensemble": (other_ensemble, "damaged: "),
    "checkpoints of chains exchanged": (exchange, "damaged: "),
    "checkpoint gone": (lambda d: newest(d).unlink(), ""),
    "both checkpoints flipped": (lambda d: [flip(p) for p in both(d)], "damaged: "),
    "both checkpoints gone": (lambda d: [p.unlink() for p in both(d)], ""),
    "all checkpoints gone": (lambda d: shutil.rmtree(d / "checkpoints"), ""),
    "half-written checkpoint": (
        lambda d: newest(d).with_name(newest(d).name + ".writing").write_text("x"),
        "",
    ),
    "verdicts are text": (lambda d: (d / "progress.json").write_text("hello"), ""),
    "verdicts of wrong types": (
        lambda d: (d / "progress.json").write_text('{"ensembles": [1], "run": 2}'),
        "",
    ),
    "verdicts gone": (lambda d: (d / "progress.json").unlink(), ""),
    "configuration gone": (lambda d: (d / "config.yaml").unlink(), ""),
    "configuration is text": (lambda d: (d / "config.yaml").write_text("{"), ""),
    "logs gone": (lambda d: shutil.rmtree(d / "logs"), ""),
    "lock left over": (lambda d: (d / "lock").write_text("12345"), ""),
    "asked to stop by an old file": (lambda d: (d / "stop").touch(), ""),
}


@pytest.mark.parametrize("name", MENDED)
def test_damage_is_named_and_mended(tmp_path: Path, finished: Path, name: str) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    directory, (damage, told) = tmp_path / "run", MENDED[name]
    damage(directory)
    if "configuration" not in name:
        digest_lines(directory)  # readers name no file and do not stumble either
    assert go_on(directory) == 0
    assert digest_lines(directory) == digest_lines(finished / "run")
    log = max(directory.glob("logs/*.log")).read_text(encoding="utf-8")
    assert told in log
    assert ("damaged" in log) == bool(told)
    assert bool(list(directory.rglob("*.damaged"))) == bool(told)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "campaign.json is text": (lambda d: (d / "campaign.json").write_text("{"), "campaign.json"),
    "campaign.json is empty": (lambda d: (d / "campaign.json").write_text(""), "campaign.json"),
    "campaign.json of another format": (
        lambda d: (d / "campaign.json").write_text(json.dumps({"format": 99, "name": "small", "frozen": {}})),
        "format",
    ),
    "campaign.json gone": (lambda d: (d / "campaign.json").unlink(), "holds other files"),
    "campaign.json of another campaign": (
        lambda d: (d / "campaign.json").write_text(
            (d / "campaign.json").read_text(encoding="utf-8").replace('"small"', '"large"')
        ),
        "belongs to the campaign",
    ),
    "lock is a folder": (lambda d: into_folder(d / "lock"), "lock"),
    "logs is a file": (lambda d: [shutil.rmtree(d / "logs"), (d / "logs").touch()], "logs"),
    "checkpoints is a file": (
        lambda d: [shutil.rmtree(d / "checkpoints"), (d / "checkpoints").touch()],
        "checkpoints",
    ),
    "stop is a folder": (lambda d: into_folder(d / "stop"), "stop"),
    "config.yaml is a folder": (lambda d: into_folder(d / "config.yaml"), "config.yaml"),
    "progress.json is a folder": (lambda d: into_folder(d / "progress.json"), "progress.json"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_mended_is_refused_in_one_line(tmp_path: Path, finished: Path, name: str) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    directory, (damage, told) = tmp_path / "run", REFUSED[name]
    damage(directory)
    before = segment(directory).read_bytes()
    with pytest.raises(InputError, match=told) as refusal:
        go_on(directory)
    assert "\n" not in str(refusal.value) and str(directory) in str(refusal.value)
    assert segment(directory).read_bytes() == before, "nothing is lost"


def test_a_power_cut_that_takes_bins_off_the_disk_costs_no_more_than_a_kill(
    tmp_path: Path, finished: Path
) -> None:
    """The last bins of every chain are gone, the checkpoints are there: these hold what may not have been
    written."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    directory = tmp_path / "run"
    with h5py.File(segment(directory), "r+") as file:
        for ensemble in file.values():
            ensemble["0"]["crc"][:, 2:] = 0  # all but the first block
    os.utime(segment(directory))
    assert go_on(directory) == 0
    log = max(directory.glob("logs/*.log")).read_text(encoding="utf-8")
    assert "restored: 20 blocks of 4 chains" in log and "0 blocks in" in log
    assert digest_lines(directory) == digest_lines(finished / "run")
