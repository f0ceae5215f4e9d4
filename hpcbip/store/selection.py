"""Which bins count: all of an ensemble that is on its way, exactly those up to its last goal once it is
done.

Of many bins the means of their blocks are selected (`select_bins`): they say the same in a fraction of the
time.

Ranks that would be idle begin blocks beyond a goal (the scheduler); how many depends on the timing.
These lie in the files, and are used if the campaign is extended, but a finished result must not depend on
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcbip.store.progress import CampaignProgress
from hpcbip.store.store import Means, Rows, Store

ENOUGH = 400  # blocks of an ensemble from which on their means are selected
LONG = 32  # rows of the longest chain, at least


@dataclass(frozen=True)
class SelectedBins:
    """Bins of an ensemble, or means of them.

    Attributes:
        chains: arrays (rows, columns).
        bins_per_row: bins that each row is the mean of.
        rows_per_sample: rows whose mean is one sample for the statistics.
        columns: their names as they are stored; empty: those that this version measures.
    """

    chains: Sequence[Rows] | Sequence[Means]
    bins_per_row: int = 1
    rows_per_sample: int = 1
    columns: tuple[str, ...] = ()

    @property
    def bins(self) -> list[int]:
        """Number of bins in each chain."""
        return [len(chain) * self.bins_per_row for chain in self.chains]


def stored_counts(store: Store, identity: str) -> list[int]:
    """Return how many bins of every chain are stored."""
    return [len(store.sums(identity, chain)) for chain in range(store.chains(identity))]


def counted_bins(progress: CampaignProgress, store: Store, identity: str, bins_per_block: int) -> list[int]:
    """Return how many bins of every chain of an ensemble count and are stored."""
    counts = progress.settled(identity, bins_per_block)
    if counts is None:
        return stored_counts(store, identity)
    return [len(store.sums(identity, chain, number)) for chain, number in enumerate(counts)]


def bins_per_row(counts: Sequence[int], bins_per_block: int) -> int:
    """Return how many bins each selected row is the mean of, for chains with these numbers of bins.

    With `ENOUGH` rows an error is known to 8 % (docs/method/statistics.md); more would be work for little.
    What does not fill a row is left out at the start of the chain, at most one part in `LONG`.

    Returns:
        1, or the bins of a block times a power of two.
    """
    most = max(counts, default=0) // (bins_per_block * LONG)
    blocks = sum(number // bins_per_block for number in counts)
    if bins_per_block == 1 or most < 1 or blocks < ENOUGH:
        return 1
    return bins_per_block << min(blocks // ENOUGH, most).bit_length() - 1


def select_bins(
    store: Store, identity: str, counts: Sequence[int], bins_per_block: int, verify: bool = True
) -> SelectedBins:
    """Read the first `counts[c]` bins of every chain c, or means of them; `verify` as in `Store.read`."""
    step = bins_per_row(counts, bins_per_block)
    columns, _ = store.column_names_and_lags(identity)
    if step == 1:
        rows = [store.read(identity, chain, number, verify) for chain, number in enumerate(counts)]
        return SelectedBins(rows, columns=columns)
    means = store.means(identity, [number // bins_per_block for number in counts], bins_per_block, verify)
    return SelectedBins(means, bins_per_block, step // bins_per_block, columns)


def selected_checksums(
    store: Store, identity: str, counts: Sequence[int], bins_per_block: int
) -> list[NDArray[np.uint32]]:
    """Return the stored checksums of what `select_bins` reads."""
    if bins_per_row(counts, bins_per_block) > 1:
        return store.mean_sums(identity, [number // bins_per_block for number in counts], bins_per_block)
    return [store.sums(identity, chain, number) for chain, number in enumerate(counts)]
