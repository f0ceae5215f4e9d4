"""A configuration with comments: what each key is, its unit, what is allowed, how to choose it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hpcbip.campaign.schema import Config
from hpcbip.campaign.yaml_reader import flow_text
from hpcbip.errors import one_line
from hpcbip.models import COUPLINGS, LATTICES, get_lattice, refuse_dispersion
from hpcbip.models.description import lambda_convention
from hpcbip.vocabulary.observables import TARGETS
from hpcbip.vocabulary.parameters import (
    BETA,
    COUPLING,
    FACTOR_KEYS,
    FURTHER_PHONONS,
    HOPPING,
    LAMBDA,
    LATTICE,
    OMEGA,
    PARAMETERS,
    PHONON_HOPPING,
    POINT_KEYS,
    PROFILE,
    SEQUENCE_KEYS,
    SHELLS,
    SITE_LEVELS,
    U_FACTORS,
    G,
)

COLUMN = 35
"""Column at which comments begin."""

WIDTH = 110
"""Length of a line, those of points and targets excepted."""

_COMMANDS = ("hpcbip run {path} --out {out} -n 8", "hpcbip status {out}", "hpcbip reduce {out}")
_EXPLANATION = """\
The first command also goes on where it was stopped, and extends the campaign after a change here. What is
marked (fixed) cannot change once it has begun; points, chains, blocks and targets can. Energies are in the
unit in which t is given, the projection length β in its inverse, lengths in lattice constants. Of a key that
stands behind a # the default counts."""

_COUPLINGS = {
    "bond": "an oscillator per bond, which modulates the hopping",
    "holstein": "one per site, which couples to the density",
    "bond+holstein": "both",
}
_BETA = """\
(fixed; points may have their own) projection length, > 0: auto, a number, or one per sector. It has to be
long against 1/Δ of a pair bound by Δ: the flag "beta short" says where it is not. auto is 50/t or 24/Ω,
whichever is longer, and suits Δ > 0.1 t; twice as long costs twice as much"""
_CHAINS = """\
independent Markov chains of every ensemble, at least 2 so that they can be compared; on many ranks
{min: 8, max: 512} begins further ones where much is missing"""
_TARGET = """\
relative errors at which an ensemble is done; none: all run to max_blocks. Half the error costs four times
as much: 0.05 for a first look, 0.02 for a figure. Allowed: """
_MAX_BLOCKS = "hard end of every chain, whatever its errors; what a point may cost at most"
_MIN_BLOCKS = """\
no error is looked at before: who stops early stops where the error happens to be small, so that
chains × min_blocks × bins_per_block should be at least 500"""
_THERMAL = '(fixed) first blocks, left out of all averages; the flag "not thermalised" asks for more'
_BINS = "(fixed) bins of a block: a block is what a rank does between two checkpoints, best some seconds"
_UPDATES = """\
(fixed) a bin is the mean over so many updates, and the unit of the error analysis: long enough where the
autocorrelation times in the results, X_tau in bins, are below about 5"""
_MEV = "phonon energy Ω in meV, for Tc in kelvin; without it there is no tc_kelvin"
_PREFACTOR = "of Tc: a number > 0, or published: that of the source papers"
_DENSITY = "pairs per volume at which Tc is taken, > 0; without it that at which pairs touch"


def commented_yaml(config: Config, path: Path, about: Sequence[str]) -> str:
    """Write a configuration with comments.

    Args:
        config: what it says.
        path: of the file that it will be, for the commands in its first lines.
        about: lines about the campaign, with which the file begins.
    """
    names = {"path": one_line(shlex.quote(path.name)), "out": one_line(shlex.quote(f"runs/{path.stem}"))}
    lines = [*_comment(" ".join(about).split(), ""), "#"]
    lines += [f"#     {command.format(**names)}" for command in _COMMANDS]
    lines += ["#", *_comment(_EXPLANATION.split(), "")]
    lines += ["", *_entry("name", config.name, "(fixed) of the campaign", indent="")]
    seed = "(fixed) an integer >= 0; another one makes independent random numbers"
    lines += [*_entry("seed", config.seed, seed, indent=""), ""]
    for section in (_model(config), _grid(config), _points(config), _sampling(config), _tc(config)):
        lines += [*section, ""]
    return "\n".join(lines[:-1]) + "\n"


def _entry(key: str, value: Any, comment: str, indent: str = "  ", given: bool = True) -> Iterator[str]:
    """Write a key with its comment beside it, in as many lines as that takes; behind a # if not `given`."""
    text = f"{indent}{'' if given else '# '}{key}: {flow_text(value)}"
    words = comment.split()
    if len(text) + 2 > COLUMN and len(text) + len(comment) + 4 > WIDTH:  # no room beside it: above
        yield from _comment(words, indent)
        yield text
        return
    first, *others = _comment(words, " " * max(COLUMN, len(text) + 2))
    yield text.ljust(COLUMN - 1) + " " + first.lstrip()
    yield from others


def _comment(words: Sequence[str], indent: str) -> Iterator[str]:
    """Break a comment into lines."""
    line = indent + "#"
    for word in words:
        if len(line) + 1 + len(word) > WIDTH:
            yield line
            line = indent + "#"
        line += " " + word
    yield line


_OWN_LATTICE = "{vectors: [[1,0],[0,1.5]], bonds: [[1,0],[0,1]]}"
_OWN_BASIS = (
    "{vectors: [[1]], sites: {A: [0], B: [0.5]}, bonds: [{from: A, to: B, cell: [0]}, "
    "{from: A, to: B, cell: [-1]}]}"
)

_OWN_PHONONS = [{"where": "bonds", "omega": 2.0, "lambda": 0.1}]


def _model(config: Config) -> Iterator[str]:
    model = config.model
    yield "model:"
    written = model.lattice.startswith("{")
    lattice = json.loads(model.lattice) if written else model.lattice
    names = ", ".join(LATTICES) + ", or its primitive vectors and bond axes:"
    yield from _entry(LATTICE.name, lattice, f"(fixed) {names} {_OWN_LATTICE} or, with a basis, {_OWN_BASIS}")
    couplings = "; ".join(f"{name}: {_COUPLINGS[name]}" for name in COUPLINGS)
    yield from _entry(COUPLING.name, model.coupling, f"(fixed) {couplings}")
    yield from _entry(HOPPING.name, model.t, "(fixed) hopping, > 0; the unit of energy")
    axes, kinds = len(get_lattice(model.lattice).axes), get_lattice(model.lattice).kinds
    examples = dict.fromkeys(FACTOR_KEYS, [1.0] * axes) | {SHELLS.name: [1.0]}
    if model.coupling != "bond":
        examples[PROFILE.name] = [1.0, 0.2]
    if kinds > 1:
        examples |= {SITE_LEVELS.name: [0.0] * kinds, U_FACTORS.name: [1.0] * kinds}
    for key in (key for key in SEQUENCE_KEYS if key in examples):
        given = getattr(model, key)
        yield from _entry(key, list(given) or examples[key], f"(fixed) {_words(key)}", given=bool(given))
    phonons, words = FURTHER_PHONONS.name, f"(fixed) {_words(FURTHER_PHONONS.name)}"
    given = [one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in model.phonons]
    yield from _entry(phonons, given or _OWN_PHONONS, words, given=bool(given))


def _grid(config: Config) -> Iterator[str]:
    if config.grid is None:
        yield "# grid: {omega: [1.0], lambda: [0.5, 0.6], U: [8.0]}     # or a grid, the product of its lists"
        return
    yield "grid:                              # every list is an axis of the scan, which is their product"
    given = config.grid.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for key in (key for key in POINT_KEYS if given.get(key) is not None):
        convention = f" ({lambda_convention(config.model)})" if key in (G.name, LAMBDA.name) else ""
        yield from _entry(key, given[key], _words(key) + convention)
    key = PHONON_HOPPING.name
    example = round(0.1 * min(given[OMEGA.name]), 6)
    lattice = get_lattice(config.model.lattice)
    if key not in given and refuse_dispersion(lattice, config.model.coupling, 1.0, 0.1) is None:
        yield from _entry(key, [example], _words(key), given=False)


def _words(key: str) -> str:
    """Say what a parameter is, and what is allowed."""
    parameter = PARAMETERS[key]
    return f"{parameter.words}; {parameter.allowed}"


def _points(config: Config) -> Iterator[str]:
    words = "points, with the keys of a grid, and a beta if they need one"
    if config.points:
        yield f"points:                            # {words}"
        for point in config.points:
            yield f"  - {flow_text(point.model_dump(mode='json', by_alias=True, exclude_unset=True))}"
        return
    assert config.grid is not None  # the configuration makes sure of one of the two
    first = next(config.grid.points()).model_dump(mode="json", by_alias=True, exclude_unset=True)
    yield f"# points:                          # further {words}"
    yield f"#   - {flow_text(first | {BETA.name: 300.0})}"


def _sampling(config: Config) -> Iterator[str]:
    given = config.sampling.model_dump(mode="json")
    yield "sampling:                          # all counts are per chain, whatever the number of ranks"
    yield from _entry("beta", given["beta"], _BETA)
    yield from _entry("chains", given["chains"], _CHAINS)
    yield from _entry("target", given["target"], _TARGET + ", ".join(TARGETS))
    for key, comment in (("max_blocks", _MAX_BLOCKS), ("min_blocks", _MIN_BLOCKS)):
        yield from _entry(key, given[key], comment)
    for key, comment in (
        ("thermal_blocks", _THERMAL),
        ("bins_per_block", _BINS),
        ("updates_per_bin", _UPDATES),
    ):
        yield from _entry(key, given[key], comment)


def _tc(config: Config) -> Iterator[str]:
    given = config.tc.model_dump(mode="json", exclude_none=True)
    if not given and get_lattice(config.model.lattice).dimension == 1:
        yield "# a chain has no Tc"
        return
    keys = {"omega_meV": (30.0, _MEV), "prefactor": ("published", _PREFACTOR), "density": (0.1, _DENSITY)}
    yield f"{'tc:' if given else '# tc:':34} # how Tc is worked out"
    for key, (example, comment) in keys.items():
        yield from _entry(key, given.get(key, example), comment, given=key in given)
