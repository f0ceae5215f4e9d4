"""Parameters of a point: names, symbols, units, what is allowed, and which of them a scan runs along.

Energies are in the unit in which t is given, the projection length beta in its inverse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from hpcbip.vocabulary.numbers import each, is_non_negative, is_number, is_positive, is_word
from hpcbip.vocabulary.parameter_entry import Parameter, ScanAxis

MODEL, POINT, SAMPLING = "model", "point", "sampling"
"""Sections of a configuration: what all points share; what a point or the grid gives; sampling."""


LATTICE = Parameter(
    name="lattice",
    words="Bravais lattice",
    symbol="",
    tex="",
    html="lattice",
    section=MODEL,
    allowed="the name of a lattice, or vectors and bonds",
    check=is_word,
)
COUPLING = Parameter(
    name="coupling",
    words="kind of electron-phonon coupling",
    symbol="",
    tex="",
    html="coupling",
    section=MODEL,
    allowed="the name of a coupling",
    check=is_word,
    unremarkable="bond",
)
HOPPING = Parameter(
    name="t",
    words="hopping between neighbours",
    symbol="t",
    tex="$t$",
    html="t",
    section=MODEL,
    allowed="a number > 0",
    check=is_positive,
)
OMEGA = Parameter(
    name="omega",
    words="phonon energy",
    symbol="Ω",
    tex=r"$\Omega$",
    html="Ω",
    section=POINT,
    allowed="a number > 0",
    check=is_positive,
)
G = Parameter(
    name="g",
    words="electron-phonon coupling in the Hamiltonian",
    symbol="g",
    tex="$g$",
    html="g",
    section=POINT,
    allowed="a number >= 0, if lambda is not given",
    check=is_non_negative,
    follows=True,
)
LAMBDA = Parameter(
    name="lambda",
    words="dimensionless electron-phonon coupling",
    symbol="λ",
    tex=r"$\lambda$",
    html="λ",
    section=POINT,
    allowed="a number >= 0, if g is not given",
    check=is_non_negative,
    of_ensemble=False,
    scan=ScanAxis(bounds=(0.05, 3.0), tolerance=0.03),
)
U = Parameter(
    name="U",
    words="interaction of two electrons on one site",
    symbol="U",
    tex="$U$",
    html="U",
    section=POINT,
    allowed="a number",
    check=is_number,
    in_units_of_t=True,
    of_pair=True,
    scan=ScanAxis(bounds=(0.0, 20.0), tolerance=0.5, first_step=2.0, natural_end=0.0),
)
V = Parameter(
    name="V",
    words="strength of the interaction V/r",
    symbol="V",
    tex="$V$",
    html="V",
    section=POINT,
    allowed="a number",
    check=is_number,
    in_units_of_t=True,
    of_pair=True,
    unremarkable=0.0,
)
BETA = Parameter(
    name="beta",
    words="projection length in imaginary time",
    symbol="β",
    tex=r"$\beta$",
    html="β",
    section=SAMPLING,
    allowed="a number > 0",
    check=is_positive,
    follows=True,
)
G_HOLSTEIN = Parameter(
    name="g_holstein",
    words="coupling to the oscillators on the sites",
    symbol="g_H",
    tex="$g_H$",
    html="g_holstein",
    section=POINT,
    allowed="a number >= 0, with bond+holstein only",
    check=is_non_negative,
    in_units_of_t=True,
    optional=True,
)
OMEGA_HOLSTEIN = Parameter(
    name="omega_holstein",
    words="energy of the oscillators on the sites",
    symbol="Ω_H",
    tex=r"$\Omega_H$",
    html="omega_holstein",
    section=POINT,
    allowed="a number > 0, with bond+holstein only",
    check=is_positive,
    in_units_of_t=True,
    optional=True,
)
PHONON_HOPPING = Parameter(
    name="phonon_hopping",
    words="amplitude with which phonons hop between neighbouring oscillators",
    symbol="w",
    tex="$w$",
    html="w",
    section=POINT,
    allowed="a number >= 0 and below omega/(2d), on hypercubic lattices with bond or holstein",
    check=is_non_negative,
    in_units_of_t=True,
    optional=True,
    unremarkable=0.0,
)
T_FACTORS = Parameter(
    name="t_factors",
    words="factor of t along each bond axis",
    symbol="t factors",
    tex="$t$ factors",
    html="t_factors",
    section=MODEL,
    allowed="one number > 0 per bond axis",
    check=each(is_positive),
    optional=True,
)
G_FACTORS = Parameter(
    name="g_factors",
    words="factor of g along each bond axis",
    symbol="g factors",
    tex="$g$ factors",
    html="g_factors",
    section=MODEL,
    allowed="one number >= 0 per bond axis",
    check=each(is_non_negative),
    optional=True,
)
OMEGA_FACTORS = Parameter(
    name="omega_factors",
    words="factor of omega along each bond axis",
    symbol="Ω factors",
    tex=r"$\Omega$ factors",
    html="omega_factors",
    section=MODEL,
    allowed="one number > 0 per bond axis",
    check=each(is_positive),
    optional=True,
)
SITE_LEVELS = Parameter(
    name="levels",
    words="energy of an electron on each site of the cell",
    symbol="levels",
    tex="levels",
    html="levels",
    section=MODEL,
    allowed="one number per site of the cell, on a lattice with several",
    check=each(is_number),
    optional=True,
)
U_FACTORS = Parameter(
    name="U_factors",
    words="factor of U on each site of the cell",
    symbol="U factors",
    tex="$U$ factors",
    html="U_factors",
    section=MODEL,
    allowed="one number per site of the cell, on a lattice with several",
    check=each(is_number),
    optional=True,
    of_pair=True,
)
SHELLS = Parameter(
    name="shells",
    words="interactions of the neighbour shells, which add to V/r",
    symbol="shells",
    tex="shells",
    html="shells",
    section=MODEL,
    allowed="a number per shell",
    check=each(is_number),
    optional=True,
    of_pair=True,
)
PROFILE = Parameter(
    name="profile",
    words="factors of g for the density on the site of an oscillator and on its neighbour shells",
    symbol="profile",
    tex="profile",
    html="profile",
    section=MODEL,
    allowed="numbers >= 0, with holstein and bond+holstein",
    check=each(is_non_negative),
    optional=True,
)
FURTHER_PHONONS = Parameter(
    name="phonons",
    words="further families of phonons",
    symbol="phonons",
    tex="phonons",
    html="phonons",
    section=MODEL,
    allowed="a list of {where: bonds or sites, omega, g or lambda, places, profile}",
    check=is_word,
    optional=True,
)
ADIABATICITY = Parameter(
    name="t/omega",
    words="hopping over phonon energy",
    symbol="t/Ω",
    tex=r"$t/\Omega$",
    html="t/Ω",
    section=POINT,
    allowed="a number > 0",
    check=is_positive,
    follows=True,
    of_ensemble=False,
    scan=ScanAxis(bounds=(0.1, 10.0), tolerance=0.1),
)
"""Not a key of configurations and records: the ratio in which scans and labels express t and omega."""


def _by_name(parameters: Iterable[Parameter]) -> Mapping[str, Parameter]:
    return MappingProxyType({parameter.name: parameter for parameter in parameters})


PARAMETERS: Mapping[str, Parameter] = _by_name(
    (
        LATTICE,
        COUPLING,
        HOPPING,
        OMEGA,
        G,
        LAMBDA,
        U,
        V,
        BETA,
        G_HOLSTEIN,
        OMEGA_HOLSTEIN,
        PHONON_HOPPING,
        T_FACTORS,
        G_FACTORS,
        OMEGA_FACTORS,
        SITE_LEVELS,
        U_FACTORS,
        SHELLS,
        PROFILE,
        FURTHER_PHONONS,
    )
)
"""The parameters of a point by name, in the order of the results."""

COORDINATES: Mapping[str, Parameter] = _by_name(
    ADIABATICITY if parameter is OMEGA else parameter
    for parameter in PARAMETERS.values()
    if parameter is not HOPPING and not parameter.follows
)
"""What tells points apart whatever the unit of energy is: t/omega stands for t and omega; in the order of
labels."""

SCAN_AXES: Mapping[str, Parameter] = _by_name((LAMBDA, U, ADIABATICITY))
"""What a scan may run along (U in units of t), the most common first."""

POINT_KEYS: tuple[str, ...] = tuple(name for name, p in PARAMETERS.items() if p.section == POINT)
"""Keys of a point in a configuration, which are also the possible axes of its grid."""

SITE_KEYS: tuple[str, ...] = (G_HOLSTEIN.name, OMEGA_HOLSTEIN.name)
"""Keys of a point that only models with a second kind of oscillators have."""

OPTIONAL_POINT_KEYS: tuple[str, ...] = tuple(name for name in POINT_KEYS if PARAMETERS[name].optional)
"""Keys of a point that only some models have."""

MODEL_KEYS: tuple[str, ...] = tuple(
    name for name, p in PARAMETERS.items() if p.section == MODEL and not p.optional
)
"""Keys of the model that every configuration has."""

FACTOR_KEYS: tuple[str, ...] = (T_FACTORS.name, G_FACTORS.name, OMEGA_FACTORS.name)
"""Keys of factors along the bond axes: what makes a model anisotropic."""

CELL_KEYS: tuple[str, ...] = (SITE_LEVELS.name, U_FACTORS.name)
"""Keys of the model that take one number per site of the cell."""

SEQUENCE_KEYS: tuple[str, ...] = (*FACTOR_KEYS, *CELL_KEYS, SHELLS.name, PROFILE.name)
"""Keys of the model that take one number per bond axis, site of the cell or shell."""

OTHER_MODEL_KEYS: tuple[str, ...] = (*SEQUENCE_KEYS, PHONON_HOPPING.name, FURTHER_PHONONS.name)
"""Keys with which a model is another one than that of its lattice and coupling alone: none is set in the
models of the papers."""

PAIR_SEQUENCE_KEYS: tuple[str, ...] = tuple(key for key in SEQUENCE_KEYS if PARAMETERS[key].of_pair)
"""Those of them on which only the pair depends."""

SHARED_SEQUENCE_KEYS: tuple[str, ...] = tuple(key for key in SEQUENCE_KEYS if key not in PAIR_SEQUENCE_KEYS)
"""Those of them on which the polaron depends as well."""

ENSEMBLE_KEYS: tuple[str, ...] = tuple(
    name for name, p in PARAMETERS.items() if p.of_ensemble and not p.optional
)
"""Parameters that tell ensembles apart, without the optional ones."""

ALWAYS_SHOWN: tuple[str, ...] = (OMEGA.name, LAMBDA.name, U.name)
"""Parameters that tables show even if all points share them."""
