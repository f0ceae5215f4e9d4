"""Tables: value(error) notation, strict JSON, CSV, and the terminal."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from hpcbip.superconductivity.suggestions import Suggestion

Record = Mapping[str, Any]

MOST_ROWS = 200  # of a printed table of points
_MARKS = {"converged": "", "maybe": "?", "not": "??"}

REDUCE_COLUMNS: tuple[tuple[str, str], ...] = (
    ("E_polaron", "E_pol"),
    ("E_bipolaron", "E_bip"),
    ("binding_energy", "binding"),
    ("mass_polaron", "m_pol/m_e"),
    ("mass_bipolaron", "m*/m0"),
    ("mass_bipolaron_fit", "m*/m0 (fit)"),
    ("pair_distance2", "<r12^2>"),
    ("phonons_bipolaron", "phonons"),
    ("tc_over_omega", "Tc/omega"),
)
TC_COLUMNS: tuple[tuple[str, str], ...] = (
    ("binding_energy", "binding"),
    ("mass_bipolaron", "m*/m0"),
    ("radius2", "R^2"),
    ("tc_over_omega", "Tc/omega"),
    ("tc_kelvin", "Tc [K]"),
)
_OPTIONAL = ("g_holstein", "omega_holstein", "t_factors", "g_factors", "shells")
_PARAMETERS = ("lattice", "coupling", "t", "omega", "lambda", "g", "U", "V", "beta", *_OPTIONAL)
_ALWAYS = ("omega", "lambda", "U")


def with_error(value: float | None, error: float | None) -> str:
    """5.42(13): the value with the error of its last digits, two digits of it; `-` for what is not known.

    An error of 10 or more is rounded like the value: 123(14), 12300(1400).
    """
    if value is None or not math.isfinite(value):
        return "-"
    if error is None or not math.isfinite(error):
        return f"{value:.4g}(?)"
    if error <= 0.0:
        return f"{value:.6g}(0)"
    digits = 1 - math.floor(math.log10(error))
    if round(error * 10.0**digits) == 100:  # 0.0996 shows as 0.10
        digits -= 1
    if digits <= 0:
        scale = 10.0**-digits
        return f"{round(value / scale) * scale:.0f}({round(error / scale) * scale:.0f})"
    return f"{value:.{digits}f}({round(error * 10.0**digits)})"


def suggestion_records(suggestions: Sequence[Suggestion]) -> list[dict[str, Any]]:
    """One flat record per suggestion: kind, curve, parameters of the new point, target, expected error over
    the present one, and why."""
    return [
        {
            "kind": s.kind,
            "curve": s.label,
            **s.parameters,
            "target": s.target,
            "expected": s.expected,
            "why": s.why,
        }
        for s in suggestions
    ]


def suggestion_text(suggestion: Suggestion) -> str:
    """`square, t/Ω = 1, U = 8t: new point omega = 1, lambda = 0.67, U = 8: ...` and why."""
    if suggestion.target is not None:
        what = f"target tc_over_omega: {suggestion.target:g}"
    else:
        new = {key: x for key, x in suggestion.parameters.items() if key not in ("lattice", "coupling", "t")}
        what = "new point " + ", ".join(f"{key} = {_number(x)}" for key, x in new.items())
    return f"{suggestion.label}: {what}: {suggestion.why}"


def print_table(
    records: Sequence[Record], columns: Iterable[tuple[str, str]], console: Console | None = None
) -> None:
    """The points as a table on the terminal: parameters that vary, then value(error) of each column.

    `?` and `??` after a number: its statistics may be, or are, not converged; `!` after a Tc: a flag speaks
    against it. The flags are listed below the table by the number of the point. Of more than `MOST_ROWS`
    points the first are printed.
    """
    console = console or Console()
    if not console.is_terminal:  # a log file has no width that would have to be kept
        console.width = 200
    varies = [
        p
        for p in _PARAMETERS
        if p in _ALWAYS or (p not in ("g", "beta") and len({str(record.get(p)) for record in records}) > 1)
    ]
    hidden = (*varies, "g", "beta", *(p for p in _OPTIONAL if p not in records[0]))
    shared = [f"{p} = {_number(records[0].get(p))}" for p in _PARAMETERS if p not in hidden]
    table = Table(title=", ".join(shared), title_justify="left", header_style="bold")
    for name in ("#", *varies):
        table.add_column(name, justify="right", no_wrap=True)
    columns = list(columns)
    for _, title in columns:
        table.add_column(title, justify="right", no_wrap=True)
    notes: dict[str, list[int]] = {}
    for number, record in enumerate(records[:MOST_ROWS], 1):
        cells = [_cell(record, name) for name, _ in columns]
        table.add_row(str(number), *(_number(record.get(p)) for p in varies), *cells)
        for flag in record["flags"]:
            notes.setdefault(flag, []).append(number)
    console.print(table)
    if len(records) > MOST_ROWS:
        console.print(
            f"  the first {MOST_ROWS} of {len(records)} points; --format csv prints all", highlight=False
        )
    for flag, numbers in notes.items():
        console.print(f"  {flag}: # {', '.join(map(str, numbers))}", highlight=False, markup=False)
    shown = " ".join(_cell(record, name) for record in records[:MOST_ROWS] for name, _ in columns)
    if "?" in shown or "!" in shown:
        console.print(
            "  ? statistics maybe not converged, ?? not converged, ! the flags above speak against this Tc",
            highlight=False,
            markup=False,
        )


def print_rows(rows: Sequence[Record], console: Console | None = None) -> None:
    """Rows as a plain table, X and X_err in one column as value(error), below what all rows share. One row is
    a list.

    Numbers are never cut: where the terminal is narrow they are folded.
    """
    console = console or Console()
    if not console.is_terminal:  # a log file has no width that would have to be kept
        console.width = 200
    names = list(dict.fromkeys(name for row in rows for name in row))
    shown = [name for name in names if not (name.endswith("_err") and name.removesuffix("_err") in names)]
    shown = [name for name in shown if any(row.get(name) not in (None, "", []) for row in rows)]
    cells = {name: [_plain_cell(row, name) for row in rows] for name in shown}
    if len(rows) == 1:
        table = Table("", "", show_header=False)
        for name, (cell,) in cells.items():
            table.add_row(name, cell)
        console.print(table)
        return
    shared = [name for name in shown if len(set(cells[name])) == 1 and f"{name}_err" not in names]
    if shared:
        console.print(
            ", ".join(f"{name} = {cells[name][0]}" for name in shared), highlight=False, markup=False
        )
    table = Table(header_style="bold")
    for name in shown:
        if name not in shared:
            table.add_column(name, overflow="fold")
    for line in zip(*(cells[name] for name in shown if name not in shared), strict=True):
        table.add_row(*line)
    console.print(table)


def _plain_cell(row: Record, name: str) -> str:
    value, error = row.get(name), row.get(f"{name}_err")
    if error is not None and isinstance(value, int | float):
        return with_error(value, error)
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "-" if value is None else f"{value:.7g}" if isinstance(value, float) else str(value)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _cell(record: Record, name: str) -> str:
    text = with_error(record.get(name), record.get(f"{name}_err"))
    if text == "-":
        return text
    mark = "!" if name.startswith("tc_") and not record["tc_valid"] else ""
    return text + mark + _MARKS.get(record.get(f"{name}_verdict") or "", "")


def convergence(records: Sequence[Record]) -> str:
    """One sentence: median and worst relative error of m* and Tc, and how many points are converged and
    valid."""
    parts = []
    for name, title in (("mass_bipolaron", "m*"), ("tc_over_omega", "Tc")):
        errors = [
            abs(record[f"{name}_err"] / record[name])
            for record in records
            if record.get(name) and record.get(f"{name}_err") is not None
        ]
        if errors:
            parts.append(f"{title} {100 * statistics.median(errors):.1f} % (worst {100 * max(errors):.1f} %)")
    judged = ("mass_bipolaron", "radius2", "binding_energy")
    good = sum(all(record.get(f"{name}_verdict") == "converged" for name in judged) for record in records)
    flagged = sum(bool(record["flags"]) for record in records)
    errors_text = "median relative error of " + ", ".join(parts) if parts else "no errors yet"
    return (
        f"Convergence: {errors_text}; mass, radius and binding energy converged at {good} of {len(records)} points, "
        f"{flagged} flagged."
    )


def highest(records: Sequence[Record]) -> list[str]:
    """For every (omega, U, V, lattice, coupling) with several points: where Tc/omega is highest, as a line of
    text."""
    curves: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        if record.get("tc_over_omega") is not None:
            curves.setdefault(curve_key(record), []).append(record)
    lines = []
    for curve in curves.values():
        valid = [record for record in curve if record["tc_valid"]]
        if len(curve) < 2 or not valid:
            continue
        top = max(valid, key=lambda record: record["tc_over_omega"])
        value = with_error(top["tc_over_omega"], top["tc_over_omega_err"])
        kelvin = f" ({with_error(top['tc_kelvin'], top['tc_kelvin_err'])} K)" if top.get("tc_kelvin") else ""
        edge = top["lambda"] in (min(r["lambda"] for r in curve), max(r["lambda"] for r in curve))
        where = ", the end of the scan" if edge else ""
        lines.append(
            f"{curve_label(top)}: highest Tc/omega = {value}{kelvin} at lambda = {top['lambda']:g}{where}"
        )
    return lines


def curve_key(record: Record) -> tuple[Any, ...]:
    """What two points on one dome share."""
    return tuple(str(record.get(name)) for name in _PARAMETERS if name not in ("lambda", "g", "beta"))


def curve_label(record: Record) -> str:
    """`square, t/omega = 2, U = 8t`."""
    t = record["t"]
    tail = f", V = {record['V'] / t:g}t" if record.get("V") else ""
    lattice = "written lattice" if record["lattice"].startswith("{") else record["lattice"]
    kind = "" if record.get("coupling", "bond") == "bond" else f" {record['coupling']}"
    if record.get("g_holstein") is not None:
        tail += f", g_holstein = {record['g_holstein'] / t:g}t, omega_holstein = {record['omega_holstein'] / t:g}t"
    return f"{lattice}{kind}, t/omega = {t / record['omega']:.4g}, U = {record['U'] / t:g}t{tail}"
