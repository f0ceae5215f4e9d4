"""The chain as a thing of arrays: its invariants, its continuation bit for bit, its growth, its refusals."""

from __future__ import annotations

import numpy as np
import pytest

from hpcbip.models import Family, Model, get_lattice
from hpcbip.qmc import Chain, Ensemble, columns, displacements, lags
from hpcbip.qmc import chain as chain_module
from hpcbip.qmc.kernel.path import AXIS_BITS, EVENTS, FIRST, HEAD
from tests.qmc.invariants import check

SQUARE, CHAIN = get_lattice("square"), get_lattice("chain")


def seed(k: int) -> np.ndarray:
    return np.random.SeedSequence(k).generate_state(4, np.uint64)


def ensemble(electrons: int = 2, beta: float = 6.0, **model: float) -> Ensemble:
    values = {"t": 1.0, "omega": 0.7, "g": 0.8, "U": 4.0} | model
    return Ensemble(Model("square", "bond", **values), electrons, beta)


ENSEMBLES = {
    "square-2": ensemble(),
    "square-1": ensemble(electrons=1),
    "strong": ensemble(g=2.0, omega=1.0),
    "dimer-2": Ensemble(Model("chain", "bond", 1.0, 1.0, 1.0, 8.0), 2, 4.0, cluster=CHAIN.cluster(2)),
    "ring-2": Ensemble(
        Model("chain", "bond", 1.0, 1.0, 1.0, 8.0), 2, 4.0, cluster=CHAIN.cluster(4, periodic=True)
    ),
    "holstein": Ensemble(Model("square", "holstein", 1.0, 0.8, 1.0, 2.0), 2, 4.0),
    "holstein-1": Ensemble(Model("chain", "holstein", 1.0, 0.8, 1.5), 1, 4.0),
    "both": Ensemble(
        Model("square", "bond+holstein", 1.0, 0.8, 0.7, 2.0, g_holstein=0.7, omega_holstein=0.3), 2, 4.0
    ),
    "both-ring": Ensemble(
        Model("chain", "bond+holstein", 1.0, 0.8, 0.7, 2.0, g_holstein=0.7, omega_holstein=0.3),
        2,
        4.0,
        cluster=CHAIN.cluster(4, periodic=True),
    ),
    "triangular": Ensemble(Model("triangular", "bond", 1.0, 0.8, 0.5, 4.0), 2, 4.0),
    "cubic": Ensemble(Model("cubic", "bond", 1.0, 0.8, 0.7, 8.0, V=0.8), 2, 4.0),
    "bcc": Ensemble(Model("bcc", "holstein", 1.0, 0.8, 0.7, 8.0, shells=(1.0, -0.5)), 2, 3.0),
    "fcc": Ensemble(
        Model("fcc", "bond+holstein", 1.0, 0.8, 0.4, 8.0, g_holstein=1.0, omega_holstein=1.0), 2, 2.0
    ),
    "layered": Ensemble(
        Model("cubic", "bond", 1.0, 0.8, 0.7, 8.0, t_factors=(1, 1, 0.2), g_factors=(1, 1, 0)), 2, 4.0
    ),
    "dispersive": Ensemble(Model("square", "bond", 1.0, 0.8, 0.7, 4.0, phonon_hopping=0.15), 2, 4.0),
    "dispersive-holstein": Ensemble(
        Model("chain", "holstein", 1.0, 0.8, 1.2, 2.0, phonon_hopping=0.35), 2, 40.0
    ),
    "dispersive-ring": Ensemble(
        Model("chain", "holstein", 1.0, 0.8, 1.2, phonon_hopping=0.3),
        1,
        4.0,
        cluster=CHAIN.cluster(4, periodic=True),
    ),
    "families": Ensemble(
        Model(
            "square",
            "bond+holstein",
            1.0,
            0.8,
            0.5,
            4.0,
            g_holstein=0.5,
            omega_holstein=1.2,
            profile=(1.0, 0.4),
            phonons=(Family("bonds", 2.0, 0.4, (1,)), Family("sites", 0.6, 0.3)),
        ),
        2,
        4.0,
    ),
    "extended-ring": Ensemble(
        Model("chain", "holstein", 1.0, 0.8, 1.0, profile=(1.0, 0.5)),
        1,
        4.0,
        cluster=CHAIN.cluster(4, periodic=True),
    ),
    "plaquette-2": Ensemble(
        Model("square", "bond", 1.0, 1.0, 1.0, -2.0), 2, 4.0, cluster=SQUARE.cluster(2, 2)
    ),
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_every_update_leaves_a_valid_path(name: str) -> None:
    chain = Chain.start(ENSEMBLES[name], seed(1))
    for updates in (1,) * 5 + (50,) * 40 + (5000,) * 10:
        chain.run_block(1, updates)
        check(chain)


@pytest.mark.parametrize("name", ENSEMBLES)
def test_a_chain_continues_bit_for_bit(name: str) -> None:
    once = Chain.start(ENSEMBLES[name], seed(2))
    bins = np.vstack([once.run_block(3, 2000) for _ in range(3)])
    continued = Chain.start(ENSEMBLES[name], seed(2))
    pieces = []
    for _ in range(3):
        pieces.append(continued.run_block(3, 2000))
        continued = Chain.from_arrays(ENSEMBLES[name], continued.to_arrays())
    assert np.vstack(pieces).tobytes() == bins.tobytes()
    assert once.to_arrays()["path"].tobytes() == continued.to_arrays()["path"].tobytes()


def test_the_path_outgrows_its_arrays_without_a_trace() -> None:
    small = Chain.start(ensemble(beta=40.0), seed(3))
    large = Chain.start(ensemble(beta=40.0), seed(3))
    room = np.zeros(20_000, dtype=large._path.dtype)
    room[: len(large._path)] = large._path
    large._path = room
    assert small.run_block(4, 20_000).tobytes() == large.run_block(4, 20_000).tobytes()
    assert len(small._path) < len(large._path)
    assert int(small.to_arrays()["state"][EVENTS]) > 64


def test_a_path_with_too_many_events_is_named() -> None:
    with pytest.raises(OverflowError, match="beta = 1200"):
        Chain.start(ensemble(beta=1200.0, g=6.0, omega=1.0), seed(3)).thermalise(20_000_000)


def test_seeds_and_sectors_give_different_streams() -> None:
    one, other = (Chain.start(ensemble(), seed(k)).run_block(1, 10_000) for k in (4, 5))
    assert one.tobytes() != other.tobytes()


def test_a_path_may_leave_the_range_of_its_coordinates() -> None:
    """Positions are only ever compared and subtracted, so where the path is does not matter."""
    home = Chain.start(ENSEMBLES["cubic"], seed(6))
    home.run_block(1, 20_000)
    arrays = home.to_arrays()
    slots = [HEAD, HEAD + 1, *range(FIRST, len(arrays["path"]))]
    arrays["path"]["bond"][slots] += np.int32(
        (1 << 30) + (200 << AXIS_BITS)
    )  # far beyond the fields of all coordinates
    away = Chain.from_arrays(ENSEMBLES["cubic"], arrays)
    check(away)
    assert home.run_block(3, 20_000).tobytes() == away.run_block(3, 20_000).tobytes()
    check(away)


def test_columns_name_what_the_rows_hold() -> None:
    for name, e in ENSEMBLES.items():
        rows = Chain.start(e, seed(7)).run_block(2, 500)
        assert rows.shape == (2, len(columns(e))), name
        assert len(set(columns(e))) == len(columns(e))
        assert ("pair_distance2" in columns(e)) == (e.electrons == 2)
    e = ensemble()
    assert sum(c.startswith("pair_weight") for c in columns(e)) == len(displacements(e))
    assert sum(c.startswith("displacement2[") for c in columns(e)) == len(lags(e))
    assert lags(e)[-1] == pytest.approx(0.6 * e.beta)


@pytest.mark.parametrize(
    "change",
    [
        {"electrons": 3},
        {"beta": -1.0},
        {"beta": float("nan")},
        {"edge": 3.0},
        {"edge": 0.0},
        {"model": Model("square", "bond", -1.0, 1.0, 1.0)},
    ],
)
def test_an_ensemble_that_cannot_be_sampled_is_refused(change: dict[str, object]) -> None:
    values = {"model": ensemble().model, "electrons": 2, "beta": 6.0} | change
    with pytest.raises(ValueError):
        Ensemble(**values)


def test_a_state_of_another_chain_is_refused() -> None:
    arrays = Chain.start(ensemble(), seed(8)).to_arrays()
    with pytest.raises(ValueError, match="beta"):
        Chain.from_arrays(ensemble(beta=7.0), arrays)
    with pytest.raises(ValueError):
        Chain.from_arrays(ensemble(), arrays | {"path": arrays["path"][:-1]})
    with pytest.raises(ValueError):
        Chain.start(ensemble(), np.zeros(4, dtype=np.uint64))


@pytest.mark.parametrize(
    ("field", "value"), [("next", 60_000), ("partner", 60_000), ("direction", 13), ("electron", 2)]
)
def test_a_state_that_leads_out_of_its_arrays_is_refused(field: str, value: int) -> None:
    """The kernel follows links and directions without a look: a checkpoint is a file that may come from
    anywhere."""
    chain = Chain.start(ensemble(), seed(8))
    chain.run_block(1, 2000)
    arrays = chain.to_arrays()
    arrays["path"][field][-1] = value
    with pytest.raises(ValueError, match="not the state of a chain"):
        Chain.from_arrays(ensemble(), arrays)
    arrays = chain.to_arrays()
    arrays["state"][1] = -5
    with pytest.raises(ValueError, match="not the state of a chain"):
        Chain.from_arrays(ensemble(), arrays)


@pytest.mark.parametrize("updates", [1, 1000, 7000])
def test_a_bin_does_not_depend_on_the_calls_of_the_kernel(
    updates: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Chain.start(ensemble(), seed(3)).run_block(3, 20_000)
    monkeypatch.setattr(chain_module, "UPDATES_PER_CALL", updates)
    pauses: list[None] = []
    parts = Chain.start(ensemble(), seed(3)).run_block(3, 20_000, lambda: pauses.append(None))
    assert np.array_equal(parts, whole) and len(pauses) >= 3 * min(20_000 // updates, 20)
