"""What the kernel's arithmetic bears: limits of the products of a point's numbers with β.

*Events.* A path has at most `MAX_EVENTS` of them (links of 16 bits). The estimator of the energy is E = <Ω Σ
lengths of lines - n>/β for one electron, so n >= -E β. With the variational bounds of a free electron, E <=
-2 Σ_a t_a on a Bravais lattice, and E <= -g²/Ω of an electron at rest on a displaced oscillator what has β
max(2 Σ_a t_a, g²/Ω) above `MAX_EVENTS` cannot be sampled. (With energies of the sites E counts from the
lowest of them.) Between the bounds, and for pairs, the run finds out.

*Resolution of time.* Times in [0, β] are doubles, spaced by β 2^-53. An energy E has its effect on times of
1/E, which has to be many spacings long: when it is not, events fall on equal times, and their order, on which
the links of the path rest, is lost (the kernel then leaves its arrays). With E β ≤ 2^30 two events that E
pushes together are 2^23 spacings apart. U = 10^6 t, which nothing tells from a hard core, is allowed up to
β = 1000/t.

*Shortest path.* A path of less than a hundredth of a hop projects on nothing, and its mass is 0/0.
"""

from __future__ import annotations

from typing import NamedTuple

from hpcbip.models import BONDS, SITES, Model
from hpcbip.qmc.kernel.path import MAX_EVENTS
from hpcbip.vocabulary.parameters import FURTHER_PHONONS

FINEST = 2.0**30
"""Largest product of an energy and β."""

FEWEST_HOPS = 0.01
"""Hops of a free electron on the shortest path."""


class Excess(NamedTuple):
    """What a model asks too much of the kernel, and what would be allowed.

    Attributes:
        key: the parameter at fault.
        wrong, allowed: as in the messages to users.
    """

    key: str
    wrong: str
    allowed: str


def find_excess(model: Model, electrons: int, beta: float) -> Excess | None:
    """Return why the kernel cannot sample a model on a path of this length; None if it can."""
    hops = float(model.site_levels.min()) - model.band_bottom()
    if hops * beta < FEWEST_HOPS:
        wrong = f"a path of beta = {beta:g} is shorter than {FEWEST_HOPS:g} hops"
        return Excess("beta", wrong, f"beta >= {FEWEST_HOPS / hops:.3g}")
    if (excess := find_unresolved(model, electrons, beta)) is not None:
        return excess
    if electrons == 1:
        coupled = max(_polaron_shifts(model))
        most = MAX_EVENTS / beta
        if hops > most:
            wrong = f"a path of beta = {beta:g} has {hops * beta:.2g} hops, more than {MAX_EVENTS}"
            return Excess("beta", wrong, f"beta <= {MAX_EVENTS / hops:.3g}")
        if coupled > most:
            wrong = f"a path of beta = {beta:g} has {coupled * beta:.2g} events, more than {MAX_EVENTS}"
            return Excess("g", wrong, f"g²/omega <= {most:.3g}, or a shorter beta")
    return None


def _polaron_shifts(model: Model) -> list[float]:
    """Return Σ (p(0) g)²/Ω of every bond axis and site of the cell: what one electron at rest there gains, at
    least."""
    counts = {BONDS: len(model.bravais.axes), SITES: model.bravais.kinds}
    places = [(on, place) for on, count in counts.items() for place in range(count)]
    return [
        sum(
            (model.families[mode.family].profile[0] * mode.g) ** 2 / mode.omega
            for mode in model.modes(*place)
        )
        for place in places
    ]


def find_unresolved(model: Model, electrons: int, beta: float) -> Excess | None:
    """Return which energy is too large for the resolution of time on such a path; None: none is."""
    for key, energy in _energies(model, electrons).items():
        if energy * beta > FINEST:
            wrong = f"{energy:g} is too large for the resolution of time on a path of beta = {beta:g}"
            return Excess(key, wrong, f"energies up to {FINEST / beta:.3g}, or a shorter beta")
    return None


def _energies(model: Model, electrons: int) -> dict[str, float]:
    """Collect the absolute values of the energies that act on a path, by the parameter that gives them."""
    energies = {"omega": float(model.bond_frequencies.max()), "omega_holstein": model.omega_holstein}
    energies["levels"] = float(abs(model.site_levels).max())
    energies["g"] = max(float(abs(model.bond_couplings).max()), abs(model.site_coupling))
    further = [max(family.omega, family.g) for family in model.further_families]
    energies[FURTHER_PHONONS.name] = max(further, default=0.0)
    if electrons == 2:
        lattice = model.bravais
        nearest = float(lattice.distances(lattice.neighbours).min())
        if not lattice.is_bravais:
            nearest = lattice.shells(1)[0]
        energies |= {"U": float(abs(model.repulsions).max()), "V": abs(model.V) / nearest}
        energies["shells"] = max(map(abs, model.shells), default=0.0)
    return energies
