"""A Markov chain: arrays in, arrays out. It can be stopped after any block and continued bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.models import Model
from hpcbip.qmc.cycle import ACCEPTED, COUNTS, LARGEST_CYCLE, TRIED, UPDATES, run_bins
from hpcbip.qmc.ensemble import Ensemble
from hpcbip.qmc.estimators.displacement import LAGS, MARK_ROWS
from hpcbip.qmc.estimators.distortion import BOND_PARTS, HOP, SNAPSHOT_WORDS, SNAPSHOTS
from hpcbip.qmc.estimators.measure import ESTIMATORS, MOST_SUMS, WORK_ROWS
from hpcbip.qmc.estimators.waves import WAVE_PARTS
from hpcbip.qmc.kernel.compilation_lock import compiled_once
from hpcbip.qmc.kernel.path import DIRECTIONS, EVENT, EVENTS, FIRST, HEAD, MAX_EVENTS, STATE_WORDS, TAIL
from hpcbip.qmc.kernel.specialisation import plain_dimension
from hpcbip.qmc.kernel.symmetry import CENTRE
from hpcbip.qmc.layout import sector_mask

CHOICES = 1024  # longest list of partners that the heat bath of the phonon lines considers
FREE_SLOTS = 4 * LARGEST_CYCLE  # of a path that begins or is read back
UPDATES_PER_CALL = 100_000  # of the kernel: a fraction of a second


def _nothing() -> None:
    """Do nothing."""


class Chain:
    """A Markov chain of an ensemble: its path and the state of its random numbers.

    Attributes:
        ensemble: what it samples.
        kernel: the function that advances it, `run_bins` or its variant for plain models.
    """

    def __init__(
        self, ensemble: Ensemble, path: NDArray[Any], state: NDArray[np.int64], rng: NDArray[np.uint64]
    ) -> None:
        self.ensemble = ensemble
        self._path, self._state, self._rng = path, state, rng
        self._choices = np.empty(CHOICES, dtype=np.uint32)
        self._weights = np.empty(CHOICES, dtype=np.float64)
        self._work = np.zeros((WORK_ROWS, ensemble.lattice.dimension))
        self._sums = np.zeros((len(ESTIMATORS), MOST_SUMS))
        self._marks = np.zeros((LAGS + 1, MARK_ROWS, ensemble.lattice.dimension))
        self._waves = np.zeros((LAGS + 1, WAVE_PARTS))
        self._bonds = np.zeros((ensemble.electrons * ensemble.lattice.directions, BOND_PARTS))
        self._snapshots = np.zeros((SNAPSHOTS, SNAPSHOT_WORDS), dtype=np.int64)
        self._cloud, self._hops = self._cloud_array(), self._hop_array()
        self._in_sector = sector_mask(ensemble)
        self.kernel = run_bins.variant(plain_dimension(ensemble.parameters))

    @classmethod
    def start(cls, ensemble: Ensemble, seed: NDArray[np.uint64]) -> Chain:
        """Start a chain from a path without events, both electrons at the origin.

        Raises:
            ValueError: if `seed` is not four words of type uint64, not all zero.
        """
        seed = np.array(seed)
        if seed.shape != (4,) or seed.dtype != np.uint64 or not seed.any():
            raise ValueError("a seed is four words of type uint64, not all zero")
        path = np.zeros(FREE_SLOTS, dtype=EVENT)
        ne = ensemble.electrons
        order = [*range(HEAD, HEAD + ne), *range(TAIL, TAIL + ne)]
        for before, after in zip(order[:-1], order[1:], strict=True):
            path[before]["next"], path[after]["prev"] = after, before
        for e in range(ne):
            head, tail = path[HEAD + e], path[TAIL + e]
            # a head is stored as a hop against its axis, whose lower site (0) is where the electron is
            # afterwards
            head["direction"], head["electron"] = 1, e
            tail["time"], tail["electron"] = ensemble.beta, e
            head["enext"], tail["eprev"] = TAIL + e, HEAD + e
        return cls(ensemble, path, np.zeros(STATE_WORDS, dtype=np.int64), seed)

    def run_block(
        self, bins: int, updates_per_bin: int, interlude: Callable[[], None] = _nothing
    ) -> NDArray[np.float64]:
        """Advance the chain by `bins` bins of (nearly) `updates_per_bin` updates each.

        Args:
            bins, updates_per_bin: the size of the block.
            interlude: called several times a second. If it raises the chain is lost: it stands amid a bin.

        Returns:
            The bins, shape (bins, len(columns(ensemble))): averages over the measurements of each bin.
        """
        cycles = self.ensemble.cycles
        per_row = max(1, updates_per_bin // self.ensemble.interval)
        # a row is a sum in the order of the measurements, in however many calls they are made
        per_call = max(1, UPDATES_PER_CALL // self.ensemble.interval)
        rows = np.zeros((bins, len(self._in_sector)))
        accepted = np.zeros((bins, len(UPDATES)))
        for k in range(bins):
            counts = np.zeros((len(UPDATES), COUNTS), dtype=np.int64)
            for done in range(0, per_row, per_call):
                self._run(rows[k : k + 1], min(per_call, per_row - done), cycles, counts)
                interlude()
            accepted[k] = counts[:, ACCEPTED] / np.maximum(counts[:, TRIED], 1)
        return np.hstack([rows[:, self._in_sector] / per_row, accepted])

    def thermalise(self, updates: int, interlude: Callable[[], None] = _nothing) -> None:
        """Advance the chain by about `updates` updates and measure nothing; `interlude` as in `run_block`."""
        self.run_block(1, updates, interlude)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole state: `path` (records of the used slots), `state` (int64), `rng` (uint64[4])."""
        used = FIRST + int(self._state[EVENTS])
        return {"path": self._path[:used].copy(), "state": self._state.copy(), "rng": self._rng.copy()}

    @classmethod
    def from_arrays(cls, ensemble: Ensemble, arrays: Mapping[str, NDArray[Any]]) -> Chain:
        """Rebuild the chain whose `to_arrays` gave these arrays; it continues bit for bit.

        Raises:
            ValueError: if the arrays are not those of a chain of this ensemble.
        """
        path, state, rng = (np.array(arrays[name]) for name in ("path", "state", "rng"))
        if path.dtype != EVENT or state.shape != (STATE_WORDS,) or len(path) != FIRST + state[EVENTS]:
            raise ValueError("these arrays are not the state of a chain")
        if not _stays_within(path, ensemble.electrons) or state[EVENTS + 1 :].any() or rng.shape != (4,):
            raise ValueError("these arrays are not the state of a chain")
        if path[TAIL]["time"] != ensemble.beta:
            raise ValueError(f"this chain has beta = {path[TAIL]['time']}, not {ensemble.beta}")
        larger = np.zeros(min(len(path) + FREE_SLOTS, MAX_EVENTS + FIRST), dtype=EVENT)
        larger[: len(path)] = path
        return cls(ensemble, larger, state, rng)

    def kernel_arguments(self) -> tuple[Any, ...]:
        """Return arguments of `run_bins` for this chain, all of the types with which it is called."""
        rows = np.zeros((1, len(self._in_sector)))
        counts = np.zeros((len(UPDATES), COUNTS), dtype=np.int64)
        return self._arguments(rows, 1, 1, counts)

    def _arguments(
        self, rows: NDArray[np.float64], per_row: int, cycles: int, counts: NDArray[np.int64]
    ) -> tuple[Any, ...]:
        state = (self._path, self._state, self._rng, self.ensemble.parameters)
        scratch = (self._choices, self._weights, self._work, self._sums)
        measuring = (self._cloud, self._marks, self._waves, self._hops, self._snapshots, self._bonds)
        return (*state, rows, per_row, cycles, counts, *scratch, *measuring)

    def _run(self, rows: NDArray[np.float64], per_row: int, cycles: int, counts: NDArray[np.int64]) -> None:
        while not self.kernel(*self._arguments(rows, per_row, cycles, counts)):
            if len(self._path) == MAX_EVENTS + FIRST:
                raise OverflowError(
                    f"a path of beta = {self.ensemble.beta} has more than {MAX_EVENTS} events"
                )
            larger = np.zeros(min(2 * len(self._path), MAX_EVENTS + FIRST), dtype=EVENT)
            larger[: len(self._path)] = self._path
            self._path = larger
            self._cloud, self._hops = self._cloud_array(), self._hop_array()

    def _cloud_array(self) -> NDArray[np.int64]:
        """Make scratch space for as many phonon lines as the path can hold."""
        return np.zeros((len(self._path) // 2 + 2, CENTRE + self.ensemble.lattice.dimension), dtype=np.int64)

    def _hop_array(self) -> NDArray[Any]:
        """Make scratch space for as many bare hops as the path can hold."""
        return np.zeros(len(self._path), dtype=HOP)


def _stays_within(path: NDArray[Any], electrons: int) -> bool:
    """Tell whether all that the kernel uses of a path as an index is one: it does not check this."""
    limits = dict.fromkeys(("next", "prev", "enext", "eprev", "partner"), len(path))
    limits |= {"direction": DIRECTIONS, "electron": electrons}
    return all(int(path[name].max()) < limit for name, limit in limits.items())


_COMPILED_WITH = {1: "chain", 2: "square", 3: "cubic", None: "honeycomb"}
"""Lattices of small models that have the kernel of a dimension, or that for all models."""


def small_chain(dimension: int | None = 2) -> Chain:
    """Make a chain with which a kernel is compiled: that for plain models of a dimension, or that for all."""
    model = Model(_COMPILED_WITH[dimension], "bond", t=1.0, omega=1.0, g=0.5, U=1.0)
    return Chain.start(Ensemble(model, electrons=2, beta=1.0), np.arange(1, 5, dtype=np.uint64))


def warm_up(
    ensembles: Iterable[Ensemble] = (), show: Callable[[int, int], None] = lambda done, of: None
) -> None:
    """Compile the kernel, or load it from the cache, in this process; other processes then only load it.

    Of processes that come here at once on one machine one compiles, and the others wait for it.

    Args:
        ensembles: for which it is needed; by default plain models in the plane.
        show: called with the number of functions that are compiled, and of all, while it compiles.
    """
    from hpcbip.qmc.compilation import compiling_in_parallel  # which runs the chain above

    # none of these ensembles is sampled: one that crashes must not do so here
    dimensions = dict.fromkeys(plain_dimension(ensemble.parameters) for ensemble in ensembles)
    for chain in map(small_chain, dimensions or [2]):
        with compiled_once(chain.kernel), compiling_in_parallel(chain, show):
            chain.run_block(1, 64)
