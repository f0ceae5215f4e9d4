"""Errors, values and speed of a list of ensembles, sampled shortly: what the cost model of `hpcbip plan` is
fitted to, beside the atlas.

    python benchmarks/plan/cost.py sample --seconds 2.5    # go on with the list
    python benchmarks/plan/cost.py residuals               # what each measurement tells of the others

They lie in hpcbip/driver/forecast/, `samples.csv`.

The list runs over lattices, couplings, λ about where pairs bind, t/Ω, U and β; it is the same every time.
What is in the file already is not sampled again.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from scipy.stats import qmc

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of sampling.py

from sampling import markdown

from hpcbip.campaign.plan import EnsembleRecord, make_plan
from hpcbip.campaign.schema import validate_config
from hpcbip.catalogue.configurations import start_of
from hpcbip.catalogue.csv_format import csv_text
from hpcbip.catalogue.entries import campaign_names
from hpcbip.driver.forecast.cost_model import CostModel
from hpcbip.driver.forecast.pilot import sample_briefly
from hpcbip.driver.forecast.samples import (
    SAMPLES,
    atlas_measurements,
    benchmark_measurements,
    read_samples,
    sample_record,
)
from hpcbip.qmc import warm_up

MODELS = {
    ("square", "bond"): 16,
    ("square", "holstein"): 12,
    ("chain", "holstein"): 12,
    ("chain", "bond"): 8,
    ("triangular", "bond"): 10,
    ("triangular", "holstein"): 4,
    ("cubic", "bond"): 12,
    ("cubic", "holstein"): 10,
    ("square", "bond+holstein"): 6,
    ("bcc", "bond"): 4,
    ("fcc", "bond"): 4,
}
"""Number of points by lattice and coupling."""

TAILS = {("cubic", "bond"): 6, ("square", "bond"): 4}
"""The same with a tail V/r."""

TAIL = 0.8
"""V of these."""

OMEGAS = (0.3, 0.5, 1.0, 2.0)
FACTORS = (0.6, 1.7)
"""λ as a multiple of where a scan would begin, from here to there."""

REPULSIONS = (0.0, 4.0, 8.0)
BETAS = (40.0, 400.0)
"""Of the pair, distributed logarithmically."""


def points(lattice: str, coupling: str, number: int, tail: float) -> Iterator[dict[str, Any]]:
    """Yield the points of one model, as a configuration has them, spread evenly (Halton)."""
    start = start_of(lattice, coupling)
    for a, b, c, d in qmc.Halton(4, scramble=False).random(number + 1)[1:]:
        omega = OMEGAS[int(a * len(OMEGAS))]
        factor = FACTORS[0] + b * (FACTORS[1] - FACTORS[0])
        scale = (omega / start.omega) ** 0.25  # heavier at small Ω: keep within what can be sampled
        beta = round(BETAS[0] * (BETAS[1] / BETAS[0]) ** d)
        point: dict[str, Any] = {
            "omega": omega,
            "lambda": round(start.lambdas[0] * factor * scale, 3),
            "U": REPULSIONS[int(c * len(REPULSIONS))],
            "beta": {"polaron": max(30.0, round(beta / 3)), "bipolaron": float(max(beta, 12 / omega))},
        }
        if tail:
            point["V"] = tail
        if coupling == "bond+holstein":
            point |= {"g_holstein": 0.5, "omega_holstein": 1.0}
        yield point


def ensembles() -> Iterator[EnsembleRecord]:
    """Yield all ensembles of the list."""
    models = [(*model, number, 0.0) for model, number in MODELS.items()]
    models += [(*model, number, TAIL) for model, number in TAILS.items()]
    for lattice, coupling, number, tail in models:
        content = {
            "name": "cost",
            "seed": 1,
            "model": {"lattice": lattice, "coupling": coupling},
            "points": list(points(lattice, coupling, number, tail)),
        }
        yield from make_plan(validate_config(content, "cost")).ensembles.values()


@click.group(help=__doc__)
def main() -> None:
    """Sample and fit."""


@main.command()
@click.option("--seconds", default=2.5, show_default=True, help="CPU seconds of each ensemble.")
@click.option("--number", default=50, show_default=True, help="Of ensembles to sample in this go.")
def sample(seconds: float, number: int) -> None:
    """Go on with the list."""
    rows = read_samples()
    done = {row["ensemble"] for row in rows}
    warm_up()
    for record in itertools.islice((one for one in ensembles() if one.identity not in done), number):
        rows.append(sample_record(record.identity, sample_briefly(record, seconds)))
        SAMPLES.write_text(csv_text(rows), encoding="utf-8")
    click.echo(f"{len(rows)} ensembles in {SAMPLES}")


def residual_rows() -> list[dict[str, Any]]:
    """Compare each measurement with what all others foretell of it."""
    measurements = [*benchmark_measurements(), *atlas_measurements(campaign_names()).values()]
    rows = []
    for sector, regressions in CostModel.fit(measurements).regressions.items():
        for quantity, regression in regressions.items():
            left, expected = regression.left_out()
            rows.append(
                {
                    "sector": sector,
                    "quantity": quantity,
                    "ensembles": len(left),
                    "factor, root mean square": float(np.exp(np.sqrt(np.mean(left**2)))),
                    "within a factor of two": f"{np.mean(np.abs(left) < np.log(2.0)):.0%}",
                    "over its standard deviation": float(np.sqrt(np.mean((left / expected) ** 2))),
                }
            )
    return rows


@main.command()
def residuals() -> None:
    """Say how well the model foretells each measurement from all others."""
    click.echo(markdown(residual_rows()))


if __name__ == "__main__":
    main()
