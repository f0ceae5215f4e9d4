"""Print the tables of docs/theory/pair.md and d-wave.md: the two-body problem without phonons.

OMP_NUM_THREADS=1 python benchmarks/theory/pair.py
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of sampling.py

from sampling import markdown

from hpcbip.theory.pair import green
from hpcbip.theory.pair.model import PairModel
from hpcbip.theory.pair.ring import crossing_hopping, square_lattice_energies
from hpcbip.theory.pair.solver import bound_states, solve_channel
from hpcbip.theory.pair.tables import pair_table, threshold_table
from hpcbip.theory.pair.tetragonal import channel_named, interlayer_model, weak_coupling_exponents
from hpcbip.theory.pair.threshold import (
    binding_threshold,
    weak_square_binding,
    weak_square_binding_limit,
)


@click.command(help=__doc__)
def main() -> None:
    """Print the tables."""
    for table in (
        _lattices,
        _thresholds,
        _hole_like,
        _weak,
        _exchange,
        _tetragonal,
        _weak_layers,
        _momentum,
        _quadrature,
    ):
        click.echo(markdown(table(), digits=8))


def _lattices() -> list[dict[str, object]]:
    models = [
        PairModel("chain", -8.0),
        PairModel("square", -8.0),
        PairModel("triangular", -8.0),
        PairModel("cubic", -12.0),
        PairModel("chain", 8.0, (-4.0,)),
        PairModel("square", 8.0, (-8.0,)),
        PairModel("square", 8.0, (-8.0,), (-0.4,)),
        PairModel("triangular", 8.0, (-12.0,)),
        PairModel("cubic", 8.0, (-12.0,)),
    ]
    found = []
    for model in models:
        start = time.process_time()
        table = pair_table(model)
        spent = f"{time.process_time() - start:.1f}"
        names = (
            "lattice",
            "U",
            "V",
            "t_prime",
            "channel",
            "spin",
            "E",
            "binding_energy",
            "mass",
            "pair_distance2",
        )
        bound = [row for row in table if row["status"] == "bound"]
        found += [{name: row.get(name, 0.0) for name in names} | {"CPU s": spent} for row in bound]
    return found


def _thresholds() -> list[dict[str, object]]:
    found = []
    for lattice, U, shell in (
        ("chain", 8.0, 1),
        ("chain", math.inf, 1),
        ("square", 8.0, 1),
        ("square", math.inf, 1),
        ("triangular", 8.0, 1),
        ("cubic", 0.0, 0),
        ("cubic", 8.0, 1),
        ("cubic", math.inf, 1),
    ):
        limits = {row["channel"]: row["threshold"] for row in threshold_table(PairModel(lattice, U), shell)}
        found.append(
            {"lattice": lattice, "U": U, "of": "UV"[shell]} | {name: limits.get(name) for name in "sdpf"}
        )
    return found


def _hole_like() -> list[dict[str, object]]:
    found = []
    for t_prime in (0.5, 0.25, 0.0, -0.1, -0.2, -0.3, -0.4, -0.45, -0.55, -0.6, -0.8, -1.0):
        model = PairModel("square", math.inf, hops=(t_prime,))
        limits = {f"V of {c.name}": binding_threshold(model, c, 1) for c in model.channels if c.name != "dxy"}
        found.append({"t' (square, U = inf)": t_prime} | limits)
    return found


def _weak() -> list[dict[str, object]]:
    found = []
    for U in (-8.0, -4.0, -2.0, -1.0, -0.5, -0.2):
        exact, law = weak_square_binding(U), weak_square_binding_limit(U)
        found.append({"U (square)": U, "binding energy": exact, "64 exp(-8π/|U|)": law, "ratio": exact / law})
    return found


def _exchange() -> list[dict[str, object]]:
    found = []
    for V in (-2.0, -4.0, -8.0, -16.0, -32.0):
        t_prime = crossing_hopping(V)
        energies = {f"E_{name}": E for name, E in square_lattice_energies(t_prime, V).items()}
        found.append(
            {"V": V, "t' of s = p = d, U = inf": t_prime}
            | energies
            | {"2t²/t'": 2.0 / t_prime}
            | {"t' of s = d, U = 8": crossing_hopping(V, 8.0)}
        )
    return found


def _tetragonal() -> list[dict[str, object]]:
    found = []
    for t_prime in (0.2, 0.0, -0.2, -0.3, -0.4):
        for V in (-8.0, -12.0):
            model = PairModel("bct", math.inf, (V,), (t_prime, 0.25))
            energies = {row["channel"]: row["E"] for row in pair_table(model) if row["level"] == 0}
            found.append(
                {"t' (bct, U = inf, t_perp = 0.25)": t_prime, "V": V} | {c: energies[c] for c in "spd"}
            )
    return found


def _weak_layers() -> list[dict[str, object]]:
    found = []
    for t_perp in (0.0, 0.25, 0.5, 0.75):
        w = weak_coupling_exponents(-1.0, t_perp)
        for name in ("dxy", "fxyz"):
            models = [interlayer_model(-1.0, t_perp, V) for V in (-0.5, -0.45)]
            strong, weak = (solve_channel(m, channel_named(m, name))[0].binding_energy for m in models)
            slope = (1.0 / 0.45 - 1.0 / 0.5) / math.log(strong / weak)
            found.append({"t_perp (bct, t = -1)": t_perp, "channel": name, "w": w[name], "solver": slope})
    return found


def _momentum() -> list[dict[str, object]]:
    found = []
    for k in ((0.0, 0.0), (0.5, 0.0), (0.0, math.pi), (1.0, 0.0), (1.0, 1.0), (math.pi, 0.0), (math.pi, 2.0)):
        phases = (k[0], 0.0, 0.5 * (k[0] + k[1]))  # of K_x and K_z c, in the unit of 1/a
        state = bound_states(interlayer_model(-1.0, 0.25, -2.0, K=phases))[0]
        found.append({"K_x": k[0], "K_z c": k[1], "E (bct, t_perp = 0.25, V_perp = -2)": state.E})
    return found


def _quadrature() -> list[dict[str, object]]:
    r = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [0, 0, 2], [-1, -1, 2]])
    nodes, found = green.GAUSS_NODES_OF_PANEL, []
    for t_perp in (0.25, 0.9, 0.95, 0.99):
        band = interlayer_model(-1.0, t_perp, -1.0).band
        row: dict[str, object] = {"t_perp (bct, t = -1)": t_perp}
        for binding in (1e-6, 0.3):
            values = []
            for number in (nodes, 32):
                green.GAUSS_NODES_OF_PANEL = number
                values.append(band.integrals(r, binding))
            green.GAUSS_NODES_OF_PANEL = nodes
            row[f"change at {binding:g}"] = float(np.abs(values[1] - values[0]).max())
        found.append(row)
    return found


if __name__ == "__main__":
    main()
