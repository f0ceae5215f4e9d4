"""From a campaign's directory to its files, with synthetic bins in the real store."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from hpcbip.campaign.identity import canonical_json
from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.errors import InputError
from hpcbip.reduction import results
from hpcbip.reduction.ensembles import EnsembleBins
from hpcbip.reduction.executor import longest_time
from hpcbip.reduction.results import binning_rows, read_results
from hpcbip.report.results_files import reduce_and_write
from hpcbip.report.tables import TC_COLUMNS, convergence, print_table
from hpcbip.store.store import Allocation, Store
from hpcbip.vocabulary.observables import OBSERVABLES
from tests.store.synthetic import CONFIG, sector_bins


def campaign(folder: Path, bins: int = 64, points: int = 2) -> dict[str, EnsembleBins]:
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG + "tc: {omega_meV: 30}\n")
    plan = make_plan(load_config(folder / "config.yaml"))
    data = {}
    for i, point in enumerate(plan.points[:points]):
        for sector, identity in point.ensembles.items():
            data[identity] = sector_bins(plan, sector, point=i, seed=10 * i + len(sector), bins=bins)
    with Store(folder, writable=True) as store:
        for key, part in data.items():
            parameters = canonical_json(plan.ensembles[key].parameters)
            store.allocate({key: Allocation(4, 100, part.columns, part.sector, parameters, list(part.lags))})
            for chain, rows in enumerate(part.chains):
                if len(rows):
                    store.write(key, chain, 0, rows)
    return data


def test_files_and_their_content(tmp_path: Path) -> None:
    data = campaign(tmp_path)
    records, written = reduce_and_write(tmp_path)
    plateau = {"plateau.png", "plateau.pdf", "plateau.csv"}
    assert {path.name for path in written} == {"results.json", "results.csv", "binning.csv", *plateau}
    assert not list(tmp_path.glob("*.tmp"))
    parsed = json.loads((tmp_path / "results.json").read_text())
    assert parsed == records and len(parsed) == 2
    for name in OBSERVABLES:
        assert {name, f"{name}_err", f"{name}_tau", f"{name}_verdict"} <= set(parsed[0])
    assert parsed[0]["tc_kelvin"] == pytest.approx(11.6045 * 30 * parsed[0]["tc_over_omega"])
    table = list(csv.DictReader((tmp_path / "results.csv").open()))
    assert float(table[1]["mass_bipolaron"]) == parsed[1]["mass_bipolaron"]
    rows = list(csv.DictReader((tmp_path / "binning.csv").open()))
    assert {row["ensemble"] for row in rows} == {key[:12] for key in data}
    mass = [r for r in rows if r["observable"] == "mass_bipolaron" and r["ensemble"] == rows[-1]["ensemble"]]
    assert [int(r["bin_size"]) for r in mass][:5] == [1, 2, 3, 4, 6] and sum(
        int(r["plateau"]) for r in mass
    ) == 1
    assert float(mass[0]["gamma_error"]) == pytest.approx(parsed[1]["mass_bipolaron_err"])


def test_of_many_ensembles_the_slowest_are_in_binning_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign(tmp_path)
    reduced = read_results(tmp_path).ensembles
    everything = {row["ensemble"] for row in binning_rows(reduced)}
    monkeypatch.setattr(results, "MOST_BINNING", 1)
    rows = binning_rows(reduced)
    slowest = max(reduced, key=lambda key: longest_time(reduced[key]))
    assert len(everything) == 4 and {row["ensemble"] for row in rows} == {slowest[:12]}
    assert {row["observable"] for row in rows} <= set(reduced[slowest].names)


def test_prefactor_scales_tc_and_nothing_else(tmp_path: Path) -> None:
    campaign(tmp_path)
    default, published = read_results(tmp_path).records, read_results(tmp_path, "published").records
    for a, b in zip(default, published, strict=True):
        assert b["tc_over_omega"] / a["tc_over_omega"] == pytest.approx(0.5 * 3.14159265 / 1.84)
        assert b["tc_prefactor"] == 0.5 and a["binding_energy"] == b["binding_energy"]


def test_unfinished_campaign_is_reduced_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign(tmp_path, points=1)
    records, _ = reduce_and_write(tmp_path)
    assert "no bipolaron bins" in records[1]["flags"] and records[1]["mass_bipolaron"] is None
    print_table(records, TC_COLUMNS)
    print(convergence(records))
    out = capsys.readouterr().out
    assert "no bipolaron bins: # 2" in out and "of 2 points, 1 flagged" in out


def test_directories_that_cannot_be_reduced(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a campaign"):
        read_results(tmp_path)
    with pytest.raises(InputError, match="not a campaign"):
        read_results(tmp_path / "nowhere")
    campaign(tmp_path, points=0)
    with pytest.raises(InputError, match="no bins yet"):
        read_results(tmp_path)


def test_bins_of_another_version_are_refused(tmp_path: Path) -> None:
    data = campaign(tmp_path, points=0)
    plan = make_plan(load_config(tmp_path / "config.yaml"))
    identity = plan.points[0].ensembles["bipolaron"]
    data = sector_bins(plan, "bipolaron")
    names = ["diffusivity" if name == "diffusion" else name for name in data.columns]
    with Store(tmp_path, writable=True) as store:
        store.allocate({identity: Allocation(4, 64, names, "bipolaron", "{}", list(data.lags))})
        store.write(identity, 0, 0, data.chains[0])
    with pytest.raises(InputError, match="no column diffusion"):
        read_results(tmp_path)
