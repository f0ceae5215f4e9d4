"""`hpcbip theory ring`: the four-site ring behind d-wave pairs."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import FINITE, figure_option
from hpcbip.cli.output import draw_and_save, format_option, print_records


@click.command()
@click.option("--amplitude", type=FINITE, default=1.0, show_default=True, help="h; hole-like if positive.")
@click.option("--attraction", type=FINITE, default=0.0, show_default=True, help="V.")
@click.option("--model", default="a", show_default=True, help="a or b.")
@figure_option
@format_option
def ring(amplitude: float, attraction: float, model: str, figure: Path | None, form: str) -> None:
    """The four-site ring behind d-wave pairs: levels and symmetries."""
    from hpcbip.report.figures.theory.ring import ring_figure
    from hpcbip.theory.pair.ring import ring_table

    print_records(ring_table(amplitude, attraction, model), form)
    draw_and_save(lambda: ring_figure(amplitude, attraction, model), figure, form)
