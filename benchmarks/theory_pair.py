"""The two-body problem and the four-site ring: the tables and figures of docs/pair.md.

    python benchmarks/theory_pair.py --out docs

Draws docs/pair.png and docs/ring.png and prints the tables.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import click
import matplotlib
import numpy as np

from hpcbip.theory.pair import PairModel, rows, solve
from hpcbip.theory.pair_order import energy_rows, order_parameter
from hpcbip.theory.pair_threshold import threshold, threshold_rows, weak_square_binding, weak_square_law
from hpcbip.theory.ring import (
    embedded_energies,
    embedded_rows,
    exchange_attraction,
    exchange_hopping,
    ring_levels,
)

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLOURS = {"s": "#0072B2", "p": "#D55E00", "d": "#009E73", "dxy": "#CC79A7"}
plt.rcParams.update({"font.size": 8, "axes.linewidth": 0.6, "xtick.direction": "in", "ytick.direction": "in",
                     "xtick.top": True, "ytick.right": True, "legend.frameon": False, "legend.fontsize": 7,
                     "axes.titlesize": 8})  # fmt: skip


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False, exists=True), default="docs", show_default=True)
def main(out: Path) -> None:
    """Print the tables, draw the figures."""
    _lattices()
    _thresholds()
    _weak()
    _exchange()
    _tetragonal()
    _pair_figure(out / "pair.png")
    _ring_figure(out / "ring.png")


def _row(*cells: object) -> None:
    words = (f"{c:.8g}" if isinstance(c, float) else "—" if c is None else str(c) for c in cells)
    click.echo("| " + " | ".join(words) + " |")


def _head(*cells: str) -> None:
    click.echo()
    _row(*cells)
    _row(*["---"] * len(cells))


def _lattices() -> None:
    _head("lattice", "U", "V", "t'", "channel", "spin", "E", "binding energy", "mass", "pair_distance2", "CPU s")
    models = [
        PairModel("chain", -8.0), PairModel("square", -8.0), PairModel("triangular", -8.0), PairModel("cubic", -12.0),
        PairModel("chain", 8.0, (-4.0,)), PairModel("square", 8.0, (-8.0,)), PairModel("square", 8.0, (-8.0,), (-0.4,)),
        PairModel("triangular", 8.0, (-12.0,)), PairModel("cubic", 8.0, (-12.0,)),
    ]  # fmt: skip
    for model in models:
        start = time.process_time()
        table = rows(model)
        spent = f"{time.process_time() - start:.1f}"
        for row in table:
            if row["status"] == "bound":
                _row(row["lattice"], row["U"], row["V"], row.get("t_prime", 0.0), row["channel"], row["spin"], row["E"],
                     row["binding_energy"], row["mass"], row["pair_distance2"], spent)  # fmt: skip


def _thresholds() -> None:
    _head("lattice", "U", "interaction", "s", "d", "p", "f")
    for lattice, U, shell in (
        ("chain", 8.0, 1), ("chain", math.inf, 1), ("square", 8.0, 1), ("square", math.inf, 1), ("triangular", 8.0, 1),
        ("cubic", 0.0, 0), ("cubic", 8.0, 1), ("cubic", math.inf, 1),
    ):  # fmt: skip
        found = {r["channel"]: r["threshold"] for r in threshold_rows(PairModel(lattice, U), shell)}
        _row(lattice, U, "UV"[shell], *(found.get(name) for name in "sdpf"))
    _head("t' (square, U = inf)", "V_s", "V_d", "V_p")
    for t_prime in (0.5, 0.25, 0.0, -0.1, -0.2, -0.3, -0.4, -0.45, -0.55, -0.6, -0.8, -1.0):
        model = PairModel("square", math.inf, hops=(t_prime,))
        _row(t_prime, *(threshold(model, c, 1) for c in model.channels if c.name != "dxy"))


def _weak() -> None:
    _head("U (square)", "binding energy", "64 exp(-8π/|U|)", "ratio")
    for U in (-8.0, -4.0, -2.0, -1.0, -0.5, -0.2):
        exact, law = weak_square_binding(U), weak_square_law(U)
        _row(U, exact, law, exact / law)


def _exchange() -> None:
    _head("V", "t' of s = p = d, U = inf", "E_s", "E_p", "E_d", "2t²/t'", "t' of s = d, U = 8")
    for V in (-2.0, -4.0, -8.0, -16.0, -32.0):
        t_prime = exchange_hopping(V)
        energies = embedded_energies(t_prime, V)
        _row(V, t_prime, energies["s"], energies["p"], energies["d"], 2.0 / t_prime, exchange_hopping(V, 8.0))


def _tetragonal() -> None:
    _head("bct, U = inf, t_perp = 0.25: t'", "V", "s", "p", "d")
    for t_prime in (0.2, 0.0, -0.2, -0.3, -0.4):
        for V in (-8.0, -12.0):
            found = {r["channel"]: r["E"] for r in energy_rows([PairModel("bct", math.inf, (V,), (t_prime, 0.25))])}
            _row(t_prime, V, *(found[name] for name in "spd"))


def _lines(axes: Any, table: list[dict[str, Any]], x: str, y: str, sign: float = 1.0) -> None:
    for name, colour in COLOURS.items():
        points = [(sign * r[x], r[y]) for r in table if r["channel"] == name and r[y] is not None]
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, lw=1.2, label=name)


def _pair_figure(path: Path) -> None:
    figure, grid = plt.subplots(2, 3, figsize=(7.0, 4.6), layout="constrained", dpi=220)
    axes = grid[0, 0]
    models = [PairModel("square", 8.0, (-float(v),)) for v in np.linspace(0.5, 12.0, 47)]
    _lines(axes, energy_rows(models), "V", "binding_energy", -1)
    for row in threshold_rows(PairModel("square", 8.0), 1):
        if row["threshold"]:
            colour = COLOURS[row["channel"]]
            axes.plot(-row["threshold"], 0.0, "o", color=colour, ms=4, mfc="white", clip_on=False, zorder=5)
    axes.set(xlabel="$|V|/t$", ylabel="binding energy / $t$", title="square, $U=8t$; circles: thresholds", ylim=(0, 6))
    axes.legend()
    axes = grid[0, 1]
    _lines(axes, energy_rows([PairModel("square", math.inf, (-8.0,), (float(t),)) for t in np.linspace(-0.8, 0.4, 61)]),
           "t_prime", "binding_energy")  # fmt: skip
    axes.axvline(exchange_hopping(-8.0), color="0.6", lw=0.6, ls=":")
    axes.set(xlabel="$t'/t$", ylabel="binding energy / $t$", title="square, $U=\\infty$, $V=-8t$", ylim=(0, None))
    axes = grid[0, 2]
    t_primes = np.linspace(-0.499, -0.03, 200)
    axes.plot(t_primes, [-exchange_attraction(t) for t in t_primes], color="black", lw=1.2, label="exact, $U=\\infty$")
    axes.plot(t_primes, 2.0 / np.abs(t_primes), color="0.6", lw=0.8, ls="--", label="$2t^2/|t'|$")
    soft = [-V for V in (-3.0, -4.0, -6.0, -8.0, -11.0, -15.0, -20.0)]
    axes.plot([exchange_hopping(-V, 8.0) for V in soft], soft, "s", color=COLOURS["p"], ms=3, label="$U=8t$, s = d")
    axes.text(-0.52, 22, "d lowest", color=COLOURS["d"])
    axes.text(0.15, 3, "s lowest", color=COLOURS["s"])
    axes.set(xlabel="$t'/t$", ylabel="$|V|/t$", title="where s and d change places", xlim=(-0.55, 0.9), ylim=(0, 25))
    axes.legend(loc="center right", handlelength=1.2)
    axes = grid[1, 0]
    inverse = np.linspace(0.15, 4.0, 60)
    axes.semilogy(inverse, [weak_square_binding(-1.0 / x) for x in inverse], color="black", lw=1.2, label="exact")
    law = [weak_square_law(-1.0 / x) for x in inverse]
    axes.semilogy(inverse, law, color="0.6", lw=0.8, ls="--", label="$64\\,e^{-8\\pi t/|U|}$")
    axes.set(xlabel="$t/|U|$", ylabel="binding energy / $t$", title="square, $V=0$: any $U<0$ binds")
    axes.legend()
    for axes, name, t_prime in ((grid[1, 1], "s", 0.0), (grid[1, 2], "d", -0.4)):
        model = PairModel("square", 8.0, (-8.0,), (t_prime,))
        order = order_parameter(solve(model, next(c for c in model.channels if c.name == name))[0])
        top = float(np.abs(order.gap).max())
        k = order.phases / np.pi
        image = axes.imshow(order.gap.T, origin="lower", extent=(-1, 1, -1, 1), cmap="RdBu_r", vmin=-top, vmax=top)
        axes.contour(k, k, order.anomalous.T, colors="black", linewidths=0.5, levels=7)
        axes.contour(k, k, order.gap.T, colors="0.4", linewidths=1.0, levels=[0.0])
        axes.set(xlabel="$k_x/\\pi$", ylabel="$k_y/\\pi$", title=f"{name}: $\\Delta_k/\\sqrt{{n}}$; $t'={t_prime:g}t$")
        figure.colorbar(image, ax=axes, shrink=0.8)
    figure.savefig(path)


def _ring_figure(path: Path) -> None:
    figure, grid = plt.subplots(1, 3, figsize=(7.0, 2.5), layout="constrained", dpi=220)
    axes = grid[0]
    for sign in (-1.0, 1.0):
        for level in ring_levels(sign):
            label = level.label if sign < 0 else None
            width = 0.8 + 0.8 * level.degeneracy
            axes.plot([0.0, sign], [0.0, level.E], color=COLOURS[level.label], lw=width, label=label)
    axes.set(xlabel="amplitude $h$", ylabel="$E + V$", title="ring: electron-like | hole-like")
    axes.axvline(0.0, color="0.6", lw=0.6, ls=":")
    axes.legend(loc="upper center")
    for axes, V in ((grid[1], -60.0), (grid[2], -8.0)):
        table = embedded_rows(V, math.inf, [float(t) for t in np.linspace(-0.45, 0.25, 36)])
        bound = [row | {"shifted": row["E"] - V} for row in table if row["E"] is not None]
        _lines(axes, bound, "t_prime", "shifted")
        for name, colour in COLOURS.items():
            ring = [(r["t_prime"], r["E_ring"] - V) for r in table if r["channel"] == name]
            if ring:
                axes.plot(*zip(*ring, strict=True), color=colour, lw=0.7, ls="--")
        axes.axvline(exchange_hopping(V), color="0.6", lw=0.6, ls=":")
        axes.set(xlabel="$t' = -h/2$  (unit $t$)", ylabel="$(E - V)/t$", title=f"two carriers, $U=\\infty$, $V={V:g}t$")
    figure.savefig(path)


if __name__ == "__main__":
    main()
