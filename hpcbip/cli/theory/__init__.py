"""`hpcbip theory ...`: the companion theories, each a small exact calculation of its own; one file per subject."""

from __future__ import annotations

import click

from .antiadiabatic import antiadiabatic
from .conventional import eliashberg, fermi_surface
from .exact import exact
from .instanton import instanton
from .pair import pair, ring


@click.group()
def theory() -> None:
    """What the Monte Carlo is measured against and framed by."""


for verb in (exact, pair, ring, antiadiabatic, instanton, eliashberg, fermi_surface):
    theory.add_command(verb)
