"""What each observable is computed from: a function of named column means, bound to its declaration.

An observable whose declaration in `hpcbip.vocabulary.observables` names a column is the mean of that column
and needs nothing here. For any other one, a function is bound to it:

    @bound(RADIUS2, columns=("pair_distance2",))
    def _radius2(ensemble, distance2):
        return radius2(distance2)

The function gets the means of the columns, arrays (...), and returns (...). Where `columns` holds a function
of the ensemble instead of a name, the means of all the columns that this returns come as one array (...,
number). The jackknife of `hpcbip.reduction.estimates` takes care of errors and correlations.

Masses: 2 t d/diffusion for one electron (m_e = 1/(2t)), t d/diffusion for the pair (m0 = 1/t), with diffusion
the rate of ⟨ΔR²⟩ in imaginary time (docs/physics.md, "Path-integral Monte Carlo").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from hpcbip.models import MOMENTUM_PERIOD, get_lattice, number_of_families
from hpcbip.models.shells import shells_of
from hpcbip.reduction.ensembles import DISPERSION_LAGS, BoundEnsemble, TcSettings
from hpcbip.statistics.binning import Array
from hpcbip.superconductivity import in_kelvin, prefactor, radius2, transition_temperature
from hpcbip.vocabulary.cloud import (
    DISTORTION_BETWEEN,
    MODULATION_BETWEEN,
    MODULATION_SPREAD_BETWEEN,
    MODULATION_SPREAD_BIPOLARON,
    MODULATION_SPREAD_POLARON,
    SIGN_CHANGE_BETWEEN,
)
from hpcbip.vocabulary.entries import Observable
from hpcbip.vocabulary.indexed import (
    AXIS_MASS_BIPOLARON,
    AXIS_MASS_POLARON,
    DISPERSION_BIPOLARON,
    DISPERSION_POLARON,
    DISTORTION_SHELL_BIPOLARON,
    DISTORTION_SHELL_POLARON,
    MASS_BIPOLARON_DISPERSION,
    MASS_POLARON_DISPERSION,
    PHONONS_FAMILY_BIPOLARON,
    PHONONS_FAMILY_POLARON,
    SITE_CONTACT,
    SITE_WEIGHT_BIPOLARON,
    SITE_WEIGHT_POLARON,
)
from hpcbip.vocabulary.observables import (
    CONTACT,
    MASS_BIPOLARON,
    MASS_BIPOLARON_FIT,
    MASS_POLARON,
    MASS_POLARON_FIT,
    RADIUS2,
    TC_KELVIN,
    TC_OVER_OMEGA,
    sector_observables,
)
from hpcbip.vocabulary.parameters import (
    COUPLING,
    FACTOR_KEYS,
    FURTHER_PHONONS,
    LATTICE,
    PHONON_HOPPING,
    PROFILE,
)
from hpcbip.vocabulary.sectors import SECTORS

MASS_DIFFERENCE = Observable(
    name="mass_difference",
    quantity="mass_difference",
    words="mass less that from the fit",
    sectors=(*SECTORS,),
)
"""Not in the records: its error is that of the difference of two correlated estimators."""
UNSATURATED_TC = Observable(
    name="unsaturated_tc",
    quantity="tc",
    words="Tc/Ω of the branch on which the density falls with the size",
    sectors=TC_OVER_OMEGA.sectors,
)
"""Not in the records: where R² = 1 within its error, its error counts for Tc."""


Columns = str | Callable[[BoundEnsemble], tuple[str, ...]]


@dataclass(frozen=True)
class Binding:
    """A function bound to an observable.

    Attributes:
        function: of the ensemble and of the means of the columns.
        columns: names, or functions of the ensemble that return names.
        number: how many values an indexed observable has in an ensemble; None for a single one.
    """

    function: Callable[..., Array]
    columns: tuple[Columns, ...]
    number: Callable[[BoundEnsemble], int] | None = None


BINDINGS: dict[str, Binding] = {}
"""Functions by the name of the observable."""


def bound(
    *observables: Observable,
    columns: tuple[Columns, ...],
    number: Callable[[BoundEnsemble], int] | None = None,
) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    """Bind the decorated function to observables.

    Args:
        observables: one per sector, as a rule.
        columns, number: see `Binding`.

    Raises:
        ValueError: if one of them has a function already, or is declared as the mean of a column.
    """

    def bind(function: Callable[..., Array]) -> Callable[..., Array]:
        for observable in observables:
            if observable.name in BINDINGS or observable.column:
                raise ValueError(f"{observable.name} is bound already")
            BINDINGS[observable.name] = Binding(function, columns, number)
        return function

    return bind


def _mean(ensemble: BoundEnsemble, column: Array) -> Array:
    return column


def binding_of(observable: Observable) -> Binding:
    """Return what an observable is computed from.

    Raises:
        KeyError: if it is not the mean of a column and nothing is bound to it.
    """
    return Binding(_mean, (observable.column,)) if observable.column else BINDINGS[observable.name]


def members(observable: Observable, ensemble: BoundEnsemble) -> tuple[str, ...]:
    """Return the names that an observable has in an ensemble; none where it does not exist."""
    number = binding_of(observable).number
    return observable.members(number(ensemble) if number else 1)


def sector_names(sector: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the observables of an ensemble with these parameters, in the order of the
    results."""
    keys = (LATTICE.name, COUPLING.name, *FACTOR_KEYS, PROFILE.name, FURTHER_PHONONS.name)
    shape = tuple((key, _hashable(parameters.get(key))) for key in keys)
    return _sector_names(sector, (*shape, (PHONON_HOPPING.name, bool(parameters.get(PHONON_HOPPING.name)))))


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@cache
def _sector_names(sector: str, parameters: tuple[tuple[str, Any], ...]) -> tuple[str, ...]:
    ensemble = BoundEnsemble(sector, dict(parameters), np.empty(0), TcSettings(), None)
    return tuple(name for one in sector_observables(sector) for name in members(one, ensemble))


def _site_columns(column: str) -> Callable[[BoundEnsemble], tuple[str, ...]]:
    return lambda ensemble: tuple(f"{column}[{kind}]" for kind in range(_sites(ensemble)))


def _contact_columns(ensemble: BoundEnsemble) -> tuple[str, ...]:
    if not ensemble.lattice.is_bravais:
        return _site_columns("contact")(ensemble)
    return (f"pair_weight[{','.join('0' * ensemble.dimension)}]",)


def _fitted_columns(ensemble: BoundEnsemble) -> tuple[str, ...]:
    return ensemble.displacement.columns if ensemble.displacement else ()


def _momenta(ensemble: BoundEnsemble) -> int:
    return len(ensemble.lattice.momenta)


def _sites(ensemble: BoundEnsemble) -> int:
    return 0 if ensemble.lattice.is_bravais else ensemble.lattice.kinds


def _families(ensemble: BoundEnsemble) -> int:
    phonons = ensemble.parameters.get(FURTHER_PHONONS.name) or ""
    return number_of_families(ensemble.parameters["coupling"], phonons) if phonons else 0


def _family_columns(ensemble: BoundEnsemble) -> tuple[str, ...]:
    return tuple(f"phonons_family[{family}]" for family in range(_families(ensemble)))


def _shells(ensemble: BoundEnsemble) -> int:
    parameters = ensemble.parameters
    if any(parameters.get(key) for key in (PROFILE.name, FURTHER_PHONONS.name, PHONON_HOPPING.name)):
        return 0
    factors = (tuple(parameters.get(key) or ()) for key in FACTOR_KEYS)
    return len(shells_of(ensemble.lattice, parameters["coupling"], *factors))


def _shell_columns(ensemble: BoundEnsemble) -> tuple[str, ...]:
    return tuple(f"distortion_shell[{shell}]" for shell in range(_shells(ensemble)))


def _axes(ensemble: BoundEnsemble) -> int:
    return ensemble.dimension if ensemble.anisotropic else 0


def _axis_columns(ensemble: BoundEnsemble) -> tuple[str, ...]:
    return tuple(f"diffusion[{a}]" for a in range(_axes(ensemble)))


def _wave_columns(which: int) -> Callable[[BoundEnsemble], tuple[str, ...]]:
    return lambda ensemble: tuple(f"wave[{k},{DISPERSION_LAGS[which]}]" for k in range(_momenta(ensemble)))


_WAVES = (_wave_columns(0), _wave_columns(1))


@bound(MASS_POLARON, MASS_BIPOLARON, columns=("diffusion",))
def _mass(ensemble: BoundEnsemble, diffusion: Array) -> Array:
    return ensemble.mass_unit * ensemble.dimension / diffusion


@bound(MASS_POLARON_FIT, MASS_BIPOLARON_FIT, columns=("diffusion", _fitted_columns))
def _mass_fit(ensemble: BoundEnsemble, diffusion: Array, curve: Array) -> Array:
    if ensemble.displacement is None:
        return diffusion * np.nan
    return ensemble.mass_unit * ensemble.dimension / (curve @ ensemble.displacement.fit.weights)


@bound(MASS_DIFFERENCE, columns=("diffusion", _fitted_columns))
def _mass_difference(ensemble: BoundEnsemble, diffusion: Array, curve: Array) -> Array:
    return _mass(ensemble, diffusion) - _mass_fit(ensemble, diffusion, curve)


@bound(CONTACT, columns=(_contact_columns,))
def _contact(ensemble: BoundEnsemble, weights: Array) -> Array:
    return weights.sum(axis=-1)


@bound(SITE_CONTACT, columns=(_site_columns("contact"),), number=_sites)
@bound(SITE_WEIGHT_POLARON, SITE_WEIGHT_BIPOLARON, columns=(_site_columns("site_weight"),), number=_sites)
def _by_site(ensemble: BoundEnsemble, weights: Array) -> Array:
    return weights


@bound(PHONONS_FAMILY_POLARON, PHONONS_FAMILY_BIPOLARON, columns=(_family_columns,), number=_families)
@bound(DISTORTION_SHELL_POLARON, DISTORTION_SHELL_BIPOLARON, columns=(_shell_columns,), number=_shells)
def _as_measured(ensemble: BoundEnsemble, columns: Array) -> Array:
    return columns


@bound(RADIUS2, columns=("pair_distance2",))
def _radius2(ensemble: BoundEnsemble, distance2: Array) -> Array:
    return radius2(distance2)


@bound(MODULATION_SPREAD_POLARON, MODULATION_SPREAD_BIPOLARON, columns=("modulation", "modulation2"))
def _modulation_spread(ensemble: BoundEnsemble, modulation: Array, squared: Array) -> Array:
    return np.sqrt(squared - modulation**2)


@bound(DISTORTION_BETWEEN, columns=("distortion_between", "bonds_between"))
@bound(MODULATION_BETWEEN, columns=("modulation_between", "bonds_between"))
@bound(SIGN_CHANGE_BETWEEN, columns=("sign_change_between", "bonds_between"))
def _between(ensemble: BoundEnsemble, total: Array, bonds: Array) -> Array:
    """The mean over the bonds between electrons, from the sum over them and their number."""
    return total / bonds


@bound(MODULATION_SPREAD_BETWEEN, columns=("modulation_between", "modulation2_between", "bonds_between"))
def _modulation_spread_between(
    ensemble: BoundEnsemble, modulation: Array, squared: Array, bonds: Array
) -> Array:
    return _modulation_spread(ensemble, modulation / bonds, squared / bonds)


_TC_COLUMNS = ("diffusion", _axis_columns, "pair_distance2")


@bound(TC_OVER_OMEGA, columns=_TC_COLUMNS)
def _tc_over_omega(ensemble: BoundEnsemble, diffusion: Array, along: Array, distance2: Array) -> Array:
    unit, d = ensemble.mass_unit, ensemble.dimension
    mass = _mass(ensemble, diffusion)
    if ensemble.anisotropic:  # the geometric mean of the masses is the one in the density of states
        mass = _axis_mass(ensemble, along).prod(axis=-1) ** (1.0 / d)
    factor = prefactor(ensemble.tc.prefactor, d)
    tc = transition_temperature(mass / unit, radius2(distance2), d, factor, ensemble.tc.density)
    return np.asarray(tc / float(ensemble.parameters["omega"]))


@bound(TC_KELVIN, columns=_TC_COLUMNS)
def _tc_kelvin(ensemble: BoundEnsemble, diffusion: Array, along: Array, distance2: Array) -> Array:
    ratio = _tc_over_omega(ensemble, diffusion, along, distance2)
    return ratio * np.nan if ensemble.tc.omega_meV is None else in_kelvin(ratio, ensemble.tc.omega_meV)


@bound(UNSATURATED_TC, columns=_TC_COLUMNS)
def _unsaturated_tc(ensemble: BoundEnsemble, diffusion: Array, along: Array, distance2: Array) -> Array:
    r2 = radius2(distance2)
    return _tc_over_omega(ensemble, diffusion, along, distance2) * np.maximum(r2, 1.0) / r2


@bound(DISPERSION_POLARON, DISPERSION_BIPOLARON, columns=_WAVES, number=_momenta)
def _dispersion(ensemble: BoundEnsemble, early: Array, late: Array) -> Array:
    """E(K_k) - E(0) at the momenta K_k of the kernel (docs/physics.md), from the decay of cos K·ΔR between
    two lags beyond the internal relaxation."""
    return np.log(early / late) / ensemble.wave_time


@bound(MASS_POLARON_DISPERSION, MASS_BIPOLARON_DISPERSION, columns=_WAVES)
def _mass_dispersion(ensemble: BoundEnsemble, early: Array, late: Array) -> Array:
    """The mass that the smallest of the energies gives, (1 - cos φ) G⁻¹₁₁/ΔE with its phase φ per primitive
    vector and the metric G."""
    stiffness = _stiffness(ensemble.parameters["lattice"])
    return ensemble.mass_unit * stiffness / _dispersion(ensemble, early[..., 0], late[..., 0])


@cache
def _stiffness(name: str) -> float:
    """Return the energy of the smallest momentum times the mass."""
    lattice = get_lattice(name)
    phase = 2.0 * math.pi / MOMENTUM_PERIOD * float(lattice.momenta[0, 0])
    return float((1.0 - math.cos(phase)) * np.linalg.inv(lattice.metric)[0, 0])


@bound(AXIS_MASS_POLARON, AXIS_MASS_BIPOLARON, columns=(_axis_columns,), number=_axes)
def _axis_mass(ensemble: BoundEnsemble, along: Array) -> Array:
    return ensemble.mass_unit / along
