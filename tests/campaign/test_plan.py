"""The plan: points and ensembles are named by their parameters, and nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from hpcbip.campaign.identity import canonical_json, chain_seed, identity_of
from hpcbip.campaign.plan import auto_beta, make_plan
from hpcbip.campaign.schema import Config
from hpcbip.qmc import Chain
from hpcbip.vocabulary.sectors import SECTORS


def config(**sections: Any) -> Config:
    data = {
        "name": "x",
        "seed": 1,
        "model": {"lattice": "square", "coupling": "bond"},
        "grid": {"omega": [1.0, 0.5], "lambda": [0.5, 0.7], "U": [0.0, 8.0]},
    }
    return Config.model_validate(data | sections)


def test_points_are_the_product_in_order() -> None:
    plan = make_plan(config())
    table = [(p.parameters["omega"], p.parameters["lambda"], p.parameters["U"]) for p in plan.points]
    assert table == [(omega, lam, U) for omega in (1.0, 0.5) for lam in (0.5, 0.7) for U in (0.0, 8.0)]
    assert list(plan.points[0].parameters) == [
        "lattice",
        "coupling",
        "t",
        "omega",
        "g",
        "lambda",
        "U",
        "V",
        "beta",
    ]
    assert all(len(p.identity) == 12 for p in plan.points)
    assert len({p.identity for p in plan.points}) == 8


def test_lambda_and_g_agree_with_the_convention() -> None:
    # square lattice: lambda = g^2/(2 omega t), PRX 13, 011010
    for point in make_plan(config(model={"lattice": "square", "coupling": "bond", "t": 2.0})).points:
        p = point.parameters
        assert p["g"] ** 2 / (2 * p["omega"] * p["t"]) == pytest.approx(p["lambda"], rel=1e-14)


def test_polaron_is_shared_between_points_that_differ_in_U() -> None:
    plan = make_plan(config())
    assert len(plan.ensembles) == 4 + 8
    first, second = plan.points[:2]
    assert first.parameters["U"] != second.parameters["U"]
    assert first.ensembles["polaron"] == second.ensembles["polaron"]
    assert first.ensembles["bipolaron"] != second.ensembles["bipolaron"]
    for point in plan.points:
        for sector, key in point.ensembles.items():
            record = plan.ensembles[key]
            assert record.sector == sector and record.identity == key == identity_of(record.parameters)
            assert ("U" in record.parameters) == (sector == "bipolaron")


def test_identity_does_not_depend_on_position_or_way_of_writing() -> None:
    before = {p.identity for p in make_plan(config()).points}
    more = config(
        grid={"omega": [2, 0.5, 1], "lambda": [0.7, 0.1, 0.5], "U": [8, -0.0]},
        points=[{"omega": 1.0, "lambda": 0.5, "U": 8.0}, {"omega": 1.0, "g": 1.0, "U": 8.0}],
    )
    plan = make_plan(more)
    assert before < {p.identity for p in plan.points}
    assert len(plan.points) == 18  # lambda = 0.5 and g = 1 at omega = 1 are in the grid already


def test_identity_is_sensitive_to_every_parameter() -> None:
    base = {"omega": 1.0, "g": 1.0, "U": 8.0}

    def identity(model: dict[str, Any] | None = None, beta: Any = "auto", **changes: Any) -> str:
        section = {"lattice": "square", "coupling": "bond", **(model or {})}
        plan = make_plan(config(grid=None, points=[base | changes], model=section, sampling={"beta": beta}))
        return plan.points[0].identity

    variants = [
        identity(),
        identity(omega=1.1),
        identity(g=1.1),
        identity(U=8.000000000000002),
        identity({"t": 1.01}),
        identity({"lattice": "chain"}),
        identity(beta=39.0),
        identity(beta={"polaron": 21.0, "bipolaron": 40.0}),
    ]
    assert len(set(variants)) == len(variants)


def test_identity_is_pinned() -> None:
    """Results on disk are filed under these: a change here orphans every campaign that exists."""
    plan = make_plan(config())
    record = plan.ensembles[plan.points[0].ensembles["polaron"]]
    text = '{"beta":30.0,"coupling":"bond","electrons":1,"g":1.0,"lattice":"square","omega":1.0,"t":1.0}'
    assert canonical_json(record.parameters) == text
    assert record.identity == hashlib.sha256(text.encode()).hexdigest()


def test_beta() -> None:
    assert auto_beta("polaron", t=1.0, omega=1.0) == 30.0
    assert auto_beta("polaron", t=1.0, omega=0.5) == pytest.approx(40.0)
    assert auto_beta("bipolaron", t=1.0, omega=1.0) == 50.0
    assert auto_beta("bipolaron", t=2.0, omega=0.2) == pytest.approx(120.0)

    def betas(beta: Any) -> set[tuple[str, float]]:
        plan = make_plan(config(sampling={"beta": beta}))
        return {(record.sector, record.parameters["beta"]) for record in plan.ensembles.values()}

    assert betas("auto") == {("polaron", 30.0), ("polaron", 40.0), ("bipolaron", 50.0)}
    assert betas(10) == {("polaron", 10.0), ("bipolaron", 10.0)}
    assert betas({"polaron": 5, "bipolaron": 9}) == {("polaron", 5.0), ("bipolaron", 9.0)}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (None, (10.0, 10.0)),
        (25, (25.0, 25.0)),
        ({"polaron": 10, "bipolaron": 300}, (10.0, 300.0)),
        ("auto", (30.0, 50.0)),
    ],
)
def test_a_point_may_have_a_beta_of_its_own(own: Any, expected: tuple[float, float]) -> None:
    base = {"omega": 1.0, "lambda": 0.5, "U": 8.0}
    point = base | ({} if own is None else {"beta": own})
    plan = make_plan(config(grid=None, points=[{**base, "U": 0.0}, point], sampling={"beta": 10}))
    found = [plan.ensembles[plan.points[1].ensembles[sector]].parameters["beta"] for sector in SECTORS]
    assert tuple(found) == expected
    assert plan.points[1].parameters["beta"] == expected[1]
    shared = plan.points[0].ensembles["polaron"] == plan.points[1].ensembles["polaron"]
    assert shared == (expected[0] == 10.0)


MODELS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "holstein": ({"lattice": "triangular", "coupling": "holstein"}, {}),
    "both": (
        {"lattice": "fcc", "coupling": "bond+holstein"},
        {"g_holstein": [0.5, 1.0], "omega_holstein": [0.3]},
    ),
    "layered": (
        {"lattice": "cubic", "coupling": "bond", "t_factors": [1, 1, 0.2], "g_factors": [1, 1, 0]},
        {},
    ),
    "basis": (
        {
            "lattice": "lieb",
            "coupling": "bond",
            "levels": [0, 1, 2],
            "U_factors": [1, 0.5, 0],
            "omega_factors": [1, 2, 1, 3],
        },
        {"V": [0.5]},
    ),
    "written basis": (
        {
            "lattice": {
                "vectors": [[1]],
                "sites": {"A": [0, 0], "B": [0.3, 1]},
                "bonds": [
                    {"from": "A", "to": "A", "cell": [1]},
                    {"from": "A", "to": "B", "cell": [0]},
                ],
            },
            "coupling": "bond+holstein",
        },
        {"g_holstein": [0.5], "omega_holstein": [0.3]},
    ),
    "tail": ({"lattice": "bcc", "coupling": "bond", "shells": [1.0, -0.5]}, {"V": [0.8]}),
    "written": (
        {"lattice": {"vectors": [[1, 0], [0, 2]], "bonds": [[1, 0], [0, 1], [1, 1]]}, "coupling": "holstein"},
        {},
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_model_of_a_configuration_reaches_the_kernel(name: str) -> None:
    model, axes = MODELS[name]
    grid = {"omega": [1.0], "lambda": [0.5], "U": [8.0], **axes}
    plan = make_plan(config(model=model, grid=grid))
    assert len(plan.points) == len(axes.get("g_holstein", [0]))
    for record in plan.ensembles.values():
        assert identity_of(json.loads(json.dumps(record.parameters))) == record.identity
        ensemble = record.build()
        rows = Chain.start(ensemble, np.arange(1, 5, dtype=np.uint64)).run_block(2, 20_000)
        assert np.isfinite(rows).all()
        assert ensemble.model.coupling == model["coupling"]
        assert ("U_factors" in record.parameters) == (name == "basis" and record.sector == "bipolaron")
        assert ("levels" in record.parameters) == (name == "basis")
        assert ("shells" in record.parameters) == (name == "tail" and record.sector == "bipolaron")
    other = {key: value for key, value in model.items() if key in ("coupling", "lattice")}
    if other != model:
        assert {p.identity for p in make_plan(config(model=other, grid=grid)).points}.isdisjoint(
            p.identity for p in plan.points
        )


def test_chain_seeds_are_independent_and_reproducible() -> None:
    keys = list(make_plan(config()).ensembles)
    seeds = [chain_seed(seed, key, chain) for seed in (0, 1) for key in keys for chain in range(3)]
    assert all(seed.shape == (4,) and seed.dtype == np.uint64 for seed in seeds)
    assert len({seed.tobytes() for seed in seeds}) == len(seeds)
    words = tuple(int(keys[0][i : i + 8], 16) for i in range(0, 64, 8))
    expected = np.random.SeedSequence(1, spawn_key=(*words, 2)).generate_state(4, np.uint64)
    assert np.array_equal(chain_seed(1, keys[0], 2), expected)


def test_build_gives_the_kernel_the_same_parameters() -> None:
    plan = make_plan(config())
    for sector, electrons in (("polaron", 1), ("bipolaron", 2)):
        record = plan.ensembles[plan.points[1].ensembles[sector]]
        ensemble = record.build()
        assert (ensemble.electrons, ensemble.beta) == (electrons, record.parameters["beta"])
        assert ensemble.model.parameters().items() >= {"lattice": "square", "omega": 1.0, "g": 1.0}.items()
        assert ensemble.model.U == (8.0 if sector == "bipolaron" else 0.0)
