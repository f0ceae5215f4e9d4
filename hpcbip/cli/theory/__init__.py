"""`hpcbip theory ...`: the companion theories, each a small exact calculation of its own; one file per
subject."""

from __future__ import annotations

import click

from hpcbip.cli.theory.antiadiabatic import antiadiabatic
from hpcbip.cli.theory.eliashberg import eliashberg, fermi_surface
from hpcbip.cli.theory.exact import exact
from hpcbip.cli.theory.instanton import instanton
from hpcbip.cli.theory.pair import pair, ring


@click.group()
def theory() -> None:
    """What the Monte Carlo is measured against and framed by."""


for verb in (exact, pair, ring, antiadiabatic, instanton, eliashberg, fermi_surface):
    theory.add_command(verb)
