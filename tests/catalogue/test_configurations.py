"""New configurations: every one is valid, says what its keys are, and can be sampled."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from hpcbip.campaign.commented import WIDTH
from hpcbip.campaign.plan import chain_seed, make_plan
from hpcbip.campaign.schema import Config, load_config
from hpcbip.campaign.yaml_reader import read_yaml
from hpcbip.catalogue.configurations import read_shipped, shipped_paths, start_of, write_new
from hpcbip.catalogue.entries import campaign_names
from hpcbip.cli import commands
from hpcbip.errors import InputError
from hpcbip.models import COUPLINGS, LATTICES, get_lattice
from hpcbip.qmc import Chain
from hpcbip.vocabulary.parameters import CELL_KEYS, PROFILE

ROOT = Path(__file__).parents[2]


def check_comments(path: Path, config: Config) -> None:
    """Every key of the file has a comment beside or above it, and every line can be read."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    keys = [*Config.model_fields, *type(config.model).model_fields, *type(config.sampling).model_fields]
    keys.remove("points")  # a sentence of its own
    if get_lattice(config.model.lattice).is_bravais:
        keys = [key for key in keys if key not in CELL_KEYS]
    if config.model.coupling == "bond":
        keys.remove(PROFILE.name)
    for key in keys:
        place = next((k for k, one in enumerate(lines) if one.lstrip(" #").startswith(f"{key}:")), None)
        if place is None:
            assert key == "tc" and "a chain has no Tc" in text
        elif key not in ("model", "tc"):
            assert "# " in lines[place] or lines[place - 1].lstrip().startswith("#"), key
    assert all(len(one) <= WIDTH for one in lines if "{omega" not in one and "target: {" not in one)


@pytest.mark.parametrize(("lattice", "coupling"), list(itertools.product(LATTICES, COUPLINGS)))
def test_every_lattice_with_every_coupling(tmp_path: Path, lattice: str, coupling: str) -> None:
    path = write_new(tmp_path / f"{lattice}.yaml", lattice, coupling)
    config = load_config(path)
    assert (config.name, config.model.lattice, config.model.coupling) == (lattice, lattice, coupling)
    assert len(make_plan(config).points) == len(start_of(lattice, coupling).lambdas) >= 3
    assert config.sampling.target and config.sampling.least_chains >= 2
    check_comments(path, config)
    for identity, record in list(make_plan(config).ensembles.items())[:2]:
        chain = Chain.start(record.build(), chain_seed(config.seed, identity, 0))
        assert np.isfinite(chain.run_block(1, 50)).all()


def test_every_shipped_configuration_says_the_same_with_comments(tmp_path: Path) -> None:
    for name, source in shipped_paths().items():
        shipped = read_shipped(source)
        path = write_new(tmp_path / f"{name}.yaml", source=name)
        config = load_config(path)
        assert config == shipped.config.model_copy(update={"name": name}), name
        assert make_plan(config) == make_plan(shipped.config) and config.frozen() == shipped.config.frozen()
        words = path.read_text(encoding="utf-8").replace("\n#", "").partition("     hpcbip run")[0]
        assert " ".join(shipped.about) in " ".join(words.lstrip("#").split())
        check_comments(path, config)


def test_configurations_have_one_copy_and_names_of_their_own() -> None:
    users = {path.stem for path in (ROOT / "configs").glob("*.yaml")}
    assert (ROOT / "hpcbip" / "catalogue" / "configs").resolve() == ROOT / "configs"
    assert not users & set(campaign_names())
    assert set(shipped_paths()) == users | set(campaign_names())


def test_all_keys_survive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that few have, and texts that YAML could take for something else."""
    source = tmp_path / "1e3.yaml"
    lattice = {"vectors": [[1.0, 0.0], [0.0, 1.5]], "bonds": [[1, 0], [0, 1]]}
    content = {
        "name": "no",
        "seed": 7,
        "model": {
            "lattice": lattice,
            "coupling": "holstein",
            "t": 0.5,
            "t_factors": [1.0, 0.5],
            "shells": [0.1],
            "profile": [1.0, 0.5],
            "phonons": [{"where": "bonds", "omega": 2.0, "lambda": 0.1, "places": [1]}],
        },
        "points": [{"omega": 1.0, "g": 1e-3, "U": -2.0, "V": 0.5, "beta": {"polaron": 3, "bipolaron": 7.5}}],
        "sampling": {"beta": "auto", "chains": {"min": 2, "max": 64}, "target": {}},
        "tc": {"prefactor": 0.5, "density": 0.1},
    }
    source.write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setattr("hpcbip.catalogue.configurations.CONFIGS", tmp_path)
    assert load_config(write_new(tmp_path / "a \n: b.yaml", source="1e3")).name == "a \n: b"
    config = load_config(write_new(tmp_path / "null.yaml", source="1e3"))
    assert config == load_config(source).model_copy(update={"name": "null"})
    assert read_yaml(tmp_path / "null.yaml")["model"]["lattice"] == lattice


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine", encoding="utf-8")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")
    for name in ("mine.yaml", "link.yaml"):
        with pytest.raises(InputError, match=f"{name}: is there already"):
            write_new(tmp_path / name)
    assert path.read_text(encoding="utf-8") == "mine" and not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "NAME.yaml: missing"),
        (["a.txt"], "a.txt: not the name of a configuration"),
        (["no/where/a.yaml"], "no/where/a.yaml: cannot be written"),
        (["a.yaml", "--lattice", "cubik"], "--lattice: cubik: unknown, did you mean 'cubic'?"),
        (["a.yaml", "--coupling", "peierls"], "--coupling: peierls: unknown"),
        (["a.yaml", "--from", "square-dom"], "--from: square-dom: no configuration of that name, did you"),
        (["a.yaml", "--from", "trial", "--lattice", "bcc"], "--from: trial: given together with"),
    ],
)
def test_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(commands, ["new", *arguments])
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception) and "\n" not in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_the_verb(tmp_path: Path) -> None:
    result = CliRunner().invoke(commands, ["new", str(tmp_path / "mine.yaml"), "--from", "quickstart"])
    assert result.exit_code == 0 and "next: hpcbip run" in result.output
    assert load_config(tmp_path / "mine.yaml").name == "mine"
    rows = json.loads(CliRunner().invoke(commands, ["new", "--list", "--format", "json"]).stdout)
    assert {"quickstart", "square-dome", "trial"} <= {row["name"] for row in rows}
    assert all(len(row["about"]) > 20 for row in rows)
