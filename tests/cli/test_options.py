"""Numbers on the command line: what is read, and what is refused in one line before any work."""

from __future__ import annotations

import math
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from hpcbip.cli import commands
from hpcbip.cli.options import MAX_VALUES, Finite, Numbers, check_number_of_combinations
from hpcbip.errors import InputError


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0.5,1,2", [0.5, 1.0, 2.0]),
        ("0.2:1:0.2", [0.2, 0.4, 0.6, 0.8, 1.0]),
        ("-1:-3:-1", [-1.0, -2.0, -3.0]),
        ("7", [7.0]),
        (f"1:{MAX_VALUES}:1", [float(n + 1) for n in range(MAX_VALUES)]),
    ],
)
def test_numbers(text: str, numbers: list[float]) -> None:
    assert Numbers().convert(text, None, None) == pytest.approx(numbers)


@pytest.mark.parametrize(
    "text",
    [
        "0:1:1e-9",
        f"0:{MAX_VALUES}:1",
        "3:1:1",
        "1:2:0",
        "nan",
        "1,inf",
        "-inf",
        "0:nan:1",
        "0:inf:1",
        "x",
        "",
        "1:2",
        "1,,2",
        ",".join("1" * (MAX_VALUES + 1)),
    ],
)
def test_numbers_refused(text: str) -> None:
    with pytest.raises(InputError) as error:
        Numbers().convert(text, None, None)
    assert "allowed" in str(error.value) and "\n" not in str(error.value)


def test_limits() -> None:
    assert Numbers(infinite=True).convert("8,inf", None, None) == [8.0, math.inf]
    for wrong in ("-inf", "nan"):
        with pytest.raises(InputError):
            Numbers(infinite=True).convert(wrong, None, None)
    for kind, text in ((Numbers(above=0.0), "1,0"), (Numbers(least=0.0), "-0.1"), (Numbers(below=2.0), "2")):
        with pytest.raises(InputError, match="allowed: finite numbers [<>]"):
            kind.convert(text, None, None)
    for text in ("nan", "inf", "-inf", "1e400", "x"):
        with pytest.raises(click.BadParameter):
            Finite().convert(text, None, None)
    with pytest.raises(InputError, match="combinations"):
        check_number_of_combinations([1.0] * 200, [1.0] * 200)


REFUSED = """
eliashberg --lambda 0:1:1e-9
eliashberg --lambda nan
eliashberg --lambda inf
eliashberg --mu-star nan
eliashberg --mu-star 0.12,0.5
pair --U nan
pair --U=-inf
pair --V inf
pair --V nan
pair --t-prime nan
pair --K nan
pair --t-perp 0.2
pair --U 0:1:1e-3 --V=-1:0:1e-3
pair --thresholds 0 --figure x.png
ring --amplitude nan
ring --amplitude 0
ring --attraction inf
instanton --lambda 0
instanton --lambda nan
instanton --U nan
instanton --U -1
instanton --t-over-omega 2
instanton --campaign nowhere
instanton --campaign nowhere --t-over-omega 2
instanton --campaign nowhere --t-over-omega 2 --lambda 1
exact --g nan
exact --lambda -1
exact --lambda 1:2:1e-9
exact --omega nan
exact --t 0
exact --K nan
exact --V inf
exact --U inf
exact --lambda 1 --omega-holstein nan
exact --coupling holstein --coupling none
fermi-surface --filling 0
fermi-surface --filling 2
fermi-surface --filling nan
fermi-surface --omega 0
fermi-surface --lambda -1
fermi-surface --lattice kagome
fermi-surface --coupling site-peierls
fermi-surface --g-holstein 1
fermi-surface --mu-star 0.5
fermi-surface --mu-star -1
fermi-surface --lambda 1 --g 1
fermi-surface --g nan
""".strip().splitlines()


@pytest.mark.parametrize("words", REFUSED)
def test_refused_before_any_work(words: str) -> None:
    done = CliRunner().invoke(commands, ["theory", *words.split()], standalone_mode=False)
    assert isinstance(done.exception, InputError | click.ClickException) and not done.stdout
    text = (
        done.exception.format_message()
        if isinstance(done.exception, click.ClickException)
        else str(done.exception)
    )
    assert "\n" not in text and len(text) < 400


@pytest.mark.parametrize(
    "words", ["theory pair --K nan", "tc x --density nan", "search x --out y --cpu-hours inf"]
)
def test_one_line_and_status_2(words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hpcbip", *words.split()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "finite" in done.stderr
