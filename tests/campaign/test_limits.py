"""Limits: what is beyond the kernel or the memory is refused with a line, what is physical is not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import MAX_CHAINS, MAX_POINTS, Config, validate_config
from hpcbip.errors import InputError
from hpcbip.models import Model
from hpcbip.qmc.ensemble import Ensemble
from hpcbip.qmc.kernel.path import MAX_EVENTS
from hpcbip.qmc.limits import FINEST, find_excess

BASE: dict[str, Any] = {
    "name": "x",
    "seed": 1,
    "model": {"lattice": "chain", "coupling": "bond"},
    "grid": {"omega": [1.0], "lambda": [0.5], "U": [4.0]},
    "sampling": {"beta": 4.0},
}


def checked(**sections: dict[str, Any]) -> Config:
    return validate_config(BASE | {key: BASE[key] | values for key, values in sections.items()}, "c")


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"grid": {"U": [4.0, 6.0, 1e17]}},
            "grid.U: bipolaron: 1e+17 is too large for the resolution of time",
        ),
        ({"grid": {"V": [-1e17]}}, "grid.V: bipolaron: 1e+17 is too large"),
        ({"model": {"shells": [1e17]}}, "model.shells: bipolaron: 1e+17 is too large"),
        ({"grid": {"omega": [1e12]}}, "grid.omega: polaron: 1e+12 is too large"),
        ({"grid": {"lambda": [1e6]}}, "grid.lambda: polaron: a path of beta = 4 has 4e+06 events"),
        ({"sampling": {"beta": 1e5}}, "sampling.beta: polaron: a path of beta = 100000 has 2e+05 hops"),
        ({"sampling": {"beta": 1e-4}}, "sampling.beta: polaron: a path of beta = 0.0001 is shorter"),
        ({"model": {"t": 1e308}}, "model.t: 1e+308: too large; allowed: a number up to 1e+30"),
        ({"model": {"t": 1e-308}}, "model.t: 1e-308: too small; allowed: a number > 0, from 1e-30"),
        ({"grid": {"U": [10**400]}}, "grid.U[0]: "),
        ({"sampling": {"chains": {"min": 8, "max": 10**9}}}, "sampling.chains.max: 1000000000: out of range"),
        ({"sampling": {"chains": MAX_CHAINS + 1}}, "sampling.chains: 1000001: not a number of chains"),
        ({"sampling": {"max_blocks": 10**9}}, "sampling.max_blocks: 1000000000: out of range"),
        ({"sampling": {"bins_per_block": 10**9}}, "sampling.bins_per_block: 1000000000: out of range"),
        ({"sampling": {"updates_per_bin": 10**30}}, "sampling.updates_per_bin: 10000"),
        ({"model": {"lattice": {"vectors": [[1]], "bonds": [[1], [10**400]]}}}, "model.lattice: "),
    ],
    ids=str,
)
def test_what_is_beyond_all_limits_is_refused(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        checked(**sections)
    text = str(caught.value).removeprefix("c: ")
    assert text.startswith(message) and "allowed" in text and "\n" not in text


def test_a_grid_of_300_cubed_is_refused_at_once() -> None:
    started = time.process_time()
    with pytest.raises(InputError, match="grid: 27000000 points; allowed: up to 50000 in a campaign"):
        axis = [0.5 + 0.001 * k for k in range(300)]
        checked(grid={"omega": axis, "lambda": axis, "U": axis})
    assert time.process_time() - started < 1.0


def test_long_axes_and_lists_take_no_quadratic_time() -> None:
    started = time.process_time()
    axis = [0.5 + 1e-5 * k for k in range(MAX_POINTS)]
    config = checked(grid={"U": axis})
    assert config.grid is not None and config.grid.size == MAX_POINTS
    assert len(make_plan(checked(grid={"U": axis[:2000]})).points) == 2000
    assert time.process_time() - started < 2.0


def test_all_ensembles_together_begin_with_a_limited_number_of_chains() -> None:
    with pytest.raises(InputError, match=r"sampling.chains: 10000: too many to begin with for 1000 points"):
        checked(grid={"U": [0.01 * k for k in range(1000)]}, sampling={"chains": 10_000})


@pytest.mark.parametrize(
    "sections",
    [
        {"grid": {"U": [1e6]}, "sampling": {"beta": 1000.0}},  # a hard core
        {"grid": {"U": [-1e3]}},
        {"grid": {"omega": [0.01], "lambda": [3.0]}, "sampling": {"beta": "auto"}},
        {"grid": {"omega": [100.0]}, "sampling": {"beta": 300.0}},
        {"model": {"t": 8e-21}, "grid": {"omega": [8e-21], "U": [6e-20]}, "sampling": {"beta": "auto"}},  # J
        {"model": {"t": 1.2e13}, "grid": {"omega": [5e12], "U": [1e14]}, "sampling": {"beta": "auto"}},  # Hz
    ],
    ids=str,
)
def test_what_is_physical_is_allowed(sections: dict[str, Any]) -> None:
    checked(**sections)


def test_the_limits_are_those_of_the_arithmetic() -> None:
    """Events: a free electron has 2 Σ t β hops, one on a site 2 g²/Ω β vertices of which half are certain."""
    chain = Model("chain", "bond", 1.0, 1.0, 0.0)
    assert find_excess(chain, 1, 0.5 * MAX_EVENTS) is None
    excess = find_excess(chain, 1, 0.501 * MAX_EVENTS)
    assert excess is not None and excess.key == "beta"
    holstein = Model("cubic", "holstein", 1.0, 0.5, 10.0)
    assert find_excess(holstein, 1, 0.99 * MAX_EVENTS / 200.0) is None
    excess = find_excess(holstein, 1, 1.01 * MAX_EVENTS / 200.0)
    assert excess is not None and excess.key == "g"
    pair = Model("square", "bond", 1.0, 1.0, 0.5, U=FINEST / 10.0)
    assert find_excess(pair, 2, 10.0) is None and find_excess(pair, 1, 20.0) is None
    excess = find_excess(pair, 2, 10.01)
    assert excess is not None and excess.key == "U"
    short = Model('{"vectors":[[0.1]],"bonds":[[1]]}', "bond", 1.0, 1.0, 0.5, V=FINEST / 10.0)
    assert find_excess(short, 2, 0.99) is None and find_excess(short, 2, 1.01) is not None


def test_an_ensemble_that_the_kernel_cannot_resolve_is_refused() -> None:
    """U = 1e17, β = 4 took the kernel out of its arrays: events fell on equal times."""
    with pytest.raises(ValueError, match=r"U: 1e\+17 is too large for the resolution of time"):
        Ensemble(Model("chain", "bond", 1.0, 1.0, 0.7, U=1e17), 2, 4.0)


@pytest.mark.parametrize(
    ("given", "blocks"),
    [
        ({"max_blocks": 6}, (6, 6)),
        ({"max_blocks": 60}, (8, 60)),
        ({"min_blocks": 300}, (300, 300)),
        ({"min_blocks": 30}, (30, 200)),
        ({}, (8, 200)),
    ],
    ids=str,
)
def test_a_default_follows_what_is_given(given: dict[str, int], blocks: tuple[int, int]) -> None:
    sampling = checked(sampling=given).sampling
    assert (sampling.min_blocks, sampling.max_blocks) == blocks
