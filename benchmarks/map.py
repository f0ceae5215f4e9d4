"""How hard the sampling is over (λ, t/Ω): autocorrelation time of the mass, and its error per CPU time.

    python benchmarks/map.py --seconds 40 --out docs/measured

Square lattice, bond coupling, U = 8 t, bipolaron; one Markov chain per point on one core. Writes the table
(map.md) and the figure (map.png): integrated autocorrelation time of the displacement in CPU seconds,
relative error of m* after one CPU minute, and the CPU minutes that 5 % on m* take.
"""

from __future__ import annotations

from pathlib import Path

import click
import matplotlib
import numpy as np
from sampling import benchmark, markdown, point

matplotlib.use("Agg")
from matplotlib import pyplot as plt

LAMBDAS = (0.3, 0.6, 0.9, 1.2)
RATIOS = (1.0, 2.0, 10 / 3, 5.0)
EXTREME = ((1.5, 5.0), (0.5, 10.0), (1.0, 10.0))  # beyond the grid of the figure


@click.command(help=__doc__)
@click.option("--seconds", default=40.0, show_default=True, help="CPU seconds per point.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default="docs/measured",
    show_default=True,
)
def main(seconds: float, out: Path) -> None:
    """Sample the points, write table and figure."""
    rows = []
    for lam, ratio in [*((lam, ratio) for lam in LAMBDAS for ratio in RATIOS), *EXTREME]:
        result = benchmark(point("square", "bond", 1.0 / ratio, lam, 8.0), seconds)
        value, error = result["value"], result["err_sqrt_cpu"]
        relative = error["mass_bipolaron"] / abs(value["mass_bipolaron"])
        rows.append(
            {
                "λ": lam,
                "t/Ω": round(ratio, 2),
                "E": value["E_bipolaron"],
                "m*/m0": value["mass_bipolaron"],
                "± (m*)": result["error"]["mass_bipolaron"],
                "⟨(r1-r2)²⟩": value["pair_distance2"],
                "phonons": value["phonons_bipolaron"],
                "τ m* (CPU s)": result["tau_cpu_s"]["mass_bipolaron"],
                "τ ⟨(r1-r2)²⟩ (CPU s)": result["tau_cpu_s"]["pair_distance2"],
                "τ phonons (CPU s)": result["tau_cpu_s"]["phonons_bipolaron"],
                "% on m* in 1 CPU min": 100 * relative / np.sqrt(60),
                "CPU min for 5 %": (relative / 0.05) ** 2 / 60,
            }
        )
        click.echo("  ".join(f"{key} {number:.4g}" for key, number in rows[-1].items()))
    head = (
        "# Cost of the mass over (λ, t/Ω)\n\nMade by `python benchmarks/map.py "
        f"--seconds {seconds:g}`: square lattice, bond coupling, U = 8 t, one core. τ: integrated "
        "autocorrelation time.\n\n![map](map.png)\n\n"
    )
    (out / "map.md").write_text(head + markdown(rows))
    _figure(rows, out / "map.png")


def _figure(rows: list[dict[str, float]], path: Path) -> None:
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    for axis, key, title in zip(
        axes,
        ("τ m* (CPU s)", "% on m* in 1 CPU min", "CPU min for 5 %"),
        (
            "autocorrelation time of m*, CPU seconds",
            "error of m* after one CPU minute, %",
            "CPU minutes for 5 % on m*",
        ),
        strict=True,
    ):
        grid = np.array([row[key] for row in rows[: len(LAMBDAS) * len(RATIOS)]]).reshape(
            len(LAMBDAS), len(RATIOS)
        )
        mesh = axis.imshow(np.log10(grid), origin="lower", cmap="viridis", aspect="auto")
        for (i, j), number in np.ndenumerate(grid):
            axis.text(j, i, f"{number:.2g}", ha="center", va="center", color="white", fontsize=9)
        axis.set_xticks(range(len(RATIOS)), [f"{ratio:.3g}" for ratio in RATIOS])
        axis.set_yticks(range(len(LAMBDAS)), [f"{lam:g}" for lam in LAMBDAS])
        axis.set(xlabel="t/Ω", ylabel="λ", title=title)
        figure.colorbar(mesh, ax=axis, label="log10")
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
