"""The kernel is compiled by two processes, each function once, and by one where the other fails."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
from functools import reduce
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hpcbip.qmc
from hpcbip.models import Model
from hpcbip.qmc import Chain, Ensemble, compilation, warm_up
from hpcbip.qmc.cycle import run_bins
from hpcbip.qmc.kernel.jit import Kernel, machine_code_folder


def test_every_function_is_compiled_for_one_set_of_types() -> None:
    """A second set costs its time once more: `np.int64(...)` where a constant or a field is handed on."""
    warm_up()
    folder = machine_code_folder()
    names = sorted(path.name for path in folder.glob("*/*.nbc"))
    assert len(names) > 80
    assert not [name for name in names if not name.endswith(".1.nbc")]


def numbers_handed_on(source: str, values: dict[str, Any]) -> list[str]:
    """Return the calls of kernels by a module with these global values that hand on an integer as it is."""
    found = []
    for call in [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]:
        parts = ast.unparse(call.func).split(".")
        called = reduce(lambda value, name: getattr(value, name, None), parts[1:], values.get(parts[0]))
        constants = [_constant(argument, values) for argument in call.args]
        if isinstance(called, Kernel) and any(isinstance(value, int) for value in constants):
            found.append(ast.unparse(call))
    return found


def _constant(argument: ast.expr, values: dict[str, Any]) -> Any:
    """Return the value that the compiler knows an argument to have, None if there is none."""
    if isinstance(argument, ast.Constant):
        return argument.value
    return values.get(argument.id) if isinstance(argument, ast.Name) else None


def test_no_kernel_is_given_a_number_as_it_is() -> None:
    """Such a number is a type of its own for numba. Which of two processes stores the function decides
    whether the test above sees it."""
    for info in pkgutil.walk_packages(hpcbip.qmc.__path__, "hpcbip.qmc."):
        module = importlib.import_module(info.name)
        assert numbers_handed_on(inspect.getsource(module), vars(module)) == [], info.name


def test_numbers_that_are_handed_on_are_found() -> None:
    values = {"f": run_bins, "module": SimpleNamespace(f=run_bins), "LIMIT": 3, "g": int}
    calls = "f(x, 0)\nmodule.f(LIMIT)\nf(np.int64(0), y, 1.5)\ng(0)\nh(0)"
    assert numbers_handed_on(calls, values) == ["f(x, 0)", "module.f(LIMIT)"]


def test_the_functions_that_are_counted_are_those_that_are_compiled() -> None:
    warm_up()
    this = f"py{sys.version_info.major}{sys.version_info.minor}"  # others may share the cache
    names = {path.name for path in machine_code_folder().glob(f"*/*_2d-*.{this}.nbi")}
    called = run_bins.variant(2).reached() - {run_bins.variant(2)}
    assert names == {kernel.index_name for kernel in called}


@pytest.mark.parametrize("dimension", [1, 2, 3, None])
def test_a_small_chain_has_the_kernel_that_it_is_made_for(dimension: int | None) -> None:
    assert compilation.small_chain(dimension).kernel is run_bins.variant(dimension)


def test_no_ensemble_is_sampled_before_the_campaign_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that crashes the kernel would end every run at its start."""
    sampled: list[Ensemble] = []
    run_block = Chain.run_block

    def watched(chain: Chain, *arguments: int) -> object:
        sampled.append(chain.ensemble)
        return run_block(chain, *arguments)

    monkeypatch.setattr(Chain, "run_block", watched)
    given = Ensemble(Model("square", "bond", 1.0, 0.01, 0.3, 50.0), 2, beta=400.0)
    warm_up([given, given])
    assert len(sampled) == 1 and sampled[0].beta == 1.0


def test_what_is_in_the_cache_is_not_compiled() -> None:
    warm_up()
    warm_up(show=lambda done, of: pytest.fail(f"{done} of {of}"))


def files(folder: Path, **content: str) -> Path:
    """Make files in the folder of a module, named by function and kind."""
    (folder / "module").mkdir(parents=True)
    for name, text in content.items():
        function, _, kind = name.partition("_")
        ending = "nbi" if kind == "index" else f"{kind}.nbc"
        (folder / "module" / f"{function}-10.py311.{ending}").write_text(text, encoding="utf-8")
    return folder


def test_the_helpers_functions_are_taken_over_but_for_those_that_are_there(tmp_path: Path) -> None:
    helper = files(tmp_path / "helper", one_index="h", one_1="h", two_index="h", two_1="h")
    own = files(tmp_path / "own", one_index="o", one_1="o")
    compilation.take_over(helper, own)
    found = {path.name: path.read_text(encoding="utf-8") for path in own.glob("*/*")}
    assert found == {
        "one-10.py311.nbi": "o",
        "one-10.py311.1.nbc": "o",
        "two-10.py311.nbi": "h",
        "two-10.py311.1.nbc": "h",
    }


@pytest.mark.parametrize("python", ["/bin/false", "/nowhere/python", ""])
def test_a_helper_that_fails_leaves_nothing(
    python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    monkeypatch.setattr(compilation, "_cores", lambda: 2)
    own = files(tmp_path / "own")
    with compilation._helper(own, None) as folder:
        files(folder, one_index="incomplete", one_1="incomplete")
    assert not folder.exists() and not list(own.glob("*/*"))


def test_there_is_no_helper_on_one_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation, "_cores", lambda: 1)
    monkeypatch.setattr(compilation.subprocess, "Popen", lambda *_, **__: pytest.fail("a helper"))
    with compilation._helper(files(tmp_path / "own"), 2):
        pass
