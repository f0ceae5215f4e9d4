"""In which regime of the linear coupling t - gX the domes lie: strongly modulated, or of changed sign."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from hpcbip.report.papers.campaigns.cloud import (
    BETWEEN,
    TOUCHING_BONDS,
    Bonds,
    CloudDome,
    at_coupling,
    cloud_domes,
    sign_change_at_rest,
)
from hpcbip.report.papers.claims.claim import Claim, Finding, exceeds
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity.scans import axis_value
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.parameters import LAMBDA

SIGN_SHARE = 0.05
"""Probability of t - gX < 0 above which the regime is that of changed signs."""

STRONG = 0.5
"""Root mean square of gX/t above which the hopping is strongly modulated."""

SIGN, LARGE, WEAK, OPEN = "changed signs", "large modulation", "weak modulation", "open"
"""Regimes; open where the errors leave two of them."""

Value = tuple[float, float]
"""A number with its error."""


class BondCloud(NamedTuple):
    """The cloud on some bonds: modulation, its spread, and the probability of a changed sign."""

    modulation: Value
    spread: Value
    sign_change: Value

    @property
    def root_mean_square(self) -> Value:
        """Of gX/t, about zero."""
        value = math.hypot(self.modulation[0], self.spread[0])
        own = math.hypot(self.modulation[0] * self.modulation[1], self.spread[0] * self.spread[1])
        return value, own / value if value else 0.0


def regime(clouds: Sequence[BondCloud]) -> str:
    """Return the regime of a point: that of the strongest of its bonds.

    Changed signs: P(t - gX < 0) is above `SIGN_SHARE` on some of them; otherwise large modulation, where the
    root mean square of gX/t is above `STRONG` on some, and weak modulation, where it is on none. Each beyond
    two errors.
    """
    signs = [exceeds(one.sign_change[0] - SIGN_SHARE, one.sign_change[1]) for one in clouds]
    if any(signs):
        return SIGN
    strong = [exceeds(one.root_mean_square[0] - STRONG, one.root_mean_square[1]) for one in clouds]
    if None in signs or not (any(strong) or None not in strong):
        return OPEN
    return LARGE if any(strong) else WEAK


def _clouds(value_of: Callable[[str], Value | None]) -> list[tuple[Bonds, BondCloud]]:
    """Return the clouds on the bonds of which all is known."""
    found = []
    for bonds in (TOUCHING_BONDS, BETWEEN):
        modulation, spread, sign = (
            value_of(observable.name) for observable in (bonds.modulation, bonds.spread, bonds.sign_change)
        )
        if modulation is not None and spread is not None and sign is not None:
            found.append((bonds, BondCloud(modulation, spread, sign)))
    return found


def _at_maximum(dome: CloudDome) -> tuple[str, str] | None:
    """Return the regime at the maximum of Tc, and the sentence with its numbers; None if it is not known."""
    peak = dome.peak
    if peak is None:
        return None
    clouds = _clouds(lambda name: at_coupling(dome.records, name, peak.position, peak.position_err))
    if not clouds:
        return None
    found = regime([cloud for _, cloud in clouds])
    parts = [
        f"{bonds.label}: -g⟨X⟩/t = {with_error(*cloud.modulation)}, gσ/t = {with_error(*cloud.spread)}, "
        f"P(t - gX < 0) = {with_error(*cloud.sign_change)}"
        for bonds, cloud in clouds
    ]
    nearest = min(dome.records, key=lambda one: abs(axis_value(one, LAMBDA.name) - peak.position))
    rest = sign_change_at_rest({**nearest, "g": nearest["g"] * _rescaled(nearest, peak.position)})
    place = f"t/Ω = {dome.text}, at the maximum, λ = {with_error(peak.position, peak.position_err)}"
    return found, f"{place}: {found}. {'; '.join(parts)}; of an oscillator at rest {rest:.2g}."


def _rescaled(record: Record, lam: float) -> float:
    """Return the factor of g from the λ of a point to another, λ being quadratic in g."""
    return math.sqrt(lam / axis_value(record, LAMBDA.name))


def _known(record: Record, name: str) -> Value | None:
    value, error = record.get(name), record.get(name + ERROR)
    return None if value is None or error is None else (value, error)


def _along(dome: CloudDome) -> str:
    """Return the regimes along a dome, one stretch of λ after the other, the range of the modulation, and the
    largest probability of a changed sign."""
    stretches: list[tuple[str, list[float]]] = []
    for record in dome.records:
        clouds = _clouds(partial(_known, record))
        if not clouds:
            continue
        found = regime([cloud for _, cloud in clouds])
        if not stretches or stretches[-1][0] != found:
            stretches.append((found, []))
        stretches[-1][1].append(axis_value(record, LAMBDA.name))
    parts = [
        f"{name} at λ = {lams[0]:.4g}" + (f" to {lams[-1]:.4g}" if len(lams) > 1 else "")
        for name, lams in stretches
    ]
    ends = [with_error(*value) for value in _values(dome, TOUCHING_BONDS.modulation.name, (0, -1))]
    shares = _values(dome, TOUCHING_BONDS.sign_change.name)
    changes = f"-g⟨X⟩/t from {' to '.join(ends)}, P(t - gX < 0) up to {with_error(*max(shares))}"
    return f"t/Ω = {dome.text}, along the dome: {', '.join(parts)}; {changes} on {TOUCHING_BONDS.label}."


def _values(dome: CloudDome, name: str, places: Sequence[int] = ()) -> list[Value]:
    """Return an observable of the pair at some points of a dome, at all of them unless said otherwise."""
    records = [dome.records[k] for k in places] if places else dome.records
    return [value for record in records if (value := _known(record, name)) is not None]


def _examine_regimes(records: Sequence[Record]) -> Finding:
    domes, absent = cloud_domes(records)
    comparisons: list[bool | None] = []
    numbers: list[str] = []
    missing = [f"the cloud at {text}" for text in absent]
    for dome in domes:
        found = _at_maximum(dome)
        if found is None:
            missing.append(f"the cloud at a maximum within the scan, t/Ω = {dome.text}")
        else:
            comparisons.append(None if found[0] == OPEN else found[0] == LARGE)
            numbers.append(found[1])
        numbers.append(_along(dome))
    return Finding(comparisons or [None], numbers, missing)


REGIME_CLAIM = Claim(
    "model",
    "(a)",
    "At the maxima of the bond-Peierls domes the hopping t - gX is strongly modulated and seldom changes its "
    f"sign: on bonds of the pair the root mean square of gX/t is above {STRONG:g}, and on none of them is "
    f"P(t - gX < 0) above {100.0 * SIGN_SHARE:g} %.",
    "cloud",
    _examine_regimes,
)
