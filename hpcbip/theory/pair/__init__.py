"""Two electrons without phonons: bound states, thresholds, order parameter, the ring behind d-wave pairs."""

from hpcbip.theory.pair.model import PairModel
from hpcbip.theory.pair.order_parameter import OrderParameter, condensate_order_parameter
from hpcbip.theory.pair.ring import RingLevel, pairs_of_ring_model, ring_levels, ring_table
from hpcbip.theory.pair.solver import BoundPair, bound_states, solve_channel
from hpcbip.theory.pair.tables import pair_table, threshold_table
from hpcbip.theory.pair.tetragonal import (
    exchange_attraction,
    interlayer_model,
    interlayer_table,
    weak_coupling_exponents,
)
from hpcbip.theory.pair.threshold import binding_threshold, count_bound_states

__all__ = [
    "BoundPair",
    "OrderParameter",
    "PairModel",
    "RingLevel",
    "binding_threshold",
    "bound_states",
    "condensate_order_parameter",
    "count_bound_states",
    "exchange_attraction",
    "interlayer_model",
    "interlayer_table",
    "pair_table",
    "pairs_of_ring_model",
    "ring_levels",
    "ring_table",
    "solve_channel",
    "threshold_table",
    "weak_coupling_exponents",
]
