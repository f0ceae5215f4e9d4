"""Read, continue and reduce campaigns that earlier releases made, and come to the same numbers.

Each folder `campaign-VERSION` holds the archive of a campaign that this version made, and what the version
itself made of it: `first-*` of the archived state, `second-*` after more blocks (`second.yaml`). The command
lines, also for the campaign of the next release, are in README.md of this folder.
"""

from __future__ import annotations

import json
import math
import tarfile
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import hpcbip
from tests.mpi.campaigns import digest, run_to_the_end, verb
from tests.regression.records import differences

STORED = sorted(Path(__file__).parent.glob("campaign-*"))
PATIENCE = 1200.0  # seconds; a cold cache of the kernel takes a minute, on a busy machine several
AGE = {"noted"}  # seconds since the last run
TIMING = AGE | {"blocks_per_second", "seconds_polaron", "seconds_bipolaron"}


@pytest.fixture(params=STORED, ids=lambda path: path.name)
def stored(request: pytest.FixtureRequest) -> Path:
    """The folder of a release."""
    return Path(request.param)


@pytest.fixture
def directory(stored: Path, tmp_path: Path) -> Path:
    """A fresh copy of the campaign that the release made."""
    with tarfile.open(stored / "campaign.tar.xz") as archive:
        # Python 3.11.0 to 3.11.3 have no filters
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
        archive.extractall(tmp_path)
    (found,) = tmp_path.iterdir()
    return found


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def records(name: str, directory: Path) -> Any:
    """What a verb prints as JSON."""
    return json.loads(verb(name, "--format", "json", directory))


def loaded(directory: Path) -> list[dict[str, Any]]:
    """The rows of `hpcbip.load`, in the form of the records in JSON: what is not known is None."""
    rows = hpcbip.load(directory).reset_index().to_dict("records")
    unknown = [
        {key for key, value in row.items() if isinstance(value, float) and math.isnan(value)} for row in rows
    ]
    return [
        {str(k): None if k in nan else v for k, v in row.items()}
        for row, nan in zip(rows, unknown, strict=True)
    ]


def test_it_is_read(stored: Path, directory: Path) -> None:
    assert digest(directory) == (stored / "first.digest").read_text(encoding="utf-8")
    assert differences(records("status", directory), read_json(stored / "first-status.json"), AGE) == []
    results = read_json(stored / "first-results.json")
    assert differences(loaded(directory), results) == []
    assert differences(records("reduce", directory), results) == []
    assert differences(read_json(directory / "results.json"), results) == []


def test_it_goes_on(stored: Path, directory: Path) -> None:
    """With the same configuration, in which more blocks are allowed."""
    expected = (stored / "second.digest").read_text(encoding="utf-8")
    assert run_to_the_end(stored / "second.yaml", directory, timeout=PATIENCE) == expected
    assert differences(records("status", directory), read_json(stored / "second-status.json"), TIMING) == []
    assert differences(records("reduce", directory), read_json(stored / "second-results.json"), TIMING) == []


def test_one_bit_changes_the_digest(stored: Path, directory: Path) -> None:
    """The negative control of all comparisons of digests: the last bit of one number of one bin."""
    flip_a_bit(directory / "bins-0001.h5")
    found = digest(directory).splitlines()
    expected = (stored / "first.digest").read_text(encoding="utf-8").splitlines()
    assert found[0] != expected[0]
    assert found[0].partition("sha256=")[0] == expected[0].partition("sha256=")[0]
    assert found[1:] == expected[1:]


def flip_a_bit(segment: Path) -> None:
    """Flip the last bit of the first number of a segment, and make its checksum right."""
    with h5py.File(segment, "r+", locking=False) as file:
        rectangle = file[min(file)]["0"]
        row = rectangle["bins"][0, 0]
        row.view("<u8")[0] ^= np.uint64(1)
        rectangle["bins"][0, 0] = row
        rectangle["crc"][0, 0] = zlib.crc32(bytes(8), zlib.crc32(row.tobytes())) or 1  # bytes(8): it is bin 0
