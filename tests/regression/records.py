"""Compare records, as `--format json` prints them, with those that a release stored."""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any

# Linear algebra for other processors (OPENBLAS_CORETYPE = Haswell, SkylakeX, Nehalem) moves the p-value of a
# fit by 1.4e-12, all else by less.
RELATIVE_TOLERANCE = 1e-11


def differences(found: Any, stored: Any, ignored: Container[str] = (), where: str = "") -> list[str]:
    """List where `found` is not what was stored: the keys of objects, as a path, and both values.

    Every stored key has to be there; further keys are allowed, further elements of a list are not.

    Args:
        found, stored: what JSON can hold.
        ignored: keys whose values depend on the timing.
        where: path of `found` within the whole record.
    """
    if isinstance(stored, dict) and isinstance(found, dict):
        wrong = [f"{where}.{key}: is missing" for key in stored if key not in found]
        for key in stored:
            if key in found and key not in ignored:
                wrong += differences(found[key], stored[key], ignored, f"{where}.{key}")
        return wrong
    if isinstance(stored, list) and isinstance(found, list) and len(stored) == len(found):
        pairs = enumerate(zip(found, stored, strict=True))
        return [line for k, pair in pairs for line in differences(*pair, ignored, f"{where}[{k}]")]
    return [] if _equal(found, stored) else [f"{where}: {found!r}, stored: {stored!r}"]


def _equal(found: Any, stored: Any) -> bool:
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in (found, stored)]
    if all(numbers):
        return math.isclose(found, stored, rel_tol=RELATIVE_TOLERANCE)
    return type(found) is type(stored) and found == stored
