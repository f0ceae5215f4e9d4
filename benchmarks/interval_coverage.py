"""Coverage of the errors of short runs at a production point, measured against long chains.

    python benchmarks/interval_coverage.py --minutes 10     # square, bond, t/Ω = 1, λ = 0.75, U = 8, β = 100
    python benchmarks/interval_coverage.py --minutes 10 --coupling 0.78 --beta 60

Long chains are cut into pieces; sets of pieces are analysed as the runs of a campaign would be, and compared
with the mean of everything. One process per core. `--thermalise` bins of every chain are left out, and how
the pair's size gets there from the first bin on is printed as well.
"""

from __future__ import annotations

import multiprocessing
import time

import click
import numpy as np
from sampling import markdown, point
from scipy.stats import skew

from hpcbip.qmc import Chain, columns, warm_up
from hpcbip.statistics import jackknife, summarise
from hpcbip.statistics.notation import with_error
from hpcbip.superconductivity import radius2, transition_temperature

UPDATES = 200_000  # per bin, as in configs/quickstart.yaml
SETS = ((2, 48), (8, 48), (2, 100), (8, 100), (2, 200), (8, 200), (2, 400), (2, 800))
QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99, 1.0)
QUANTITIES = ("energy", "diffusion", "pair_distance2")


def chains(omega: float, lam: float, beta: float, seconds: float, number: int, seed: int) -> np.ndarray:
    """Sample `QUANTITIES` from the first bin on, shape (chains, bins, 3), as long as time allows."""
    ensemble = point("square", "bond", omega, lam, U=8.0, beta=beta)
    where = [columns(ensemble).index(name) for name in QUANTITIES]
    words = np.random.SeedSequence(seed).generate_state(4 * number, np.uint64).reshape(number, 4)
    running = [Chain.start(ensemble, each) for each in words]
    rows: list[list[np.ndarray]] = [[] for _ in words]
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        for chain, kept in zip(running, rows, strict=True):
            kept.append(chain.run_block(16, UPDATES)[:, where])
    return np.array([np.concatenate(kept) for kept in rows])


@click.command(help=__doc__)
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--omega", default=1.0, show_default=True)
@click.option("--coupling", "lam", default=0.75, show_default=True, help="λ")
@click.option("--beta", default=100.0, show_default=True)
@click.option("--thermalise", default=96, show_default=True)
@click.option("--cores", default=2, show_default=True)
@click.option("--chains", "number", default=4, show_default=True, help="per core")
def main(
    minutes: float, omega: float, lam: float, beta: float, thermalise: int, cores: int, number: int
) -> None:
    """Sample chains, cut them, compare the pieces with the whole, print."""
    warm_up()
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        parts = pool.starmap(
            chains, [(omega, lam, beta, 60.0 * minutes, number, seed) for seed in range(cores)]
        )
    bins = min(part.shape[1] for part in parts)
    rows = np.concatenate([part[:, :bins] for part in parts])
    size = rows[:, :, 2].mean(axis=0)
    ends = [0, 2, 4, 8, 16, 32, 64, 128]
    text = ", ".join(f"{a}..{b}: {size[a:b].mean():.3g}" for a, b in zip(ends[:-1], ends[1:], strict=True))
    click.echo(f"{len(rows)} chains of {bins} bins. pair_distance2 in bins {text}\n")
    rest = rows[:, thermalise:]
    whole = summarise(list(rest))
    table = []
    for i, name in enumerate(QUANTITIES):
        tau = f"tau {whole.tau[i]:.2f} +- {whole.tau_error[i]:.2f} bins"
        click.echo(f"{name}: {whole.mean[i]:.5g} +- {whole.error[i]:.2g}, {tau}")
    _say_transition(rest, omega)
    sizes = rest[:, :, 2].ravel()
    parts = ", ".join(
        f"{q:g}: {value:.3g}" for q, value in zip(QUANTILES, np.quantile(sizes, QUANTILES), strict=True)
    )
    click.echo(f"bins of pair_distance2: skewness {skew(sizes):.2f}, quantiles {parts}")
    for count, length in SETS:
        sets, together, converged, one, two = _held(rest, whole.mean, count, length)
        if sets < 20:
            continue
        for i, name in enumerate(QUANTITIES):
            table.append(
                {
                    "run": f"{count} x {length} bins",
                    "sets": sets,
                    "quantity": name,
                    "converged": f"{100 * converged[i]:.0f} %",
                    "within one error": f"{100 * one[i]:.0f} %",
                    "within two": f"{100 * two[i]:.0f} %",
                    "correlation of value and error": f"{together[i]:.2f}",
                }
            )
    if table:
        click.echo("\n" + markdown(table))


def _say_transition(rows: np.ndarray, omega: float) -> None:
    """Compute m*/m0, R², and Tc/Ω on its two branches and as their minimum."""
    labels = ("m*/m0", "R2", "C/m*", "C/(m* R2)", "Tc/omega")

    def observables(means: np.ndarray) -> np.ndarray:
        mass, size = 2.0 / means[..., 1], radius2(means[..., 2])
        saturated = transition_temperature(mass, 1.0, 2) / omega
        branches = (saturated, saturated / size, transition_temperature(mass, size, 2) / omega)
        return np.stack([mass, size, *branches], axis=-1)

    result = jackknife(observables, list(rows))
    errors = summarise(result.pseudo[0]).error
    told = (f"{name} {with_error(x, dx)}" for name, x, dx in zip(labels, result.value, errors, strict=True))
    click.echo(", ".join(told))


def _held(rows: np.ndarray, truth: np.ndarray, count: int, length: int) -> tuple[int, np.ndarray, ...]:
    """Analyse sets of `count` pieces of chains as the runs of a campaign.

    Returns:
        the number of sets, and by quantity the correlation of value and error, the share of converged sets,
        and the shares within one and two errors.
    """
    pieces = [chain[at : at + length] for chain in rows for at in range(0, len(chain) - length + 1, length)]
    np.random.default_rng(1).shuffle(pieces)
    found = [summarise(pieces[at : at + count]) for at in range(0, len(pieces) - count + 1, count)]
    if not found:
        return 0, truth, truth, truth, truth
    pulls = np.abs([(s.mean - truth) / s.error for s in found])
    converged = np.mean([s.verdict == 0 for s in found], axis=0)
    values, errors = np.array([s.mean for s in found]), np.array([s.error for s in found])
    together = np.array([np.corrcoef(x, dx)[0, 1] for x, dx in zip(values.T, errors.T, strict=True)])
    return len(found), together, converged, (pulls < 1.0).mean(axis=0), (pulls < 2.0).mean(axis=0)


if __name__ == "__main__":
    main()
