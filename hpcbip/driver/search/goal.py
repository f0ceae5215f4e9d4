"""The goal of a search: the axes of the maximum, bounds of new points, and when it is pinned down."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpcbip.errors import InputError
from hpcbip.superconductivity.maximum import Maximum
from hpcbip.superconductivity.peaks import SMOOTH_P_ALARM
from hpcbip.superconductivity.suggestions import BOUNDS, TOLERANCE, Suggestion
from hpcbip.vocabulary.parameters import SCAN_AXES

MIN_POINTS = {1: 5, 2: 8}
"""Points without which no maximum counts as pinned down, by the number of axes."""


@dataclass(frozen=True)
class SearchGoal:
    """What a search looks for.

    Attributes:
        axes: parameters along which Tc has its maximum.
        bounds: of new points, by axis.
        tolerance: errors at which the maximum is pinned down: relative for the height, otherwise by axis.
    """

    axes: tuple[str, ...]
    bounds: Mapping[str, tuple[float, float]]
    tolerance: Mapping[str, float]

    @classmethod
    def of(
        cls,
        axes: tuple[str, ...],
        bounds: Mapping[str, tuple[float, float]] | None = None,
        tolerance: Mapping[str, float] | None = None,
    ) -> SearchGoal:
        """Check a goal, and fill in `BOUNDS` and `TOLERANCE` of `hpcbip.superconductivity.suggestions`.

        Raises:
            InputError: for unknown or repeated axes, empty bounds, and tolerances that are not positive.
        """
        if not 1 <= len(axes) <= 2 or len(set(axes)) < len(axes) or not set(axes) <= set(SCAN_AXES):
            raise InputError(
                f"--axes: {','.join(axes)}: not one or two axes; "
                f"allowed: one or two of {', '.join(SCAN_AXES)}"
            )
        for axis, (low, high) in (bounds or {}).items():
            if axis not in axes:
                raise InputError(f"--bounds: {axis}: not an axis of this search; allowed: {', '.join(axes)}")
            if not (math.isfinite(low) and math.isfinite(high) and low < high) or (
                axis != "U" and low <= 0.0
            ):
                allowed = "LOW:HIGH, numbers with LOW < HIGH" + ("" if axis == "U" else ", LOW > 0")
                raise InputError(f"--bounds: {axis}={low:g}:{high:g}: no room between; allowed: {allowed}")
        for name, value in (tolerance or {}).items():
            if name not in ("height", *axes):
                raise InputError(f"--tolerance: {name}: unknown; allowed: height, {', '.join(axes)}")
            if not 0.0 < value < math.inf:
                raise InputError(f"--tolerance: {name}={value:g}: must be positive; allowed: a number > 0")
        return cls(axes, {**BOUNDS, **(bounds or {})}, {**TOLERANCE, **(tolerance or {})})

    @classmethod
    def parse(cls, axes: str, bounds: Sequence[str] = (), tolerance: str | None = None) -> SearchGoal:
        """Read a goal from the options of the command line.

        Args:
            axes: as `lambda,U`.
            bounds: each as `lambda=0.1:1.2`.
            tolerance: as `height=0.02,lambda=0.02`.

        Raises:
            InputError: if they cannot be read, or make no sense.
        """
        limits = {}
        for text in bounds:
            name, numbers = _assignment("--bounds", text, 2, "AXIS=LOW:HIGH, such as lambda=0.1:1.2")
            limits[name] = (numbers[0], numbers[1])
        tolerances = {}
        for text in tolerance.split(",") if tolerance else ():
            name, numbers = _assignment(
                "--tolerance", text, 1, "NAME=NUMBER, such as height=0.03,lambda=0.03"
            )
            tolerances[name] = numbers[0]
        return cls.of(tuple(axis.strip() for axis in axes.split(",")), limits, tolerances)


def _assignment(option: str, text: str, count: int, allowed: str) -> tuple[str, list[float]]:
    """Split NAME=NUMBER:NUMBER into a name and `count` numbers."""
    name, _, values = text.partition("=")
    try:
        numbers = [float(value) for value in values.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise InputError(f"{option}: {text}: cannot be read; allowed: {allowed}")
    return name.strip(), numbers


def is_pinned_down(maximum: Maximum, goal: SearchGoal) -> bool:
    """Tell whether a maximum lies within the scan or at a natural end of its axes, is known to the
    tolerances, and rests on enough points that the curve describes."""
    positions = len(np.unique(maximum.scan.x, axis=0))
    curve_fits = not maximum.scan.curves.p_value < SMOOTH_P_ALARM
    return (
        not maximum.open_axes(goal.bounds)
        and maximum.worst(goal.tolerance) <= 1.0
        and curve_fits
        and positions >= MIN_POINTS[len(goal.axes)]
    )


def check_bounds(maximum: Maximum | None, suggestions: Sequence[Suggestion], goal: SearchGoal) -> None:
    """Refuse bounds within which the maximum cannot be found.

    Raises:
        InputError: if the bounds leave no room for a curve, or Tc is highest at one of them.
    """
    can_extend = any(suggestion.kind == "extend" for suggestion in suggestions)
    if maximum is None:
        limiting = list(goal.axes[:1])
    else:
        limiting = maximum.open_axes(goal.bounds)
    if not can_extend and limiting and (maximum is None or maximum.worst(goal.tolerance) <= 1.0):
        low, high = goal.bounds[limiting[0]]
        wrong = "Tc/Ω is highest at the bound" if maximum else "no room for a curve"
        if maximum and maximum.unbound:
            wrong = "pairs are bound by less than Tc up to the bound"
        raise InputError(f"--bounds: {limiting[0]}={low:g}:{high:g}: {wrong}; allowed: wider bounds")
