"""`hpcbip figure`: what it lists, draws, runs first, and refuses."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hpcbip.catalogue import entries
from hpcbip.cli import commands
from hpcbip.errors import InputError
from hpcbip.report.papers import page, registry
from hpcbip.report.papers.figure import PaperFigure
from hpcbip.report.plotting import layout
from hpcbip.report.plotting.picture import Picture
from tests.mpi.campaigns import SMALL
from tests.reduction.test_results import campaign

module = importlib.import_module("hpcbip.cli.papers.figure")


def invoke(*words: str) -> Result:
    return CliRunner().invoke(commands, ["figure", *words])


def refused(*words: str) -> str:
    result = invoke(*words)
    assert isinstance(result.exception, InputError), result.output
    return str(result.exception)


@pytest.fixture
def own_figure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """A registry with one figure, which rests on a small campaign; returns the records that it was given."""
    given: list[dict[str, Any]] = []

    def draw(records: Sequence[Any]) -> Picture:
        given.extend(records)
        return Picture(layout.canvas(1.0, 1.0), [{"points": len(records)}], "own", f"{len(records)} points.")

    folder = tmp_path / "campaigns"
    folder.mkdir()
    (folder / "small.yaml").write_text(SMALL % (2, 200))
    monkeypatch.setattr(entries, "CAMPAIGNS", folder)
    monkeypatch.setattr(
        registry, "PAPER_FIGURES", (PaperFigure("own", "77", "Own", "A. B.", ("small",), draw),)
    )
    return given


def test_list() -> None:
    rows = {row["figure"]: row for row in json.loads(invoke("--list", "--format", "json").stdout)}
    assert rows["domes"]["number"] == "6" and "square-bond-3.3" in rows["domes"]["campaigns"]
    assert rows["ring"]["core_hours"] == 0 and "semiclassical-mass" in invoke("--list").stdout


def test_a_figure_by_its_number_with_pdf_and_numbers(tmp_path: Path) -> None:
    done = invoke("5", "--out", str(tmp_path / "made" / "five.png"))
    assert done.exit_code == 0 and "one oscillator" not in done.stderr and "written:" in done.stdout
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["five.csv", "five.pdf", "five.png"]


def test_what_is_refused_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert refused("dome").startswith("dome: no figure; allowed: all, ceiling (1), heavy-holstein (2)")
    assert "give either" in refused() and "give either" in refused("domes", "--list")
    assert refused("domes", "--page", "x.md") == "--page: goes with all only"
    assert refused("domes", "-n", "2") == "-n, --max-time: go with --run only"
    monkeypatch.setattr(entries, "CAMPAIGNS", tmp_path)  # an atlas without campaigns
    assert (
        refused("triangular")
        == "no points of the triangular lattice; hpcbip figure triangular --run DIR runs its campaigns"
    )
    assert "triangular-bond: no campaign of the atlas" in refused(
        "triangular", "--run", str(tmp_path / "runs")
    )
    assert not (tmp_path / "runs").exists()


def test_all_draws_what_it_can(
    own_figure: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(registry, "PAPER_FIGURES", (*registry.PAPER_FIGURES, registry.TRIANGULAR))
    monkeypatch.setattr(page, "PAPER_FIGURES", registry.PAPER_FIGURES)
    path = tmp_path / "pages" / "figures.md"
    done = invoke("all", "--out", str(tmp_path / "out"), "--page", str(path))
    text = path.read_text()
    assert "![Own](../out/own/own.png)" in text and "## Own (figure 77)" in text and " points." in text
    assert "## The triangular lattice\n" in text and "Not drawn yet" in text and "`triangular-bond`" in text
    assert done.exit_code == 0 and (tmp_path / "out" / "own" / "own.pdf").exists()
    assert done.stderr.startswith("hpcbip: triangular: not drawn: no points") and done.stderr.count("\n") == 1


def test_run_goes_first_and_its_points_are_drawn(
    own_figure: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[tuple[Any, ...]] = []

    def run(config: Path, directory: Path, ranks: int | None, max_time: float | None, started: float) -> int:
        calls.append((config.name, directory, ranks, max_time))
        directory.parent.mkdir(exist_ok=True)
        campaign(directory)
        return 3

    monkeypatch.setattr(module, "run_on_ranks", run)
    out = tmp_path / "own.png"
    done = invoke("77", "--run", str(tmp_path / "runs"), "-n", "3", "--out", str(out))
    assert done.exit_code == 3, done.output  # the run has stopped before its targets: so says the figure
    assert calls == [("small.yaml", tmp_path / "runs" / "small", 3, None)]
    assert {one["campaign"] for one in own_figure} == {"small"} and len(own_figure) == 2
    assert own_figure[0]["mass_bipolaron"] > 0.0 and out.exists()


@pytest.mark.slow
def test_run_from_scratch(own_figure: list[dict[str, Any]], tmp_path: Path) -> None:
    words = ("own", "--run", str(tmp_path / "runs"), "--out", str(tmp_path / "own.png"))
    assert invoke(*words).exit_code == 0
    assert [one["lambda"] for one in own_figure] == pytest.approx([0.5, 0.8])
    assert invoke(*words).exit_code == 0 and len(own_figure) == 4  # it goes on, and finds everything done
    assert own_figure[:2] == own_figure[2:]
