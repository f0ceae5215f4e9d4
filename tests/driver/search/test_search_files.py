"""The configuration of a search: any YAML that can be extended, or a refusal before the first block."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hpcbip.campaign.yaml_reader import read_yaml
from hpcbip.driver.search import loop
from hpcbip.driver.search.goal import SearchGoal
from hpcbip.driver.search.loop import begin, search
from hpcbip.errors import InputError
from tests.driver import fake_model

CONFIG = Path(__file__).parents[3] / "configs" / "peak-search.yaml"


@pytest.fixture(autouse=True)
def results_of_the_fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "read_results", fake_model.read_results)


def test_a_search_extends_json(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(read_yaml(CONFIG)), encoding="utf-8")
    reported: list[str] = []
    arguments = (tmp_path / "run", SearchGoal.of(("lambda",)), 60.0 / 3600.0, 4, reported.append)
    assert search(path, *arguments, fake_model.runner) == 3
    grown = json.loads((tmp_path / "run" / "search.yaml").read_text(encoding="utf-8"))
    assert len(grown["points"]) > 1 and any("new point" in line for line in reported)


def test_what_cannot_be_extended_is_refused_before_the_first_block(tmp_path: Path) -> None:
    """The fault of 0.4: the first campaign ran to its end before anyone looked."""
    content = CONFIG.read_text(encoding="utf-8")
    path = tmp_path / "c.yaml"
    path.write_text(
        content.replace("tc_over_omega: 0.05", "E_polaron: &e 0.05, tc_over_omega: *e"), encoding="utf-8"
    )
    with pytest.raises(InputError, match="c.yaml: cannot be extended by a program"):
        begin(path, tmp_path / "run", SearchGoal.of(("lambda",)))
    assert not (tmp_path / "run").exists()
