"""`hpcbip.sample`: the bins and records of a campaign, on any number of cores, stopped in time."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpcbip
from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import Config
from hpcbip.driver.interactive.record import _ensemble_bins
from hpcbip.driver.interactive.request import check_request
from hpcbip.models import lattice_with_basis, written_lattice
from hpcbip.reduction.results import read_results
from hpcbip.store.segment import block_means
from hpcbip.store.selection import select_bins
from hpcbip.store.store import Store

CHAIN = hpcbip.Model("chain", "holstein", t=1.0, omega=1.0, g=0.8, U=2.0)
BETA = {"polaron": 4.0, "bipolaron": 6.0}
SMALL: dict[str, Any] = {"beta": BETA, "updates_per_bin": 400, "bins_per_block": 2, "thermal_bins": 4}
CAMPAIGN = {
    "name": "small",
    "seed": 7,
    "model": {"lattice": "chain", "coupling": "holstein"},
    "points": [{"omega": 1.0, "g": 0.8, "U": 2.0}],
    "sampling": {
        "beta": BETA,
        "chains": 3,
        "updates_per_bin": 400,
        "bins_per_block": 2,
        "thermal_blocks": 2,
        "max_blocks": 12,
    },
}


def sample(**arguments: Any) -> hpcbip.driver.interactive.result.SampleResult:
    return hpcbip.sample(CHAIN, **{"electrons": 1, "bins": 12, **SMALL, **arguments})


@pytest.fixture(scope="module")
def both() -> hpcbip.driver.interactive.result.SampleResult:
    return sample(electrons=(1, 2), bins=24, chains=3, seed=7)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("campaign") / "run"
    hpcbip.run(CAMPAIGN, directory)
    return directory


def test_bins_are_those_of_a_campaign(both: Any, campaign: Path) -> None:
    with Store(campaign) as store:
        for identity, record in make_plan(Config.model_validate(CAMPAIGN)).ensembles.items():
            bins = both.bins[record.sector]
            columns, lags = store.column_names_and_lags(identity)
            assert bins.columns == columns and np.array_equal(bins.lags, lags)
            assert len(bins) == 24 and len(bins.chains) == 3
            for chain, rows in enumerate(bins.chains):
                assert np.array_equal(rows, store.read(identity, chain))


def test_record_is_that_of_a_campaign(both: Any, campaign: Path) -> None:
    (record,) = read_results(campaign).records
    times = {"seconds_polaron", "seconds_bipolaron"}
    assert {key: x for key, x in record.items() if key not in {"point", *times}} == both.record
    assert record["binding_energy"] == both["binding_energy"].value
    assert record["mass_bipolaron_err"] == both["mass_bipolaron"].error
    assert record["mass_bipolaron_tau"] == both["mass_bipolaron"].tau
    assert record["mass_bipolaron_verdict"] == both["mass_bipolaron"].verdict


@pytest.mark.parametrize(("electrons", "sector"), [(1, "polaron"), (2, "bipolaron")])
def test_one_sector_alone_is_that_part_of_both(both: Any, electrons: int, sector: str) -> None:
    alone = sample(electrons=electrons, bins=24, chains=3, seed=7)
    assert list(alone.bins) == [sector] and alone.names
    assert alone.record.keys() <= both.record.keys()
    assert alone.record["beta"] == BETA[sector]
    own = {key for key, x in alone.record.items() if x is not None} - {
        "beta",
        "flags",
        "flag_codes",
        "tc_valid",
    }
    assert {key: alone.record[key] for key in own} == {key: both.record[key] for key in own}
    assert [flag for flag in alone.flags if flag in both.flags or "binding" in flag] == alone.flags
    assert alone.flags or sector == "polaron"


def test_a_lattice_with_a_basis_can_be_sampled() -> None:
    bonds = (("A", "B", (0,)), ("A", "B", (-1,)))
    own = lattice_with_basis([[1.0]], {"A": (0.0,), "B": (0.4,)}, bonds)
    model = hpcbip.Model(own.name, "bond", 1.0, 1.0, 0.5, 2.0, levels=(0.0, 1.0), U_factors=(1.0, 0.5))
    found = hpcbip.sample(model, electrons=2, beta=8.0, bins=32, chains=4, updates_per_bin=20_000, seed=1)
    contact = found["site_contact[1]"].value + found["site_contact[2]"].value
    assert contact == pytest.approx(found["contact"].value)
    weights = [found[f"site_weight_bipolaron[{site}]"].value for site in (1, 2)]
    assert sum(weights) == pytest.approx(1.0) and weights[0] > weights[1]
    assert found.record["levels"] == [0.0, 1.0] and found.record["U_factors"] == [1.0, 0.5]


def test_a_campaign_and_a_sample_name_their_ensembles_alike() -> None:
    lattice = written_lattice([[1.0, 0.0], [0.0, 1.5]], [[1, 0], [0, 1]])
    model = hpcbip.Model(
        lattice.name,
        "bond+holstein",
        t=2.0,
        omega=np.float64(1.5),  # type: ignore[arg-type]
        g=-0.5,
        U=np.int64(4),  # type: ignore[arg-type]
        V=0.5,
        shells=(0.1, 0.2),
        g_holstein=0.3,
        omega_holstein=2.5,
        t_factors=(1.0, 0.5),
        g_factors=(1.0, 2.0),
    )
    vectors, bonds = [[1.0, 0.0], [0.0, 1.5]], [[1, 0], [0, 1]]
    content = {
        "name": "x",
        "seed": 1,
        "model": {
            "lattice": {"vectors": vectors, "bonds": bonds},
            "coupling": "bond+holstein",
            "t": 2.0,
            "t_factors": [1.0, 0.5],
            "g_factors": [1.0, 2.0],
            "shells": [0.1, 0.2],
        },
        "points": [
            {"omega": 1.5, "g": 0.5, "U": 4.0, "V": 0.5, "g_holstein": 0.3, "omega_holstein": 2.5},
        ],
    }
    arguments = {"chains": 1, "seed": 1, "seconds": None, "bins": 4, "cores": 1, "thermal_bins": None}
    arguments |= dict.fromkeys(("beta", "target", "updates_per_bin", "bins_per_block", "progress"))
    request = check_request(model, (1, 2), arguments)
    plan = make_plan(Config.model_validate(content))
    assert [record.identity for record in request.ensembles.values()] == list(plan.ensembles)
    assert request.ensembles["polaron"].build().beta == 15.0  # beta: auto of a campaign


class StoredRows:
    """Rows of one ensemble, as a store hands them out."""

    def __init__(self, chains: list[Any]) -> None:
        self.chains = chains

    def column_names_and_lags(self, identity: str) -> tuple[tuple[str, ...], Any]:
        return (), np.empty(0)

    def read(self, identity: str, chain: int, limit: int, verify: bool) -> Any:
        return self.chains[chain][:limit]

    def means(self, identity: str, blocks: list[int], size: int, verify: bool) -> list[Any]:
        return [block_means(rows[: n * size], size) for rows, n in zip(self.chains, blocks, strict=True)]


@pytest.mark.parametrize(("bins", "size"), [(40, 1), (403, 4), (1700, 16)])
def test_of_many_bins_means_are_reduced_as_in_a_campaign(bins: int, size: int) -> None:
    chains = [np.random.default_rng(k).normal(size=(bins, 5)) for k in range(4)]
    record = make_plan(Config.model_validate(CAMPAIGN)).ensembles
    here = _ensemble_bins(next(iter(record.values())), chains, 2)
    selected = select_bins(StoredRows(chains), "", [bins] * 4, 2)  # type: ignore[arg-type]
    assert (here.bins_per_row, here.rows_per_sample) == (selected.bins_per_row, selected.rows_per_sample)
    assert here.bins_per_sample == size
    assert all(np.array_equal(a, b) for a, b in zip(here.chains, selected.chains, strict=True))


def test_cores_do_not_matter() -> None:
    one, two = (sample(cores=cores, electrons=2, bins=11, thermal_bins=3) for cores in (1, 2))
    for a, b in zip(one.bins["bipolaron"].chains, two.bins["bipolaron"].chains, strict=True):
        assert a.shape == (11, len(one.bins["bipolaron"].columns)) and np.array_equal(a, b)
    assert one.record == two.record and one.stopped_by == "bins"
    assert sample(seed=2).record != sample(seed=3).record


def test_target_ends_the_sampling_wherever_it_is_met_first() -> None:
    one, two = (sample(cores=cores, bins=2000, target={"mass_polaron": 0.2}) for cores in (1, 2))
    assert one.stopped_by == two.stopped_by == "target" and one.record == two.record
    assert 16 <= len(one.bins["polaron"]) < 2000
    assert one["mass_polaron"].error < 0.2 * one["mass_polaron"].value
    assert sample(bins=20, target={"mass_polaron": 1e-6}).stopped_by == "bins"


def test_seconds_are_obeyed() -> None:
    sample()  # the kernel is loaded
    started = time.monotonic()
    result = sample(seconds=1.0, bins=None)
    assert time.monotonic() - started < 3.0
    assert result.stopped_by == "seconds" and len(result.bins["polaron"]) > 2
    assert 0.1 < result.bins["polaron"].seconds < 3.0 * (os.cpu_count() or 1)
    assert len({len(rows) for rows in result.bins["polaron"].chains}) == 1
    with pytest.raises(hpcbip.InputError, match="sample: seconds: 0.05: over before there were enough bins"):
        sample(seconds=0.05, bins=None, updates_per_bin=1_000_000)


def test_interrupt_gives_what_there_is() -> None:
    sample()  # the kernel is loaded
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        result = sample(seconds=60.0, bins=None)
    finally:
        timer.cancel()
    assert result.stopped_by == "interrupt" and result["mass_polaron"].error > 0.0


def test_interrupt_before_there_is_anything_ends_the_call() -> None:
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            sample(seconds=60.0, updates_per_bin=2_000_000, bins_per_block=1, thermal_bins=1000)
    finally:
        timer.cancel()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"electrons": 3}, r"sample: electrons: 3: not a sector; allowed: 1, 2 or \(1, 2\)"),
        ({"electrons": (1, 1)}, r"sample: electrons: \(1, 1\): not a sector; allowed: .*"),
        ({"electrons": ()}, r"sample: electrons: \(\): not a sector; allowed: .*"),
        ({"beta": -1.0}, "sample: beta: -1.0: not a projection length; allowed: auto, a number > 0, or .*"),
        ({"beta": {"polaron": 3}}, "sample: beta.bipolaron: required key is missing; allowed: .*"),
        ({"seconds": 0}, "sample: seconds: 0: out of range; allowed: > 0"),
        ({"seconds": "10"}, "sample: seconds: '10': must be a number; allowed: a finite number, .*"),
        ({"bins": 0}, "sample: bins: 0: out of range; allowed: >= 1"),
        ({"bins": 1, "chains": 3}, "sample: bins: 1: too few for an error; allowed: chains × bins >= 4"),
        ({"chains": {"min": 1, "max": 2}}, "sample: chains: .*: must be an integer; allowed: .*"),
        ({"seed": -1}, "sample: seed: -1: out of range; allowed: >= 0"),
        ({"cores": 0}, "sample: cores: 0: out of range; allowed: >= 1"),
        ({"updates_per_bin": 1.5}, "sample: updates_per_bin: 1.5: must be an integer; allowed: .*"),
        (
            {"target": {"mass_polarn": 0.1}},
            "sample: target.mass_polarn: 0.1: unknown observable, did you mean 'mass_polaron'.; allowed: .*",
        ),
        (
            {"target": {"binding_energy": 0.1}},
            "sample: target.binding_energy: 0.1: needs other electrons; allowed: E_polaron, mass_polaron, "
            "modulation_polaron, sign_change_polaron",
        ),
    ],
)
def test_wrong_arguments_are_one_clear_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(hpcbip.InputError) as error:
        sample(**arguments)
    assert re.fullmatch(message, str(error.value)), str(error.value)


def test_wrong_models_are_one_clear_line() -> None:
    with pytest.raises(
        hpcbip.InputError, match="^sample: model: 'square': not a model; allowed: a hpcbip.Mo"
    ):
        hpcbip.sample("square")  # type: ignore[arg-type]
    with pytest.raises(hpcbip.InputError, match=r"^sample: model: omega: -1.0: out of range; allowed: > 0$"):
        hpcbip.sample(hpcbip.Model("square", "bond", t=1.0, omega=-1.0, g=1.0))
    with pytest.raises(hpcbip.InputError, match=r"^sample: model: U: nan: must be finite; allowed: a fin"):
        hpcbip.sample(hpcbip.Model("square", "bond", t=1.0, omega=1.0, g=1.0, U=float("nan")))


def test_result_is_a_mapping_and_a_table(both: Any) -> None:
    assert both.names == list(both) and len(both) == len(both.names) and "mass_polaron" in both
    mass = both["mass_polaron"]
    assert float(mass) == mass.value and mass.name == "mass_polaron"
    assert str(mass) in repr(mass) and mass.verdict in repr(mass)
    with pytest.raises(KeyError, match="mass; allowed: E_polaron"):
        both["mass"]
    text = repr(both)
    assert text.splitlines()[0].startswith(
        "chain, holstein, t = 1, Ω = 1, g = 0.8, λ = 0.16, U = 2, V = 0, β = 6 ("
    )
    assert "3 chains of 24 bins, seed 7" in text
    assert all(f"flag: {flag}" in text for flag in both.flags)
    for name in ("E_polaron", "mass_bipolaron", "binding_energy"):
        (row,) = (line for line in text.splitlines() if line.split()[0] == name)
        assert row.split()[1] == str(both[name])
    assert "tc_kelvin" not in text  # not known in one dimension
    html = both._repr_html_()
    assert html.startswith("<table>") and f"<td>{mass}</td>" in html and "<td>binding_energy</td>" in html


def test_frame_and_columns(both: Any) -> None:
    frame = both.frame()
    assert (
        list(frame.columns) == ["value", "error", "unit", "tau", "verdict"]
        and list(frame.index) == both.names
    )
    assert frame.loc["mass_polaron", "value"] == both["mass_polaron"].value
    bins = both.bins["polaron"]
    energy = bins["energy"]
    assert energy.shape == (3, 24)
    assert energy.mean() == pytest.approx(both["E_polaron"].value, rel=1e-4)
    assert "3 chains of 24 bins" in repr(bins)
    with pytest.raises(KeyError):
        bins["mass"]


def test_progress_is_shown_where_it_is_wanted(capfd: pytest.CaptureFixture[str]) -> None:
    sample()
    assert capfd.readouterr().err == ""
    sample(progress=True)
    assert "sampling" in capfd.readouterr().err


def test_notebooks_have_a_bar_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def display(html: str, display_id: bool) -> types.SimpleNamespace:
        shown.append(html)
        return types.SimpleNamespace(update=shown.append)

    module = types.SimpleNamespace(HTML=str, display=display)
    monkeypatch.setitem(sys.modules, "IPython.display", module)  # type: ignore[arg-type]
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    sample()
    assert shown[0].startswith('<progress value="0.000"') and shown[-1] == "" and len(shown) > 2
    shown.clear()
    sample(progress=False)
    assert not shown
