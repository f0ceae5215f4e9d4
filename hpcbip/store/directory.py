"""A campaign on disk: its configuration, what must not change, and its bins.

DIR/config.yaml      the configuration of the latest run, as given
DIR/campaign.json    name, frozen keys and format: what every later run has to agree with
DIR/logs/            a log and a record per run (`run_log`)
DIR/progress.json    state of every ensemble, for readers (`selection`)
DIR/bins-*.h5, DIR/checkpoints/    see `store` and `checkpoints`
DIR/in-hand, DIR/suspects.json    what a sudden end leaves (`running.blocks_in_hand`)
DIR/lock, DIR/stop   held by the running campaign; asks it to stop (`running.stop_file`)
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from hpcbip.campaign.plan import Plan, make_plan
from hpcbip.campaign.schema import Config, check_frozen, load_config
from hpcbip.errors import InputError
from hpcbip.files import write_atomically
from hpcbip.version import __version__

CAMPAIGN_FORMAT = 2  # the columns of the bins and the records of the path changed with the kernel of 0.2
LOCK_PATIENCE = 10.0  # seconds to wait for another run's lock


def check_directory(directory: Path, config: Config, source: str) -> None:
    """Refuse a directory that this configuration cannot start or go on in. Writes nothing.

    Raises:
        InputError: if it is a file, holds something else, or belongs to another campaign.
    """
    if not directory.exists():
        parent = next(p for p in directory.absolute().parents if p.exists())
        if not (parent.is_dir() and os.access(parent, os.W_OK)):
            raise InputError(
                f"--out: {directory}: cannot be created; allowed: a path below a writable directory"
            )
        return
    if not directory.is_dir():
        raise InputError(
            f"--out: {directory}: is not a directory; allowed: a new directory or that of this campaign"
        )
    record = _read_record(directory)
    if record is None:
        if any(directory.iterdir()):
            allowed = "a new or empty directory, or this campaign's"
            raise InputError(f"--out: {directory}: holds other files; allowed: {allowed}")
    else:
        if record["name"] != config.name:
            raise InputError(
                f"{source}: name: {config.name!r}: {directory} belongs to the campaign {record['name']!r}; "
                "allowed: that name, or another output directory"
            )
        check_frozen(record["frozen"], config, source)
    if not os.access(directory, os.W_OK):
        raise InputError(f"--out: {directory}: is read-only; allowed: a writable directory")


def _read_record(directory: Path) -> dict[str, Any] | None:
    path = directory / "campaign.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise InputError(f"{path}: cannot be read; allowed: the file that the first run wrote") from None
    if (
        not isinstance(record, dict)
        or record.get("format") != CAMPAIGN_FORMAT
        or not {"name", "frozen"} <= record.keys()
    ):
        raise InputError(
            f"{path}: not a campaign of format {CAMPAIGN_FORMAT}; "
            "allowed: a directory written by this version"
        )
    return record


def prepare_directory(directory: Path, config: Config, source: Path) -> None:
    """Make or update the directory of a campaign that `check_directory` has passed.

    Raises:
        OSError: if it cannot be written.
    """
    (directory / "checkpoints").mkdir(parents=True, exist_ok=True)
    if not (directory / "campaign.json").exists():
        record = {
            "format": CAMPAIGN_FORMAT,
            "name": config.name,
            "version": __version__,
            "frozen": config.frozen(),
        }
        write_atomically(directory / "campaign.json", json.dumps(record, indent=1))
    if source.resolve() != (directory / "config.yaml").resolve():
        write_atomically(directory / "config.yaml", source.read_text(encoding="utf-8"))


def open_campaign(directory: Path) -> tuple[Config, Plan]:
    """Read the configuration and make the plan of a campaign that has begun.

    Raises:
        InputError: if the directory is not one.
    """
    if not directory.is_dir() or _read_record(directory) is None:
        raise InputError(f"{directory}: not a campaign; allowed: a directory that hpcbip run has written")
    config = load_config(directory / "config.yaml")
    return config, make_plan(config)


def is_locked(directory: Path) -> bool:
    """Tell whether a run is at work here, as far as this machine knows."""
    try:
        with open(directory / "lock", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


@contextmanager
def no_run_at_work(directory: Path) -> Iterator[None]:
    """Keep runs out of a campaign while it is read; it need not be writable.

    Raises:
        InputError: if a run is at work in it.
    """
    with ExitStack() as stack:
        with suppress(FileNotFoundError):  # no run has been here
            file = stack.enter_context(open(directory / "lock", encoding="utf-8"))
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                message = f"{directory}: a run is at work in it; allowed: when it has ended (hpcbip status)"
                raise InputError(message) from None
            except OSError:
                pass  # a file system without locks: nothing can be checked
        yield


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the campaign's lock; the kernel frees it however the process ends.

    Raises:
        InputError: if another run holds it.
    """
    with open(directory / "lock", "a", encoding="utf-8") as file:
        give_up = time.monotonic() + LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # the ranks of a run that was just killed may need a moment to go
                if time.monotonic() < give_up:
                    time.sleep(0.1)
                    continue
                message = f"--out: {directory}: another run is at work in it; allowed: one run at a time"
                raise InputError(message) from None
            except OSError:
                pass  # a file system without locks: nothing can be checked
            break
        yield
