"""Nothing that a user can type gives a traceback: every argument and option of every verb, with values that
no verb expects; as the console script runs them, in this process.

What is accepted may be computed: such a case is left after `PATIENCE`, for it is none of a bad message.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import random
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import contourpy  # noqa: F401  an extension cannot be loaded again when its loading has been interrupted
import pytest

import hpcbip
from hpcbip.cli import commands, main
from hpcbip.cli import run as run_verb
from hpcbip.driver import run as run_module
from hpcbip.driver.forecast import campaign as forecast
from hpcbip.driver.search import loop

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PATIENCE = 0.06
"""CPU seconds of a case."""

CONFIG = """\
name: tiny
seed: 1
model: {lattice: chain, coupling: bond}
grid: {omega: [1.0], lambda: [0.5], U: [4.0]}
sampling: {beta: 4.0, max_blocks: 2, target: {tc_over_omega: 0.1}}
"""
TEXTS = (
    "",
    " ",
    "''",
    "x",
    "é",
    "\udcff",
    "x" * 300,
    "/".join(["y" * 200] * 30),
    "a\nb",
    "\x1b[31m",
    "%s",
    "{}",
    "-",
    "--",
    "=",
)
PATHS = (
    ".",
    "..",
    "/",
    "/dev/null",
    "/dev/full",
    "/proc/self/mem",
    "none/",
    "c.yaml",
    "c.yaml/x",
    "folder",
    "a/../..",
)
NUMBERS = (
    "nan",
    "inf",
    "-inf",
    "1e308",
    "-1e308",
    "1e-308",
    "1e400",
    "1e30",
    "-1e30",
    "1e-30",
    "0",
    "-0",
    "-1",
    "2",
    "2.5",
    "9" * 400,
    "1_0",
    "0x1",
)
LISTS = (
    "1,2",
    "1:2:0",
    "0:1e308:1e300",
    "1,,2",
    "1/0",
    "0.3:0.8",
    "0:1:1e-9",
    "lambda",
    "lambda=1:0",
    "U=nan:1",
    "height=0",
    "tc_over_omega",
)
VALUES = (*TEXTS, *PATHS, *NUMBERS, *LISTS)
BASES: dict[str, tuple[str, ...]] = {
    "run": ("c.yaml", "--out", "out"),
    "plan": ("c.yaml",),
    "submit": ("c.yaml", "--dry-run"),
    "search": ("c.yaml", "--out", "out", "--cpu-hours", "1"),
    "figure": ("--list",),
    "atlas check": ("--number", "1"),
    "theory exact": ("--lambda", "0.5", "--states", "20"),
    "theory antiadiabatic": ("--omega", "10", "--states", "20"),
    "theory eliashberg": ("--lambda", "0.5"),
    "theory fermi-surface": ("--lattice", "chain", "--lambda", "0.5"),
    "theory instanton": ("--lambda", "0.5"),
    "theory d-wave": ("--t-perp", "0.5"),
}
SLOW = (
    "atlas",
    "atlas check",
    "atlas compare",
    "claims",
    "figure",
    "theory antiadiabatic",
    "theory d-wave",
    "theory fermi-surface",
    "theory instanton",
    "theory pair",
)
"""Verbs that compute whatever they are given, of which fewer cases are tried."""


@cache
def sources() -> forecast.Sources:
    """What forecasts rest on, read once."""
    return forecast.Sources.of_campaigns(["square-bond-1"])


class TimeIsUp(BaseException):
    """The case computes."""

    happened = False


def verbs(command: click.Command = commands, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield all verbs with their names."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from verbs(inner, f"{path} {name}".strip())
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield path, command


def cases(name: str, command: click.Command) -> Iterator[list[str]]:
    """Yield the arguments of every case: each option with each value, and some pairs of options."""
    base = list(BASES.get(name, ["folder"] if _arguments(command) else []))
    if _arguments(command):
        yield from ([value, *base[1:]] for value in VALUES)
    options = [p for p in command.params if isinstance(p, click.Option) and not p.is_flag]
    given = {option.opts[0]: [word for value in VALUES if (word := value)] for option in options}
    chance = random.Random(name)
    for option, values in given.items():
        drawn = option in ("--figure", "--page")
        for value in chance.sample(values, 8 if name in SLOW or drawn else 15):
            yield [*_without(base, option), *_option(option, value)]
    for _ in range(0 if name in SLOW or not options else 40):
        picked = chance.sample(list(given), min(2, len(given)))
        yield [*base, *(word for option in picked for word in _option(option, chance.choice(VALUES)))]
    for flag in (p for p in command.params if isinstance(p, click.Option) and p.is_flag):
        yield [*base, flag.opts[0]]


def _arguments(command: click.Command) -> bool:
    return any(isinstance(parameter, click.Argument) and parameter.required for parameter in command.params)


def _option(option: str, value: str) -> list[str]:
    return [f"{option}={value}"] if option.startswith("--") else [option, value]


def _without(base: list[str], option: str) -> list[str]:
    at = base.index(option) if option in base else len(base)
    return base[:at] + base[at + 2 :]


def outcome(words: list[str]) -> str:
    """Run the command; returns what is wrong with how it ended, or ""."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8", "replace")
    status: Any = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("error")
            sys.argv = ["hpcbip", *words]
            TimeIsUp.happened = False
            signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE, PATIENCE)  # again where the first is swallowed
            main()
    except SystemExit as end:
        status = end.code
    except BaseException:
        return "" if TimeIsUp.happened else traceback.format_exc(limit=-3)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
    err.flush()
    said = err.buffer.getvalue().decode()  # type: ignore[attr-defined]
    if TimeIsUp.happened:
        return ""
    if status not in (0, 2, 3):
        return f"exit status {status}: {said}"
    if status == 2 and (said.count("\n") != 1 or len(said) > 1200):
        return f"not one line: {said}"
    return ""


@pytest.fixture(scope="module", autouse=True)
def everything_imported() -> None:
    """Import all that is imported where it is needed: what is left half-way could not be repeated."""
    for module in pkgutil.walk_packages(hpcbip.__path__, "hpcbip."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    sources()
    for name in ("backend_agg", "backend_pdf"):
        importlib.import_module(f"matplotlib.backends.{name}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to be in, with a configuration; nothing is sampled or submitted there."""

    def stop(*_: object) -> None:
        TimeIsUp.happened = True
        raise TimeIsUp

    def pass_on(found: Any) -> None:
        if not TimeIsUp.happened:
            unraisable(found)

    unraisable = sys.unraisablehook
    monkeypatch.setattr(sys, "unraisablehook", pass_on)  # the time may be up while something is finalised
    tmp_path.joinpath("c.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setattr(run_module, "warm_up", lambda *_: None)
    monkeypatch.setattr(run_module, "_sample", lambda *_: run_module.Outcome(0, "", False))
    assert run_verb.callback is not None
    monkeypatch.setattr(sys.modules[run_verb.callback.__module__], "launch", lambda *_: 3)
    monkeypatch.setattr(forecast, "sample_all", lambda *_: {})
    monkeypatch.setattr(forecast.Sources, "of_package", sources)
    monkeypatch.setattr(loop.search, "__defaults__", (print, lambda *_: 2))
    handler = signal.signal(signal.SIGVTALRM, stop)
    yield tmp_path
    signal.signal(signal.SIGVTALRM, handler)


@pytest.mark.parametrize(("name", "command"), [pytest.param(*verb, id=verb[0]) for verb in verbs()])
def test_a_verb_takes_or_refuses_whatever_it_is_given(
    name: str, command: click.Command, folder: Path
) -> None:
    for words in cases(name, command):
        wrong = outcome([*name.split(), *words])
        assert not wrong, f"hpcbip {name} {words}: {wrong}"


def test_there_are_some_thousand_cases() -> None:
    assert sum(1 for verb in verbs() for _ in cases(*verb)) > 2000
