"""`hpcbip pack` and `hpcbip unpack`: a campaign as one archive, with which another machine goes on.

The archive is a tar file of one folder, to be unpacked by any tar. Its last member, `packed.json`, says what
it has to hold: of every file the size, the ranges with data and their SHA-256, and the digests of all bins.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcbip.errors import InputError
from hpcbip.files import sync_path
from hpcbip.store.digest import digest_lines, sha256_of_lines
from hpcbip.store.directory import no_run_at_work, open_campaign
from hpcbip.store.running.stop_file import NAME as STOP_FILE
from hpcbip.store.transfer.sparse import add_file, sha256_of_ranges
from hpcbip.version import __version__

MANIFEST = "packed.json"
MODES = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz"}
"""How an archive is written, by the ending of its name."""

LEFT_OUT = ("lock", STOP_FILE, MANIFEST, "analysis.zip")
"""What is not packed: the state of a run, and the cache, which is worked out again."""

GZIP = b"\x1f\x8b"
"""The first bytes of what gzip has compressed."""

UNFINISHED = (".writing", ".making", ".tmp")


@dataclass(frozen=True)
class Packed:
    """What has been packed or unpacked.

    Attributes:
        path: of the archive, or of the directory.
        files: their number.
        size: bytes of the archive, or of the files as `ls` counts them.
        digest: SHA-256 of the lines of `hpcbip digest`.
    """

    path: Path
    files: int
    size: int
    digest: str


def pack(directory: Path, path: Path | None = None) -> Packed:
    """Pack a campaign into an archive, which appears complete or not at all and replaces an older one.

    Args:
        directory: of the campaign; no run may be at work in it.
        path: of the archive, whose ending says how it is compressed (`MODES`); None: NAME.tar.gz in the
            working directory.

    Raises:
        InputError: if the directory is not a campaign, or a run is at work in it; if the ending is unknown,
            or the archive cannot be written.
    """
    open_campaign(directory)
    name = directory.resolve().name
    path = path or Path(f"{name}.tar.gz")
    mode = next((mode for ending, mode in MODES.items() if path.name.endswith(ending)), None)
    if mode is None:
        raise InputError(f"--out: {path}: unknown kind of archive; allowed: FILE{', FILE'.join(MODES)}")
    aside = path.with_name(path.name + ".writing")
    with no_run_at_work(directory):
        try:
            lines = digest_lines(directory)
            number = _write(aside, mode, directory, name, lines)
            os.replace(aside, path)
            sync_path(path.absolute().parent)
        except OSError as error:
            wrong = f"cannot be packed: {error.strerror or error}"
            raise InputError(f"{error.filename or path}: {wrong}") from None
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()
    return Packed(path, number, path.stat().st_size, sha256_of_lines(lines))


def _write(aside: Path, mode: str, directory: Path, name: str, lines: list[str]) -> int:
    """Write the archive under another name; returns the number of files."""
    files: dict[str, Any] = {}
    with tarfile.open(aside, mode, format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
        for path in _files(directory):
            relative = path.relative_to(directory).as_posix()
            ranges, digest = add_file(archive, path, f"{name}/{relative}")
            files[relative] = {"size": path.stat().st_size, "ranges": ranges, "sha256": digest}
        manifest = aside.with_name(aside.name + ".json")
        content = {"hpcbip": __version__, "campaign": name, "digest": lines, "files": files}
        try:
            manifest.write_text(json.dumps(content, indent=1), encoding="utf-8")
            add_file(archive, manifest, f"{name}/{MANIFEST}")
        finally:
            manifest.unlink(missing_ok=True)
    sync_path(aside)
    return len(files)


def _files(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*")):
        left_out = path.suffix in UNFINISHED or (path.parent == directory and path.name in LEFT_OUT)
        if path.is_file() and not path.is_symlink() and not left_out:
            yield path


def unpack(path: Path, out: Path | None = None) -> Packed:
    """Unpack a campaign and compare it with what was packed; it appears whole or not at all.

    Args:
        path: of the archive.
        out: directory of the campaign, new or empty; None: the name that it had, in the working directory.

    Raises:
        InputError: if it is no archive of a campaign, or damaged; if there is something at `out`, or it
            cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            mode: Any = "r:gz" if _first_bytes(path) == GZIP else "r:"
            archive = stack.enter_context(tarfile.open(path, mode))
            members = archive.getmembers()
        except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
            wrong = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise InputError(f"{path}: cannot be read: {wrong}; allowed: what hpcbip pack wrote") from None
        name = _folder(path, members)
        out = out or Path(name)
        if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
            raise InputError(f"--out: {out}: is there already; allowed: a new or empty directory")
        aside = out.with_name(f".{out.name}.unpacking")
        try:
            aside.mkdir(parents=True)
            stack.callback(shutil.rmtree, aside, ignore_errors=True)
            _extract(archive, members, aside)
            manifest = _read_manifest(path, aside / name)
            _compare(path, aside / name, manifest)
            os.replace(aside / name, out)
            sync_path(out.absolute().parent)
        except OSError as error:
            raise InputError(
                f"{error.filename or out}: cannot be written: {error.strerror or error}"
            ) from None
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise InputError(f"{path}: damaged: {error}; allowed: what hpcbip pack wrote") from None
    size = sum(file["size"] for file in manifest["files"].values())
    return Packed(out, len(manifest["files"]), size, sha256_of_lines(manifest["digest"]))


def _first_bytes(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(len(GZIP))


def _folder(path: Path, members: list[tarfile.TarInfo]) -> str:
    """Return the one folder in which all members are, which are plain files with plain names."""
    tops = {member.name.split("/")[0] for member in members}
    names = [member.name.partition("/")[2] for member in members]
    plain = all(
        member.isreg() and not {"", ".", ".."} & set(member.name.split("/")) and "/" in member.name
        for member in members
    )
    strange = set(names) & set(LEFT_OUT) != {MANIFEST} or len(set(names)) != len(names)
    if len(tops) != 1 or not plain or strange:
        raise InputError(f"{path}: not an archive of a campaign; allowed: what hpcbip pack wrote")
    return tops.pop()


def _extract(archive: tarfile.TarFile, members: list[tarfile.TarInfo], folder: Path) -> None:
    """Write the members below a folder, and bring them to the disk."""
    for member in members:
        target = folder / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        archive.makefile(member, target)  # holes stay holes
        sync_path(target)
    (folder / members[0].name.split("/")[0] / "checkpoints").mkdir(exist_ok=True)


def _read_manifest(path: Path, directory: Path) -> Mapping[str, Any]:
    manifest = directory / MANIFEST
    try:
        content: Mapping[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
        if content["files"].keys() and content["digest"] is not None:
            manifest.unlink()
            return content
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise InputError(f"{path}: damaged: its {MANIFEST} cannot be read; allowed: what hpcbip pack wrote")


def _compare(path: Path, directory: Path, manifest: Mapping[str, Any]) -> None:
    """Compare the files with what was packed.

    Raises:
        InputError: if they differ.
    """
    available = {one.relative_to(directory).as_posix() for one in directory.rglob("*") if one.is_file()}
    files = manifest["files"]
    different = available ^ files.keys() or {
        name
        for name, file in files.items()
        if (directory / name).stat().st_size != file["size"]
        or sha256_of_ranges(directory / name, file["ranges"]) != file["sha256"]
    }
    if different:
        more = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
        raise InputError(
            f"{path}: damaged: {min(different)} is not what was packed{more}; allowed: a good copy"
        )
    if digest_lines(directory) != manifest["digest"]:
        raise InputError(f"{path}: damaged: its bins are not those that were packed; allowed: a good copy")
