"""hpcbip: numerically exact bipolaron energies, masses, sizes and transition temperatures.

From nothing to a mass with an error bar:

    import hpcbip

    model = hpcbip.Model("chain", "holstein", t=1.0, omega=1.0, g=1.0)
    result = hpcbip.sample(model, electrons=1, seconds=20)
    print(result["mass_polaron"])  # exact: 1.3505

`sample` samples one model on the cores of this machine, `run` a campaign of many; `load` reads the results of
a campaign as a pandas frame, `atlas` those of the campaigns that travel with the package, and `find_peaks`
finds where Tc is highest. The names below are loaded when they are first used, so that `import hpcbip` itself
costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hpcbip.version import __version__

if TYPE_CHECKING:
    from hpcbip import theory
    from hpcbip.driver.interactive.campaign import run
    from hpcbip.driver.interactive.frame import atlas, find_peaks, load
    from hpcbip.driver.interactive.sample import sample
    from hpcbip.errors import InputError
    from hpcbip.models import Family, Model, coupling_from_lambda, get_lattice
    from hpcbip.qmc import Ensemble

__all__ = [
    "Ensemble",
    "Family",
    "InputError",
    "Model",
    "__version__",
    "atlas",
    "coupling_from_lambda",
    "find_peaks",
    "get_lattice",
    "load",
    "run",
    "sample",
    "theory",
]

_MODULES = {
    "Ensemble": "hpcbip.qmc",
    "Family": "hpcbip.models",
    "InputError": "hpcbip.errors",
    "Model": "hpcbip.models",
    "atlas": "hpcbip.driver.interactive.frame",
    "coupling_from_lambda": "hpcbip.models",
    "find_peaks": "hpcbip.driver.interactive.frame",
    "get_lattice": "hpcbip.models",
    "load": "hpcbip.driver.interactive.frame",
    "run": "hpcbip.driver.interactive.campaign",
    "sample": "hpcbip.driver.interactive.sample",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module, or a subpackage, when it is first used."""
    if name == "theory":
        return import_module("hpcbip.theory")
    if name not in _MODULES:
        raise AttributeError(f"module 'hpcbip' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *__all__})
