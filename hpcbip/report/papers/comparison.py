"""The atlas beside printed numbers and exact diagonalisation: differences in units of the joint error."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hpcbip.errors import InputError
from hpcbip.files import write_atomically
from hpcbip.report.papers.drawing import is_hollow
from hpcbip.report.papers.points import peaks_along, points_of
from hpcbip.report.papers.published import CHAIN_ENERGIES, MASSES, TC_MAXIMA, Published
from hpcbip.report.tables import Record
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity.scans import axis_value
from hpcbip.theory.exact.geometry import EXACT_COUPLINGS, Geometry
from hpcbip.theory.exact.system import System
from hpcbip.theory.exact.tables import exact_table
from hpcbip.vocabulary.entries import ERROR
from hpcbip.vocabulary.observables import E_BIPOLARON, E_POLARON, MASS_BIPOLARON, MASS_POLARON
from hpcbip.vocabulary.parameters import ADIABATICITY, G_HOLSTEIN, LAMBDA, OMEGA, OMEGA_HOLSTEIN, G, U, V

_QUANTITIES = ((1, E_POLARON.name, MASS_POLARON.name), (2, E_BIPOLARON.name, MASS_BIPOLARON.name))
"""Number of electrons, with the energy and the mass of that sector."""

STATES = 5_000
"""States of the exact diagonalisation."""

POINTED_OUT = 2.0
"""Errors beyond which a difference is pointed out."""

CONVERGED = 0.02
"""Largest relative error of an exact number that is compared: beyond, the space is too small to tell."""

_PAGE = """# The atlas beside printed and exact numbers

Made from the atlas by

    hpcbip atlas compare --page docs/papers/comparison.md

z is the difference over the joint error. Of a printed number the error is the printed one, and 30 % where it
was read off a figure or is second-hand; a maximum is that of Tc along λ, from the dome of the points, at the
published prefactor. Exact diagonalisation is that of `hpcbip theory exact`, its error that of its
convergence. "-" stands where the atlas has no point yet; "!" after a number that a flag speaks against, or a
maximum that has one.
"""


def comparisons(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Compare points with what is printed, and those of chains with exact diagonalisation.

    Args:
        records: of points, as those of the atlas.

    Returns:
        rows with the parameters, observable, reference and its error, own value and its error (None where
        there is no point), of a maximum its λ, z, whether a flag speaks against it, and the source.
    """
    printed = [_printed(records, one) for one in (*MASSES, *CHAIN_ENERGIES, *TC_MAXIMA)]
    return [*printed, *_exact(records)]


def _printed(records: Sequence[Record], one: Published) -> dict[str, Any]:
    """Return the row of a printed number."""
    points = points_of(
        records,
        lattice=one.lattice,
        coupling=one.coupling,
        t_over_omega=one.t_over_omega,
        U=one.U,
        V=one.V,
    )
    own: tuple[float | None, float | None] = (None, None)
    lam, position, flagged = one.lam_value, own, False
    if one.maximum:
        peaks = [peak for peak in peaks_along(points, LAMBDA.name) if not peak.end]
        if peaks:
            own = peaks[0].height, peaks[0].height_err
            position, flagged = (peaks[0].position, peaks[0].position_err), bool(peaks[0].flags)
    else:
        near = [point for point in points if lam is not None and math.isclose(point[LAMBDA.name], lam)]
        if near:
            own = near[0][one.observable], near[0].get(one.observable + ERROR)
            flagged = is_hollow(near[0], one.observable)
    return _row(
        (one.lattice, one.coupling, one.t_over_omega, lam, one.U, one.V),
        ("maximum of " if one.maximum else "") + one.observable,
        (one.value, one.error),
        own,
        f"{one.source} ({one.reading})",
        position,
        flagged,
    )


def _exact(records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the chains of the atlas beside exact diagonalisation."""
    chains = [one for one in points_of(records, lattice="chain", V=0.0) if one["coupling"] in EXACT_COUPLINGS]
    for electrons, energy, mass in _QUANTITIES:
        seen = set()
        for point in chains:
            system = _system(point, electrons)
            if system in seen:
                continue
            seen.add(system)
            row = exact_table([system], states=STATES)[0]
            place = [axis_value(point, name) for name in (ADIABATICITY.name, LAMBDA.name, U.name, V.name)]
            for name, value in ((energy, "E"), (mass, "mass")):
                reference, error = row[value], row[f"{value}_err"]
                if reference is None or error is None or error > CONVERGED * abs(reference):
                    continue
                yield _row(
                    ("chain", point["coupling"], *place),
                    name,
                    (reference, error),
                    (point.get(name), point.get(name + ERROR)),
                    "exact diagonalisation",
                    flagged=point.get(name) is not None and is_hollow(point, name),
                )


def _system(point: Record, electrons: int) -> System:
    """Return the system of a point with one or two electrons."""
    return System(
        Geometry("chain", point["coupling"], electrons),
        point["t"],
        point[OMEGA.name],
        point[G.name],
        U=point[U.name] if electrons == 2 else 0.0,
        g_holstein=point.get(G_HOLSTEIN.name) or 0.0,
        omega_holstein=point.get(OMEGA_HOLSTEIN.name) or 0.0,
    )


def _row(
    place: Sequence[object],
    observable: str,
    reference: tuple[float, float],
    own: tuple[float | None, float | None],
    source: str,
    position: tuple[float | None, float | None] = (None, None),
    flagged: bool = False,
) -> dict[str, Any]:
    names = ("lattice", "coupling", ADIABATICITY.name, LAMBDA.name, U.name, V.name)
    value, error = own
    z = None
    if value is not None and error is not None:
        z = (value - reference[0]) / math.hypot(error, reference[1])
    return {
        **dict(zip(names, place, strict=True)),
        "observable": observable,
        "reference": reference[0],
        "reference_err": reference[1],
        "hpcbip": value,
        "hpcbip_err": error,
        "at_lambda": position[0],
        "at_lambda_err": position[1],
        "z": z,
        "flagged": flagged,
        "source": source,
    }


def write_page(path: Path, rows: Sequence[Record]) -> None:
    """Write the comparison as a page in Markdown, without a date: equal numbers, equal page.

    Raises:
        InputError: if it cannot be written.
    """
    parameters = ("lattice", "coupling", ADIABATICITY.name, LAMBDA.name, U.name, V.name)
    heads = (*parameters, "observable", "reference", "hpcbip", "at λ", "z", "source")
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [_text(row[name]) for name in parameters]
        cells += [row["observable"].replace("_", r"\_"), with_error(row["reference"], row["reference_err"])]
        cells += [with_error(row["hpcbip"], row["hpcbip_err"]) + "!" * row["flagged"]]
        cells += [with_error(row["at_lambda"], row["at_lambda_err"])]
        cells += ["-" if row["z"] is None else f"{row['z']:+.1f}", row["source"]]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *_summary(rows)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (_PAGE + "\n" + "\n".join(lines) + "\n").encode())
    except OSError as error:
        raise InputError(f"{path}: the page cannot be written: {error.strerror}") from None


def _summary(rows: Sequence[Record]) -> list[str]:
    """Say how far the numbers agree, and where they do not."""
    known = [row for row in rows if row["z"] is not None]
    if not known:
        return []
    within = sum(abs(row["z"]) <= 1.0 for row in known)
    largest = max(abs(row["z"]) for row in known)
    words = f"{within} of {len(known)} within one error, the largest |z| is {largest:.1f}."
    apart = [row for row in known if abs(row["z"]) > POINTED_OUT]
    if apart:
        places = "; ".join(
            f"{row['lattice']} {row['coupling']}, t/Ω = {_text(row[ADIABATICITY.name])}, z = {row['z']:+.1f}"
            for row in apart
        )
        words += f" Apart by more than {POINTED_OUT:g} errors: {places}."
        words += " What would decide it: the m*, R² and prefactor behind the other number, at one λ."
    return textwrap.wrap(words.replace("*", r"\*"), 110, break_long_words=False, break_on_hyphens=False)


def _text(value: object) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
