"""Observables of which there are several, one for each direction, momentum, site, family of phonons
or shell of oscillators."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hpcbip.vocabulary.entries import Observable, per_sector
from hpcbip.vocabulary.sectors import BIPOLARON

MASS_POLARON_DISPERSION, MASS_BIPOLARON_DISPERSION = per_sector(
    Observable(
        name="mass_{sector}_dispersion",
        quantity="mass_dispersion",
        words="mass of {who}, from its energy at the smallest momentum",
        unit="{unit}",
    )
)
DISPERSION_POLARON, DISPERSION_BIPOLARON = per_sector(
    Observable(
        name="dispersion_{sector}[k]",
        quantity="dispersion",
        words="energy of {who} at momentum K_k, above that at rest",
        unit="energy",
        indexed=True,
    )
)
AXIS_MASS_POLARON, AXIS_MASS_BIPOLARON = per_sector(
    Observable(
        name="mass_{sector}[a]",
        quantity="axis_mass",
        words="mass of {who} along primitive vector a of an anisotropic model",
        unit="{unit}",
        indexed=True,
    )
)
SITE_WEIGHT_POLARON, SITE_WEIGHT_BIPOLARON = per_sector(
    Observable(
        name="site_weight_{sector}[s]",
        quantity="site_weight",
        words="probability of an electron of {who} on site s of the cell",
        indexed=True,
    )
)
PHONONS_FAMILY_POLARON, PHONONS_FAMILY_BIPOLARON = per_sector(
    Observable(
        name="phonons_family_{sector}[f]",
        quantity="phonons_family",
        words="phonons of family f in the cloud of {who}",
        indexed=True,
    )
)
DISTORTION_SHELL_POLARON, DISTORTION_SHELL_BIPOLARON = per_sector(
    Observable(
        name="distortion_shell_{sector}[k]",
        quantity="distortion_shell",
        words="mean distortion of the bonds, or sites, of shell k around an electron of {who}",
        required=False,
        indexed=True,
    )
)
SITE_CONTACT = Observable(
    name="site_contact[s]",
    quantity="contact",
    sectors=(BIPOLARON.name,),
    words="probability of both electrons on one site, which is site s of its cell",
    indexed=True,
)

_ORDER = (
    MASS_POLARON_DISPERSION,
    DISPERSION_POLARON,
    AXIS_MASS_POLARON,
    SITE_WEIGHT_POLARON,
    PHONONS_FAMILY_POLARON,
    DISTORTION_SHELL_POLARON,
    MASS_BIPOLARON_DISPERSION,
    DISPERSION_BIPOLARON,
    AXIS_MASS_BIPOLARON,
    SITE_WEIGHT_BIPOLARON,
    SITE_CONTACT,
    PHONONS_FAMILY_BIPOLARON,
    DISTORTION_SHELL_BIPOLARON,
)
LATTICE_OBSERVABLES: Mapping[str, Observable] = MappingProxyType({one.name: one for one in _ORDER})
"""Observables whose number depends on the lattice and on the phonons, by name; they follow those of their
sector."""
