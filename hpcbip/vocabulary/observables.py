"""Observables: names, symbols, labels, units, and which sectors they need.

The record of a point holds, for every observable X, the entries X, X_err, X_tau and X_verdict. What an
observable is computed from is either a column of the bins, named here (its mean is the value), or a function
bound to its name in `hpcbip.reduction.bindings`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from hpcbip.vocabulary.cloud import CLOUD_BIPOLARON, CLOUD_POLARON
from hpcbip.vocabulary.entries import Observable, per_sector
from hpcbip.vocabulary.indexed import LATTICE_OBSERVABLES
from hpcbip.vocabulary.sectors import BIPOLARON, POLARON

_ONE, _PAIR = (POLARON.name,), (BIPOLARON.name,)

E_POLARON = Observable(
    name="E_polaron",
    quantity="energy",
    sectors=_ONE,
    words="energy of one electron",
    terminal="E_pol",
    tex="$E_p$",
    html="<i>E</i><sub>pol</sub>",
    panel="energy, one electron",
    unit="energy",
    group="energies",
    target=True,
    column="energy",
)
MASS_POLARON = Observable(
    name="mass_polaron",
    quantity="mass",
    sectors=_ONE,
    words="mass of one electron",
    terminal="m_pol/m_e",
    tex="$m_p$",
    html="<i>m</i><sub>pol</sub>/<i>m</i><sub>e</sub>",
    panel="mass, one electron",
    unit="m_e",
    group="polaron",
    target=True,
)
MASS_POLARON_FIT, MASS_BIPOLARON_FIT = per_sector(
    Observable(
        name="mass_{sector}_fit",
        quantity="mass_fit",
        words="mass of {who}, from a fit to the displacement curve",
        terminal="{mass}/{unit} (fit)",
        tex="${tex}$ (fit)",
        unit="{unit}",
    )
)
PHONONS_POLARON = Observable(
    name="phonons_polaron",
    quantity="phonons",
    sectors=_ONE,
    words="phonons in the cloud of one electron",
    tex="$N_p$",
    column="phonons",
)
BARE_HOPS_POLARON, BARE_HOPS_BIPOLARON = per_sector(
    Observable(
        name="bare_hops_{sector}",
        quantity="bare_hops",
        words="hops without phonons per imaginary time, of {who}",
        unit="energy",
        column="bare_hops",
    )
)
ASSISTED_HOPS_POLARON, ASSISTED_HOPS_BIPOLARON = per_sector(
    Observable(
        name="assisted_hops_{sector}",
        quantity="assisted_hops",
        words="vertices with phonons per imaginary time, of {who}",
        unit="energy",
        column="assisted_hops",
    )
)
QUASIPARTICLE_WEIGHT_POLARON, QUASIPARTICLE_WEIGHT_BIPOLARON = per_sector(
    Observable(
        name="quasiparticle_weight_{sector}",
        quantity="quasiparticle_weight",
        words="quasiparticle weight Z of {who}: probability that no phonon is there",
        terminal="Z_{sector}",
        tex="$Z$",
        column="vacuum",
        required=False,
    )
)
E_BIPOLARON = Observable(
    name="E_bipolaron",
    quantity="energy",
    sectors=_PAIR,
    words="energy of the pair",
    terminal="E_bip",
    tex="$E_b$",
    html="<i>E</i><sub>bip</sub>",
    panel="energy, pair",
    unit="energy",
    group="energies",
    target=True,
    column="energy",
)
MASS_BIPOLARON = Observable(
    name="mass_bipolaron",
    quantity="mass",
    sectors=_PAIR,
    words="mass of the pair, in 2 electron masses = 1/t",
    terminal="m*/m0",
    tex="$m^*$",
    html="<i>m</i>*/<i>m</i><sub>0</sub>",
    axis_label="$m^*/m_0$",
    panel="mass, pair",
    unit="m0",
    group="pair",
    target=True,
)
PHONONS_BIPOLARON = Observable(
    name="phonons_bipolaron",
    quantity="phonons",
    sectors=_PAIR,
    words="phonons in the cloud of the pair",
    terminal="phonons",
    tex="$N_b$",
    html="phonons",
    axis_label="phonons of the pair",
    group="pair",
    column="phonons",
)
PAIR_DISTANCE2 = Observable(
    name="pair_distance2",
    quantity="pair_distance2",
    sectors=_PAIR,
    words="mean-square distance of the two electrons",
    terminal="<r12^2>",
    tex=r"$\langle r_{12}^2\rangle$",
    panel=r"$\langle (r_1-r_2)^2\rangle$",
    unit="a^2",
    target=True,
    column="pair_distance2",
)
RADIUS2 = Observable(
    name="radius2",
    quantity="radius2",
    sectors=_PAIR,
    words="mean-square distance of an electron from the pair's centre",
    terminal="R^2",
    tex="$R^2$",
    html="<i>R</i>²",
    axis_label=r"$R^2$ [$a^2$]",
    panel="$R^2$",
    unit="a^2",
    group="pair",
    target=True,
)
POTENTIAL = Observable(
    name="potential",
    quantity="potential",
    sectors=_PAIR,
    words="interaction energy of the two electrons",
    tex=r"$\langle V\rangle$",
    unit="energy",
    column="potential",
)
CONTACT = Observable(
    name="contact",
    quantity="contact",
    sectors=_PAIR,
    words="probability of both electrons on one site",
    tex="$P(0)$",
)
TC_OVER_OMEGA = Observable(
    name="tc_over_omega",
    quantity="tc",
    sectors=_PAIR,
    words="transition temperature over phonon energy",
    terminal="Tc/omega",
    tex="$T_c$",
    html="<i>T</i><sub>c</sub>/Ω",
    panel="$T_c$",
    group="transition",
    target=True,
)
TC_KELVIN = Observable(
    name="tc_kelvin",
    quantity="tc",
    sectors=_PAIR,
    words="transition temperature in kelvin",
    terminal="Tc [K]",
    tex="$T_c$ [K]",
    html="<i>T</i><sub>c</sub> [K]",
    unit="K",
    group="transition",
)
BINDING_ENERGY = Observable(
    name="binding_energy",
    quantity="binding_energy",
    sectors=(POLARON.name, BIPOLARON.name),
    words="binding energy, twice that of one electron less that of the pair",
    terminal="binding",
    tex=r"$\Delta$",
    html="Δ",
    axis_label=r"$\Delta/t$",
    panel="binding energy",
    unit="energy",
    group="energies",
    target=True,
)
BINDING_MARGIN = Observable(
    name="binding_margin",
    quantity="binding_margin",
    sectors=(POLARON.name, BIPOLARON.name),
    words="binding energy less Tc; has to be positive",
    terminal="binding-Tc",
    tex=r"$\Delta-T_c$",
    html="Δ − <i>T</i><sub>c</sub>",
    panel="binding energy less $T_c$",
    unit="energy",
    target=True,
)


def _by_name(observables: Iterable[Observable]) -> Mapping[str, Observable]:
    return MappingProxyType({observable.name: observable for observable in observables})


OBSERVABLES: Mapping[str, Observable] = _by_name(
    (
        E_POLARON,
        MASS_POLARON,
        MASS_POLARON_FIT,
        PHONONS_POLARON,
        BARE_HOPS_POLARON,
        ASSISTED_HOPS_POLARON,
        QUASIPARTICLE_WEIGHT_POLARON,
        *CLOUD_POLARON,
        E_BIPOLARON,
        MASS_BIPOLARON,
        MASS_BIPOLARON_FIT,
        PHONONS_BIPOLARON,
        BARE_HOPS_BIPOLARON,
        ASSISTED_HOPS_BIPOLARON,
        QUASIPARTICLE_WEIGHT_BIPOLARON,
        *CLOUD_BIPOLARON,
        PAIR_DISTANCE2,
        RADIUS2,
        POTENTIAL,
        CONTACT,
        TC_OVER_OMEGA,
        TC_KELVIN,
        BINDING_ENERGY,
        BINDING_MARGIN,
    )
)
"""Observables that every point has, by name, in the order of the results."""
TARGETS: Mapping[str, Observable] = _by_name(
    observable for observable in OBSERVABLES.values() if observable.target
)
"""Observables that can have a target, which is a relative error (of binding_margin: over the larger of Tc and
|Δ - Tc|, for Δ - Tc may be zero); sampling of each of their sectors is asked for."""

JOINT_TARGETS: Mapping[str, Observable] = _by_name(
    observable for observable in TARGETS.values() if len(observable.sectors) > 1
)
"""Targets whose errors an ensemble cannot tell without the energy of the other sector."""


@cache
def sector_observables(sector: str) -> tuple[Observable, ...]:
    """Return the observables that the bins of one sector determine, in the order of the results."""
    return tuple(
        observable
        for observable in (*OBSERVABLES.values(), *LATTICE_OBSERVABLES.values())
        if observable.sectors == (sector,)
    )


@cache
def sector_observable(quantity: str, sector: str) -> Observable:
    """Return the observable that is this quantity of one sector.

    Raises:
        ValueError: if there is not exactly one.
    """
    (found,) = (one for one in sector_observables(sector) if one.quantity == quantity)
    return found
