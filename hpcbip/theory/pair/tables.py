"""Tables of bound states and of thresholds, one row per symmetry channel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.errors import InputError
from hpcbip.theory.pair.channel import ChannelInteraction
from hpcbip.theory.pair.model import PairModel, model_parameters
from hpcbip.theory.pair.solver import SMALLEST_BINDING, BoundPair, solve_channel
from hpcbip.theory.pair.threshold import binding_threshold, count_bound_states

BOUND_STATE_COLUMNS = ("E", "binding_energy", "mass", "pair_distance2", "on_site_weight")
UNIAXIAL_COLUMNS = ("mass_in_plane", "mass_along_c", "pair_distance2_along_c")
"""Columns of lattices whose axis c differs from the others; c = a, for another c multiply ⟨z²⟩ by (c/a)² and
the mass along c by (a/c)²."""


def pair_table(model: PairModel) -> list[dict[str, Any]]:
    """Tabulate the bound states of a model: the rows of `pair_rows`."""
    return [row for row, _ in pair_rows(model)]


def pair_rows(model: PairModel) -> list[tuple[dict[str, Any], BoundPair | None]]:
    """List a row and the state that it is about, None where no state is resolved.

    There is a row for the lowest state of every symmetry channel and one for each further bound state.

    `status` is "bound", "not bound", "no interaction in this channel", or "bound by less than 1e-09 t"; the
    numbers of states that are not resolved are None. `level` counts the states of a channel, `degeneracy` the
    partners of each.
    """
    common = model_parameters(model) | {"edge": model.band.edge}
    columns = BOUND_STATE_COLUMNS + (UNIAXIAL_COLUMNS if model.place.uniaxial else ())
    result: list[tuple[dict[str, Any], BoundPair | None]] = []
    for channel in model.channels:
        words = common | {"channel": channel.name, "spin": channel.spin, "degeneracy": channel.degeneracy}
        states = solve_channel(model, channel)
        for state in states:
            result.append((words | {"level": state.level, "status": "bound"} | _numbers(state), state))
        if not states:
            empty = (
                ChannelInteraction.in_channel(
                    model.interacting_shells(), channel, model.place.dimension
                ).basis.shape[1]
                == 0
            )
            status = "no interaction in this channel" if empty else "not bound"
            if not empty and (count_bound_states(model, channel) or 0) > 0:
                status = f"bound by less than {SMALLEST_BINDING:g} t"
            result.append((words | {"level": 0, "status": status} | dict.fromkeys(columns), None))
    return result


def _numbers(state: BoundPair) -> dict[str, Any]:
    values = {
        "E": state.E,
        "binding_energy": state.binding_energy,
        "mass": None if any(state.model.K) else state.mass,
    }
    values |= {"pair_distance2": state.pair_distance2, "on_site_weight": state.on_site_weight}
    if state.model.place.uniaxial:
        inverse = [None, None] if any(state.model.K) else _inverse_masses(state.inverse_mass)
        masses = [1.0 / x if x else None for x in inverse]
        numbers = (*masses, float(state.distance_tensor[2, 2]))
        values |= dict(zip(UNIAXIAL_COLUMNS, numbers, strict=True))
    return values


def _inverse_masses(tensor: NDArray[np.float64]) -> list[float]:
    """Return the mean of a tensor's elements in the plane, and that along the third axis."""
    return [0.5 * float(tensor[0, 0] + tensor[1, 1]), float(tensor[2, 2])]


def threshold_table(model: PairModel, shell: int) -> list[dict[str, Any]]:
    """Tabulate `binding_threshold` of one shell for all channels.

    A row has the other parameters, the channel, the name of the interaction, the threshold or None, and a
    status: "binds beyond", "any attraction binds", "never binds", or why there is no threshold.
    """
    name = ("U", *model.place.shell_names)[shell] if 0 <= shell <= len(model.place.shell_names) else ""
    others = {key: value for key, value in model_parameters(model).items() if key != name}
    result = []
    for channel in model.channels:
        value, status = None, "never binds"
        try:
            value = binding_threshold(model, channel, shell)
        except InputError as error:
            status = str(error)
        if value is not None:
            status = "any attraction binds" if value == 0.0 else "binds beyond"
        result.append(
            {
                **others,
                "channel": channel.name,
                "spin": channel.spin,
                "degeneracy": channel.degeneracy,
                "interaction": name,
                "threshold": value,
                "status": status,
            }
        )
    return result
