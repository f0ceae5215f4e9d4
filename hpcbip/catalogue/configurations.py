"""Configurations that travel with the package, and new ones that begin from them (`hpcbip new`).

They are those of the folder configs/ of the source tree, of which `catalogue/configs` is a link (in a wheel
its content), and those of the production campaigns of the atlas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcbip.campaign.commented import commented_yaml
from hpcbip.campaign.schema import Config, load_config, validate_config
from hpcbip.campaign.validation import suggestion
from hpcbip.catalogue.entries import CAMPAIGNS
from hpcbip.errors import InputError
from hpcbip.models import COUPLINGS, LATTICES, get_lattice
from hpcbip.vocabulary.observables import MASS_BIPOLARON, MASS_POLARON, TC_OVER_OMEGA
from hpcbip.vocabulary.parameters import COUPLING, LATTICE, OMEGA, SITE_KEYS
from hpcbip.vocabulary.sectors import SECTORS

CONFIGS = Path(__file__).parent / "configs"
"""The folder of configurations for users; one per published figure, and a first one."""

SUFFIXES = (".yaml", ".yml")
SEED = 2026


@dataclass(frozen=True)
class ShippedConfiguration:
    """A configuration that travels with the package.

    Attributes:
        name: under which it is asked for.
        about: the lines in which it says what it is.
        config: its content.
    """

    name: str
    about: tuple[str, ...]
    config: Config

    @property
    def sentence(self) -> str:
        """The first sentence of these lines."""
        return re.split(r"[.:](?:\s+(?=[A-Z])|$)", " ".join(self.about))[0]

    def row(self) -> dict[str, Any]:
        """Describe it in one line of a table."""
        model, points = self.config.model, len(self.config.all_points())
        row = {"name": self.name, LATTICE.name: model.lattice, COUPLING.name: model.coupling}
        return row | {"points": points, "about": self.sentence}


@dataclass(frozen=True)
class Start:
    """Where a scan of a lattice with a coupling begins: pairs are bound there, and not yet heavy.

    Attributes:
        omega: phonon energy, in units of t.
        lambdas, U: of the scan.
        campaign: of the atlas that has been there; "" where none has.
    """

    omega: float
    lambdas: tuple[float, ...]
    U: float
    campaign: str = ""

    @property
    def words(self) -> str:
        """Say how much is known there."""
        if self.campaign:
            return f"hpcbip new --from {self.campaign} has more of it."
        return (
            "No campaign of the atlas has been there: after a short run see the binding energy, and move λ."
        )


STARTS: Mapping[tuple[str, str], Start] = {
    ("chain", "bond"): Start(1.0, (0.6, 0.7, 0.8), 4.0),
    ("chain", "holstein"): Start(1.0, (0.25, 0.3, 0.35), 0.0, "chain-holstein"),
    ("chain", "bond+holstein"): Start(1.0, (0.5, 0.6, 0.7), 4.0),
    ("square", "bond"): Start(1.0, (0.65, 0.75, 0.9), 8.0, "square-bond-1"),
    ("square", "holstein"): Start(1.0, (0.24, 0.26, 0.28), 0.0, "square-holstein-1"),
    ("square", "bond+holstein"): Start(1.0, (0.5, 0.6, 0.7), 8.0, "square-both"),
    ("triangular", "bond"): Start(0.5, (0.3, 0.35, 0.4), 6.0, "triangular-bond"),
    ("triangular", "holstein"): Start(1.0, (0.4, 0.42, 0.45), 0.0),
    ("triangular", "bond+holstein"): Start(0.5, (0.25, 0.3, 0.35), 6.0),
    ("cubic", "bond"): Start(1.0, (0.8, 0.85, 0.9), 8.0, "cubic-bond-1-V0"),
    ("cubic", "holstein"): Start(1.0, (0.27, 0.29, 0.31), 0.0, "cubic-holstein-1"),
    ("cubic", "bond+holstein"): Start(1.0, (0.7, 0.75, 0.8), 8.0),
    ("bcc", "bond"): Start(1.0, (0.75, 0.8, 0.85), 8.0),
    ("bcc", "holstein"): Start(1.0, (0.36, 0.38, 0.4), 0.0),
    ("bcc", "bond+holstein"): Start(1.0, (0.7, 0.75, 0.8), 8.0),
    ("fcc", "bond"): Start(1.0, (0.5, 0.55, 0.6), 8.0),
    ("fcc", "holstein"): Start(1.0, (0.52, 0.54, 0.57), 0.0),
    ("fcc", "bond+holstein"): Start(1.0, (0.45, 0.5, 0.55), 8.0),
}
"""By lattice and coupling. Holstein pairs at U = 0 form close to where four times the polaron energy g²/Ω
exceeds the bottom of two bands, λ = zt/(8dt) for z neighbours in d dimensions."""


def start_of(lattice: str, coupling: str) -> Start:
    """Return where a scan begins; for a lattice that `STARTS` does not have, by the strength of binding."""
    known = STARTS.get((lattice, coupling))
    if known is None and coupling == "holstein":
        onset = get_lattice(lattice).coordination / (8.0 * get_lattice(lattice).dimension)
        return Start(1.0, tuple(round(factor * onset, 3) for factor in (1.05, 1.1, 1.15)), 0.0)
    return known or Start(1.0, (0.6, 0.7, 0.8), 8.0)


SAMPLING: Mapping[str, Any] = {
    "beta": dict(zip(SECTORS, (30.0, 100.0), strict=True)),
    "chains": 4,
    "max_blocks": 400,
    "min_blocks": 16,
    "thermal_blocks": 8,
    "bins_per_block": 8,
    "updates_per_bin": 200_000,
}
"""How such a scan is sampled."""


def shipped_paths() -> dict[str, Path]:
    """Find the configurations that travel with the package, by name; those of configs/ come first."""
    paths = [path for folder in (CONFIGS, CAMPAIGNS) for path in sorted(folder.glob("*.yaml"))]
    return {path.stem: path for path in paths}


def read_shipped(path: Path) -> ShippedConfiguration:
    """Read one of them."""
    return ShippedConfiguration(path.stem, _about(path), load_config(path))


def write_new(
    path: Path, lattice: str | None = None, coupling: str | None = None, source: str | None = None
) -> Path:
    """Write a commented configuration into a new file, whose name becomes that of the campaign.

    Args:
        path: of the file.
        lattice, coupling: of its model; None: square, bond.
        source: name of the configuration that travels with the package from which it begins; None: from a
            short scan of a model with this lattice and coupling (`STARTS`).

    Raises:
        InputError: if there is a file of that name, it cannot be written, or a name is unknown; if source is
            given together with lattice or coupling.
    """
    _check_path(path)
    if source is None:
        config, about = _from_model(lattice or "square", coupling or "bond", path)
    elif lattice is None and coupling is None:
        config, about = _from_shipped(source, path)
    else:
        wrong = "given together with --lattice or --coupling, which it has already"
        raise InputError(f"--from: {source}: {wrong}; allowed: one or the other")
    text = commented_yaml(config, path, about)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def _check_path(path: Path) -> None:
    if path.suffix not in SUFFIXES or not path.stem.strip():
        raise InputError(f"{path}: not the name of a configuration; allowed: NAME.yaml")
    if path.exists() or path.is_symlink():
        raise InputError(f"{path}: is there already; allowed: the name of a new file")


def _about(path: Path) -> tuple[str, ...]:
    """Return the first paragraph of the comment with which a file begins."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.removeprefix("#").strip()
        if not line.startswith("#") or not words:
            break
        lines.append(words)
    return tuple(lines)


def _from_shipped(name: str, path: Path) -> tuple[Config, list[str]]:
    paths = shipped_paths()
    if name not in paths:
        wrong = f"no configuration of that name{suggestion(name, paths)}"
        raise InputError(f"--from: {name}: {wrong}; allowed: {', '.join(paths)}")
    one = read_shipped(paths[name])
    about = [*one.about, f"It begins from {name}, which travels with hpcbip."]
    return one.config.model_copy(update={"name": path.stem}), about


def _from_model(lattice: str, coupling: str, path: Path) -> tuple[Config, list[str]]:
    for option, value, known in (("--lattice", lattice, LATTICES), ("--coupling", coupling, COUPLINGS)):
        if value not in known:
            near = suggestion(value, known)
            raise InputError(f"{option}: {value}: unknown{near}; allowed: {', '.join(known)}")
    start = start_of(lattice, coupling)
    grid: dict[str, Any] = {OMEGA.name: [start.omega], "lambda": list(start.lambdas), "U": [start.U]}
    if coupling == COUPLINGS[-1]:
        grid |= dict(zip(SITE_KEYS, ([0.5], [1.0]), strict=True))
    chain = get_lattice(lattice).dimension == 1
    target = {MASS_BIPOLARON.name: 0.05, MASS_POLARON.name: 0.02} if chain else {TC_OVER_OMEGA.name: 0.05}
    content = {
        "name": path.stem,
        "seed": SEED,
        "model": {LATTICE.name: lattice, COUPLING.name: coupling, "t": 1.0},
        "grid": grid,
        "sampling": {**SAMPLING, "target": target},
        "tc": {} if chain else {"omega_meV": 30.0},
    }
    where = f"the {lattice}{'' if chain else ' lattice'}"
    about = [
        f"Pairs on {where} with {coupling} coupling: a short scan of λ.",
        start.words,
    ]
    return validate_config(content, str(path)), about
