"""Coverage of the error of the position of Tc's maximum, on campaigns whose curves are known.

python benchmarks/domes.py peaks --campaigns 300    # errors of the maximum, by kind of curve
python benchmarks/domes.py fits --trials 100        # whether the test of the fit detects bad data
python benchmarks/domes.py search --searches 100    # whole searches on a campaign without a kernel
python benchmarks/domes.py search --searches 16 --axes lambda,U --tolerance U=0.5
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
from sampling import markdown

sys.path.insert(0, str(Path(__file__).parents[1]))

from hpcbip.driver.search import loop
from hpcbip.driver.search.goal import SearchGoal
from hpcbip.statistics.smooth import smooth
from hpcbip.superconductivity.peaks import find_peak
from tests.driver import fake_model
from tests.superconductivity.curves import LIMITS, TRUTHS, Truth, scans

FLAT = Truth(
    "lambda",
    tuple(np.linspace(0.3, 1.2, 7)),
    lambda x: 0.3 + 3.6 * np.maximum(x - 0.5, 0.0) ** 2,
    lambda x: 2.4 * (0.82 - x),
)
"""A curve whose ln Tc is flat just before R² = 1 and falls after it."""
CONFIG = Path(__file__).parents[1] / "configs" / "peak-search.yaml"


@click.group(help=__doc__)
def main() -> None:
    """Choose a table."""


@main.command()
@click.option("--campaigns", default=300, show_default=True)
@click.option(
    "--skew", default=0.0, show_default=True, help="of the blocks of R²; at production points 1 to 2"
)
def peaks(campaigns: int, skew: float) -> None:
    """Measure coverage and bias of position and height: seven points (six along U), Tc to 2 to 3 %; where
    binding limits it Δ/Ω to 0.02."""
    rows = []
    for name, truth in (TRUTHS | {"kink, flat before it": FLAT} | LIMITS).items():
        position, log_height = truth.maximum
        pulls, limited, undecided, bad = np.empty((campaigns, 2)), 0, 0, 0
        for i in range(campaigns):
            peak = find_peak(scans(*truth.campaign([i, 17], skew=skew), (truth.axis,))[0])
            pulls[i, 0] = (peak.position - position) / peak.position_err
            pulls[i, 1] = (peak.height - math.exp(log_height)) / peak.height_err
            limited, undecided = limited + (peak.kind == "binding"), undecided + peak.open
            bad += "peak_not_smooth" in peak.flag_codes
        held, bias = 100.0 * (np.abs(pulls) < 1.0).mean(axis=0), pulls.mean(axis=0)
        row = {"maximum": name, "position": f"{held[0]:.0f} %", "height": f"{held[1]:.0f} %"}
        row |= {"bias of position, in errors": f"{bias[0]:.2f}", "of height": f"{bias[1]:.2f}"}
        counts = {"limited by binding": limited, "open": undecided, "not smooth": bad}
        rows.append(row | {key: f"{100.0 * count / campaigns:.0f} %" for key, count in counts.items()})
    click.echo(markdown(rows))


@main.command()
@click.option("--trials", default=100, show_default=True)
def fits(trials: int) -> None:
    """Count how often p < 0.001: good data, one point off by ten errors, errors five times too small."""
    noise, rows = 0.01, []
    for n in (7, 9, 14, 20, 30):
        random, seen = np.random.default_rng([n, 1]), np.zeros(3)
        for _ in range(trials):
            x = np.linspace(0.3, 1.2, n)
            y = 0.05 + 0.5 * x + 0.95 * x * x + noise * random.standard_normal(n)
            wrong = y.copy()
            wrong[n // 2] += 10.0 * noise
            cases = (y, noise), (wrong, noise), (y, noise / 5.0)
            seen += [smooth(x, values, np.full(n, error**2)).p_value < 1e-3 for values, error in cases]
        share = [f"{100.0 * part:.0f} %" for part in seen / trials]
        rows.append({"points": n, "good": share[0], "one wrong": share[1], "errors too small": share[2]})
    click.echo(markdown(rows))


@main.command(name="search")
@click.option("--searches", default=100, show_default=True)
@click.option("--axes", default="lambda", show_default=True)
@click.option("--tolerance", multiple=True, help="axis=value; height=value")
def searches(searches: int, axes: str, tolerance: tuple[str, ...]) -> None:
    """Searches from λ = 0.3 on a campaign without a kernel (tests/driver/fake_model.py)."""
    wanted = {word.split("=")[0]: float(word.split("=")[1]) for word in tolerance}
    goal, pulls, points, ended = SearchGoal.of(tuple(axes.split(",")), tolerance=wanted), [], [], 0
    truth = _maximum(len(goal.axes))
    loop.read_results = fake_model.read_results  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(searches):
            config, directory = Path(folder) / f"{seed}.yaml", Path(folder) / str(seed)
            config.write_text(
                CONFIG.read_text(encoding="utf-8").replace("seed: 2023", f"seed: {seed}"), "utf-8"
            )
            said: list[str] = []
            loop.search(config, directory, goal, 10.0, 4, said.append, fake_model.runner)
            ended += said[-1] == "pinned down"
            last = _last_step(directory)
            found = [*last["position"], last["height"]], [*last["position_err"], last["height_err"]]
            pulls.append([(value - true) / error for value, error, true in zip(*found, truth, strict=True)])
            points.append(len(fake_model.read_results(directory).records))
    rows = []
    for k, name in enumerate((*goal.axes, "height")):
        pull = np.abs([pull[k] for pull in pulls])
        held = f"{100.0 * (pull < 1.0).mean():.0f} %"
        rows.append({"": name, "within one error": held, "largest, in errors": f"{pull.max():.1f}"})
    click.echo(f"{searches} searches, {ended} pinned down, {np.mean(points):.1f} points on average\n")
    click.echo(markdown(rows))


def _maximum(axes: int) -> list[float]:
    """Compute the position and height of the fake model's maximum on these axes."""
    lam = np.linspace(0.3, 1.2, 1801)
    u = np.linspace(0.0, 16.0, 321) if axes == 2 else np.array([8.0])
    heights = np.array([[fake_model.log_height(x, y) for y in u] for x in lam])
    i, j = np.unravel_index(heights.argmax(), heights.shape)
    return [float(lam[i]), *([float(u[j])] if axes == 2 else []), math.exp(heights[i, j])]


def _last_step(directory: Path) -> dict:
    return json.loads((directory / "search.json").read_text(encoding="utf-8"))["steps"][-1]


if __name__ == "__main__":
    main()
