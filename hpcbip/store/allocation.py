"""The space that ensembles need, and how it is divided among files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

LARGEST_SEGMENT = 64 << 30  # bytes of a segment, holes included; many file systems end at 16 TiB


@dataclass(frozen=True)
class Allocation:
    """The space that an ensemble needs.

    Attributes:
        chains, rows: number of chains, and of bins in each.
        columns: names of the columns of a bin.
        sector, parameters, lags: what is sampled, for people who open the file.
        size: bins of a block, whose mean is stored as well; 0: none is.
    """

    chains: int
    rows: int
    columns: Sequence[str]
    sector: str
    parameters: str
    lags: Sequence[float]
    size: int = 0

    def bytes(self, extent: Extent) -> int:
        """Count the bytes of some of its bins, with their checksums and means."""
        _, _, chains, rows = extent
        width = len(self.columns)
        blocks = rows // self.size if self.size > 1 else 0
        return chains * (rows * (8 * width + 4) + blocks * (4 * width + 8))


class Extent(NamedTuple):
    """Some chains × some rows of an ensemble's bins."""

    first_chain: int
    first_row: int
    chains: int
    rows: int


def missing_extents(rows: Sequence[int], need: Allocation) -> Iterator[Extent]:
    """Find the extents to add where each chain has space for so many rows: more rows for old chains, then new
    chains."""
    start = 0
    for stop in range(1, need.chains + 1):
        if stop == need.chains or rows[stop] != rows[start]:
            if rows[start] < need.rows:
                yield Extent(start, rows[start], stop - start, need.rows - rows[start])
            start = stop


def shares(
    needs: Mapping[str, Allocation], missing: Mapping[str, Sequence[Extent]]
) -> Iterator[dict[str, list[Extent]]]:
    """Divide what is missing among segments of at most `LARGEST_SEGMENT` bytes, in its order."""
    share: dict[str, list[Extent]] = {}
    size = 0
    for identity, extents in missing.items():
        need = needs[identity]
        for part in (part for extent in extents for part in _parts(need, extent)):
            if share and size + need.bytes(part) > LARGEST_SEGMENT:
                yield share
                share, size = {}, 0
            share.setdefault(identity, []).append(part)
            size += need.bytes(part)
    if share:
        yield share


def _parts(need: Allocation, extent: Extent) -> Iterator[Extent]:
    """Divide an extent by chains, and where one chain alone is too large by rows, in whole blocks."""
    first_chain, first_row, chains, rows = extent
    step = max(1, need.size)
    rows_each = min(rows, max(step, LARGEST_SEGMENT // need.bytes(Extent(0, 0, 1, step)) * step))
    chains_each = max(1, LARGEST_SEGMENT // need.bytes(Extent(0, 0, 1, rows_each)))
    for chain in range(first_chain, first_chain + chains, chains_each):
        for row in range(first_row, first_row + rows, rows_each):
            number = min(chains_each, first_chain + chains - chain)
            yield Extent(chain, row, number, min(rows_each, first_row + rows - row))
