"""`hpcbip theory ...`: the companion theories. Each is a small exact calculation of its own; none needs a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hpcbip.errors import InputError

from .output import format_option, output


@click.group()
def theory() -> None:
    """What the Monte Carlo is measured against and framed by."""


def numbers(_: click.Context, parameter: click.Parameter, text: str) -> list[float]:
    """Numbers from `0.5,1,2` or `0.2:3:0.2` (begin, end, step).

    Raises:
        InputError: if they are not that.
    """
    try:
        if ":" in text:
            begin, end, step = map(float, text.split(":"))
            return [begin + k * step for k in range(int((end - begin) / step + 1e-9) + 1)]
        return [float(word) for word in text.split(",")]
    except (ValueError, ZeroDivisionError, OverflowError):
        allowed = "numbers as in 0.5,1,2, or begin:end:step"
        raise InputError(f"{parameter.opts[0]}: {text}: cannot be read; allowed: {allowed}") from None


@theory.command()
@click.option("--lambda", "lambdas", default="0.2:3:0.2", show_default=True, callback=numbers, help="λ_ME.")
@click.option("--mu-star", type=click.FloatRange(0.0, 1.0), default=0.12, show_default=True)
@click.option("--figure", type=click.Path(path_type=Path), help="Draw it: PNG, with PDF and CSV beside it.")
@format_option
def eliashberg(lambdas: list[float], mu_star: float, figure: Path | None, form: str) -> None:
    """Tc/Ω of Migdal–Eliashberg theory for an Einstein phonon, with Allen–Dynes and McMillan beside it."""
    from hpcbip.superconductivity.eliashberg import allen_dynes, critical_temperature, mcmillan

    rows: list[dict[str, Any]] = []
    for lam in lambdas:
        found = critical_temperature(lam, mu_star)
        row = {"lambda_me": lam, "mu_star": mu_star, "tc_over_omega": found.tc_over_omega}
        row |= {"allen_dynes": float(allen_dynes(lam, mu_star)), "mcmillan": float(mcmillan(lam, mu_star))}
        rows.append(row | {"mass": 1.0 + lam, "reason": found.reason})
    if figure is not None:
        from hpcbip.report.figures.eliashberg import ceiling_figure

        ceiling_figure(rows, figure)
    output(rows, form)
