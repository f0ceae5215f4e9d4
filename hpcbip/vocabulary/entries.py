"""What a declaration of an observable, or of another entry of the record of a point, consists of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hpcbip.vocabulary.sectors import SECTORS

ERROR, TIME, VERDICT, SYSTEMATIC = "_err", "_tau", "_verdict", "_sys"
"""Suffixes of the entries that belong to an observable; systematic errors exist for some only."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of the record of a point.

    Attributes:
        name: its key.
        words: what it is.
        terminal: its heading on the terminal, without non-ASCII characters.
        html: its heading in HTML.
        group: the group of columns that it stands in.
    """

    name: str
    words: str
    terminal: str = ""
    html: str = ""
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Observable(Entry):
    """One observable; `Entry` with what is known of it.

    Attributes:
        quantity: what it is a value of, whatever the sector.
        sectors: names of the sectors whose bins it needs.
        tex: short symbol.
        axis_label: with the unit, for the axis of a figure.
        panel: title of a panel of a figure.
        unit: in which it is given.
        target: whether a configuration may ask for a relative error of it.
        column: of the bins, if it is the mean of one; otherwise a function is bound to it.
        required: False if bins of earlier versions may lack its column; it is unknown then.
        indexed: one observable for each of several directions or momenta, with [1], [2], ... after the name.
    """

    quantity: str
    sectors: tuple[str, ...] = ()
    tex: str = ""
    axis_label: str = ""
    panel: str = ""
    unit: str = ""
    target: bool = False
    column: str | None = None
    required: bool = True
    indexed: bool = False

    def members(self, number: int) -> tuple[str, ...]:
        """Return the names of the observables that this one stands for, `number` of them if it is indexed."""
        if not self.indexed:
            return (self.name,)
        base = self.name.partition("[")[0]
        return tuple(f"{base}[{k + 1}]" for k in range(number))


def per_sector(pattern: Observable) -> tuple[Observable, ...]:
    """Declare a quantity for every sector; in the texts of the pattern {sector}, {who}, {mass} and {tex}
    (symbols of the mass) and {unit} (of the mass) are filled in."""
    declared = []
    for sector in SECTORS.values():
        own = {"sector": sector.name, "who": sector.words, "unit": sector.mass_unit}
        own |= {"mass": sector.mass_symbol, "tex": sector.mass_tex}
        texts = {key: text.format(**own) for key, text in vars(pattern).items() if isinstance(text, str)}
        declared.append(replace(pattern, sectors=(sector.name,), **texts))  # type: ignore[arg-type]
    return tuple(declared)
