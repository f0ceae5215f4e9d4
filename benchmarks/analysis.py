"""Cost of the analysis of one ensemble: CPU milliseconds of jackknife, summary and fit.

    python benchmarks/analysis.py [--chains 8] [--bins 1000] [--tau 0.5,2,10]
    python benchmarks/analysis.py --means 16 --tau 0.5,1,2,5    # accuracy of errors from means of 16 bins

Made-up bins: autoregressive chains of 25 columns with the given integrated autocorrelation times (in bins),
and 25 observables of them, among them ratios, as the reduction of a campaign has them. The projected minutes
are those of a campaign of 10,000 points with two ensembles each on two cores. `--profile` prints a
profile.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable

import click
import numpy as np
from sampling import markdown
from scipy.signal import lfilter

from hpcbip.statistics import fit_line_past_transient, jackknife, summarise

COLUMNS = 25
LAGS = 12


def chains(tau: float, number: int, length: int, seed: int = 1) -> list[np.ndarray]:
    """Make chains of shape (length, COLUMNS) with mean 5 and unit variance."""
    a = (2.0 * tau - 1.0) / (2.0 * tau + 1.0)
    noise = np.random.default_rng(seed).normal(size=(number, length + 200, COLUMNS))
    return list(5.0 + np.sqrt(1.0 - a * a) * lfilter([1.0], [1.0, -a], noise, axis=1)[:, 200:])


def observables(means: np.ndarray) -> np.ndarray:
    """Compute 25 functions of 25 means: means, inverses and ratios, a slope of twelve, logarithms."""
    first = [means[..., k] for k in range(8)]
    slope = means[..., 8:20] @ np.linspace(-1.0, 1.2, LAGS)
    decay = np.log(means[..., 20:23] / means[..., 21:24])
    derived = [
        2.0 / first[1],
        2.0 / slope,
        first[2] / 4.0,
        first[1] / np.maximum(first[2], 1.0),
        first[3] * 11.6,
    ]
    columns = np.stack([*first, *derived, 1.0 / first[1] - 1.0 / slope], axis=-1)
    return np.concatenate([columns, decay, 0.1 / decay[..., :1], means[..., 17:]], axis=-1)


def fit(data: list[np.ndarray]) -> None:
    """Fit a line to twelve correlated points."""
    rows = np.concatenate(data)[:, :LAGS]
    x = np.arange(1.0, LAGS + 1.0)
    fit_line_past_transient(x, x + rows.mean(axis=0), np.cov(rows.T) / len(rows), len(rows))


def milliseconds(function: Callable[[], object], seconds: float) -> float:
    """Measure the CPU milliseconds of a call: the least of many, because other work only adds to them."""
    least, begun = np.inf, time.process_time()
    while (started := time.process_time()) < begun + seconds:
        function()
        least = min(least, time.process_time() - started)
    return 1e3 * least


def worth(tau: float, number: int, length: int, size: int, sets: int = 20) -> dict[str, object]:
    """Compare errors of the mean, from bins and from means of `size` bins, with the true error.

    The table also says how often the mean lies within its error.
    """
    within, ratios = [], {"bins": [], "means": []}
    exact = np.sqrt(2.0 * tau / (number * length))
    for seed in range(sets):
        data = chains(tau, number, length, seed)
        means = [chain[length % size :].reshape(-1, size, COLUMNS).mean(axis=1) for chain in data]
        for name, rows in (("bins", data), ("means", means)):
            found = summarise(rows)
            ratios[name].append(found.error / exact)
        within.append(np.abs(found.mean - 5.0) < found.error)
    shown = {name: f"{np.mean(x):.3f} ± {np.std(x):.3f}" for name, x in ratios.items()}
    return {
        "τ (bins)": tau,
        "series": sets * COLUMNS,
        **shown,
        "within one error, means (%)": 100.0 * np.mean(within),
    }


@click.command(help=__doc__)
@click.option("--chains", "number", type=click.IntRange(1), default=8, show_default=True)
@click.option("--bins", type=click.IntRange(16), default=1000, show_default=True, help="Per chain.")
@click.option("--tau", default="0.5,2,10", show_default=True, help="Autocorrelation times, in bins.")
@click.option("--seconds", default=2.0, show_default=True, help="CPU seconds per figure.")
@click.option("--means", "size", type=click.IntRange(2), help="Bins per mean.")
@click.option("--profile", is_flag=True, help="Print the profile of 200 analyses at the first tau.")
def main(number: int, bins: int, tau: str, seconds: float, size: int | None, profile: bool) -> None:
    """Measure and print the table."""
    if size is not None:
        click.echo(markdown([worth(float(time_), number, bins, size) for time_ in tau.split(",")]))
        return
    np.empty(2**21).fill(
        0.0
    )  # from then on the allocator keeps what is freed, as in a process that has read bins
    rows = []
    for time_ in map(float, tau.split(",")):
        data = chains(time_, number, bins)
        pseudo = jackknife(observables, data).pseudo[0]
        row: dict[str, object] = {
            "τ (bins)": time_,
            "chains": number,
            "bins": bins,
            "observables": pseudo[0].shape[1],
        }
        parts = {
            "jackknife (ms)": milliseconds(lambda data=data: jackknife(observables, data), seconds),
            "summary (ms)": milliseconds(lambda pseudo=pseudo: summarise(pseudo), seconds),
            "fit (ms)": milliseconds(lambda data=data: fit(data), seconds),
        }
        both = milliseconds(lambda data=data: summarise(jackknife(observables, data).pseudo[0]), seconds)
        minutes = 20_000 / 2 * (both + parts["fit (ms)"]) / 6e4
        rows.append(row | parts | {"jackknife and summary (ms)": both, "minutes for 10,000 points": minutes})
    click.echo(markdown(rows))
    if profile:
        data = chains(float(tau.split(",")[0]), number, bins)
        with cProfile.Profile() as watch:
            for _ in range(200):
                summarise(jackknife(observables, data).pseudo[0])
        pstats.Stats(watch).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
