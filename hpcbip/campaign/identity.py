"""Identities: what a result is filed under is a hash of its parameters, never its position in a
configuration.

Hence adding points to a campaign neither moves nor discards finished ones, and every chain has its own random
stream, which depends on nothing but the campaign's seed, the parameters and the chain's number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def canonical_json(parameters: Mapping[str, Any]) -> str:
    """Write JSON with sorted keys, no spaces, and floats as the shortest text with the same bits."""
    return json.dumps(dict(parameters), sort_keys=True, separators=(",", ":"), allow_nan=False)


def identity_of(parameters: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(parameters).encode()).hexdigest()


def chain_seed(campaign_seed: int, identity: str, chain: int) -> NDArray[np.uint64]:
    """Derive the state of the random stream with which a chain starts: uint64, shape (4,).

    Args:
        campaign_seed: the configuration's `seed`, >= 0.
        identity: of the chain's ensemble, 64 hexadecimal digits.
        chain: number of the chain, >= 0.
    """
    words = np.frombuffer(bytes.fromhex(identity), dtype=">u4")
    sequence = np.random.SeedSequence(campaign_seed, spawn_key=(*(int(word) for word in words), chain))
    return sequence.generate_state(4, np.uint64).astype(np.uint64)
