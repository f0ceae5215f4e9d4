"""What was reduced once is not reduced again, and never stands in for something else."""

from __future__ import annotations

import io
import pickle
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.reduction import cache, executor
from hpcbip.reduction.ensembles import EnsembleBins, Reduced
from hpcbip.reduction.estimates import reduce_ensembles
from hpcbip.reduction.results import read_results
from hpcbip.store.segment import write_part
from hpcbip.store.store import Store
from tests.reduction.test_results import campaign
from tests.store.synthetic import sector_bins


@pytest.fixture
def reductions(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Sector and bins of every ensemble that is reduced from now on."""
    calls: list[tuple[str, int]] = []

    def watched(many: list[EnsembleBins], *arguments: Any, **words: Any) -> list[Reduced]:
        calls.extend((data.sector, data.bins) for data in many)
        return reduce_ensembles(many, *arguments, **words)

    monkeypatch.setattr(executor, "reduce_ensembles", watched)
    return calls


def test_the_second_time_nothing_is_reduced_and_all_is_as_before(tmp_path: Path, reductions: list) -> None:
    campaign(tmp_path)
    first = read_results(tmp_path)
    assert len(reductions) == 4
    second = read_results(tmp_path)
    assert len(reductions) == 4
    assert second.records == first.records and list(second.ensembles) == list(first.ensembles)
    for one, two in zip(first.ensembles.values(), second.ensembles.values(), strict=True):
        np.testing.assert_array_equal(one.replicates, two.replicates)


def test_new_bins_are_reduced_and_they_alone(tmp_path: Path, reductions: list) -> None:
    bins = campaign(tmp_path)
    before = read_results(tmp_path).records
    plan = make_plan(load_config(tmp_path / "config.yaml"))
    more = sector_bins(plan, "bipolaron", point=1, seed=5, bins=64)
    with Store(tmp_path, writable=True) as store:
        identity = plan.points[1].ensembles["bipolaron"]
        store.write(identity, 0, len(store.read(identity, 0)), more.chains[0][:20])
    after = read_results(tmp_path).records
    assert reductions[4:] == [("bipolaron", bins[identity].bins + 20)]
    assert after[0] == before[0] and after[1]["mass_bipolaron"] != before[1]["mass_bipolaron"]
    assert read_results(tmp_path).records == after and len(reductions) == 5


def test_another_tc_is_computed_and_leaves_the_cache(tmp_path: Path, reductions: list) -> None:
    campaign(tmp_path)
    usual = read_results(tmp_path).records
    content = (tmp_path / cache.CACHE_FILE).read_bytes()
    assert read_results(tmp_path, "published").records != usual
    assert len(reductions) == 8 and (tmp_path / cache.CACHE_FILE).read_bytes() == content
    path = tmp_path / "config.yaml"
    path.write_text(path.read_text().replace("omega_meV: 30", "omega_meV: 60"))
    assert read_results(tmp_path).records[0]["tc_kelvin"] == pytest.approx(2.0 * usual[0]["tc_kelvin"])


def test_another_program_reduces_anew(
    tmp_path: Path, reductions: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign(tmp_path)
    read_results(tmp_path)
    monkeypatch.setattr(cache, "source_hash", lambda module: "changed")
    read_results(tmp_path)
    assert len(reductions) == 8


def test_bins_that_are_damaged_are_not_cached(tmp_path: Path, reductions: list) -> None:
    """They may be run again, with the same checksums."""
    bins = campaign(tmp_path)
    plan = make_plan(load_config(tmp_path / "config.yaml"))
    identity = plan.points[0].ensembles["polaron"]
    with Store(tmp_path, writable=True) as store:
        sound = store.read(identity, 0)
        block = store._of_chain(identity, 0)[0]
        damaged = sound[7:8].copy()
        damaged[0, 0] += 1.0
        write_part(store._dataset(identity, block, "bins"), (0, 7, 0), damaged)
    short = read_results(tmp_path).records
    assert len(reductions) == 4
    with Store(tmp_path, writable=True) as store:
        store.write(identity, 0, 0, sound)
    assert read_results(tmp_path).records != short
    assert reductions[4:] == [("polaron", bins[identity].bins)]


class Trap:
    """Unpickled by the ordinary means, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_no_name_leads_to_the_builtins() -> None:
    """`EnsembleBins.table.__builtins__.get` has a harmless beginning and is the way to eval."""
    way = b"EnsembleBins.table.__builtins__.get"
    content = (
        b"\x80\x04\x8c\x1ahpcbip.reduction.ensembles\x8c"
        + bytes([len(way)])
        + way
        + b"\x93\x8c\x04eval\x85R."
    )
    assert pickle.loads(content) is eval
    with pytest.raises(pickle.UnpicklingError, match="no plain name"):
        cache._Unpickler(io.BytesIO(content)).load()


@pytest.mark.parametrize(
    "thing",
    [
        np.array([1.0]),  # in numpy's own form, which takes any type of data from the file
        np.array([None]),
        np.dtype("O"),
        np.float64(1.0),
        Path("x"),
        cache.ReductionCache,
        cache.serialize,
    ],
    ids=["array", "objects", "dtype", "scalar", "path", "class", "function"],
)
def test_only_numbers_and_records_are_read_back(thing: Any) -> None:
    with pytest.raises(pickle.UnpicklingError, match="no place in a reduced ensemble"):
        cache.deserialize(pickle.dumps(thing))


def test_references_to_memory_are_no_numbers() -> None:
    for kind in ("O", "M8[s]", "V8", "O,O"):
        with pytest.raises(ValueError, match="no kind of number"):
            cache.make_array(kind, (1,), bytes(8))
    content = cache.serialize(Reduced(values=np.array([None])))
    with pytest.raises(ValueError, match="no kind of number"):
        cache.deserialize(content)


def test_arrays_and_numbers_come_back_as_they_were() -> None:
    values = np.arange(6.0).reshape(2, 3).T
    reduced = Reduced(
        values=values, lags=np.empty((0, 2), dtype=np.float32), mass_discrepancy=np.float64(0.1)
    )
    back = cache.deserialize(cache.serialize(reduced))
    assert np.array_equal(back.values, values) and back.values.flags.writeable
    assert back.lags.shape == (0, 2) and back.lags.dtype == np.float32
    assert isinstance(back.mass_discrepancy, np.float64) and back.mass_discrepancy == 0.1


@pytest.mark.parametrize("damage", ["text", "empty", "directory", "cut", "trap", "other"])
def test_a_file_that_is_no_good_counts_as_none(tmp_path: Path, reductions: list, damage: str) -> None:
    campaign(tmp_path)
    right = read_results(tmp_path).records
    path, trace = tmp_path / cache.CACHE_FILE, tmp_path / "trace"
    content = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        keys = {name: file.read(name)[: cache.KEY] for name in file.namelist()}
    path.unlink()
    if damage in ("trap", "other"):
        thing = Trap(trace) if damage == "trap" else {"a": 1}
        with zipfile.ZipFile(path, "w") as file:
            for name, key in keys.items():
                file.writestr(name, key + pickle.dumps(thing))
    elif damage == "directory":
        path.mkdir()
    else:
        path.write_bytes({"text": b"hello", "empty": b"", "cut": content[: len(content) // 2]}[damage])
    assert read_results(tmp_path).records == right
    assert len(reductions) == 8 and not trace.exists()
    assert not list(tmp_path.glob("*.tmp"))


def test_the_key_follows_the_sources_that_the_reduction_depends_on(tmp_path: Path) -> None:
    """A changed dependency changes the hash; what only shows or drives does not, nor does what is not
    imported."""
    root = tmp_path / "hpcbip"
    shutil.copytree(cache.ROOT, root, ignore=shutil.ignore_patterns("__pycache__"))
    before = cache.source_hash(cache.REDUCTION, root)
    assert before == cache.source_hash(cache.REDUCTION, cache.ROOT)

    def after_change(path: str) -> str:
        file = root / path
        text = file.read_text(encoding="utf-8")
        file.write_text(text + "\n# changed\n", encoding="utf-8")
        cache.source_hash.cache_clear()
        found = cache.source_hash(cache.REDUCTION, root)
        file.write_text(text, encoding="utf-8")
        return found

    for path in (
        "reduction/bindings.py",
        "statistics/gamma.py",
        "models/lattice.py",
        "superconductivity/tc.py",
    ):
        assert after_change(path) != before, path
    for path in ("vocabulary/observables.py", "statistics/__init__.py"):
        assert after_change(path) != before, path
    for path in ("report/tables.py", "driver/scheduler.py", "cli/__init__.py", "reduction/results.py"):
        assert after_change(path) == before, path
    cache.source_hash.cache_clear()


def test_dependencies_follow_all_forms_of_imports(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "__init__.py").write_text("")
    (tmp_path / "a.py").write_text("import numpy\nfrom hpcbip.sub import b\n")
    (tmp_path / "sub" / "b.py").write_text("def f():\n    import hpcbip.c\n")
    (tmp_path / "c.py").write_text("from hpcbip.a import f\nfrom hpcbip.sub import name\n")
    assert cache.dependencies("hpcbip.a", tmp_path) == {"hpcbip.a", "hpcbip.sub.b", "hpcbip.c", "hpcbip.sub"}
