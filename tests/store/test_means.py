"""Means of blocks beside the bins: they say what the bins say, and what is found does not depend on how they
fare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hpcbip.campaign.plan import Plan, make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.reduction.ensembles import EnsembleBins, Reduced
from hpcbip.reduction.estimates import reduce_ensemble, reduce_ensembles
from hpcbip.reduction.target_errors import target_errors
from hpcbip.statistics import summarise
from hpcbip.store.segment import block_means, sums_of_means
from hpcbip.store.selection import SelectedBins, bins_per_row, select_bins, selected_checksums
from hpcbip.store.store import Allocation, Store
from tests.statistics.ar1 import ar1
from tests.store.synthetic import CONFIG, sector_bins

KEY, SIZE = "a" * 64, 8


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return make_plan(load_config(path))


def rows(n: int, seed: int = 0) -> np.ndarray:
    return 3.0 + np.random.default_rng(seed).normal(size=(n, 5))


def room(chains: int, number: int, size: int = SIZE) -> dict[str, Allocation]:
    return {KEY: Allocation(chains, number, ["a", "b", "c", "d", "e"], "polaron", "{}", [1.0], size)}


def filled(folder: Path, size: int = SIZE) -> list[np.ndarray]:
    """Two chains of 80 and 61 bins, written a block or two at a time."""
    folder.mkdir(exist_ok=True)
    content = [rows(80, 1), rows(61, 2)]
    with Store(folder, writable=True) as store:
        store.allocate(room(2, 100, size))
        for chain, bins in enumerate(content):
            for first in range(0, len(bins), 16):
                store.write(KEY, chain, first, bins[first : first + 16])
    return content


def change(folder: Path, name: str, where: Any) -> None:
    with h5py.File(folder / "bins-0001.h5", "r+") as file:
        file[KEY]["0"][name][where] += 1


def test_means_are_those_of_the_bins(tmp_path: Path) -> None:
    content = filled(tmp_path)
    with Store(tmp_path) as store:
        means = store.means(KEY, [10, 7], SIZE)
        assert [len(chain) for chain in means] == [10, 7] and means[0].dtype == np.float32
        for chain, bins in zip(means, content, strict=True):
            whole = bins[: len(bins) // SIZE * SIZE].reshape(-1, SIZE, 5).mean(axis=1)
            np.testing.assert_allclose(chain, whole, rtol=1e-7)
        assert [len(chain) for chain in store.means(KEY, [3, 0], SIZE)] == [3, 0]
        np.testing.assert_array_equal(store.means(KEY, [3, 0], SIZE)[0], means[0][:3])
        assert [len(chain) for chain in store.means(KEY, [12, 9], SIZE)] == [10, 7], "no more than there are"
    with h5py.File(tmp_path / "bins-0001.h5") as file:
        part = file[KEY]["0"]
        np.testing.assert_array_equal(part["means"][0, :10], means[0])
        np.testing.assert_array_equal(part["means_sum"][1, :7], sums_of_means(means[1], 0))
        assert not part["means_sum"][1, 7:].any() and file[KEY].attrs["places"].tolist() == [
            [0, 0, 2, 100, 8]
        ]


def test_one_block_or_many_at_once_are_the_same_bits() -> None:
    bins = rows(64)
    one_by_one = np.concatenate([block_means(bins[k : k + 8], 8) for k in range(0, 64, 8)])
    np.testing.assert_array_equal(block_means(bins, 8), one_by_one)


def test_writes_that_begin_within_a_block(tmp_path: Path) -> None:
    bins = rows(40)
    with Store(tmp_path, writable=True) as store:
        store.allocate(room(1, 40))
        for first, last in ((0, 4), (4, 17), (17, 40)):
            store.write(KEY, 0, first, bins[first:last])
        np.testing.assert_array_equal(store.means(KEY, [5], SIZE)[0], block_means(bins, SIZE))
    with h5py.File(tmp_path / "bins-0001.h5") as file:
        assert (file[KEY]["0"]["means_sum"][0] != 0).tolist() == [False, True, False, True, True]


@pytest.mark.parametrize("damage", ["means", "means_sum", "bins", "both", "none written", "other size"])
def test_damage_leaves_what_can_be_known(tmp_path: Path, damage: str) -> None:
    content = filled(tmp_path, {"none written": 0, "other size": 4}.get(damage, SIZE))
    expected = [block_means(bins, SIZE) for bins in content]
    if damage in ("means", "both"):
        change(tmp_path, "means", (0, 4, 2))
    if damage == "means_sum":
        change(tmp_path, "means_sum", (0, 4))
    if damage in ("bins", "both"):
        change(tmp_path, "bins", (0, 37, 1))
    with Store(tmp_path) as store:
        found = store.means(KEY, [10, 7], SIZE)
        np.testing.assert_array_equal(found[1], expected[1])
        np.testing.assert_array_equal(found[0], expected[0][:4] if damage == "both" else expected[0])
        unchecked = store.means(KEY, [10, 7], SIZE, verify=False)
        assert [len(chain) for chain in unchecked] == [10, 7]


def test_any_changed_word_is_noticed() -> None:
    means = block_means(np.random.default_rng(2).normal(size=(80, 141)), SIZE)
    known = sums_of_means(means, 3)
    for block, column, bit in np.random.default_rng(1).integers((10, 141, 32), size=(200, 3)):
        damaged = means.copy()
        damaged.view(np.uint32)[block, column] ^= np.uint32(1 << bit)
        assert (sums_of_means(damaged, 3) != known).nonzero()[0].tolist() == [block]
    assert (sums_of_means(means, 4) != known).all(), "a mean in another block's place"
    assert (sums_of_means(np.zeros((3, 5), dtype=np.float32), 0) > 0).all(), "0 means: not written"


def test_growth_across_segments(tmp_path: Path) -> None:
    content = [rows(48, 1), rows(48, 2), rows(30, 3)]
    with Store(tmp_path, writable=True) as store:
        for chains, number in (
            (2, 20),
            (2, 40),
            (3, 64),
        ):  # 20 and 40: a block lies across the seam, without a mean
            store.allocate(room(chains, number))
        for chain, bins in enumerate(content):
            store.write(KEY, chain, 0, bins)
    with Store(tmp_path) as store:
        for found, bins in zip(store.means(KEY, [6, 6, 3], SIZE), content, strict=True):
            np.testing.assert_array_equal(found, block_means(bins, SIZE)[: len(found)])
        np.testing.assert_array_equal(store.read(KEY, 1), content[1])
        assert [len(chain) for chain in store.mean_sums(KEY, [6, 6, 3], SIZE)] == [48, 48, 3]


def test_a_segment_of_an_older_version_is_read(tmp_path: Path) -> None:
    content = filled(tmp_path, 0)
    with h5py.File(tmp_path / "bins-0001.h5", "r+") as file:
        del file[KEY].attrs["places"]
        file[KEY]["0"].attrs["first_chain"], file[KEY]["0"].attrs["first_row"] = 0, 0
    with Store(tmp_path) as store:
        np.testing.assert_array_equal(store.read(KEY, 1), content[1])
        np.testing.assert_array_equal(store.means(KEY, [10, 7], SIZE)[0], block_means(content[0], SIZE))
    with Store(tmp_path, writable=True) as store:
        store.allocate(room(2, 120))
        store.write(KEY, 0, 80, content[0][:40])
        np.testing.assert_array_equal(store.read(KEY, 0), np.vstack([content[0], content[0][:40]]))


def test_what_is_selected() -> None:
    assert bins_per_row([8 * 49] * 8, 8) == 1  # 392 blocks
    assert bins_per_row([8 * 50] * 8, 8) == 8
    assert bins_per_row([8 * 99] * 8, 8) == 8
    assert bins_per_row([8 * 125] * 8, 8) == 16  # 1000 blocks
    assert bins_per_row([8 * 1000] * 8, 8) == 128
    assert bins_per_row([8 * 10] * 64, 8) == 1, "chains too short"
    assert bins_per_row([8 * 64] * 64, 8) == 16, "no shorter than 32 rows"
    assert bins_per_row([8 * 800, 0, 0], 8) == 16
    assert bins_per_row([], 8) == bins_per_row([0, 0], 8) == bins_per_row([3000] * 8, 1) == 1


def stored(folder: Path, data: EnsembleBins) -> SelectedBins:
    """What is selected of these bins."""
    folder.mkdir(exist_ok=True)
    numbers = [len(chain) for chain in data.chains]
    with Store(folder, writable=True) as store:
        store.allocate(
            {
                KEY: Allocation(
                    len(numbers), max(numbers), data.columns, data.sector, "{}", data.lags.tolist(), 8
                )
            }
        )
        for chain, bins in enumerate(data.chains):
            store.write(KEY, chain, 0, np.asarray(bins, dtype=float))
    with Store(folder) as store:
        assert [len(chain) for chain in selected_checksums(store, KEY, numbers, 8)] == [
            number // 8 for number in numbers
        ]
        return select_bins(store, KEY, numbers, 8)


def joined(data: EnsembleBins, bins: SelectedBins) -> EnsembleBins:
    return EnsembleBins(
        data.sector,
        data.parameters,
        data.columns,
        bins.chains,
        data.lags,
        bins.bins_per_row,
        bins.rows_per_sample,
    )


@pytest.mark.parametrize(("tau", "bins"), [(0.5, 1600), (2.0, 3200), (10.0, 6400)])
def test_means_say_what_the_bins_say(tmp_path: Path, plan: Plan, tau: float, bins: int) -> None:
    """Twelve ensembles of 4 chains: an error from 400 samples is known to 8 %, so that the mean of the ratios
    of errors is 1 within 2.5 %; four standard errors are allowed."""
    ratios = []
    for seed in range(12):
        data = sector_bins(plan, "bipolaron", bins=bins, tau=tau, seed=seed)
        means = stored(tmp_path / str(seed), data)
        short = joined(data, means)
        assert (means.bins_per_row, means.rows_per_sample) == (8, bins // 800)
        assert short.bins == data.bins and short.samples == 400
        one, two = reduce_ensemble(data, details=True), reduce_ensemble(short, details=True)
        assert one.summary and two.summary and one.bins == two.bins and one.names == two.names
        known = [
            one.names.index(name)
            for name in ("E_bipolaron", "mass_bipolaron", "pair_distance2", "tc_over_omega")
        ]
        assert np.all(np.abs(one.values - two.values)[known] < 0.05 * one.summary.error[known])
        ratios.append(two.summary.error[known] / one.summary.error[known])
        error = np.hypot(one.summary.tau_error, two.summary.tau_error)[known]
        assert np.all(np.abs(two.summary.tau - one.summary.tau)[known] < 4.5 * error)
        assert one.summary.samples == two.summary.samples == 4 * bins
        assert two.summary.binning.size[0] == short.bins_per_sample
        np.testing.assert_allclose(two.curve, one.curve, rtol=1e-6)
        np.testing.assert_allclose(two.pair_weight, one.pair_weight, atol=1e-6)
    assert np.mean(ratios, axis=0) == pytest.approx(1.0, abs=0.1)


def test_times_in_bins_follow_from_those_of_means() -> None:
    """Exponential correlations, 24 chains of 64,000 bins."""
    for tau in (0.5, 1.0, 3.0, 10.0):
        chains = [chain[:, :1] for chain in ar1(np.random.default_rng(5), tau, 24, 64_000, 1)]
        for size in (4, 16):
            summary = summarise([chain.reshape(-1, size, 1).mean(axis=1) for chain in chains]).in_bins(size)
            # 1/2 is the time of uncorrelated bins, whatever becomes of the rest
            assert summary.tau[0] == pytest.approx(tau, abs=0.05 * tau + 0.02 * size), (tau, size)
            assert summary.tau_error[0] < 0.05 * tau + 0.03 * size


def test_what_does_not_fill_a_sample_is_left_out_at_the_start(plan: Plan) -> None:
    data = sector_bins(plan, "polaron", bins=67, chains=2)
    by_four = EnsembleBins(data.sector, data.parameters, data.columns, data.chains, data.lags, 8, 4)
    assert by_four.lengths == (16, 16) and by_four.bins == 32 * 32 and by_four.bins_per_sample == 32
    expected = np.concatenate(
        [np.asarray(chain)[3:].reshape(16, 4, -1).mean(axis=1) for chain in data.chains]
    )
    energy = list(data.columns).index("energy")
    np.testing.assert_allclose(by_four.table(["energy"])[0], expected[:, energy])


def alike(one: Reduced, two: Reduced) -> None:
    assert one.summary and two.summary and one.fit and two.fit
    np.testing.assert_allclose(one.values, two.values, rtol=1e-12)
    for name in ("error", "tau", "tau_error", "chain_p", "half_p", "r_hat", "verdict"):
        np.testing.assert_allclose(vars(one.summary)[name], vars(two.summary)[name], rtol=1e-7, err_msg=name)
    np.testing.assert_array_equal(one.summary.binning.plateau, two.summary.binning.plateau)
    np.testing.assert_allclose(one.summary.gamma.window, two.summary.gamma.window)
    assert (one.fit.start, one.fit.stop) == (two.fit.start, two.fit.stop)
    assert one.fit.slope == pytest.approx(two.fit.slope, rel=1e-9)
    assert one.unresolved == two.unresolved and (one.bins, one.sector) == (two.bins, two.sector)


def test_together_or_one_by_one(plan: Plan) -> None:
    """Several ensembles at once, of both sectors and of different lengths, one of them with too few bins."""
    many = [
        sector_bins(plan, "polaron", seed=1),
        sector_bins(plan, "bipolaron", seed=2, tau=2.0),
        sector_bins(plan, "bipolaron", seed=3, bins=100),
        sector_bins(plan, "bipolaron", bins=1, chains=2),
        sector_bins(plan, "polaron", point=1, seed=4),
        sector_bins(plan, "bipolaron", seed=5, bins=100),
    ]
    together = reduce_ensembles(many)
    assert [one.summary is None for one in together] == [False, False, False, True, False, False]
    for data, found in zip(many, together, strict=True):
        if found.summary is not None:
            alike(found, reduce_ensemble(data))


def test_targets_are_judged_alike(tmp_path: Path, plan: Plan) -> None:
    """As above, eight ensembles."""
    key = plan.points[0].ensembles["bipolaron"]
    ratios = []
    for seed in range(8):
        data = sector_bins(plan, "bipolaron", bins=1600, tau=1.0, seed=seed)
        bins = target_errors(plan, key, SelectedBins(data.chains))
        means = target_errors(plan, key, stored(tmp_path / str(seed), data))
        ratios.append([means[name] / error for name, error in bins.items()])
    assert np.mean(ratios, axis=0) == pytest.approx(1.0, abs=0.12)
