"""Recovery: bins and checkpoints of earlier runs are brought together before any rank starts work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpcbip.campaign.identity import canonical_json
from hpcbip.campaign.plan import ChainKey, Plan
from hpcbip.campaign.schema import Config
from hpcbip.errors import InputError
from hpcbip.messages import print_message
from hpcbip.qmc.layout import columns, lags
from hpcbip.store.checkpoints import Checkpoints
from hpcbip.store.room import Room
from hpcbip.store.store import Allocation, Store

MANY_ENSEMBLES = 2000
"""Ensembles with which the preparations take more than moments, which is told."""


@dataclass(frozen=True)
class RecoveredCampaign:
    """What earlier runs have left of a campaign, ready to go on.

    Attributes:
        store: its bins, open for writing.
        blocks_done: (identity, chain) -> blocks that the chain has run, thermal ones included.
        stored_columns: names of the columns of those ensembles whose bins were begun by a version that
            measured other ones: they go on with these.
        room: makes more of it for their bins.
    """

    store: Store
    room: Room
    blocks_done: Mapping[ChainKey, int]
    stored_columns: Mapping[str, tuple[str, ...]]


def recover(directory: Path, config: Config, plan: Plan, log: Callable[[str], None]) -> RecoveredCampaign:
    """Open the store for writing, with space for what comes first, and find how far every chain is.

    A chain goes on from its newest checkpoint whose earlier bins are all in the store; the bins that the
    checkpoint itself holds are written again, in case the last run died before they had reached the disk.
    What is damaged is set aside, named in the log, and computed again.

    Raises:
        InputError: if the store has bins with a column that this version does not measure.
        OSError: if the disk refuses.
    """
    if len(plan.ensembles) > MANY_ENSEMBLES:
        print_message(f"hpcbip: preparing {len(plan.ensembles)} ensembles")
    store, checkpoints = Store(directory, writable=True), Checkpoints(directory)
    try:
        stored_columns = _stored_columns(store, plan)
        room = _room(config, plan, stored_columns)
        room.begin(store)
        for path in store.damaged:
            log(f"damaged: {path.name}: set aside, its bins are computed again")
        blocks_done = _recover_chains(store, room, checkpoints, config, plan, log)
        store.sync()
    except BaseException:
        store.close()
        raise
    return RecoveredCampaign(store, room, blocks_done, stored_columns)


def _stored_columns(store: Store, plan: Plan) -> dict[str, tuple[str, ...]]:
    """Find the ensembles whose stored bins have other columns than this version measures.

    Raises:
        InputError: if one of these columns is not measured any more.
    """
    stored_columns = {}
    for identity, record in plan.ensembles.items():
        measured = columns(record.build())
        stored, _ = store.column_names_and_lags(identity)
        unknown = [name for name in stored if name not in measured]
        if unknown:
            raise InputError(
                f"{store.directory}: its bins have a column {unknown[0]}, which this version does not "
                "measure; allowed: to go on with the version that made them, or another output directory"
            )
        if stored and list(stored) != measured:
            stored_columns[identity] = tuple(stored)
    return stored_columns


def _room(config: Config, plan: Plan, stored_columns: Mapping[str, tuple[str, ...]]) -> Room:
    """Work out the space that every ensemble may need, and what it begins with."""
    sampling = config.sampling
    allocations = {}
    for identity, record in plan.ensembles.items():
        ensemble = record.build()
        allocations[identity] = Allocation(
            sampling.most_chains,
            sampling.max_blocks * sampling.bins_per_block,
            list(stored_columns.get(identity) or columns(ensemble)),
            record.sector,
            canonical_json(record.parameters),
            lags(ensemble).tolist(),
            sampling.bins_per_block,
        )
    return Room(allocations, sampling.least_chains, sampling.min_blocks * sampling.bins_per_block)


def _recover_chains(
    store: Store,
    room: Room,
    checkpoints: Checkpoints,
    config: Config,
    plan: Plan,
    log: Callable[[str], None],
) -> dict[ChainKey, int]:
    """Find the checkpoint from which every chain goes on, and complete its bins; returns the blocks done."""
    sampling = config.sampling
    blocks_done: dict[ChainKey, int] = {}
    for identity, chain in checkpoints.chains():
        if identity not in plan.ensembles or chain >= sampling.most_chains:
            continue  # of points or chains that the configuration no longer has: they may come back
        stored = len(store.read(identity, chain))
        parameters = canonical_json(plan.ensembles[identity].parameters)
        for checkpoint in checkpoints.candidates(identity, chain, parameters):
            bins = sampling.bins_after(checkpoint.blocks)
            first = bins - len(checkpoint.rows)
            if not 0 <= first <= stored:
                continue
            if stored < bins:
                room.ensure(store, (identity, chain), bins, plan.ensembles)
                store.write(identity, chain, first, checkpoint.rows)
            blocks_done[identity, chain] = checkpoint.blocks
            break
    for path in checkpoints.damaged:
        log(f"damaged: {path.name}: set aside, the chain goes on from the one before")
    return blocks_done
