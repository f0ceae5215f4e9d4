"""The fixed list of points of every release: speed now against the stored figures of the last release.

    python benchmarks/release.py --seconds 40 [--store]

Prints updates/s, integrated autocorrelation times in CPU seconds and error × √(CPU seconds) of E, m* and
⟨(r1-r2)²⟩, with their ratios to the stored figures (below one is better), and writes
docs/measured/benchmark.md and docs/measured/benchmark.png; with `--kinds` the same of a second list, a point
of every other kind of model, in docs/measured/kinds.md and docs/measured/kinds.png. `--store` makes the new
figures the stored ones (benchmarks/stored/figures.json). Timings are those of one core of the machine at
hand: compare on the same one. The surest way is a paired run: both releases at the same time with `--store`,
each from its own clone and on its own core (`taskset -c 0`), then here

    python benchmarks/release.py --before OLD/benchmarks/stored/figures.json \
        --now NEW/benchmarks/stored/figures.json
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

from hpcbip.models import BONDS, SITES, Family
from hpcbip.statistics.notation import with_error
from hpcbip.version import __version__

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import LogFormatter

FIGURES = Path(__file__).parent / "stored" / "figures.json"

FIELDS = ("lattice", "coupling", "omega", "lam", "U", "V", "sector")  # of `point`
POINTS: dict[str, tuple[str, str, float, float, float, float, str]] = {
    "square bond Ω=1.0 λ=0.5 U=8": ("square", "bond", 1.0, 0.5, 8.0, 0.0, "bipolaron"),
    "square bond Ω=0.5 λ=0.5 U=8": ("square", "bond", 0.5, 0.5, 8.0, 0.0, "bipolaron"),
    "square bond Ω=0.3 λ=0.5 U=8": ("square", "bond", 0.3, 0.5, 8.0, 0.0, "bipolaron"),
    "square bond Ω=0.3 λ=0.5 polaron": ("square", "bond", 0.3, 0.5, 0.0, 0.0, "polaron"),
    "square holstein Ω=0.5 λ=0.25 U=0": ("square", "holstein", 0.5, 0.25, 0.0, 0.0, "bipolaron"),
    "triangular bond Ω=0.5 λ=0.4 U=6": ("triangular", "bond", 0.5, 0.4, 6.0, 0.0, "bipolaron"),
    "cubic bond Ω=1.0 λ=0.93 U=8 V=0.8": ("cubic", "bond", 1.0, 2.8 / 3, 8.0, 0.8, "bipolaron"),
}
SQUARE, HOLSTEIN, CUBIC = (list(POINTS)[k] for k in (1, 4, 6))

# name: one of the points, and what is different from it
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    SQUARE: (SQUARE, {}),
    "honeycomb": (SQUARE, {"lattice": "honeycomb"}),
    "kagome": (SQUARE, {"lattice": "kagome"}),
    "lieb λ=0.6 levels=0,1,1": (SQUARE, {"lattice": "lieb", "lam": 0.6, "levels": (0.0, 1.0, 1.0)}),
    "bilayer": (SQUARE, {"lattice": "bilayer"}),
    "two families on bonds Ω=0.5,1.0 λ=0.25,0.25": (
        SQUARE,
        {"lam": 0.25, "phonons": (Family(BONDS, 1.0, 0.5**0.5),)},
    ),
    "bond+holstein Ω=0.5,1.0 g_holstein=0.5": (
        SQUARE,
        {"coupling": "bond+holstein", "g_holstein": 0.5, "omega_holstein": 1.0},
    ),
    "bond and a family on sites Ω=0.5,1.0 g=0.5": (SQUARE, {"phonons": (Family(SITES, 1.0, 0.5),)}),
    "bond phonon_hopping=0.05": (SQUARE, {"phonon_hopping": 0.05}),
    "square holstein Ω=1.0 λ=0.25 U=0": (HOLSTEIN, {"omega": 1.0}),
    "holstein profile=1,0.2": (HOLSTEIN, {"omega": 1.0, "profile": (1.0, 0.2)}),
    "holstein phonon_hopping=0.1": (HOLSTEIN, {"omega": 1.0, "phonon_hopping": 0.1}),
    CUBIC: (CUBIC, {}),
    "diamond λ=1.4": (CUBIC, {"lattice": "diamond", "lam": 1.4}),
}
ABOUT_KINDS = (
    "Pairs in models that need the kernel for all models, and in bond+holstein. The first of each group, "
    "whose name has all numbers, is a plain one; the others have its numbers but for what their names say. λ "
    "of two families: each by itself; of a profile: without it.\n\n"
)
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
@click.option("--kinds", is_flag=True, help="The other kinds of models instead.")
@click.option("--store", is_flag=True, help="Make these the stored figures.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default="docs/measured",
    show_default=True,
)
def main(
    seconds: float, seeds: int, before: Path, done: Path | None, kinds: bool, store: bool, out: Path
) -> None:
    """Run the list, compare, write table and plot."""
    stored = _figures(before, kinds)
    if done is None:
        made = f"{'--kinds ' if kinds else ''}--seconds {seconds:g} --seeds {seeds}"
        now = {"version": __version__, "made": made, "points": {}}
    else:
        now = _figures(done, kinds)
    rows = []
    for name in KINDS if kinds else POINTS:
        if done is None:
            plain, changes = KINDS[name] if kinds else (name, {})
            ensemble = point(**dict(zip(FIELDS, POINTS[plain], strict=True)) | changes)
            runs = [benchmark(ensemble, seconds, seed) for seed in range(1, seeds + 1)]
            now["points"][name] = _averaged(runs)
        rows.append(_row(name, now["points"][name], stored["points"].get(name), bool(stored["points"])))
        click.echo(
            "  ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in rows[-1].values())
        )
    page = out / ("kinds.md" if kinds else "benchmark.md")
    page.write_text(_wrapped(_head(now, stored, kinds, done is not None)) + markdown(rows))
    _figure(now, stored, page.with_suffix(".png"))
    if store:
        all_figures = json.loads(FIGURES.read_text())
        all_figures.update({"kinds": now} if kinds else now)
        FIGURES.write_text(json.dumps(all_figures, indent=1) + "\n")


def _figures(path: Path, kinds: bool) -> dict[str, Any]:
    """Read stored figures, those of `kinds` or of the points; none have the version "none"."""
    figures = json.loads(path.read_text())
    return figures.get("kinds", {"version": "none", "points": {}}) if kinds else figures


def _head(now: dict[str, Any], stored: dict[str, Any], kinds: bool, paired: bool) -> str:
    """Write what the page says above its table."""
    ratios = (
        f"Ratios are to the figures of {stored['version']}"
        f"{', run at the same time on the other core' if paired else ''}; below one is better. "
    )
    return (
        f"# Speed of release {now['version']}{', other kinds of models' if kinds else ''}\n\nMade by `python "
        f"benchmarks/release.py {now.get('made', '--store')}`, one core. {ratios if stored['points'] else ''}"
        "τ: integrated autocorrelation time in CPU seconds; the last columns are error × √(CPU seconds).\n\n"
        f"{ABOUT_KINDS if kinds else ''}![benchmark]({'kinds' if kinds else 'benchmark'}.png)\n\n"
    )


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
    merged["error"] = {
        name: float(np.sqrt(np.sum([run["error"][name] ** 2 for run in runs])) / len(runs))
        for name in runs[0]["error"]
    }
    return merged


def _row(name: str, now: dict[str, Any], before: dict[str, Any] | None, compared: bool) -> dict[str, Any]:
    """Make a row of the table; with ratios where anything is compared, with values where their errors are
    known."""
    row: dict[str, Any] = {"point": name, "updates/s": now["updates_per_s"]}
    labels = [*([""] if "error" in now else []), "τ ", "err √s ", *(["ratio "] if compared else [])]
    for short in ("E", "mass", "pair_distance2"):
        row |= {label + short: "-" for label in labels}
    for observable, number in now["err_sqrt_cpu"].items():
        short = observable.removesuffix("_bipolaron").removesuffix("_polaron")
        if short == "phonons":
            continue
        cells = {
            "": with_error(now["value"][observable], now.get("error", {}).get(observable)),
            "τ ": now["tau_cpu_s"][observable],
            "err √s ": number,
            "ratio ": number / before["err_sqrt_cpu"][observable] if before else "-",
        }
        row |= {label + short: cells[label] for label in labels}
    order = [label + short for label in labels for short in ("E", "mass", "pair_distance2")]
    return {column: row[column] for column in ("point", "updates/s", *order)}


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
        if goals:
            axis.plot([x for x, _ in goals], [y for _, y in goals], "|", ms=14, color="k", label="goal")
        axis.set(xscale="log", xlabel="error × √(CPU seconds)", title=short)
        axis.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.0, 0.5)))
        axis.grid(alpha=0.3)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].legend()
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
