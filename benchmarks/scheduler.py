"""How busy the scheduler keeps 10 to 100,000 ranks: an event simulation with the real `Scheduler`.

    python benchmarks/scheduler.py [--figure docs/measured/scheduler.png]

A campaign of 200 points (400 ensembles) whose need of bins is lognormal (from the easiest to the hardest a
factor of several hundred), whose blocks take lognormal times around a lognormal mean of their own. The errors
at a goal follow 1/√bins with a noise that depends on the ensemble and the goal alone. A message costs the
master a fixed time, one after the other, and errors are worked out by one thread beside it.

Efficiency = seconds of the blocks that count / (ranks × wall time). What counts is the same for any number of
ranks, so this is the speed-up over one rank by the number of ranks; blocks begun in vain, waiting, and the
tail are the loss.

`--scale 25` is a model of the same shape that takes a twenty-fifth of the time: points, blocks and ranks are
divided by it, the seconds of a message and of an evaluation multiplied; printed is what it is a model of.
"""

from __future__ import annotations

import heapq
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from hpcbip.campaign.plan import SampleSize
from hpcbip.driver.scheduler import Scheduler
from hpcbip.driver.stopping_rule import StoppingRule

MESSAGE = 2e-4
"""Seconds of the master per request."""


@dataclass(frozen=True)
class Campaign:
    """A made-up campaign: blocks of bins that each ensemble needs, and the mean seconds of a block there."""

    rule: StoppingRule
    need: dict[str, float]
    seconds: dict[str, float]

    @classmethod
    def draw(cls, rule: StoppingRule, points: int, blocks: float, seconds: float, seed: int) -> Campaign:
        """`blocks` in all, `seconds` each in the mean; spread of the need e^±1.2, of the times e^±0.3."""
        chance = np.random.default_rng(seed)
        names = [f"{k:04d}" for k in range(2 * points)]
        need = np.exp(1.2 * chance.normal(size=len(names)))
        length = np.exp(0.3 * chance.normal(size=len(names)))
        need *= blocks / need.sum()
        length *= seconds / np.average(length, weights=need)
        return cls(rule, dict(zip(names, need, strict=True)), dict(zip(names, length, strict=True)))

    def ratio(self, identity: str, at: SampleSize) -> float:
        """Draw error over target; its own error is that of a spread estimated from a hundred bins."""
        noise = random.Random(f"{identity} {at.total}").gauss(0.0, 0.05)
        return math.sqrt(self.need[identity] / at.total) * (1.0 + noise)


@dataclass(frozen=True)
class Outcome:
    """What a simulated run took, in seconds of its clock."""

    wall: float
    useful: float
    blocks: int
    requests: int
    surplus: int
    first_idle: float
    overshoot: float


def simulate(campaign: Campaign, ranks: int, message: float, evaluation: float, seed: int = 1) -> Outcome:
    """One run.

    Args:
        campaign: what is to be done.
        ranks: workers.
        message: seconds of the master's time per request.
        evaluation: seconds of its second thread per 10,000 blocks of bins looked at, at least 0.01 each.
        seed: of the times of the blocks.
    """
    chance = random.Random(seed)
    scheduler = Scheduler(campaign.need, campaign.rule, {}, campaign.need, {})
    spent: dict[str, list[list[float]]] = {name: [] for name in campaign.need}
    events: list[tuple[float, int, str, object]] = []
    idle = list(range(ranks))
    last: dict[int, tuple[str, int]] = {}
    order = blocks = requests = 0
    served = round(ranks * message / MESSAGE)  # a slower master hands out more blocks together
    clock = master = thread = 0.0
    first_idle = math.inf
    while not scheduler.finished:
        for identity, goal in scheduler.take_due():
            thread = max(thread, clock) + max(0.01, evaluation * goal.total / 10_000)
            order += 1
            heapq.heappush(events, (thread, order, "evaluated", (identity, goal)))
        while idle and (task := scheduler.next_task(last.get(idle[-1]), workers=served)):
            rank = idle.pop()
            last[rank] = task.identity, task.chain
            mean = campaign.seconds[task.identity]
            times = [mean * chance.lognormvariate(-0.045, 0.3) for _ in range(task.blocks)]
            master = max(master, clock) + message
            requests += 1
            order += 1
            heapq.heappush(events, (master + sum(times), order, "done", (rank, task, times)))
        if idle and blocks:
            first_idle = min(first_idle, clock)
        clock, _, kind, what = heapq.heappop(events)
        if kind == "evaluated":
            identity, goal = what  # type: ignore[misc]
            scheduler.record_ratio(identity, campaign.ratio(identity, goal))
        else:
            rank, task, times = what  # type: ignore[misc]
            blocks += task.blocks
            idle.append(rank)
            chains = spent[task.identity]
            chains.extend([] for _ in range(task.chain + 1 - len(chains)))
            chains[task.chain] += times
            scheduler.complete(task, sum(times))
    useful, counted, thermal = 0.0, 0, campaign.rule.thermal_blocks
    for name, e in scheduler.ensembles.items():
        for chain in spent[name][: e.goal.chains]:
            counts = chain[: thermal + e.goal.blocks]
            useful += sum(counts)
            counted += len(counts)
    bins = sum(e.goal.total for e in scheduler.ensembles.values())
    return Outcome(
        clock, useful, blocks, requests, blocks - counted, first_idle, bins / sum(campaign.need.values())
    )


@click.command(help=__doc__)
@click.option("--blocks", default=6e6, show_default=True, help="Blocks of bins that the campaign needs.")
@click.option("--ranks", default="10,100,1000,10000,100000", show_default=True)
@click.option("--chains", default="64,2048", show_default=True, help="Least and most per ensemble.")
@click.option("--scale", default=1, show_default=True, help="Simulate a model of this part of it.")
@click.option("--points", default=200, show_default=True)
@click.option("--seconds", default=10.0, show_default=True, help="Mean seconds of a block.")
@click.option("--lengths", default="4,8,4000", show_default=True, help="Thermal, least and most blocks.")
@click.option("--message", default=MESSAGE, show_default=True, help="Seconds of the master per request.")
@click.option(
    "--evaluation", default=0.56, show_default=True, help="Seconds per 10,000 blocks of bins looked at."
)
@click.option("--figure", type=click.Path(path_type=Path))
def main(
    blocks: float,
    ranks: str,
    chains: str,
    lengths: str,
    scale: int,
    points: int,
    seconds: float,
    message: float,
    evaluation: float,
    figure: Path | None,
) -> None:
    """Simulate and print the table."""
    from sampling import markdown  # here, for the tests import the simulation

    least, most = map(int, chains.split(","))
    thermal, first, last = map(int, lengths.split(","))
    rule = StoppingRule(least, thermal, first, last, most)
    campaign = Campaign.draw(rule, points // scale, blocks / scale, seconds, 7)
    rows = []
    for number in map(int, ranks.split(",")):
        started = time.perf_counter()
        o = simulate(campaign, number // scale, message * scale, evaluation * scale)
        rows.append(
            {
                "ranks": number,
                "blocks": o.blocks * scale,
                "blocks per rank": o.blocks / (number // scale),
                "blocks per request": o.blocks / o.requests,
                "hours": o.wall / 3600,
                "efficiency": o.useful / (number // scale * o.wall),
                "in vain": o.surplus / o.blocks,
                "first idle rank after": o.first_idle / o.wall,
                "bins over need": o.overshoot,
                "µs of the scheduler per block": 1e6 * (time.perf_counter() - started) / o.blocks,
            }
        )
        click.echo(f"{number} ranks: efficiency {rows[-1]['efficiency']:.4f}", err=True)
    rows.sort(key=lambda row: row["ranks"])
    click.echo(markdown(rows))
    if figure:
        draw(rows, figure)


def draw(rows: list[dict[str, float]], path: Path) -> None:
    """Efficiency against ranks."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    axes.semilogx(
        [r["ranks"] for r in rows], [r["efficiency"] for r in rows], "o-", label="blocks that count"
    )
    axes.semilogx(
        [r["ranks"] for r in rows],
        [r["efficiency"] / (1.0 - r["in vain"]) for r in rows],
        "s--",
        mfc="none",
        label="all blocks",
    )
    for row in rows:
        axes.annotate(
            f"{row['blocks per rank']:.3g}",
            (row["ranks"], row["efficiency"]),
            (0, -14),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set(xlabel="ranks", ylabel="parallel efficiency", ylim=(0.0, 1.05), title="numbers: blocks per rank")
    axes.axhline(1.0, color="0.8", lw=0.8)
    axes.legend()
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
