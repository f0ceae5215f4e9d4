"""Arguments and options that several verbs share, and the types of numbers on the command line."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpcbip.errors import InputError
from hpcbip.vocabulary.numbers import LARGEST, SMALLEST

if TYPE_CHECKING:
    from hpcbip.models import Family
    from hpcbip.theory.exact.geometry import Geometry

MAX_VALUES = 10_000
"""Number of values that an option, or all combinations of several options, may stand for."""
_STEP_ROUNDING = 1e-9
"""Part of a step by which the end of a range may lie below a multiple of the step and still belong to it."""
_LONGEST_NAME, _LONGEST_PATH = 255, 4000
"""Bytes of the name of a file, and of a path below which files are made: what Linux takes, less some room."""


class UserPath(click.ParamType):
    """The path of a file or folder in a form that every part of the program can handle.

    Args:
        is_file: the path of a file, which ends in a name.
    """

    name = "path"

    def __init__(self, is_file: bool = False) -> None:
        self.is_file = is_file

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path.

        Raises:
            InputError: if it is empty, too long, not UTF-8 or has control characters, or if the path of a
                file has no name.
        """
        text, wrong = os.fspath(value), ""
        content = os.fsencode(text)
        if not text.strip():
            wrong = "is empty"
        elif not _is_utf8(content) or any(ord(character) < 32 or character == "\x7f" for character in text):
            wrong = "is not UTF-8, or has control characters"
        elif len(content) > _LONGEST_PATH or max(map(len, content.split(b"/"))) > _LONGEST_NAME:
            wrong = "is too long"
        elif self.is_file and Path(text).name in ("", ".."):
            wrong = "has no name"
        if wrong:
            name = param.get_error_hint(ctx) if param and ctx else self.name
            allowed = f"the path of a {'file' if self.is_file else 'folder'}"
            raise InputError(f"{name}: {text!r}: {wrong}; allowed: {allowed}")
        return Path(text)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


FOLDER, FILE = UserPath(), UserPath(is_file=True)
RANKS = click.IntRange(min=1, max=1_000_000)
"""Numbers of MPI ranks, nodes and tasks."""
STATE_COUNT = click.IntRange(min=10, max=1_000_000)
"""Numbers of basis states of an exact diagonalisation; a million take some GB."""


class Finite(click.FloatRange):
    """A finite number within limits, among them those of `hpcbip.vocabulary.numbers`; click's own types let
    nan and inf through."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number.

        Raises:
            click.BadParameter: if it is no number, not finite, or outside the limits.
        """
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        if abs(number) > LARGEST or (number < SMALLEST and self.min == 0.0 and self.min_open):
            self.fail(f"{value} is not between {SMALLEST:g} and {LARGEST:g}.", param, ctx)
        return number


FINITE = Finite()
POSITIVE = Finite(min=0.0, min_open=True)
NOT_NEGATIVE = Finite(min=0.0)


class Numbers(click.ParamType):
    """A list of numbers, written as `0.5,1,2` or as `0.2:3:0.2` (begin:end:step, with the end).

    Args:
        above, below: exclusive limits of every number.
        least: inclusive lower limit of every number.
        infinite: whether inf is allowed.
    """

    name = "numbers"

    def __init__(
        self,
        above: float = -math.inf,
        below: float = math.inf,
        least: float = -math.inf,
        infinite: bool = False,
    ) -> None:
        self.above, self.below, self.least, self.infinite = above, below, least, infinite
        limits = ((f"> {above:g}", above), (f">= {least:g}", least), (f"< {below:g}", below))
        words = " and ".join(text for text, limit in limits if math.isfinite(limit))
        self.allowed = f"{'' if infinite else 'finite '}numbers {words}{'or inf' if infinite else ''}".strip()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[float]:
        """Return the numbers.

        Raises:
            InputError: if they cannot be read, are out of range, or their count is not 1 to `MAX_VALUES`.
        """
        name = param.opts[0] if param else self.name
        try:
            found = _read(str(value))
        except (ValueError, ZeroDivisionError, OverflowError):
            allowed = "numbers as in 0.5,1,2, or begin:end:step"
            raise InputError(f"{name}: {value}: cannot be read; allowed: {allowed}") from None
        if not found:
            raise InputError(
                f"{name}: {value}: no value, or more than {MAX_VALUES}; allowed: 1 to {MAX_VALUES} values"
            )
        for number in found:
            inside = abs(number) <= LARGEST and self.above < number < self.below and number >= self.least
            inside = inside and not (self.above == 0.0 and number < SMALLEST)
            if not inside and not (self.infinite and number == math.inf):
                raise InputError(f"{name}: {number:g}; allowed: {self.allowed}")
        return found


def _read(text: str) -> list[float]:
    """Return the numbers, or an empty list if there are more than `MAX_VALUES`."""
    if ":" not in text:
        found = [float(word) for word in text.split(",")]
        return found if len(found) <= MAX_VALUES else []
    begin, end, step = map(float, text.split(":"))
    steps = (end - begin) / step + _STEP_ROUNDING
    return [begin + k * step for k in range(int(steps) + 1)] if 0.0 <= steps < MAX_VALUES else []


class Wanted(click.ParamType):
    """Which numbers are wanted: `8` or `10/3`, several as in `0,4,8`, or a range with both ends, as in
    `0.3:0.8`."""

    name = "numbers"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[float] | tuple[float, float]:
        """Return a list of numbers, or the ends of a range as a tuple.

        Raises:
            InputError: if it cannot be read.
        """
        try:
            if ":" in str(value):
                low, high = map(_ratio, str(value).split(":"))
                if low <= high:
                    return low, high
            elif all(map(math.isfinite, found := list(map(_ratio, str(value).split(","))))):
                return found
        except (ValueError, ZeroDivisionError):
            pass
        name = param.opts[0] if param else self.name
        allowed = "a number, several as in 0,4,8, or a range as in 0.3:0.8"
        raise InputError(f"{name}: {value}: cannot be read; allowed: {allowed}")


def _ratio(text: str) -> float:
    """Read a number, or a ratio of two, as t/omega often is."""
    numerator, slash, denominator = text.partition("/")
    return float(numerator) / float(denominator) if slash else float(numerator)


def check_number_of_combinations(*options: list[Any] | tuple[Any, ...]) -> None:
    """Check that these options do not have too many combinations.

    Raises:
        InputError: if there are more than `MAX_VALUES`.
    """
    number = math.prod(map(len, options))
    if number > MAX_VALUES:
        raise InputError(f"{number} combinations of these options; allowed: up to {MAX_VALUES}")


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_MODEL_OPTIONS: tuple[Decorator, ...] = (
    click.option("--V", "V", type=FINITE, default=0.0, show_default=True, help="Of V/r."),
    click.option("--g-holstein", type=FINITE, default=0.0, show_default=True),
    click.option("--levels", type=Numbers(), help="Of the sites of the cell, as in 0,1,1."),
    click.option("--U-factors", "U_factors", type=Numbers(), help="Of U on the sites of the cell."),
    click.option("--t-factors", type=Numbers(), help="Of t along the bond axes."),
    click.option("--g-factors", type=Numbers(), help="Of g along the bond axes."),
    click.option("--omega-factors", type=Numbers(), help="Of Ω along the bond axes."),
    click.option(
        "--omega-holstein", type=NOT_NEGATIVE, help="Of the sites, with ...+holstein. [default: --omega]"
    ),
    click.option(
        "--phonon-hopping", type=NOT_NEGATIVE, default=0.0, show_default=True, help="Between neighbours."
    ),
    click.option("--profile", type=Numbers(least=0.0), help="Of the density on sites and neighbour shells."),
    click.option("--phonons", help="Further families, as in '[{where: bonds, omega: 2, lambda: 0.1}]'."),
)


def model_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a model that is diagonalised beyond its lattice, coupling, t, Ω, g and U.

    Their values are read by `read_geometries` and `read_system_fields`.
    """
    for option in reversed(_MODEL_OPTIONS):
        function = option(function)
    return function


def read_geometries(
    lattice: str, couplings: Iterable[str], particles: tuple[int, str], t: float, given: Mapping[str, Any]
) -> list[Geometry]:
    """Make a geometry for every coupling.

    Args:
        lattice: name of the lattice, or one written out.
        couplings: names of couplings.
        particles: number of electrons and their spin.
        t: hopping, which turns a λ of a family into its g.
        given: values of the `model_options`.

    Raises:
        InputError: with what is allowed.
    """
    from hpcbip.theory.exact.geometry import Geometry

    families = _read_families(given["phonons"], lattice, t) if given["phonons"] else ()
    return [
        Geometry(
            lattice,
            coupling,
            *particles,
            profile=tuple(given["profile"] or ()),
            phonons=families,
            dispersive=given["phonon_hopping"] > 0.0,
        )
        for coupling in couplings
    ]


def read_system_fields(coupling: str, omega: float, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the further fields of a `System` of this coupling and Ω, from values of the `model_options`."""
    from hpcbip.theory.exact.system import System

    names = {field.name for field in fields(System)}
    found = {
        name: x if isinstance(x, float) else tuple(x or ()) for name, x in given.items() if name in names
    }
    of_sites = given["omega_holstein"]
    if of_sites is None:
        of_sites = omega if coupling.endswith("+holstein") else 0.0
    return {**found, "omega_holstein": of_sites}


def _read_families(text: str, lattice: str, t: float) -> tuple[Family, ...]:
    """Read families of phonons as a configuration lists them.

    Raises:
        InputError: with what is allowed.
    """
    from pydantic import ValidationError

    from hpcbip.campaign.model_section import ModelSection
    from hpcbip.campaign.validation import explain
    from hpcbip.campaign.yaml_reader import parse_yaml
    from hpcbip.vocabulary.parameters import COUPLING, FURTHER_PHONONS, HOPPING, LATTICE

    listed = parse_yaml(text, "--phonons")
    try:
        section = ModelSection.model_validate(
            {LATTICE.name: lattice, COUPLING.name: "bond", HOPPING.name: t, FURTHER_PHONONS.name: listed}
        )
    except ValidationError as error:
        raise InputError(explain("--phonons", error)) from None
    return section.further_families


def lattice_option(names: str, default: str | None = None) -> Decorator:
    """Return the option of a lattice.

    Args:
        names: those that are allowed, for the help.
        default: name taken without the option.
    """
    return click.option("--lattice", default=default, show_default=True, help=f"{names}.")


def couplings_option(names: str, *default: str) -> Decorator:
    """Return the option of one coupling or several, passed as `couplings`.

    Args:
        names: those that are allowed, for the help.
        default: names taken without the option.
    """
    return click.option(
        "--coupling",
        "couplings",
        multiple=True,
        default=default,
        show_default=True,
        help=f"{names}; may be repeated.",
    )


directory_argument = click.argument("directory", type=FOLDER)
out_option = click.option("--out", type=FOLDER, help="Folder for the files. [default: DIRECTORY]")
axes_option = click.option(
    "--axes", default="lambda", show_default=True, help="One or two of lambda, U, t/omega."
)
bounds_option = click.option(
    "--bounds", multiple=True, metavar="AXIS=LOW:HIGH", help="Of new points; may be repeated."
)
tolerance_option = click.option("--tolerance", help="As in height=0.03 (relative),lambda=0.03,U=0.5 (in t).")
figure_option = click.option("--figure", type=FILE, help="Draw it: PNG, with PDF and CSV beside it.")
