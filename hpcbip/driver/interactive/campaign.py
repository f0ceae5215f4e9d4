"""`hpcbip.run`: a campaign that is run from Python."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from hpcbip.campaign.schema import Config, load_config
from hpcbip.campaign.validation import explain
from hpcbip.campaign.yaml_reader import yaml_text
from hpcbip.driver.interactive.frame import load
from hpcbip.driver.launch.mpirun import launch
from hpcbip.driver.run import run_campaign
from hpcbip.errors import InputError
from hpcbip.exit_status import BAD_INPUT, DONE, STOPPED
from hpcbip.store.directory import check_directory
from hpcbip.store.running.stop_file import stamp_of_request

if TYPE_CHECKING:
    import pandas


def run(
    config: str | PathLike[str] | Mapping[str, Any],
    out: str | PathLike[str],
    cores: int = 1,
    max_time: float | None = None,
) -> pandas.DataFrame:
    """Run a campaign, or go on with it, as the command `hpcbip run` does, and load its results.

    Args:
        config: path of the YAML file, or its content as a dict.
        out: directory of the campaign.
        cores: MPI ranks to start, with mpirun; 1: this process does the work.
        max_time: seconds after which everything is saved and the run ends; None: only when all is done.

    Returns:
        the frame of `hpcbip.load(out)`; its `attrs["finished"]` tells whether every target was met. After a
            stop (`max_time`, Ctrl-C) the same call goes on.

    Raises:
        hpcbip.InputError: if the configuration, the directory or an argument cannot be used.
    """
    started, directory = time.monotonic(), Path(out)
    old_request = stamp_of_request(directory)
    _check(cores, max_time)
    with tempfile.TemporaryDirectory(prefix="hpcbip-") as folder:
        if isinstance(config, Mapping):
            source = _write_yaml(config, Path(folder) / "config.yaml")
        else:
            source = Path(config)
            load_config(source)
        check_directory(directory, load_config(source), str(source))
        status = _run(source, directory, cores, max_time, started, old_request)
    if status == BAD_INPUT:
        raise InputError(f"{directory}: the run stopped at what its last lines say; see {directory / 'logs'}")
    if status not in (DONE, STOPPED):
        raise RuntimeError(f"{directory}: the run ended with status {status}; see {directory / 'logs'}")
    frame = load(directory)
    frame.attrs["finished"] = status == DONE
    return frame


def _check(cores: int, max_time: float | None) -> None:
    if isinstance(cores, bool) or not isinstance(cores, int) or cores < 1:
        raise InputError(f"run: cores: {cores!r}: not a number of ranks; allowed: an integer >= 1")
    if max_time is not None and not (
        isinstance(max_time, int | float) and 0.0 < max_time < float("inf") and max_time is not True
    ):
        raise InputError(f"run: max_time: {max_time!r}: not a time; allowed: seconds > 0, or None")


def _run(
    source: Path, directory: Path, cores: int, max_time: float | None, started: float, old_request: str
) -> int:
    """Run the campaign; returns its exit status (`hpcbip.exit_status`)."""
    if cores == 1:
        return run_campaign(source, directory, max_time, started, old_request)
    arguments = [str(source), "--out", str(directory)]
    if max_time is not None:
        arguments += ["--max-time", str(max_time)]
    return launch(cores, arguments, started, old_request)


def _write_yaml(config: Mapping[str, Any], path: Path) -> Path:
    """Check a configuration and write it as YAML; returns the path.

    Raises:
        InputError: on anything wrong with it.
    """
    content = _plain(config)
    try:
        Config.model_validate(content)
    except ValidationError as error:
        raise InputError(explain("run: config", error)) from None
    path.write_text(yaml_text(content), encoding="utf-8")
    return path


def _plain(value: Any) -> Any:
    """Turn mappings, sequences and numpy's arrays and numbers into what YAML knows."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(entry) for entry in value]
    return value
