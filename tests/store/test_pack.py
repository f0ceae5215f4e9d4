"""Campaigns in archives: they go on elsewhere, holes stay holes, and damage is found."""

from __future__ import annotations

import fcntl
import io
import json
import os
import random
import re
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from hpcbip.cli import commands
from hpcbip.errors import InputError
from hpcbip.reduction.results import read_results
from hpcbip.store.digest import digest_lines
from hpcbip.store.transfer.archive import LEFT_OUT, MANIFEST, MODES, pack, unpack
from hpcbip.store.transfer.sparse import add_file, data_ranges, sha256_of_ranges
from tests.store.small import small

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign with room for far more chains and blocks than it has."""
    directory = small(
        tmp_path_factory.mktemp("packed") / "run",
        chains="{min: 2, max: 64}",
        blocks=2000,
        target="{E_polaron: 9, E_bipolaron: 9}",
    )
    read_results(directory)
    (directory / "stop").touch()
    assert all((directory / name).exists() for name in LEFT_OUT if name != MANIFEST)
    assert (directory / "bins-0001.h5").stat().st_size > MEGABYTE
    return directory


def used(directory: Path) -> int:
    """Bytes on the disk, as `du` counts them."""
    return sum(path.stat().st_blocks * 512 for path in directory.rglob("*") if path.is_file())


def content(directory: Path) -> dict[str, str]:
    """What the files hold, but for those that stay behind."""
    found = {}
    for path in directory.rglob("*"):
        if path.is_file() and path.name not in LEFT_OUT:
            with open(path, "rb") as file:
                found[path.relative_to(directory).as_posix()] = sha256_of_ranges(path, data_ranges(file))
    return found


@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
@pytest.mark.parametrize("program", ["hpcbip", "tar"])
def test_a_campaign_goes_on_elsewhere(campaign: Path, tmp_path: Path, ending: str, program: str) -> None:
    done = pack(campaign, archive := tmp_path / f"campaign{ending}")
    assert archive.stat().st_size == done.size < (1.5 if ending == ".tar" else 1.0) * used(campaign) + 10240
    if program == "tar":
        subprocess.run(["tar", "xf", archive, "-C", tmp_path], check=True)
        there = tmp_path / "run"
    else:
        there = unpack(archive, tmp_path / "there").path
        assert not (there / MANIFEST).exists()
    assert used(there) < 2 * used(campaign) + MEGABYTE
    assert digest_lines(there) == digest_lines(campaign)
    assert read_results(there).records == read_results(campaign).records
    assert not (there / "stop").exists()
    assert {name: (there / name).stat().st_size for name in content(there)} == {
        name: (campaign / name).stat().st_size for name in content(campaign)
    }


def test_it_goes_on_with_the_same_bins(tmp_path: Path) -> None:
    here = small(tmp_path / "run")
    there = unpack(pack(here, tmp_path / "run.tar.gz").path, tmp_path / "elsewhere").path
    assert content(there) == content(here)
    assert digest_lines(small(there, blocks=6)) == digest_lines(small(here, blocks=6))


def test_an_older_archive_is_replaced_and_nothing_else_is_left(campaign: Path, tmp_path: Path) -> None:
    archive = tmp_path / "campaign.tgz"
    archive.write_bytes(b"older")
    pack(campaign, archive)
    with tarfile.open(archive) as read:
        names = [member.name for member in read.getmembers()]
    assert names[-1] == f"run/{MANIFEST}" and not {f"run/{name}" for name in LEFT_OUT} & set(names[:-1])
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize(
    "pieces",
    [[], [(0, 5)], [(3 * MEGABYTE, 7)], [(0, 9), (2 * MEGABYTE, 2 * MEGABYTE), (6 * MEGABYTE, 1)]],
)
@pytest.mark.parametrize("tail", [0, MEGABYTE])
def test_sparse_files_come_back(tmp_path: Path, pieces: list[tuple[int, int]], tail: int) -> None:
    """By tarfile and by tar, whatever the holes, and with names that need more than a header."""
    name = "ä" * 60 + "x" * 80 + ".h5"
    path = tmp_path / name
    with open(path, "wb") as file:
        for offset, length in pieces:
            file.seek(offset)
            file.write(random.Random(offset).randbytes(length))
        file.truncate(max((offset + length for offset, length in pieces), default=0) + tail)
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        ranges, digest = add_file(archive, path, f"folder/{name}")
        add_file(archive, path, "folder/last")
    assert (tmp_path / "a.tar").stat().st_size < 5 * MEGABYTE + 40960
    with tarfile.open(tmp_path / "a.tar") as archive:
        assert [member.size for member in archive.getmembers()] == [path.stat().st_size] * 2
        filters = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # since Python 3.11.4
        archive.extractall(tmp_path / "python", **filters)
    (tmp_path / "tar").mkdir()
    subprocess.run(["tar", "xf", "../a.tar"], cwd=tmp_path / "tar", check=True)
    for program in ("python", "tar"):
        for member in (name, "last"):
            there = tmp_path / program / "folder" / member
            assert there.read_bytes() == path.read_bytes()
            assert sha256_of_ranges(there, ranges) == digest


# ---------------------------------------------------------------- what is refused


def test_a_running_campaign(campaign: Path, tmp_path: Path) -> None:
    with open(campaign / "lock", "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="a run is at work in it"):
            pack(campaign, tmp_path / "a.tar")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.zip", r"--out: .*a.zip: unknown kind of archive; allowed: FILE.tar, FILE.tar.gz"),
        ("no/a.tar", r"a.tar.*: cannot be packed: No such file"),
    ],
)
def test_archives_that_cannot_be_written(campaign: Path, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pack(campaign, tmp_path / name)
    with pytest.raises(InputError, match="not a campaign"):
        pack(tmp_path, tmp_path / "a.tar")
    assert not list(tmp_path.iterdir())


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None
    return file.read()


def repacked(archive: Path, change: Callable[[str, bytes], tuple[str, bytes]], **more: bytes) -> Path:
    """Make an archive again with other members."""
    out = archive.with_name("changed.tar")
    with tarfile.open(archive) as read, tarfile.open(out, "w") as write:
        members = [(member.name, _content(read, member)) for member in read]
        for name, text in [*(change(*one) for one in members), *more.items()]:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            write.addfile(info, io.BytesIO(text))
    return out


def same(name: str, text: bytes) -> tuple[str, bytes]:
    return name, text


def other_log(name: str, text: bytes) -> tuple[str, bytes]:
    return name, text.replace(b"seed", b"need") if name.endswith(".log") else text


def other_digest(name: str, text: bytes) -> tuple[str, bytes]:
    if not name.endswith(MANIFEST):
        return name, text
    manifest = json.loads(text)
    return name, json.dumps(manifest | {"digest": manifest["digest"][:-1]}).encode()


@pytest.mark.parametrize(
    ("change", "more", "message"),
    [
        (other_log, {}, r"damaged: logs/run-0001.log is not what was packed"),
        (other_digest, {}, r"damaged: its bins are not those that were packed"),
        (
            lambda name, text: (name, b"{}" if name.endswith(MANIFEST) else text),
            {},
            r"its packed.json cannot",
        ),
        (lambda name, text: (name.replace(MANIFEST, "other"), text), {}, r"not an archive of a campaign"),
        (same, {"run/../../evil": b"x"}, r"not an archive of a campaign"),
        (same, {"/evil": b"x"}, r"not an archive of a campaign"),
        (same, {"other/file": b"x"}, r"not an archive of a campaign"),
        (same, {"run/analysis.zip": b"x"}, r"not an archive of a campaign"),
        (same, {"run/more": b"x"}, r"damaged: more is not what was packed"),
    ],
)
def test_archives_that_are_not_what_was_packed(
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
    change: Callable[[str, bytes], tuple[str, bytes]],
    more: dict[str, bytes],
    message: str,
) -> None:
    archive = tmp_path_factory.getbasetemp() / "small.tar"
    if not archive.exists():
        pack(small(tmp_path_factory.mktemp("small") / "run"), archive)
    changed = repacked(archive, change, **more)
    with pytest.raises(InputError, match=message) as caught:
        unpack(changed, tmp_path / "there")
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", [".tar", ".tar.gz"])
def test_archives_that_are_cut_or_no_archives(campaign: Path, tmp_path: Path, mode: str) -> None:
    archive = pack(campaign, tmp_path / f"a{mode}").path
    whole = archive.read_bytes()
    rng = random.Random(5)
    for case in range(8):
        text = whole[: rng.randrange(len(whole) - 2000)] if case % 2 else bytearray(whole)
        if isinstance(text, bytearray):
            text[rng.randrange(512, len(text) - 12000)] ^= 0x55
        archive.write_bytes(bytes(text))
        try:
            unpack(archive, tmp_path / "there")
        except InputError as error:
            assert "\n" not in str(error) and re.search("cannot be read|damaged|not an archive", str(error))
            assert list(tmp_path.iterdir()) == [archive]
        else:  # the byte says when a file was changed, or fills a block
            assert digest_lines(tmp_path / "there") == digest_lines(campaign)
            (tmp_path / "there").rename(tmp_path.with_name(f"{tmp_path.name}-{case}"))
    for name in ("missing.tar", "."):
        with pytest.raises(InputError, match="cannot be read"):
            unpack(tmp_path / name, tmp_path / "there")


def test_the_verbs(campaign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    packed = CliRunner().invoke(commands, ["pack", str(campaign)])
    assert packed.exit_code == 0 and "written: run.tar.gz: " in packed.output
    assert "on the other machine: hpcbip unpack run.tar.gz" in packed.output
    unpacked = CliRunner().invoke(commands, ["unpack", "run.tar.gz"])
    assert unpacked.exit_code == 0 and "to go on: hpcbip run run/config.yaml --out run" in unpacked.output
    again = CliRunner().invoke(commands, ["unpack", "run.tar.gz"])
    assert isinstance(again.exception, InputError) and "run: is there already" in str(again.exception)
    assert sorted(os.listdir()) == ["run", "run.tar.gz"] and set(MODES) >= {".tar", ".tar.gz"}
