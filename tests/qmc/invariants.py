"""What every path has to satisfy, checked in plain Python against the records of a chain."""

from __future__ import annotations

import numpy as np

from hpcbip.qmc import Chain, Ensemble
from hpcbip.qmc.kernel.path import (
    AXIS_BITS,
    AXIS_MASK,
    EVENTS,
    FIRST,
    SITE,
    SITE_AXIS,
    TAIL,
    field_bits,
    half_range,
)


def unpack(site: int, d: int) -> np.ndarray:
    bits, half = field_bits(d), half_range(d)
    site += sum(half << (bits * a) for a in range(d))
    return np.array([((site >> (bits * a)) & (2 * half - 1)) - half for a in range(d)])


def check(chain: Chain) -> None:
    """Walk the path and both world lines of a chain and assert that links, times, bonds, positions and phonon
    lines agree."""
    ensemble: Ensemble = chain.ensemble
    arrays = chain.to_arrays()
    path, n = arrays["path"], int(arrays["state"][EVENTS])
    lattice, d, ne = ensemble.lattice, ensemble.lattice.dimension, ensemble.electrons
    extent = np.array(lattice.shape or ())

    def same_site(a: np.ndarray, b: np.ndarray) -> bool:
        return bool(np.all((a - b) % extent == 0)) if lattice.periodic else bool(np.all(a == b))

    position = [unpack(int(path[e]["bond"]) >> AXIS_BITS, d) for e in range(ne)]
    last_of_electron = list(range(ne))
    seen: set[int] = set()
    time, i = 0.0, 0
    while True:
        j = int(path[i]["next"])
        assert path[j]["prev"] == i
        i = j
        if j in range(1, ne):
            continue
        assert path[j]["time"] >= time
        time = float(path[j]["time"])
        if j == TAIL:
            break
        assert j >= FIRST and j not in seen
        seen.add(j)
        hop = path[j]
        e, k = int(hop["electron"]), int(hop["direction"])
        assert hop["eprev"] == last_of_electron[e] and path[last_of_electron[e]]["enext"] == j
        last_of_electron[e] = j
        before, after = position[e], position[e] + (0 if k == SITE else lattice.neighbours[k])
        lower = before if k % 2 == 0 else after
        assert np.array_equal(unpack(int(hop["bond"]) >> AXIS_BITS, d), lower)
        assert int(hop["bond"]) & AXIS_MASK == (SITE_AXIS if k == SITE else k // 2)
        if lattice.shape is not None and not lattice.periodic:
            assert np.all(after >= 0) and np.all(after < extent)
        position[e] = after
        if ne == 2:
            difference = position[0] - position[1]
            assert int(hop["rel"]) == sum(int(x) << (field_bits(d) * a) for a, x in enumerate(difference))
        partner = int(hop["partner"])
        assert partner or k != SITE
        if partner:
            other = path[partner]
            assert partner != j and other["partner"] == j
            assert int(other["direction"]) // 2 == k // 2
            # then to any oscillator of the axis, or any site
            spreads = bool(ensemble.parameters["spreads"][k])
            partner_site = unpack(int(other["bond"]) >> AXIS_BITS, d)
            assert spreads or same_site(partner_site, lower)
            if k == SITE and spreads and ensemble.model.composite and lattice.shape is None:
                assert abs(partner_site - lower).max() <= ensemble.parameters["overlap_reach"]
    assert len(seen) == n and time == ensemble.beta
    for e in range(ne):
        assert (
            path[TAIL + e]["eprev"] == last_of_electron[e] and path[last_of_electron[e]]["enext"] == TAIL + e
        )
