"""Flags: what can be raised against the results of a point, or against a maximum of Tc.

A flag has a code, by which the program knows it, and a text, which people read. In a record the two lists
`flag_codes` and `flags` run in parallel. The code of a flag that concerns one sector is `sector:code`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from hpcbip.vocabulary.observables import OBSERVABLES, TC_KELVIN, TC_OVER_OMEGA
from hpcbip.vocabulary.sectors import SECTORS

Severity = Literal["yellow", "red"]

Against = Literal["tc", "mass", "statistics", "band"]
"""What a flag speaks against: Tc alone, the mass of its sector alone, all that its bins give (of the
sector, or of the point where it names no sector), or the gas band alone, and not Tc itself."""

STATISTICS = "statistics"
CHAINS = "chains"
THERMALISATION = "thermalisation"
WINDOW = "displacement window"
PATH_LENGTH = "beta"
BINDING = "binding"
TC_AGAINST_BINDING = "Tc against binding"
PAIR_SIZE = "pair size"
GIVEN_UP = "given up"
PEAK = "peak"
GAS = "gas"
"""Checks that flags belong to, by the names under which they are shown."""


@dataclass(frozen=True)
class RaisedFlag:
    """A flag as it is raised for one point: its full code and its text."""

    code: str
    text: str


@dataclass(frozen=True)
class Flag:
    """One kind of flag.

    Attributes:
        code: by which the program knows it.
        text: template of the text; `{sector}` and numbers are filled in.
        severity: "red": do not quote the number; "yellow": examine it before.
        check: the check that it belongs to.
        against: what it speaks against.
        per_sector: whether it is raised for each sector on its own.
        title: text without numbers, under which the same flag of several points is counted; "": the text.
    """

    code: str
    text: str
    severity: Severity
    check: str
    against: Against
    per_sector: bool = False
    title: str = ""

    @property
    def invalidates_tc(self) -> bool:
        """Whether Tc is not valid where this flag is raised."""
        return self.against not in ("mass", "band")

    def raised(self, sector: str = "", **values: Any) -> RaisedFlag:
        """Raise the flag.

        Args:
            sector: for a flag that is raised per sector.
            values: what else the text names.

        Raises:
            ValueError: if a sector is missing or one too many.
        """
        if bool(sector) != self.per_sector:
            raise ValueError(
                f"flag {self.code}: " + ("needs a sector" if self.per_sector else "has no sector")
            )
        code = f"{sector}:{self.code}" if sector else self.code
        return RaisedFlag(code, self.text.format(sector=sector, **values))

    def counted_as(self, sector: str = "") -> str:
        """Return the text without its numbers."""
        return (self.title or self.text).format(sector=sector)


def _by_code(flags: Iterable[Flag]) -> Mapping[str, Flag]:
    return MappingProxyType({flag.code: flag for flag in flags})


NO_BINS = Flag("no_bins", "no {sector} bins", "red", STATISTICS, "statistics", per_sector=True)
NO_TC_IN_ONE_DIMENSION = Flag(
    "no_tc_in_one_dimension", "no Tc in one dimension", "yellow", TC_AGAINST_BINDING, "tc"
)
MASS_NOT_RESOLVED = Flag("mass_not_resolved", "mass not resolved", "red", TC_AGAINST_BINDING, "statistics")
BINDING_ENERGY_UNKNOWN = Flag(
    "binding_energy_unknown", "binding energy unknown", "red", BINDING, "statistics"
)
NOT_BOUND = Flag("not_bound", "not bound", "red", BINDING, "statistics")
TC_ABOVE_BINDING = Flag("tc_above_binding", "Tc >= binding energy", "red", TC_AGAINST_BINDING, "tc")
PAIRS_OVERLAP = Flag("pairs_overlap", "pairs overlap", "red", PAIR_SIZE, "tc")
BETA_SHORT = Flag("beta_short", "beta short", "red", PATH_LENGTH, "statistics")
FEW_BINS = Flag("few_bins", "{sector}: too few bins", "red", STATISTICS, "statistics", per_sector=True)
NOT_THERMALISED = Flag(
    "not_thermalised", "{sector}: not thermalised", "red", THERMALISATION, "statistics", per_sector=True
)
CHAINS_DISAGREE = Flag(
    "chains_disagree", "{sector}: chains disagree", "red", CHAINS, "statistics", per_sector=True
)
TWO_STATES = Flag("two_states", "{sector}: two states", "red", CHAINS, "statistics", per_sector=True)
NOT_CONVERGED = Flag("not_converged", "statistics not converged", "red", STATISTICS, "statistics")
MASS_FIT_DIFFERS = Flag(
    "mass_fit_differs",
    "mass_{sector}_fit differs by {sigma:.1f} sigma",
    "yellow",
    WINDOW,
    "mass",
    per_sector=True,
    title="mass_{sector}_fit differs",
)
GIVEN_UP_FLAG = Flag("failed", "{sector} failed", "red", GIVEN_UP, "statistics", per_sector=True)
CRASHED = Flag(
    "crashed",
    "{sector}: a block ends the process that runs it",
    "red",
    GIVEN_UP,
    "statistics",
    per_sector=True,
)

FLAGS: Mapping[str, Flag] = _by_code(
    (
        NO_BINS,
        NO_TC_IN_ONE_DIMENSION,
        MASS_NOT_RESOLVED,
        BINDING_ENERGY_UNKNOWN,
        NOT_BOUND,
        TC_ABOVE_BINDING,
        PAIRS_OVERLAP,
        BETA_SHORT,
        FEW_BINS,
        NOT_THERMALISED,
        CHAINS_DISAGREE,
        TWO_STATES,
        NOT_CONVERGED,
        MASS_FIT_DIFFERS,
        GIVEN_UP_FLAG,
        CRASHED,
    )
)
"""Flags of points by code, in the order in which a record lists them."""

GAS_FORMULA_RANGE = Flag(
    "gas_formula_range",
    "gas band outside the range of its formula: {limit}",
    "yellow",
    GAS,
    "band",
    title="gas band outside the range of its formula",
)
GAS_FLAGS: Mapping[str, Flag] = _by_code((GAS_FORMULA_RANGE,))
"""Flags of the gas band about Tc by code. They have an entry of their own in a record, beside the band: pairs
that touch are denser than any formula of a gas allows, so that nearly every point would be a flagged one."""

PEAK_AT_END = Flag("peak_at_end", "end of the scan", "yellow", PEAK, "tc")
PEAK_FEW_POINTS = Flag("peak_few_points", "too few points", "yellow", PEAK, "tc")
PEAK_NOT_SMOOTH = Flag("peak_not_smooth", "smooth curve does not describe the points", "red", PEAK, "tc")
PEAK_ON_FLAGGED_POINTS = Flag(
    "peak_on_flagged_points",
    "peak rests on flagged points: {points}",
    "red",
    PEAK,
    "tc",
    title="peak rests on flagged points",
)
PEAK_POINTS_LEFT_OUT = Flag(
    "peak_points_left_out",
    "points without mass or size left out: {points}",
    "yellow",
    PEAK,
    "tc",
    title="points without mass or size left out",
)
PEAK_BINDING_UNKNOWN = Flag("peak_binding_unknown", "binding energy unknown at the peak", "red", PEAK, "tc")
PEAK_ABOVE_BINDING = Flag("peak_above_binding", "Tc >= binding energy at the peak", "red", PEAK, "tc")
PEAK_LIMITED_BY_BINDING = Flag("peak_limited_by_binding", "limited by binding", "yellow", PEAK, "tc")
PEAK_BINDING_OPEN = Flag(
    "peak_binding_open",
    "open whether binding limits it: Δ - Tc = {margin} Ω at the top of the formula",
    "yellow",
    PEAK,
    "tc",
    title="open whether binding limits it",
)

PEAK_FLAGS: Mapping[str, Flag] = _by_code(
    (
        PEAK_AT_END,
        PEAK_FEW_POINTS,
        PEAK_NOT_SMOOTH,
        PEAK_ON_FLAGGED_POINTS,
        PEAK_POINTS_LEFT_OUT,
        PEAK_BINDING_UNKNOWN,
        PEAK_ABOVE_BINDING,
        PEAK_LIMITED_BY_BINDING,
        PEAK_BINDING_OPEN,
    )
)
"""Flags of maxima by code, in the order in which they are listed."""


def split_code(code: str) -> tuple[Flag, str]:
    """Return the flag of a point, of its gas band, or of a maximum, that a full code names, and its sector
    or "".

    Raises:
        KeyError: for an unknown code.
    """
    sector, _, own = code.rpartition(":")
    return (FLAGS.get(own) or GAS_FLAGS.get(own) or PEAK_FLAGS[own]), sector


def speaks_against(code: str, observable: str) -> bool:
    """Tell whether a flag speaks against an observable of its point.

    Args:
        code: full code of the flag.
        observable: a name in `OBSERVABLES`.

    Raises:
        KeyError: for an unknown code or observable.
    """
    flag, sector = split_code(code)
    wanted = OBSERVABLES[observable]
    if wanted in (TC_OVER_OMEGA, TC_KELVIN):
        return flag.invalidates_tc
    if flag.against in ("tc", "band"):
        return False
    own = not sector or sector in wanted.sectors
    return own and (flag.against != "mass" or wanted.quantity == "mass")


def invalidates_tc(codes: Iterable[str]) -> bool:
    """Tell whether one of the flags with these full codes speaks against Tc."""
    return any(split_code(code)[0].invalidates_tc for code in codes)


def concerns_tc_only(code: str) -> bool:
    """Tell whether the flag with this full code speaks against Tc and against nothing else."""
    return split_code(code)[0].against == "tc"


def all_codes() -> tuple[str, ...]:
    """Return the full codes of all flags of points, one per sector where a flag is raised per sector."""
    return tuple(
        f"{sector}:{flag.code}" if sector else flag.code
        for flag in FLAGS.values()
        for sector in (SECTORS if flag.per_sector else ("",))
    )


def flags_of(record: Mapping[str, Any]) -> list[RaisedFlag]:
    """Return the flags that are raised in the record of a point, in its order."""
    codes, texts = (record.get(name) or () for name in ("flag_codes", "flags"))
    return [RaisedFlag(code, str(text)) for code, text in zip(codes, texts, strict=True)]
