"""What the sampler forgets last: autocorrelation times, the slowest mode, and what hides behind noise.

    python benchmarks/modes.py --seconds 60 --out docs/measured

Square lattice, bond coupling, U = 8 t, bipolaron; one Markov chain per point on one core. Writes modes.md:

- integrated autocorrelation times, in CPU seconds, of averages over the window and of (r1 - r2)² at one time
  of the path;
- the slowest mode: the combination of the columns of a bin row whose autocorrelation at a lag is largest
  (the generalised eigenproblem C(lag) v = λ C(0) v), its time -lag/ln λ, and its correlations with columns;
- the rate of the displacement |R̄(τ') - R̄(τ)|² between positions averaged over a time: the average takes out
  the motion of the electrons within the cloud, and leaves what moves the cloud.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from sampling import markdown, point
from scipy.linalg import eigh

from hpcbip.qmc import Chain, Ensemble, columns, warm_up
from hpcbip.qmc.kernel.path import FIRST, HEAD, coordinate
from hpcbip.statistics import gamma_method

Array = NDArray[np.float64]

POINTS = ((1.0, 0.5, 40), (1.0, 0.85, 30), (0.3, 0.5, 80), (0.3, 0.9, 40), (0.2, 0.6, 60), (0.2, 1.2, 120))
"""Ω/t, λ and β t."""
CELLS = 240  # of the window, over which positions are averaged
UPDATES = 20_000  # between two looks at the path, or the interval of the measurements
SMOOTHING = 10  # cells of a smoothed position
FIRST_LAG = 40  # cells: where the slope of the displacement begins, as that of `diffusion` does
LAG = 0.01  # CPU seconds between the states whose correlation is looked at
LEFT_OUT = ("accept", "dispersion", "displacement")  # columns: many, noisy, and combinations of others
PLACES = (0.2, 0.5, 0.8)  # of single times in the path, over β
NAMED = 5  # columns named beside the slowest mode


def trajectory(path: NDArray[Any], ensemble: Ensemble, times: Array) -> tuple[Array, Array]:
    """Return the integral of the electrons' centre from time 0 to these times, shape (T, d), and the squared
    distance of the electrons at them, shape (T,)."""
    events = path[FIRST:]
    order = np.argsort(events["time"])
    dimension, par = ensemble.lattice.dimension, ensemble.parameters
    steps = np.zeros((2, len(order) + 1, dimension))
    moves = par["vectors"][events["direction"][order].astype(int), :dimension] / par["resolution"]
    apart = int(path["rel"][HEAD + 1])  # the second electron begins there
    steps[1, 0] = [-coordinate(par, apart, a) for a in range(dimension)]
    for electron in range(2):
        own = events["electron"][order] == electron
        steps[electron, 1:][own] = moves[own]
    places = np.cumsum(steps, axis=1)
    starts = np.concatenate([[0.0], events["time"][order]])
    centre = places.mean(axis=0)
    areas = np.cumsum(centre[:-1] * np.diff(starts)[:, None], axis=0)
    areas = np.concatenate([np.zeros((1, centre.shape[1])), areas])
    now = np.searchsorted(starts, times, side="right") - 1
    distance2 = ((places[0] - places[1])[now] ** 2).sum(axis=1)
    return areas[now] + centre[now] * (times - starts[now])[:, None], distance2


def rate(centres: Array, smoothing: int, spacing: float) -> Array:
    """Return per sample the slope of the displacement of positions averaged over so many cells, shape (n,).

    Args:
        centres: averages over cells, shape (n, cells, d).
        smoothing: cells.
        spacing: length of a cell.
    """
    sums = np.cumsum(np.concatenate([np.zeros_like(centres[:, :1]), centres], axis=1), axis=1)
    smooth = (sums[:, smoothing:] - sums[:, :-smoothing]) / smoothing
    last = smooth.shape[1] - 1

    def at(lag: int) -> Array:
        return ((smooth[:, lag:] - smooth[:, : smooth.shape[1] - lag]) ** 2).sum(axis=2).mean(axis=1)

    return (at(last) - at(FIRST_LAG)) / ((last - FIRST_LAG) * spacing)


def slowest_mode(rows: Array, names: list[str], lag: int) -> tuple[float, list[tuple[str, float]]]:
    """Return the eigenvalue of the slowest combination of columns, and its correlations with the columns,
    the strongest first."""
    kept = [
        k
        for k, name in enumerate(names)
        if not name.startswith(LEFT_OUT) and np.ptp(rows[:, k]) > 1e-12 * np.abs(rows[:, k]).max()
    ]
    table = rows[:, kept] - rows[:, kept].mean(axis=0)
    table /= table.std(axis=0)
    here = table.T @ table / len(table) + 1e-6 * np.eye(len(kept))  # columns may depend on each other
    later = table[:-lag].T @ table[lag:] / (len(table) - lag)
    values, vectors = eigh((later + later.T) / 2.0, here)
    mode = table @ vectors[:, -1]
    found = [(names[k], float(np.corrcoef(mode, table[:, i])[0, 1])) for i, k in enumerate(kept)]
    found.sort(key=lambda entry: -abs(entry[1]))
    turned = np.sign(found[0][1])
    return float(values[-1]), [(name, turned * number) for name, number in found[:NAMED]]


def analyse(omega: float, lam: float, beta: float, seconds: float) -> tuple[dict[str, Any], ...]:
    """Sample one point; returns its rows of the three tables."""
    ensemble = point("square", "bond", omega, lam, 8.0, beta=beta)
    warm_up([ensemble])
    chain = Chain.start(ensemble, np.random.SeedSequence(1).generate_state(4, np.uint64))
    started = time.process_time()
    while time.process_time() - started < seconds / 5:
        chain.thermalise(50 * ensemble.interval)
    low, high = ensemble.window
    grid = np.linspace(low, high, CELLS + 1)
    times = np.concatenate([grid, beta * np.array(PLACES)])
    rows, cells, single, cpu = [], [], [], 0.0
    updates = max(UPDATES, ensemble.interval)
    while cpu < seconds:
        started = time.process_time()
        rows.append(chain.run_block(1, updates))
        cpu += time.process_time() - started
        areas, distance2 = trajectory(chain.to_arrays()["path"], ensemble, times)
        cells.append(np.diff(areas[: CELLS + 1], axis=0) * (CELLS / (high - low)))
        single.append(distance2[CELLS + 1 :])
    table, names = np.vstack(rows), columns(ensemble)
    step = cpu / len(table)
    key = {"Ω/t": omega, "λ": lam, "β": beta}
    averages = ("diffusion", "pair_distance2", "phonons", "energy")
    series = np.column_stack([table[:, [names.index(name) for name in averages]], np.array(single)])
    tau = gamma_method([series]).tau * step
    headings = ("displacement", "(r1-r2)²", "phonons", "E", *(f"(r1-r2)² at {x:g} β" for x in PLACES))
    first = {**key, "ns per update": 1e9 * step / updates}
    first |= dict(zip(headings, map(float, tau), strict=True))
    value, found = slowest_mode(table, names, max(1, round(LAG / step)))
    second = {**key, "time": -LAG / np.log(value) if value > 0.0 else 0.0}
    second["time"] = float(second["time"])
    second["correlations"] = ", ".join(f"{name} {number:.2f}" for name, number in found)
    spacing = (high - low) / CELLS
    centres = np.array(cells)
    rates = np.column_stack([rate(centres, smoothing, spacing) for smoothing in (1, SMOOTHING)])
    result = gamma_method([rates])
    third: dict[str, Any] = dict(key)
    for k, words in enumerate(("single times", f"averages over {SMOOTHING * spacing:.3g}/t")):
        short = words.split()[0]
        third[f"{short}: m*/m0"] = 2.0 / float(result.mean[k])
        third[f"{short}: error, %"] = 100.0 * float(result.error[k] / result.mean[k])
        third[f"{short}: τ"] = float(result.tau[k]) * step
    return first, second, third


TITLE = """# What the sampler forgets last

Made by `python benchmarks/modes.py --seconds {seconds:g}`: square lattice, bond coupling, U = 8 t, one core.
All times are CPU seconds.

"""
TEXTS = (
    "Integrated autocorrelation times of averages over the window, and of (r1 - r2)² at one time of the "
    "path:\n\n",
    "The slowest mode at a lag of 0.01 s, and its correlations with the columns of a bin row:\n\n",
    "The slope of the displacement between positions at single times, and between averages of the position\n"
    "over a twenty-fourth of the window:\n\n",
)


@click.command(help=__doc__)
@click.option("--seconds", default=60.0, show_default=True, help="CPU seconds per point.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default="docs/measured",
    show_default=True,
)
def main(seconds: float, out: Path) -> None:
    """Sample the points, write the tables."""
    tables: tuple[list[dict[str, Any]], ...] = ([], [], [])
    for omega, lam, beta in POINTS:
        for rows, row in zip(tables, analyse(omega, lam, beta, seconds), strict=True):
            rows.append(row)
            click.echo(row)
    parts = [text + markdown(rows) for text, rows in zip(TEXTS, tables, strict=True)]
    (out / "modes.md").write_text(TITLE.format(seconds=seconds) + "\n".join(parts))


if __name__ == "__main__":
    main()
