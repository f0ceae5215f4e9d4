"""Several oscillators on one bond or site, and oscillators that feel the density of several sites.

All that a phonon line then knows is the sum over what may have made it. Between two events of one kind, whose
places are a lattice vector r apart, it has the weight

    Σ_f g_f² C_f(r) e^{-Ω_f τ} = J D(r, τ),    C_f(r) = Σ_m p_f(m) p_f(m - r),

f over the families there. On bonds C_f is one at r = 0 and zero elsewhere; p_f is the profile of a family on
sites. J is Σ_f g_f² C_f(0), of several sites of a cell the largest, so that 0 ≤ D ≤ 1, by Cauchy and Schwarz.
Since the weights are sums, no update has to know which family a line belongs to. Estimators that do draw it,
and the oscillator, from what the line's length and ends leave open, in proportion to the terms.
"""

from __future__ import annotations

import math

import numpy as np

from hpcbip.models import BONDS, SITES, Lattice, Model
from hpcbip.models.families import MOST_FAMILIES, profile_reach, profile_table
from hpcbip.qmc.kernel.basis import OSCILLATORS
from hpcbip.qmc.kernel.geometry import table_index
from hpcbip.qmc.kernel.jit import kernel
from hpcbip.qmc.kernel.path import AXIS_BITS, DIRECTIONS, SITE, SITE_AXIS, oscillator_of, pack
from hpcbip.qmc.kernel.rng import uniform

MOST_MODES = MOST_FAMILIES + 1  # oscillators of one bond or site
PROFILE_TABLE = 343  # entries of the table of a profile: 7³ of a cubic lattice, 17² of a square one
OVERLAP_TABLE = 2197  # and of C(r), which reaches twice as far

FAMILY_FIELDS = [
    # whether weights of lines are sums; number of families that are told apart; by direction whether lines
    # join different places
    ("composite", "i8"),
    ("families", "i8"),
    ("spreads", "i8", (DIRECTIONS,)),
    # by oscillator of the cell: its modes, their frequencies, shares of J and families
    ("mode_count", "i8", (OSCILLATORS,)),
    ("mode_frequency", "f8", (OSCILLATORS, MOST_MODES)),
    ("mode_share", "f8", (OSCILLATORS, MOST_MODES)),
    ("mode_family", "i8", (OSCILLATORS, MOST_MODES)),
    # of the modes on sites: the sites that act on an oscillator; p of their vectors, and of any vector on the
    # lattice or cluster; C(0), and C(r)/C(0)
    ("profile_count", "i8"),
    ("profile_step", "i8", (PROFILE_TABLE,)),
    ("profile_weight", "f8", (MOST_MODES, PROFILE_TABLE)),
    ("profile_reach", "i8"),
    ("profile", "f8", (MOST_MODES, PROFILE_TABLE)),
    ("alone", "f8", (MOST_MODES,)),
    ("overlap_reach", "i8"),
    ("overlap", "f8", (MOST_MODES, OVERLAP_TABLE)),
]
"""Fields of the kernel's parameters, as numpy takes them."""


def fill_families(values: np.void, model: Model, lattice: Lattice) -> None:
    """Fill the fields above, and the strengths J and the lowest frequencies of lines."""
    values["composite"] = True
    values["families"] = len(model.families) if model.phonons else 0
    for axis in range(len(lattice.axes)):
        both = slice(2 * axis, 2 * axis + 2)  # directions
        values["joined2"][both], values["frequency"][both] = _fill_modes(values, model, lattice, BONDS, axis)
    if lattice.is_bravais:
        _fill_profiles(values, model, lattice)
    of_sites = [_fill_modes(values, model, lattice, SITES, k) for k in range(lattice.kinds)]
    strongest = max(strength for strength, _ in of_sites)
    values["joined2"][SITE], values["frequency"][SITE] = strongest, min(omega for _, omega in of_sites)
    for kind, (strength, _) in enumerate(of_sites):
        if strength > 0.0:
            values["mode_share"][SITE_AXIS + kind] *= strength / strongest


def _fill_modes(values: np.void, model: Model, lattice: Lattice, on: str, place: int) -> tuple[float, float]:
    """Fill the modes of one bond axis or site of the cell; returns Σ g² C(0) and the lowest frequency."""
    modes = model.modes(on, place)
    profiles = [model.families[mode.family].profile for mode in modes]
    spread = on == SITES and lattice.is_bravais
    alone = [values["alone"][k] if spread else p[0] ** 2 for k, p in enumerate(profiles)]
    strengths = [mode.g**2 * c for mode, c in zip(modes, alone, strict=True)]
    total = math.fsum(strengths)
    oscillator = place if on == BONDS else SITE_AXIS + place
    values["mode_count"][oscillator] = len(modes)
    for k, mode in enumerate(modes):
        values["mode_frequency"][oscillator, k] = mode.omega
        values["mode_share"][oscillator, k] = strengths[k] / total
        values["mode_family"][oscillator, k] = mode.family
    return total, min([mode.omega for mode in modes], default=model.omega)


def _fill_profiles(values: np.void, model: Model, lattice: Lattice) -> None:
    """Fill the profiles of the modes on sites; on a lattice with a basis these are the own site alone."""
    families = [model.families[mode.family] for mode in model.modes(SITES, 0)]
    reach = max([profile_reach(lattice, family.profile) for family in families], default=0)
    d, wide = lattice.dimension, 2 * reach
    values["profile_reach"], values["overlap_reach"] = reach, wide
    values["spreads"][SITE] = reach > 0
    box = np.indices((2 * reach + 1,) * d).reshape(d, -1).T - reach
    values["profile_count"] = len(box)
    values["profile_step"][: len(box)] = [pack(r) for r in box]
    for k, family in enumerate(families):
        plain = profile_table(lattice, family.profile, reach)
        values["profile_weight"][k, : plain.size] = plain.ravel()
        values["profile"][k, : plain.size] = _with_images(plain, lattice).ravel()
        overlap = np.zeros((2 * wide + 1,) * d)
        for r in box:
            corner = tuple(slice(reach + x, reach + x + 2 * reach + 1) for x in r)
            overlap[corner] += plain[tuple(r + reach)] * plain
        overlap = _with_images(overlap, lattice)
        values["alone"][k] = overlap[(wide,) * d]
        values["overlap"][k, : overlap.size] = overlap.ravel() / values["alone"][k]


def _with_images(table: np.ndarray, lattice: Lattice) -> np.ndarray:
    """Return a function of lattice vectors on a periodic cluster, the sum over the images, at every vector of
    its table."""
    if not lattice.periodic or lattice.shape is None:
        return table
    reach = table.shape[0] // 2
    box = np.indices(table.shape).reshape(table.ndim, -1).T - reach
    folded = np.mod(box, lattice.shape)
    sums = np.zeros(lattice.shape)
    np.add.at(sums, tuple(folded.T), table.ravel())
    return sums[tuple(folded.T)].reshape(table.shape)


@kernel
def _overlap(par, oscillator, k, apart):
    """Return C(r)/C(0) of mode k of an oscillator of the cell."""
    if par.spreads[SITE] == 0 or oscillator < SITE_AXIS:
        return 1.0  # events on other places are not joined
    index = table_index(par, apart, par.overlap_reach)
    return par.overlap[k, index] if index >= 0 else 0.0


@kernel
def mode_weight(par, oscillator, k, apart, duration, lowest):
    """Return the term of mode k of D(r, τ) e^{lowest τ}, r a packed lattice vector."""
    weight = par.mode_share[oscillator, k] * _overlap(par, oscillator, k, apart)
    return weight * math.exp((lowest - par.mode_frequency[oscillator, k]) * duration)


@kernel
def sum_of_modes(par, oscillator, apart, duration, lowest):
    """Return D(r, τ) e^{lowest τ}."""
    total = 0.0
    for k in range(par.mode_count[oscillator]):
        total += mode_weight(par, oscillator, k, apart, duration, lowest)
    return total


@kernel
def decay_of_modes(par, oscillator, apart, duration):
    """Return -τ ∂ ln D/∂τ."""
    total, sloped = 0.0, 0.0
    for k in range(par.mode_count[oscillator]):
        weight = mode_weight(par, oscillator, k, apart, duration, 0.0)
        total += weight
        sloped += weight * par.mode_frequency[oscillator, k]
    return duration * sloped / total


@kernel
def draw_phonon(par, path, rng, i):
    """Draw the phonon of the line of the event in slot i; returns its family and the packed vector from the
    site of the event to that of its oscillator."""
    j = path[i].partner
    oscillator = oscillator_of(par, np.int64(path[i].bond))
    apart = np.int64(path[i].bond >> AXIS_BITS) - np.int64(path[j].bond >> AXIS_BITS)
    duration = abs(path[i].time - path[j].time)
    last = par.mode_count[oscillator] - 1
    x = uniform(rng) * sum_of_modes(par, oscillator, apart, duration, 0.0)
    k = np.int64(0)
    while k < last:
        x -= mode_weight(par, oscillator, k, apart, duration, 0.0)
        if x <= 0.0:
            break
        k += 1
    step = np.int64(0)
    if par.spreads[SITE] and oscillator == SITE_AXIS:
        step = _draw_step(par, rng, k, apart)
    return par.mode_family[oscillator, k], step


@kernel
def _draw_step(par, rng, k, apart):
    """Draw from one event to the oscillator, in proportion to p(m - x1) p(m - x2), the events r = x1 - x2
    apart."""
    total = 0.0
    for s in range(par.profile_count):
        total += _both(par, k, s, apart)
    x = uniform(rng) * total
    chosen = np.int64(0)
    for s in range(par.profile_count):
        weight = _both(par, k, s, apart)
        if weight > 0.0:
            chosen = par.profile_step[s]
            x -= weight
            if x <= 0.0:
                break
    return chosen


@kernel
def _both(par, k, s, apart):
    """Return p(m - x1) p(m - x2) of mode k, m - x1 the s-th vector of the profile."""
    weight = par.profile_weight[k, s]
    if weight == 0.0:
        return 0.0
    index = table_index(par, par.profile_step[s] + apart, par.profile_reach)
    return weight * par.profile[k, index] if index >= 0 else 0.0
