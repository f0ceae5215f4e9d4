"""Where the entries of a record are shown: columns of tables, panels of figures, checks; in their order.

Besides the observables a record holds entries that follow from these, which are declared here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hpcbip.vocabulary.cloud import (
    MODULATION_BETWEEN,
    MODULATION_BIPOLARON,
    MODULATION_SPREAD_BETWEEN,
    MODULATION_SPREAD_BIPOLARON,
    SIGN_CHANGE_BETWEEN,
    SIGN_CHANGE_BIPOLARON,
)
from hpcbip.vocabulary.entries import Entry, Observable
from hpcbip.vocabulary.observables import (
    BINDING_ENERGY,
    CONTACT,
    E_BIPOLARON,
    E_POLARON,
    MASS_BIPOLARON,
    MASS_BIPOLARON_FIT,
    MASS_POLARON,
    MASS_POLARON_FIT,
    PAIR_DISTANCE2,
    PHONONS_BIPOLARON,
    PHONONS_POLARON,
    POTENTIAL,
    RADIUS2,
    TC_KELVIN,
    TC_OVER_OMEGA,
)
from hpcbip.vocabulary.sectors import BIPOLARON, POLARON, SECTORS

RADIUS = Entry(name="radius", words="root of radius2")
DENSITY = Entry(name="density", words="pairs per volume at which Tc is taken")
TC_OVER_BINDING = Entry(
    name="tc_over_binding",
    words="over the binding energy; has to be below 1",
    html="<i>T</i><sub>c</sub>/Δ",
    group="transition",
)
BETA_WEIGHT = Entry(
    name="beta_weight", words="weight that a broken pair may have left at the edge of the bulk of the path"
)
MASS_RADIUS_CORRELATION = Entry(
    name="mass_radius_correlation", words="correlation of the errors of mass_bipolaron and radius2"
)
TC_OVER_OMEGA_SYSTEMATIC = Entry(
    name="tc_over_omega_sys",
    words="its systematic error: window of the mass, finite beta",
    html="± syst.",
    group="transition",
)
TC_KELVIN_SYSTEMATIC = Entry(name="tc_kelvin_sys", words="systematic error of tc_kelvin")
TC_PREFACTOR = Entry(name="tc_prefactor", words="prefactor of Tc in that dimension")
TC_GAS_LOW = Entry(
    name="tc_over_omega_gas_low",
    words="lowest Tc/Ω of an interacting gas of these pairs",
    terminal="gas low",
)
TC_GAS_HIGH = Entry(
    name="tc_over_omega_gas_high",
    words="highest Tc/Ω of an interacting gas of these pairs",
    terminal="gas high",
)
TC_GAS_FLAGS = Entry(
    name="tc_over_omega_gas_flags",
    words="which of its formulas is used outside its range; this does not speak against Tc",
)
FLAGS_ENTRY = Entry(
    name="flags",
    words="flags; most of them speak against Tc",
    html="flags",
    group="what speaks against it",
)
INDEPENDENT = Entry(
    name="independent",
    words="independent samples, of the sector that has fewer",
    html="samples",
    group="sampling",
)
HOURS = Entry(
    name="hours",
    words="CPU hours; a polaron that points share counts at each",
    html="CPU h",
    group="sampling",
)


STATE_NAMES: tuple[str, ...] = ("lighter", "heavier")
"""Names of two states that chains sit in: that with fewer phonons, and that with more."""
STATE = Entry(name="state", words="which of two states the chains are in")
SWITCHES = Entry(name="switches", words="switches to that state within chains")
STATE_SHARE = Observable(
    name="share", quantity="share", sectors=(*SECTORS,), words="share of the samples that is in that state"
)

DERIVED: tuple[Entry, ...] = (
    RADIUS,
    DENSITY,
    TC_OVER_BINDING,
    BETA_WEIGHT,
    MASS_RADIUS_CORRELATION,
    TC_OVER_OMEGA_SYSTEMATIC,
    TC_KELVIN_SYSTEMATIC,
    TC_PREFACTOR,
    TC_GAS_LOW,
    TC_GAS_HIGH,
    TC_GAS_FLAGS,
)
"""Entries of a record that follow from its observables, in the order of the results."""

REDUCE_TABLE: tuple[Observable, ...] = (
    E_POLARON,
    E_BIPOLARON,
    BINDING_ENERGY,
    MASS_POLARON,
    MASS_BIPOLARON,
    MASS_BIPOLARON_FIT,
    PAIR_DISTANCE2,
    PHONONS_BIPOLARON,
    TC_OVER_OMEGA,
)
"""Columns of the table of `hpcbip reduce`."""

TC_TABLE: tuple[Observable, ...] = (BINDING_ENERGY, MASS_BIPOLARON, RADIUS2, TC_OVER_OMEGA, TC_KELVIN)
"""Columns of the table of `hpcbip tc`."""

STATES_TABLE: Mapping[str, tuple[Observable, ...]] = MappingProxyType(
    {
        POLARON.name: (STATE_SHARE, E_POLARON, MASS_POLARON, PHONONS_POLARON),
        BIPOLARON.name: (
            STATE_SHARE,
            E_BIPOLARON,
            BINDING_ENERGY,
            MASS_BIPOLARON,
            RADIUS2,
            PHONONS_BIPOLARON,
        ),
    }
)
"""Columns of the table of `hpcbip states`, by the sector whose chains sit in two states."""

GAS_BAND: tuple[Entry, ...] = (TC_GAS_LOW, TC_GAS_HIGH)
"""Further columns of the table of `hpcbip tc --gas-band`, and the shade in the figure of Tc."""

ATLAS_TABLE: tuple[Observable, ...] = (
    BINDING_ENERGY,
    MASS_POLARON,
    MASS_BIPOLARON,
    RADIUS2,
    PHONONS_BIPOLARON,
    TC_OVER_OMEGA,
)
"""Columns of the table of `hpcbip atlas`, unless others are asked for."""

RESULTS_TABLE: tuple[Entry, ...] = (
    TC_OVER_OMEGA,
    TC_OVER_OMEGA_SYSTEMATIC,
    TC_KELVIN,
    TC_OVER_BINDING,
    FLAGS_ENTRY,
    MASS_BIPOLARON,
    RADIUS2,
    PHONONS_BIPOLARON,
    MODULATION_BIPOLARON,
    MODULATION_SPREAD_BIPOLARON,
    SIGN_CHANGE_BIPOLARON,
    MODULATION_BETWEEN,
    MODULATION_SPREAD_BETWEEN,
    SIGN_CHANGE_BETWEEN,
    MASS_POLARON,
    BINDING_ENERGY,
    E_BIPOLARON,
    E_POLARON,
    INDEPENDENT,
    HOURS,
)
"""Columns of the table of results in HTML."""

DOME_DATA: tuple[Observable, ...] = (TC_OVER_OMEGA, TC_KELVIN)
"""Observables in the data of the figure of Tc."""

CURVES_FIGURE: tuple[Observable, ...] = (MASS_BIPOLARON, RADIUS2, BINDING_ENERGY, PHONONS_BIPOLARON)
"""Panels of the figure of observables along an axis."""

PLATEAU_FIGURE: tuple[Observable, ...] = (
    E_POLARON,
    MASS_POLARON,
    E_BIPOLARON,
    MASS_BIPOLARON,
    PAIR_DISTANCE2,
    TC_OVER_OMEGA,
)
"""Panels of the figure of errors against the size of bins."""

AUTOCORRELATION_FIGURE: tuple[Observable, ...] = (
    E_POLARON,
    MASS_POLARON,
    MASS_POLARON_FIT,
    PHONONS_POLARON,
    E_BIPOLARON,
    MASS_BIPOLARON,
    MASS_BIPOLARON_FIT,
    PHONONS_BIPOLARON,
    PAIR_DISTANCE2,
    CONTACT,
    POTENTIAL,
    TC_OVER_OMEGA,
    BINDING_ENERGY,
)
"""Columns of the map of autocorrelation times; the others follow from these or are of little interest."""

ENSEMBLE_CHECKS: Mapping[str, tuple[Observable, ...]] = MappingProxyType(
    {POLARON.name: (E_POLARON, MASS_POLARON), BIPOLARON.name: (E_BIPOLARON, MASS_BIPOLARON, RADIUS2)}
)
"""By sector, the observables whose statistical checks speak for the whole ensemble."""

CONVERGENCE: tuple[Observable, ...] = (MASS_BIPOLARON, RADIUS2, BINDING_ENERGY)
"""Observables that have to be converged for a point to count as converged."""

STATISTICS_CHECK: tuple[Observable, ...] = (BINDING_ENERGY, MASS_BIPOLARON, RADIUS2, TC_OVER_OMEGA)
"""Observables whose verdicts speak for the statistics of a point."""

TC_VERDICT: tuple[Observable, ...] = (TC_OVER_OMEGA, BINDING_ENERGY)
"""Observables that must not be unconverged for Tc to be valid."""
