"""What earlier runs have left: bins and checkpoints brought together, before any rank starts work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hpcbip.campaign.identity import canonical_json
from hpcbip.campaign.plan import ChainKey, Plan
from hpcbip.campaign.schema import Config
from hpcbip.qmc.layout import columns, lags
from hpcbip.store.checkpoints import Checkpoints
from hpcbip.store.store import Room, Store


def restore(
    directory: Path, config: Config, plan: Plan, log: Callable[[str], None]
) -> tuple[Store, dict[ChainKey, int]]:
    """Open the store for writing, with room for all that the configuration may ask for, and find every
    chain's place.

    A chain goes on from its newest checkpoint whose earlier bins are all in the store; the bins that the
    checkpoint itself holds are written again, in case the last run died before they had reached the disk.
    What is damaged is set aside, named in the log, and computed again.

    Returns:
        the store, and (identity, chain) -> blocks behind that chain, thermal ones included.

    Raises:
        OSError: if the disk refuses.
    """
    store = Store(directory, writable=True)
    try:
        store.make_room(_rooms(config, plan))
        for path in store.damaged:
            log(f"damaged: {path.name}: set aside, its bins are computed again")
        behind = _behind(store, Checkpoints(directory), config, plan, log)
        store.sync()
    except BaseException:
        store.close()
        raise
    return store, behind


def _rooms(config: Config, plan: Plan) -> Mapping[str, Room]:
    sampling = config.sampling
    rooms = {}
    for key, record in plan.ensembles.items():
        ensemble = record.build()
        rooms[key] = Room(
            sampling.most_chains,
            sampling.max_blocks * sampling.bins_per_block,
            columns(ensemble),
            record.sector,
            canonical_json(record.parameters),
            lags(ensemble).tolist(),
            sampling.bins_per_block,
        )
    return rooms


def _behind(
    store: Store, checkpoints: Checkpoints, config: Config, plan: Plan, log: Callable[[str], None]
) -> dict[ChainKey, int]:
    sampling = config.sampling
    behind: dict[ChainKey, int] = {}
    for key, chain in checkpoints.chains():
        if key not in plan.ensembles or chain >= sampling.most_chains:
            continue  # of points or chains that the configuration no longer has: they may come back
        bins = len(store.read(key, chain))
        for checkpoint in checkpoints.candidates(key, chain, canonical_json(plan.ensembles[key].parameters)):
            last = max(0, checkpoint.blocks - sampling.thermal_blocks) * sampling.bins_per_block
            first = last - len(checkpoint.rows)
            if not 0 <= first <= bins:
                continue
            if bins < last:
                store.write(key, chain, first, checkpoint.rows)
            behind[key, chain] = checkpoint.blocks
            break
    for path in checkpoints.damaged:
        log(f"damaged: {path.name}: set aside, the chain goes on from the one before")
    return behind
