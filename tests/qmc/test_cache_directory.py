"""The kernel's machine code is read only from a folder that nobody else can write to."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from hpcbip.files import is_private
from hpcbip.qmc.kernel.jit import cache_directory

find = cache_directory.__wrapped__


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A folder for NUMBA_CACHE_DIR, and a temporary one, sticky as /tmp is."""
    given, temporary = tmp_path / "given", tmp_path / "tmp"
    given.mkdir(0o700)
    temporary.mkdir()
    temporary.chmod(0o1777)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(given))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return given, temporary


def test_it_lies_where_the_user_wants_it(places: tuple[Path, Path]) -> None:
    given, _ = places
    folder = find()
    assert folder.parent == given / "hpcbip" and folder.name.startswith("kernel-")
    assert is_private(folder) and folder.stat().st_mode & 0o777 == 0o700
    assert find() == folder


def test_a_link_of_the_user_is_followed(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    given, temporary = places
    link = temporary / "link"
    link.symlink_to(given)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(link))
    assert find().parent == given / "hpcbip"


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_folder_that_others_can_write_to_is_not_used(places: tuple[Path, Path], level: int) -> None:
    given, temporary = places
    folder = find()
    (folder, folder.parent, given)[level].chmod(0o777)
    assert find().parent == temporary / f"hpcbip-{os.getuid()}"


def test_a_folder_in_place_of_a_link_is_not_used(places: tuple[Path, Path]) -> None:
    given, temporary = places
    folder = find()
    other = temporary / "other"
    folder.rename(other)
    folder.symlink_to(other)
    assert find().parent == temporary / f"hpcbip-{os.getuid()}"


@pytest.mark.parametrize("squatted", ["open", "another's"])
def test_a_temporary_folder_made_beforehand_is_not_used(
    squatted: str,
    places: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The fault of 0.4: TMP/hpcbip-UID was taken as it was, whoever had made it."""
    given, temporary = places
    given.chmod(0o777)  # as where there is no home
    user = os.getuid() + (squatted == "another's")
    monkeypatch.setattr(os, "getuid", lambda: user)
    planted = temporary / f"hpcbip-{user}"
    planted.mkdir(0o700)
    if squatted == "open":
        planted.chmod(0o777)
    folder = find()
    assert folder.parent == temporary and folder.name.startswith("hpcbip-kernel-")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert find() != folder, "nobody can know its name beforehand"
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and f"{planted}: not this user's alone" in lines[0]


def test_what_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    for path in (folder, folder.parent):
        path.chmod(0o755)
    assert is_private(folder)
    assert not is_private(tmp_path / "none")
    (tmp_path / "link").symlink_to(folder)
    assert not is_private(tmp_path / "link")
    for mode in (0o775, 0o757):
        folder.parent.chmod(mode)
        monkeypatch.setattr("hpcbip.files._is_group_of_one", lambda number: False)
        assert not is_private(folder)
        monkeypatch.setattr("hpcbip.files._is_group_of_one", lambda number: True)  # umask 002
        assert is_private(folder) is (mode == 0o775)
    folder.parent.chmod(0o1777)
    assert is_private(folder)
    (folder / "file").touch()
    assert not is_private(folder / "file")
