"""The goal of a search, as it is given on the command line."""

from __future__ import annotations

import pytest

from hpcbip.driver.search.goal import SearchGoal
from hpcbip.errors import InputError


@pytest.mark.parametrize(
    "axes,bounds,tolerance,message",
    [
        ("mass", (), None, "--axes: mass: not one or two axes; allowed: one or two of lambda, U, t/omega"),
        ("lambda,U,t/omega", (), None, "--axes: lambda,U,t/omega: not one or two"),
        ("lambda,lambda", (), None, "not one or two"),
        ("lambda", ("U=1:2",), None, "--bounds: U: not an axis of this search; allowed: lambda"),
        ("lambda", ("lambda=1.2:0.1",), None, "--bounds: lambda=1.2:0.1: no room between"),
        ("lambda", ("lambda=0:1",), None, "LOW > 0"),
        ("lambda", ("lambda=0.1",), None, "--bounds: lambda=0.1: cannot be read; allowed: AXIS=LOW:HIGH"),
        ("lambda", ("lambda=0.1:x",), None, "cannot be read"),
        ("lambda", ("lambda=nan:1",), None, "no room between"),
        ("lambda", (), "width=0.1", "--tolerance: width: unknown; allowed: height, lambda"),
        ("lambda", (), "height=-1", "--tolerance: height=-1: must be positive"),
        ("lambda", (), "0.03", "--tolerance: 0.03: cannot be read; allowed: NAME=NUMBER"),
    ],
)
def test_goals_that_make_no_sense(
    axes: str, bounds: tuple[str, ...], tolerance: str | None, message: str
) -> None:
    with pytest.raises(InputError) as error:
        SearchGoal.parse(axes, bounds, tolerance)
    assert message in str(error.value)


def test_a_goal_is_read() -> None:
    goal = SearchGoal.parse("lambda, U", ("lambda=0.1:1.2", "U=-2:8"), "height=0.01,lambda=0.02")
    assert goal.axes == ("lambda", "U")
    assert goal.bounds["lambda"] == (0.1, 1.2)
    assert goal.bounds["U"] == (-2.0, 8.0)
    assert goal.tolerance == {"height": 0.01, "lambda": 0.02, "U": 0.5, "t/omega": 0.1}
