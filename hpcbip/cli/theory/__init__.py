"""`hpcbip theory ...`: the companion theories; one file per verb."""

from __future__ import annotations

import click

from hpcbip.cli.theory.antiadiabatic import antiadiabatic
from hpcbip.cli.theory.d_wave import d_wave
from hpcbip.cli.theory.eliashberg import eliashberg
from hpcbip.cli.theory.exact import exact
from hpcbip.cli.theory.fermi_surface import fermi_surface
from hpcbip.cli.theory.instanton import instanton
from hpcbip.cli.theory.pair import pair
from hpcbip.cli.theory.ring import ring


@click.group()
def theory() -> None:
    """Companion theories, against which the Monte Carlo results are held."""


for verb in (exact, pair, ring, d_wave, antiadiabatic, instanton, eliashberg, fermi_surface):
    theory.add_command(verb)
