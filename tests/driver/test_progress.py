"""What a user who waits is told."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from hpcbip import settings
from hpcbip.driver import progress, run
from hpcbip.driver.progress import CompilationDisplay


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now.seconds)
    return now


def compile_all(display: CompilationDisplay, clock: SimpleNamespace) -> None:
    with display:
        for done in range(0, 90, 3):
            display.show(done, 90)
            clock.seconds += 1.0


def test_lines_without_a_terminal(clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    compile_all(CompilationDisplay(under_mpirun=True), clock)
    assert capsys.readouterr().out.splitlines() == [
        "compiling the kernel, once per machine: about 20 s",
        "compiling the kernel: 30 of 90 functions",
        "compiling the kernel: 60 of 90 functions",
        "the kernel is compiled: 30 s",
    ]


def test_nothing_is_said_of_a_kernel_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    with CompilationDisplay(under_mpirun=False):
        pass
    assert capsys.readouterr() == ("", "")


def test_a_bar_on_a_terminal(clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    monkeypatch.setattr(progress, "_console", lambda _: console)
    compile_all(CompilationDisplay(under_mpirun=False), clock)
    assert "compiling the kernel, once per machine" in out.getvalue() and "of about 20 s" in out.getvalue()
    assert "━" in out.getvalue() and "functions" not in out.getvalue()


@pytest.mark.parametrize(
    "rank,started,ranks,command",
    [
        (None, "", 1, "hpcbip run 'my campaigns/a.yaml' --out runs/a"),
        (0, "1.0", 4, "hpcbip run 'my campaigns/a.yaml' --out runs/a -n 4"),
        (0, "", 4, "the same command"),
    ],
)
def test_what_is_left_to_do_and_how(
    rank: int | None, started: str, ranks: int, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "mpi_rank", lambda: rank)
    monkeypatch.setenv(settings.STARTED, started)
    ensembles = {"a": SimpleNamespace(done=True), "b": SimpleNamespace(done=False)}
    points = [SimpleNamespace(ensembles={"polaron": "a", "bipolaron": key}) for key in ("a", "b", "b")]
    master = SimpleNamespace(
        scheduler=SimpleNamespace(ensembles=ensembles), plan=SimpleNamespace(points=points)
    )
    said = run._how_to_go_on(master, Path("my campaigns/a.yaml"), Path("runs/a"), ranks)
    assert said == f"2 of 3 points still to do, everything is saved; go on with {command}"
