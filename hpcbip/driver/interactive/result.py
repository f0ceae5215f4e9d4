"""What `hpcbip.sample` hands back: observables with errors, as a mapping and as a table."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpcbip.messages import counted
from hpcbip.statistics.notation import with_error
from hpcbip.vocabulary.entries import ERROR, TIME, VERDICT
from hpcbip.vocabulary.indexed import LATTICE_OBSERVABLES
from hpcbip.vocabulary.observables import OBSERVABLES
from hpcbip.vocabulary.parameter_entry import Parameter
from hpcbip.vocabulary.parameters import PARAMETERS

if TYPE_CHECKING:
    import pandas

HEADINGS = ("observable", "value(error)", "unit", "tau", "verdict")
LONG_NAME = 20  # letters; a lattice that is written out has its definition as its name
UNITS = {
    observable.name.partition("[")[0]: observable.unit
    for observable in (*LATTICE_OBSERVABLES.values(), *OBSERVABLES.values())
}


@dataclass(frozen=True)
class Estimate:
    """One observable with its error.

    Attributes:
        name: of the observable, as in the results of a campaign.
        value, error: NaN where they are not known.
        unit: energies are in the unit of t, masses in m0 = 1/t (pair) and m_e = 1/(2t) (one electron),
            lengths in lattice constants.
        tau: integrated autocorrelation time in bins; 1/2: uncorrelated.
        verdict: whether the statistics can be believed, "converged", "maybe" or "not".
    """

    name: str
    value: float
    error: float
    unit: str
    tau: float
    verdict: str

    def __str__(self) -> str:
        return with_error(self.value, self.error)

    def __repr__(self) -> str:
        return f"Estimate({self.name} = {self}, tau = {_short(self.tau)} bins, {self.verdict})"

    def __float__(self) -> float:
        return self.value


@dataclass(frozen=True)
class ChainBins:
    """The bins of one sector.

    Attributes:
        columns: names of the columns.
        chains: per chain an array (bins, columns); each row is the average over the measurements of a bin.
        lags: (K,) time differences of the columns displacement2[1], ..., displacement2[K].
        seconds: CPU time of sampling them.
    """

    columns: tuple[str, ...]
    chains: tuple[NDArray[np.float64], ...]
    lags: NDArray[np.float64]
    seconds: float

    def __getitem__(self, column: str) -> NDArray[np.float64]:
        """Read one column of all chains, shape (chains, bins).

        Raises:
            KeyError: if there is no such column.
        """
        if column not in self.columns:
            raise KeyError(column)
        return np.stack([chain[:, self.columns.index(column)] for chain in self.chains])

    def __len__(self) -> int:
        """Count the bins of each chain."""
        return min(map(len, self.chains), default=0)

    @property
    def size(self) -> str:
        """`4 chains of 256 bins`."""
        return f"{counted(len(self.chains), 'chain')} of {counted(len(self), 'bin')}"

    def __repr__(self) -> str:
        return f"ChainBins({self.size}, {len(self.columns)} columns)"


class SampleResult(Mapping[str, Estimate]):
    """The observables of one model, sampled by `hpcbip.sample`: a mapping from their names to `Estimate`s.

    Attributes:
        record: one flat dict with the keys of a campaign's results: the parameters, every observable X with
            X_err, X_tau and X_verdict, the checks, flags; None for what is not known.
        bins: {sector: its bins}; sectors are "polaron" (one electron) and "bipolaron" (two).
        seed: of the chains.
        stopped_by: what ended the sampling, "bins", "seconds", "target" or "interrupt".
    """

    def __init__(
        self, record: Mapping[str, Any], bins: Mapping[str, ChainBins], seed: int, stopped_by: str
    ) -> None:
        self.record, self.bins, self.seed, self.stopped_by = dict(record), dict(bins), seed, stopped_by
        names = [name for name in self.record if name + ERROR in self.record]
        self._estimates = {name: _estimate(self.record, name) for name in names}

    @property
    def names(self) -> list[str]:
        """List the observables."""
        return list(self._estimates)

    @property
    def flags(self) -> list[str]:
        """Say what speaks against these numbers; empty if nothing does."""
        return list(self.record["flags"])

    def __getitem__(self, name: str) -> Estimate:
        if name not in self._estimates:
            raise KeyError(f"{name}; allowed: {', '.join(self._estimates)}")
        return self._estimates[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._estimates)

    def __len__(self) -> int:
        return len(self._estimates)

    def frame(self) -> pandas.DataFrame:
        """Arrange the observables as a frame: index their names, columns value, error, unit, tau, verdict."""
        import pandas  # loading it takes half a second

        return pandas.DataFrame([vars(estimate) for estimate in self.values()]).set_index("name")

    def __repr__(self) -> str:
        rows = [HEADINGS, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([self._title(), *lines, *(f"flag: {flag}" for flag in self.flags)])

    def _repr_html_(self) -> str:
        """Show a notebook the table."""
        head = "".join(f"<th>{html.escape(word)}</th>" for word in HEADINGS)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        flags = "".join(f"<div>flag: {html.escape(flag)}</div>" for flag in self.flags)
        title = f"<caption>{html.escape(self._title())}</caption>"
        return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{flags}"

    def _rows(self) -> list[tuple[str, ...]]:
        known = (e for e in self.values() if math.isfinite(e.value))
        return [(e.name, str(e), e.unit, _short(e.tau), e.verdict) for e in known]

    def _title(self) -> str:
        sampled = ", ".join(f"{sector}: {bins.size}" for sector, bins in self.bins.items())
        words = [
            _parameter(parameter, self.record[name])
            for name, parameter in PARAMETERS.items()
            if name in self.record
        ]
        return f"{', '.join(words)} ({sampled}, seed {self.seed})"


def _parameter(parameter: Parameter, value: Any) -> str:
    """Write a parameter as `Ω = 1`, or as its value alone if that speaks for itself."""
    text = f"{value:g}" if isinstance(value, int | float) else str(value)
    if parameter.symbol:
        return f"{parameter.symbol} = {text}"
    return text if len(text) < LONG_NAME else "written-out lattice"


def _estimate(record: Mapping[str, Any], name: str) -> Estimate:
    value, error, tau = (
        math.nan if (x := record.get(name + end)) is None else float(x) for end in ("", ERROR, TIME)
    )
    unit = UNITS.get(name.partition("[")[0], "")
    return Estimate(name, value, error, unit, tau, record.get(name + VERDICT) or "not")


def _short(tau: float) -> str:
    return f"{tau:.2g}" if math.isfinite(tau) else "-"
