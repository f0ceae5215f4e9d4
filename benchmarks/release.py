"""The fixed list of points of every release: speed now against the stored figures of the last release.

    python benchmarks/release.py --seconds 40 [--store]

Prints updates/s, integrated autocorrelation times in CPU seconds and error × √(CPU seconds) of E, m* and
⟨(r1-r2)²⟩, with their ratios to the stored figures (below one is better), and writes
docs/measured/benchmark.md and docs/measured/benchmark.png. `--store` makes the new figures the stored ones
(benchmarks/figures.json). Timings are those of one core of the machine at hand: compare on the same one. The
surest way is a paired run: both releases at the same time with `--store`, each from its own clone and on its
own core (`taskset -c 0`), then here

    python benchmarks/release.py --before OLD/benchmarks/figures.json --now NEW/benchmarks/figures.json
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import click
import matplotlib
import numpy as np
from sampling import benchmark, markdown, point

from hpcbip.version import __version__

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import NullFormatter

FIGURES = Path(__file__).with_name("figures.json")

# name: lattice, coupling, omega, lambda, U, V, sector
POINTS: dict[str, tuple[str, str, float, float, float, float, str]] = {
    "square bond Ω=1.0 λ=0.5 U=8": ("square", "bond", 1.0, 0.5, 8.0, 0.0, "bipolaron"),
    "square bond Ω=0.5 λ=0.5 U=8": ("square", "bond", 0.5, 0.5, 8.0, 0.0, "bipolaron"),
    "square bond Ω=0.3 λ=0.5 U=8": ("square", "bond", 0.3, 0.5, 8.0, 0.0, "bipolaron"),
    "square bond Ω=0.3 λ=0.5 polaron": ("square", "bond", 0.3, 0.5, 0.0, 0.0, "polaron"),
    "square holstein Ω=0.5 λ=0.25 U=0": ("square", "holstein", 0.5, 0.25, 0.0, 0.0, "bipolaron"),
    "triangular bond Ω=0.5 λ=0.4 U=6": ("triangular", "bond", 0.5, 0.4, 6.0, 0.0, "bipolaron"),
    "cubic bond Ω=1.0 λ=0.93 U=8 V=0.8": ("cubic", "bond", 1.0, 2.8 / 3, 8.0, 0.8, "bipolaron"),
}
GOALS = {  # what a careful compiled program reaches: E, m*/m0, <(r1-r2)^2>
    "square bond Ω=1.0 λ=0.5 U=8": (0.028, 0.075, 7.8),
    "square bond Ω=0.5 λ=0.5 U=8": (0.027, 0.36, 3.0),
    "square bond Ω=0.3 λ=0.5 U=8": (0.026, 1.6, 1.1),
}


@click.command(help=__doc__)
@click.option("--seconds", default=40.0, show_default=True, help="CPU seconds per point.")
@click.option("--seeds", default=1, show_default=True, help="Chains per point, one after the other.")
@click.option(
    "--before",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    default=FIGURES,
    help="Figures to compare with; default: the stored ones.",
)
@click.option(
    "--now",
    "done",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Figures of a run with --store, instead of a run.",
)
@click.option("--store", is_flag=True, help="Make these the stored figures.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default="docs/measured",
    show_default=True,
)
def main(seconds: float, seeds: int, before: Path, done: Path | None, store: bool, out: Path) -> None:
    """Run the list, compare, write table and plot."""
    stored = json.loads(before.read_text()) if before.exists() else {"version": "none", "points": {}}
    if done is None:
        now = {"version": __version__, "made": f"--seconds {seconds:g} --seeds {seeds}", "points": {}}
    else:
        now = json.loads(done.read_text())
    rows = []
    for name, (lattice, coupling, omega, lam, U, V, sector) in POINTS.items():
        if done is None:
            ensemble = point(lattice, coupling, omega, lam, U, V, sector)
            runs = [benchmark(ensemble, seconds, seed) for seed in range(1, seeds + 1)]
            now["points"][name] = _averaged(runs)
        rows.append(_row(name, now["points"][name], stored["points"].get(name)))
        click.echo(
            "  ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in rows[-1].values())
        )
    head = (
        f"# Speed of release {now['version']}\n\nMade by `python benchmarks/release.py "
        f"{now.get('made', '--store')}`, one core. Ratios are to the figures of {stored['version']}"
        f"{', run at the same time on the other core' if done else ''}; "
        "below one is better. τ: integrated autocorrelation time in CPU seconds; the last columns are error "
        "× √(CPU seconds).\n\n"
        "![benchmark](benchmark.png)\n\n"
    )
    (out / "benchmark.md").write_text(_wrapped(head) + markdown(rows))
    _figure(now, stored, out / "benchmark.png")
    if store:
        FIGURES.write_text(json.dumps(now, indent=1) + "\n")


def _wrapped(text: str) -> str:
    """Wrap paragraphs to the width of the pages."""
    return "\n\n".join(textwrap.fill(paragraph, 110) for paragraph in text.split("\n\n"))


def _averaged(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Average the figures of several chains: means of the speeds and times, root mean squares of the
    errors."""
    merged: dict[str, Any] = {"updates_per_s": float(np.mean([run["updates_per_s"] for run in runs]))}
    for key in ("tau_cpu_s", "err_sqrt_cpu"):
        merged[key] = {
            name: float(np.sqrt(np.mean([run[key][name] ** 2 for run in runs]))) for name in runs[0][key]
        }
    merged["value"] = {
        name: float(np.mean([run["value"][name] for run in runs])) for name in runs[0]["value"]
    }
    return merged


def _row(name: str, now: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    row: dict[str, Any] = {"point": name, "updates/s": now["updates_per_s"]}
    for key, label in (("tau_cpu_s", "τ"), ("err_sqrt_cpu", "err √s")):
        for observable, number in now[key].items():
            short = observable.removesuffix("_bipolaron").removesuffix("_polaron")
            if short != "phonons":
                row[f"{label} {short}"] = number
                if key == "err_sqrt_cpu":
                    row[f"ratio {short}"] = number / before[key][observable] if before else "-"
    for column in ("τ pair_distance2", "err √s pair_distance2", "ratio pair_distance2"):
        row.setdefault(column, "-")
    order = [column for column in row if not column.startswith(("err", "ratio", "τ"))]
    for label in ("τ", "err √s", "ratio"):
        order += [f"{label} {short}" for short in ("E", "mass", "pair_distance2")]
    return {column: row[column] for column in order}


def _figure(new: dict[str, Any], stored: dict[str, Any], path: Path) -> None:
    now = new["points"]
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained", sharey=True)
    names = list(now)
    for k, (axis, short) in enumerate(zip(axes, ("E", "mass", "pair_distance2"), strict=True)):
        for series, points, marker in (
            (f"{stored['version']}", stored["points"], "x"),
            (new["version"], now, "o"),
        ):
            found = [
                (y, number)
                for y, name in enumerate(names)
                for observable, number in points.get(name, {"err_sqrt_cpu": {}})["err_sqrt_cpu"].items()
                if observable.startswith(short)
            ]
            if found:
                axis.plot([x for _, x in found], [y for y, _ in found], marker, label=series)
        goals = [(GOALS[name][k], y) for y, name in enumerate(names) if name in GOALS]
        axis.plot([x for x, _ in goals], [y for _, y in goals], "|", ms=14, color="k", label="goal")
        axis.set(xscale="log", xlabel="error × √(CPU seconds)", title=short)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].legend()
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
