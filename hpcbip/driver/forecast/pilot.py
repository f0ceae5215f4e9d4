"""A pilot: every ensemble is sampled for some seconds, for its errors, its speed and its energy."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np
from numpy.typing import NDArray

from hpcbip.campaign.identity import chain_seed
from hpcbip.campaign.plan import EnsembleRecord, ensembles_by_kind
from hpcbip.driver.forecast.measurement import Measurement, measurement
from hpcbip.errors import InputError
from hpcbip.qmc import Chain, columns, lags, warm_up
from hpcbip.reduction.ensembles import EnsembleBins
from hpcbip.reduction.estimates import reduce_ensemble
from hpcbip.reduction.points import sector_entries

THERMAL_SHARE = 0.25
"""Part of the time that is thermalisation."""

BINS = 256
"""Bins that fit into the time that is left: enough for errors with their autocorrelation time."""

BINS_PER_CALL = 8
CYCLES_PER_CALL = 50
"""Between two looks at the clock."""


class Stopped(Exception):
    """The pilot was interrupted."""


def sample_briefly(
    record: EnsembleRecord, seconds: float, seed: int = 1, stop: threading.Event | None = None
) -> Measurement:
    """Sample one chain of an ensemble for so many seconds of CPU time.

    Args:
        record: of the ensemble.
        seconds: of CPU time, thermalisation included.
        seed: of the chain.
        stop: ends it as soon as it is set.

    Raises:
        InputError: if it cannot be sampled.
        Stopped: if `stop` was set.
    """
    ensemble = record.build()
    chain = Chain.start(ensemble, chain_seed(seed, record.identity, 0))

    def used(since: float) -> float:
        if stop is not None and stop.is_set():
            raise Stopped
        return time.thread_time() - since

    try:
        started, updates = time.thread_time(), 0
        while (cpu := used(started)) < THERMAL_SHARE * seconds or not updates:
            chain.thermalise(CYCLES_PER_CALL * ensemble.interval)
            updates += CYCLES_PER_CALL * ensemble.interval
        left = (1.0 - THERMAL_SHARE) * seconds
        intervals = max(1, round(left * updates / cpu / BINS / ensemble.interval))
        rows: list[NDArray[np.float64]] = []
        started = time.thread_time()
        while (cpu := used(started)) < left or not rows:
            rows.append(chain.run_block(BINS_PER_CALL, intervals * ensemble.interval))
    except OverflowError as error:  # the kernel's arrays have an end
        raise InputError(f"pilot: {error}; allowed: a shorter beta, or other parameters") from None
    bins = np.concatenate(rows)
    data = EnsembleBins(record.sector, record.parameters, columns(ensemble), [bins], lags(ensemble))
    entries = sector_entries(record.sector, reduce_ensemble(data), record.parameters)
    updates = len(bins) * intervals * ensemble.interval
    return measurement(record.sector, record.parameters, entries, updates, cpu)


def sample_all(
    records: Sequence[EnsembleRecord],
    seconds: float,
    cores: int,
    seed: int = 1,
    show: Callable[[int, int], None] | None = None,
) -> dict[str, Measurement]:
    """Sample ensembles, each for so many seconds of CPU time, on all cores. Ctrl-C ends it at once.

    Args:
        records: of the ensembles.
        seconds: of each.
        cores: threads.
        seed: of the chains.
        show: called with the number of ensembles done, and of all.

    Returns:
        measurements by identity; without ensembles that cannot be sampled.
    """
    warm_up(ensembles_by_kind(records))
    found: dict[str, Measurement] = {}
    stop = threading.Event()
    with ThreadPoolExecutor(cores, thread_name_prefix="pilot") as pool:
        futures = {pool.submit(sample_briefly, record, seconds, seed, stop): record for record in records}
        try:
            for number, future in enumerate(as_completed(futures), 1):
                with contextlib.suppress(InputError):  # nothing is known of that one
                    found[futures[future].identity] = future.result()
                if show is not None:
                    show(number, len(records))
        except BaseException:  # leaving the pool waits for what is running
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found
