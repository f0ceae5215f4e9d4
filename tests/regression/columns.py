"""The columns that the bins of 0.4 have: later versions may measure more, and are compared in these."""

from __future__ import annotations

COLUMNS = (
    "energy",
    "diffusion",
    "displacement2_window",
    "phonons",
    "bare_hops",
    "assisted_hops",
    "events",
    "pair_distance2",
    "potential",
    "displacement2",
    "wave",
    "pair_weight",
    *(
        f"accept:{update}"
        for update in ("kinks", "jump", "corner", "join", "end", "bridge", "split", "line", "exchange")
    ),
)
OPTIONS = ("--columns", ",".join(COLUMNS))
"""For `hpcbip digest`."""
