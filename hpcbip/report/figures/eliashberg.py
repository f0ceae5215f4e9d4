"""The conventional ceiling: Tc/Ω of Migdal–Eliashberg theory against λ_ME, with McMillan and Allen–Dynes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpcbip.superconductivity.ceiling import USUAL

from ..tables import Record
from . import style
from .style import COLUMN, GREY, TEXT, Look, Picture

CURVES = (("tc_over_omega", "Migdal–Eliashberg"), ("allen_dynes", "Allen–Dynes"), ("mcmillan", "McMillan"))


def ceiling_figure(rows: Sequence[Record], path: Path) -> list[Path]:
    """Draw the rows of `hpcbip theory eliashberg`; PNG, PDF and CSV.

    Args:
        rows: with lambda_me, mu_star, tc_over_omega, allen_dynes, mcmillan.
        path: of the figure.

    Returns:
        the files written.

    Raises:
        InputError: if they cannot be written.
    """
    figure = style.canvas(COLUMN, 2.5)
    axes = style.panels(figure)[0, 0]
    x = [row["lambda_me"] for row in rows]
    for i, (name, label) in enumerate(CURVES):
        line = {"color": Look.of(i).colour, "lw": 0.9 if i else 1.4, "ls": ("-", "--", ":")[i]}
        axes.plot(x, [row[name] for row in rows], label=label, **line)
    for ceiling in USUAL:
        axes.axhline(ceiling, color=GREY, lw=0.6, ls=":", zorder=0.5)
    axes.set_xlabel(r"$\lambda_\mathrm{ME}$", fontsize=TEXT)
    axes.set_ylabel(r"$T_c/\Omega$", fontsize=TEXT)
    axes.set_ylim(0.0, None)
    style.legend(figure, axes, f"μ* = {rows[0]['mu_star']:g}" if rows else "")
    caption = "Tc/Ω of an Einstein phonon against λ_ME; dotted grey lines: the usual ceilings 0.05 and 0.1."
    return Picture(figure, [dict(row) for row in rows], "Migdal–Eliashberg", caption).save(path)
