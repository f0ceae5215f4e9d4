"""Figures: the Tc dome and the binning plateau. Each leaves its data beside it as CSV.

matplotlib is imported when something is drawn: nothing else should wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcbip.errors import InputError

from .tables import Record, curve_key, curve_label, to_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CEILINGS = (0.05, 0.1)
"""Conventional ceilings of Tc/Ω: McMillan at λ = 1, μ* = 0.12, and about the highest known (PHYSICS.md section 4)."""

DOME_DATA = (
    "lattice", "coupling", "t", "omega", "lambda", "g", "U", "V", "tc_over_omega", "tc_over_omega_err", "tc_kelvin",
    "tc_kelvin_err", "tc_prefactor", "tc_valid", "flags",
)  # fmt: skip


PLATEAUS = ("E_polaron", "mass_polaron", "E_bipolaron", "mass_bipolaron", "pair_distance2", "tc_over_omega")


def dome_figure(records: Sequence[Record], path: Path) -> list[Path]:
    """Tc/Ω against λ, one curve per (t/Ω, U), hollow where a flag speaks against the point; PNG, PDF and CSV.

    Args:
        records: points with `tc_over_omega` (None: not drawn, but in the CSV).
        path: of the PNG (or another format of matplotlib); the PDF and the CSV lie beside it.

    Returns:
        the files written.

    Raises:
        InputError: if they cannot be written.
    """
    figure = _new_figure((5.2, 3.9))
    axes = figure.subplots()
    curves: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        if record["tc_over_omega"] is not None:
            curves.setdefault(curve_key(record), []).append(record)
    top = max((record["tc_over_omega"] for curve in curves.values() for record in curve), default=0.1)
    for i, curve in enumerate(curves.values()):
        curve = sorted(curve, key=lambda record: record["lambda"])
        x, y = ([record[name] for record in curve] for name in ("lambda", "tc_over_omega"))
        colour, marker = f"C{i % 10}", "osD^v<>ph*"[i % 10]
        axes.plot(x, y, color=colour, lw=1, alpha=0.6)
        for record in curve:
            axes.errorbar(
                record["lambda"], record["tc_over_omega"], record["tc_over_omega_err"], fmt=marker, color=colour, ms=6,
                capsize=2, mfc=colour if record["tc_valid"] else "white",
            )  # fmt: skip
        axes.plot([], [], marker=marker, color=colour, ms=6, lw=1, label=curve_label(curve[0]))
    if any(not record["tc_valid"] for curve in curves.values() for record in curve):
        axes.plot([], [], "o", color="gray", mfc="white", ms=6, label="flagged (see the table)")
    for ceiling in CEILINGS:
        axes.axhline(ceiling, color="gray", lw=0.8, ls=":")
        axes.annotate(
            f"conventional, {ceiling:g}", (0.99, ceiling), xycoords=("axes fraction", "data"), ha="right", va="top",
            fontsize=7, color="gray",
        )  # fmt: skip
    axes.set(xlabel=r"$\lambda$", ylabel=r"$T_c/\Omega$", ylim=(0.0, 1.25 * max(top, max(CEILINGS))))
    if curves:
        axes.legend(fontsize=8, frameon=False)
    data = [{name: record.get(name) for name in DOME_DATA} for record in records]
    return _save(figure, path, to_csv(data), pdf=True)


def plateau_figure(rows: Sequence[Mapping[str, Any]], path: Path) -> list[Path]:
    """Error against bin size, in units of the error of single bins: one panel per observable, one line per ensemble.

    Args:
        rows: with ensemble, observable, bin_size, error, error_error, plateau, gamma_error (the rows of binning.csv).
        path: of the figure.

    Raises:
        InputError: if it cannot be written.
    """
    present = {row["observable"] for row in rows}
    names = [name for name in PLATEAUS if name in present]
    across = 3
    down = max(1, -(-len(names) // across))
    figure = _new_figure((3.2 * across, 2.5 * down))
    panels = figure.subplots(down, across, squeeze=False, sharex=True).ravel()
    for panel, name in zip(panels, names, strict=False):
        lines: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            if row["observable"] == name:
                lines.setdefault(row["ensemble"], []).append(row)
        for i, line in enumerate(lines.values()):
            single = line[0]["error"]
            if not single:
                continue
            x, y, dy = ([row[key] for row in line] for key in ("bin_size", "error", "error_error"))
            colour, at = f"C{i % 10}", next(k for k, row in enumerate(line) if row["plateau"])
            ratio = [value / single for value in y]
            panel.errorbar(x, ratio, [value / single for value in dy], lw=0.8, elinewidth=0.5, color=colour, alpha=0.8)
            panel.plot(x[at], ratio[at], "o", ms=4, color=colour)
            panel.axhline(line[0]["gamma_error"] / single, color=colour, lw=0.7, ls="--", alpha=0.6)
        panel.set(title=name, xscale="log", ylim=(0.0, None))
        panel.title.set_fontsize(9)
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    figure.supxlabel("bin size (dot: on the plateau; dashed: the quoted error, from the Γ method)", fontsize=9)
    figure.supylabel("error / error of single bins", fontsize=9)
    return _save(figure, path)


def _new_figure(size: tuple[float, float]) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=150, layout="constrained")
    FigureCanvasAgg(figure)  # no display and no global state
    return figure


def _save(figure: Figure, path: Path, data: str | None = None, pdf: bool = False) -> list[Path]:
    written = [path]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
        if pdf and path.suffix != ".pdf":
            written.append(path.with_suffix(".pdf"))
            figure.savefig(written[-1], metadata={"CreationDate": None})
        if data is not None:
            written.append(path.with_suffix(".csv"))
            written[-1].write_text(data, encoding="utf-8")
    except (OSError, ValueError) as error:  # ValueError: matplotlib does not know the format
        raise InputError(f"{path}: the figure cannot be written: {' '.join(str(error).split())}") from None
    return written
