"""Models as data: lattices, couplings, interactions and their conventions."""

from hpcbip.models.couplings import COUPLINGS, coupling_from_lambda, lambda_from_coupling
from hpcbip.models.dispersion import refuse_dispersion, slowest_phonon
from hpcbip.models.families import (
    BONDS,
    PLACES,
    SITES,
    Family,
    check_families,
    families_from_text,
    families_to_text,
    number_of_families,
    tell_axes_apart,
)
from hpcbip.models.lattice import MAX_KINDS, MAX_SHELLS, MOMENTUM_PERIOD, Lattice
from hpcbip.models.model import BULK_EDGE, Mode, Model
from hpcbip.models.named_lattices import (
    BRAVAIS_LATTICES,
    LATTICES,
    get_lattice,
    lattice_with_basis,
    written_lattice,
)

__all__ = [
    "BONDS",
    "BRAVAIS_LATTICES",
    "BULK_EDGE",
    "COUPLINGS",
    "Family",
    "LATTICES",
    "MAX_SHELLS",
    "MAX_KINDS",
    "MOMENTUM_PERIOD",
    "Lattice",
    "Mode",
    "Model",
    "PLACES",
    "SITES",
    "check_families",
    "coupling_from_lambda",
    "families_from_text",
    "families_to_text",
    "get_lattice",
    "lambda_from_coupling",
    "lattice_with_basis",
    "number_of_families",
    "refuse_dispersion",
    "slowest_phonon",
    "tell_axes_apart",
    "written_lattice",
]
