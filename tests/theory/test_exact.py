"""The variational diagonalisation against a plain one, closed forms, published numbers and finite
differences.
"""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

from hpcbip.errors import InputError
from hpcbip.models import get_lattice
from hpcbip.theory.exact.basis import build_space
from hpcbip.theory.exact.convergence import converge, extrapolate
from hpcbip.theory.exact.critical import critical_lambda
from hpcbip.theory.exact.solver import solve_in_space
from hpcbip.theory.exact.system import EXACT_COUPLINGS, Geometry, System, g_from_lambda
from hpcbip.theory.exact.tables import exact_table

Vector = tuple[int, ...]
State = tuple[tuple[Vector, ...], tuple[tuple[Vector, int, int], ...]]
SITE = -1  # the oscillator of a site, the others being of axes


def plus(a: Vector, b: Vector) -> Vector:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def plain_terms(state: State, system: System, K: np.ndarray) -> dict[State, complex]:
    """H on a state of distinguishable electrons, the first one at the origin; written without the package's
    moves.
    """
    geometry = system.geometry
    lattice = get_lattice(geometry.lattice)
    d, electrons = lattice.dimension, geometry.electrons
    places, phonons = list(state[0]), {(site, mode): n for site, mode, n in state[1]}
    result: dict[State, complex] = {}

    def add(new: list[Vector], cloud: dict[tuple[Vector, int], int], value: complex) -> None:
        back = tuple(-x for x in new[0])
        moved = tuple(sorted((plus(site, back), mode, n) for (site, mode), n in cloud.items() if n))
        key = (tuple(plus(p, back) for p in new), moved)
        result[key] = result.get(key, 0.0) + value

    def displaced(new: list[Vector], oscillator: tuple[Vector, int], value: complex) -> None:
        n = phonons.get(oscillator, 0)
        add(new, {**phonons, oscillator: n + 1}, value * math.sqrt(n + 1))
        if n:
            add(new, {**phonons, oscillator: n - 1}, value * math.sqrt(n))

    energy = sum(
        (system.omega_holstein if mode == SITE else system.omega) * n for (_, mode), n in phonons.items()
    )
    if geometry.coupling == "holstein":
        energy = system.omega * sum(phonons.values())
    if electrons == 2:
        r = math.sqrt(float(np.array(places[1]) @ lattice.metric @ np.array(places[1])))
        energy += system.V / r if r else system.U
    add(places, phonons, energy)
    site_g = system.g if geometry.coupling == "holstein" else system.g_holstein
    for e in range(electrons):
        if site_g:
            displaced(places, (places[e], SITE), site_g)
        for a, axis in enumerate(lattice.axes):
            for sign in (1, -1):
                step = tuple(sign * x for x in axis)
                target = plus(places[e], step)
                phase = cmath.exp(-1j * float(K @ (np.array(step) @ np.array(lattice.primitive))) / electrons)
                new = [*places[:e], target, *places[e + 1 :]]
                low, high = (places[e], target) if sign == 1 else (target, places[e])
                add(new, phonons, -system.t * phase)
                if geometry.coupling.startswith("bond"):
                    displaced(new, (low, a), system.g * phase)
                if geometry.coupling.startswith("site-peierls"):
                    displaced(new, (low, a), system.g * phase)
                    displaced(new, (high, a), -system.g * phase)
    assert d == len(K)
    return result


def plain(system: System, nh: int, K: np.ndarray) -> np.ndarray:
    """All levels, of both exchange symmetries together."""
    zero = (0,) * get_lattice(system.geometry.lattice).dimension
    roots: list[State] = [((zero,) * system.geometry.electrons, ())]
    if system.geometry.spin == "triplet":
        axes = get_lattice(system.geometry.lattice).axes
        roots = [((zero, step), ()) for a in axes for step in (a, tuple(-x for x in a))]
    index = {root: i for i, root in enumerate(roots)}
    layer = roots
    for _ in range(nh):
        made = dict.fromkeys(new for state in layer for new in plain_terms(state, system, K))
        layer = [new for new in made if new not in index]
        index.update({new: len(index) + i for i, new in enumerate(layer)})
    if system.geometry.spin == "triplet":  # two electrons on a site: no such states
        kept = [state for state in index if state[0][0] != state[0][1]]
        index = {state: i for i, state in enumerate(kept)}
    matrix = np.zeros((len(index), len(index)), complex)
    for state, i in index.items():
        for new, value in plain_terms(state, system, K).items():
            if new in index:
                matrix[index[new], i] += value
    assert np.allclose(matrix, matrix.conj().T)
    return np.linalg.eigvalsh(matrix)


def system_of(lattice: str, coupling: str, electrons: int, spin: str = "singlet") -> System:
    mixed = coupling.endswith("+holstein")
    return System(
        Geometry(lattice, coupling, electrons, spin), 1.0, 1.3, 0.8, 1.5, 0.4, 0.6 * mixed, 0.7 * mixed
    )


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize(
    ("lattice", "nh"), [("chain", 3), ("square", 2), ("triangular", 2), ("cubic", 2)], ids=lambda x: str(x)
)
@pytest.mark.parametrize("coupling", EXACT_COUPLINGS)
def test_plain_diagonalisation(coupling: str, lattice: str, nh: int, electrons: int) -> None:
    if lattice == "triangular" and coupling.startswith("site-peierls"):
        with pytest.raises(InputError, match="site-peierls"):
            system_of(lattice, coupling, electrons)
        return
    nh -= lattice == "cubic" and electrons == 2
    system = system_of(lattice, coupling, electrons)
    K = np.array([0.7, -0.4, 0.3])[: system.geometry.bravais.dimension]
    space = build_space(system.geometry, nh)
    levels = plain(system, nh, K)
    assert solve_in_space(space, system, K, mass=False)[0].E == pytest.approx(levels[0], abs=1e-10)
    on_site = (space.separation == 0.0).all(axis=1).sum()
    assert len(levels) == (len(space) if electrons == 1 else 2 * len(space) - on_site)


@pytest.mark.parametrize(
    ("lattice", "coupling", "nh"),
    [("chain", "site-peierls", 3), ("square", "holstein", 2), ("triangular", "bond", 1)],
)
def test_triplet(lattice: str, coupling: str, nh: int) -> None:
    """Without double occupation, the plain levels are those of both symmetries, so the triplet's is one of
    them.
    """
    system = system_of(lattice, coupling, 2, "triplet")
    K = np.array([0.3, 0.5])[: system.geometry.bravais.dimension]
    space = build_space(system.geometry, nh)
    energy = solve_in_space(space, system, K, mass=False)[0].E
    levels = plain(system, nh, K)
    assert len(levels) == 2 * len(space)
    assert np.abs(levels - energy).min() < 1e-10


@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("cutoff", [40])
def test_dimer(electrons: int, cutoff: int) -> None:
    t, omega, g = 1.0, 0.8, 0.7
    geometry = Geometry("chain", "bond", electrons, cluster=(2,))
    level, _ = solve_in_space(build_space(geometry, cutoff), System(geometry, t, omega, g))
    assert level.E == pytest.approx(-electrons * t - electrons**2 * g**2 / omega, abs=1e-12)
    assert level.inverse_mass is None
    assert level.phonons == pytest.approx((electrons * g / omega) ** 2, abs=1e-10)


def test_one_site() -> None:
    geometry = Geometry("chain", "holstein", 2, cluster=(1,))
    level, _ = solve_in_space(build_space(geometry, 40), System(geometry, 1.0, 1.0, 0.7, U=0.9))
    assert level.E == pytest.approx(0.9 - 4 * 0.49, abs=1e-12)


def test_holstein_polaron_of_the_literature() -> None:
    """PRB 60, 1633: -2.46968 at t = Ω = g = 1; the further digits are those of 1.2·10⁷ states (Nh = 22)."""
    result = converge(System(Geometry("chain", "holstein"), 1.0, 1.0, 1.0), nh=13)
    assert result.E.value == pytest.approx(-2.469684723933, abs=1e-9)
    assert result.E.error is not None and result.E.error < 1e-8
    assert result.mass.error is not None and result.mass.error < 1e-6


def test_holstein_bipolaron_of_the_literature() -> None:
    """PRL 84, 3153: -5.4247 at t = Ω = g = 1, U = 0."""
    result = converge(System(Geometry("chain", "holstein", 2), 1.0, 1.0, 1.0), nh=12)
    assert result.E.value == pytest.approx(-5.4247, abs=1e-4)
    assert result.E.error is not None and result.E.error < 1e-3


def test_attractive_hubbard_chain() -> None:
    """E = -√(U² + 16t²) and m*/m0 = √(U² + 16t²)/(4t) without phonons."""
    U = -6.0
    result = converge(System(Geometry("chain", "holstein", 2), 1.0, 50.0, 0.0, U=U), nh=14)
    exact = math.sqrt(U * U + 16.0)
    assert result.E.value == pytest.approx(-exact, abs=1e-6)
    assert result.mass.value == pytest.approx(exact / 4.0, abs=1e-5)


@pytest.mark.parametrize("coupling", ["holstein", "bond", "site-peierls"])
@pytest.mark.parametrize("electrons", [1, 2])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_derivatives_are_those_of_the_energy(coupling: str, electrons: int, momentum: float) -> None:
    """In units of the mass; large spaces, so that the iterative solvers are at work."""
    system = system_of("chain", coupling, electrons)
    space = build_space(system.geometry, 7 if electrons == 1 else 6)
    assert len(space) > 0

    def energy(k: float) -> float:
        return solve_in_space(space, system, np.array([k]), mass=False)[0].E

    level, _ = solve_in_space(space, system, np.array([momentum]))
    h = 0.02
    e = [energy(momentum + n * h) for n in (-2, -1, 0, 1, 2)]
    slope = (e[0] - 8 * e[1] + 8 * e[3] - e[4]) / (12 * h)
    curvature = (-e[0] + 16 * e[1] - 30 * e[2] + 16 * e[3] - e[4]) / (12 * h * h)
    assert level.slope[0] == pytest.approx(slope, abs=1e-6)
    assert level.inverse_mass == pytest.approx(curvature / (2.0 if electrons == 1 else 1.0), abs=1e-5)


@pytest.mark.parametrize("lattice", ["square", "triangular"])
def test_derivatives_in_two_dimensions(lattice: str) -> None:
    """The trace at K = 0, of which one axis is calculated, against differences along both."""
    system = system_of(lattice, "bond", 1)
    space = build_space(system.geometry, 4)
    h = 0.02
    zero = solve_in_space(space, system, mass=False)[0].E
    total = sum(
        (
            -2 * solve_in_space(space, system, 2 * k, mass=False)[0].E
            + 32 * solve_in_space(space, system, k, mass=False)[0].E
            - 30 * zero
        )
        / (12 * h * h)
        for k in h * np.eye(2)
    )
    assert solve_in_space(space, system)[0].inverse_mass == pytest.approx(total / 2 / 2, abs=1e-5)


@pytest.mark.parametrize("coupling", ["holstein", "bond", "site-peierls"])
def test_weak_coupling(coupling: str) -> None:
    """E + 2t → -∫dq/2π |M(q)|²/(Ω + ε(q) - ε(0)) for small g on the chain."""
    omega, g = 1.5, 0.02
    q = 2.0 * np.pi * np.arange(4096) / 4096
    # |matrix element|² from k = 0 to k' = -q: (e^{iq/2}-type sums of both directions)
    square = {"holstein": 1.0, "bond": 4.0 * np.cos(q / 2.0) ** 2, "site-peierls": 4.0 * np.sin(q) ** 2}[
        coupling
    ]
    second = -float(np.mean(square / (omega + 2.0 - 2.0 * np.cos(q))))
    system = System(Geometry("chain", coupling), 1.0, omega, g)
    found = solve_in_space(build_space(system.geometry, 9), system)[0].E
    assert (found + 2.0) / g**2 == pytest.approx(second, abs=2e-3)


def test_critical_coupling() -> None:
    """Ω → ∞: hopping t₂ = -g²/Ω between second neighbours, E = -2t cos K + 2(g²/Ω) cos 2K turns over at λ =
    1/2.
    """
    assert critical_lambda(1000.0, nh=6).lam.value == pytest.approx(0.5, abs=2e-3)
    found = critical_lambda(3.0, nh=7).lam
    assert found.value == pytest.approx(0.68186, abs=2e-5) and found.error is not None and found.error < 1e-4


def test_the_ground_state_leaves_zero_momentum() -> None:
    geometry = Geometry("chain", "site-peierls")
    below, above, far = exact_table(
        [System(geometry, 1.0, 3.0, g_from_lambda(geometry, lam, 3.0, 1.0)) for lam in (0.67, 0.70, 1.5)],
        nh=7,
    )
    assert below["K"] == 0.0 and 0.1 < above["K"] < far["K"] < np.pi / 2
    assert above["E"] < solve_in_space(build_space(geometry, 7), System(geometry, 1.0, 3.0, above["g"]))[0].E
    assert above["mass"] > 0.0 and far["mass"] > 0.0


def test_light_bipolaron() -> None:
    """PRL 121, 247001, Ω = 3t, λ = 1: m* ≈ m0 at U = 0 and 4t, with pairs bound; Holstein is heavier by
    far.
    """
    found = {}
    for coupling in ("site-peierls", "holstein"):
        geometry = Geometry("chain", coupling, 2)
        system = System(geometry, 1.0, 3.0, g_from_lambda(geometry, 1.0, 3.0, 1.0))
        found[coupling] = exact_table([system], states=10_000)[0]["mass"]
        assert exact_table([system], states=5_000)[0]["binding_energy"] > 1.0
    assert found["site-peierls"] < 1.2 and found["holstein"] > 20.0


def test_extrapolation() -> None:
    geometric = extrapolate([1.0 + 0.5**n for n in (3, 4, 5)])
    assert geometric.value == pytest.approx(1.0) and geometric.error == pytest.approx(0.5**5, rel=1e-6)
    lucky = extrapolate([1.0, 1.5, 1.5001])
    assert lucky.error is not None and lucky.error > 0.04
    alternating = extrapolate([1.0, 1.2, 1.1])
    assert alternating.value == 1.1 and alternating.error is not None and alternating.error > 0.2
    assert extrapolate([1.0, None, 1.0]).error is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Geometry("sqare", "bond"),
        lambda: Geometry("chain", "phonons"),
        lambda: Geometry("chain", "bond", 3),
        lambda: Geometry("chain", "bond", 2, "doublet"),
        lambda: Geometry("square", "bond", cluster=(2,)),
        lambda: System(Geometry("chain", "bond"), 1.0, 0.0, 1.0),
        lambda: System(Geometry("chain", "bond"), 1.0, math.nan, 1.0),
        lambda: System(Geometry("chain", "bond+holstein"), 1.0, 1.0, 1.0),
        lambda: g_from_lambda(Geometry("square", "site-peierls"), 1.0, 1.0, 1.0),
        lambda: converge(System(Geometry("chain", "bond"), 1.0, 1.0, 1.0), nh=1),
        lambda: converge(System(Geometry("chain", "bond"), 1.0, 1.0, 1.0), nh=100),
        lambda: converge(System(Geometry("chain", "bond"), 1.0, 1.0, 1.0), nh=3, momentum=(0.0, 1.0)),
        lambda: critical_lambda(1.0, nh=6, geometry=Geometry("chain", "holstein"), largest=0.5),
    ],
)
def test_bad_input(wrong: object) -> None:
    with pytest.raises(InputError):
        wrong()  # type: ignore[operator]
