"""`hpcbip merge`: campaigns of the same model become one.

Points join; of an ensemble that several campaigns have, chains with different random numbers add up, and of a
chain that several have (one is a copy of the other that was gone on with) the longest is taken. A chain is
known by its origin, the seed and the number with which it began (`hpcbip.store.transfer.origins`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hpcbip.campaign.commented import commented_yaml
from hpcbip.campaign.identity import canonical_json
from hpcbip.campaign.joining import joined_config, with_chains
from hpcbip.campaign.plan import EnsembleKey, Plan, make_plan
from hpcbip.campaign.schema import Config
from hpcbip.errors import InputError
from hpcbip.files import sync_path
from hpcbip.qmc.layout import columns, lags
from hpcbip.store.checkpoints import Checkpoints
from hpcbip.store.directory import prepare_directory
from hpcbip.store.progress import CampaignProgress
from hpcbip.store.run_log import copy_runs
from hpcbip.store.store import Allocation, Rows, Store
from hpcbip.store.transfer.origins import Origins
from hpcbip.store.transfer.source import SourceCampaign, open_source
from hpcbip.store.transfer.strands import (
    Strand,
    find_strands,
    joined_chains,
    joined_progress,
    whole_source,
)


@dataclass(frozen=True)
class Summary:
    """What has become of several campaigns.

    Attributes:
        points, ensembles: in the joined campaign.
        chains: in all ensembles.
        joined: ensembles to which several campaigns have given chains.
        bins: in all chains.
    """

    points: int
    ensembles: int
    chains: int
    joined: int
    bins: int


def merge_campaigns(directories: Sequence[Path], out: Path) -> Summary:
    """Join campaigns into a new directory, which appears complete or not at all.

    Args:
        directories: of the campaigns. The first one's name, seed, targets and Tc are those of the new one.
        out: new or empty.

    Raises:
        InputError: if a directory is not a campaign or a run is at work in it; if the campaigns contradict
            each other: another model, bins of another kind, a chain of the same seed with other bins; if
            `out` holds something or cannot be written.
    """
    _check_new(out)
    with contextlib.ExitStack() as stack:
        sources = [stack.enter_context(open_source(directory)) for directory in directories]
        config = joined_config([one.config for one in sources], [one.path for one in sources])
        aside = out.with_name(f".{out.name}.merging")
        try:
            aside.mkdir(parents=True)
            stack.callback(shutil.rmtree, aside, ignore_errors=True)
            summary = _write(aside, config, sources, out.name)
            os.replace(aside, out)
            sync_path(out.absolute().parent)
        except OSError as error:
            wrong = error.strerror or error
            raise InputError(f"--out: {error.filename or out}: cannot be written: {wrong}") from None
    return summary


def _check_new(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise InputError(f"--out: {out}: is there already; allowed: a new or empty directory")


def _write(directory: Path, config: Config, sources: Sequence[SourceCampaign], name: str) -> Summary:
    plan = make_plan(config)
    strands = {identity: find_strands(identity, sources, config.seed) for identity in plan.ensembles}
    config = with_chains(config, [max(own) + 1 for own in strands.values() if own])
    source = directory / "config.yaml"
    about = ["Joined by hpcbip merge from " + ", ".join(one.directory.name for one in sources) + "."]
    source.write_text(commented_yaml(config, Path(f"{name}/config.yaml"), about), encoding="utf-8")
    prepare_directory(directory, config, source)
    bins = _write_chains(directory, config, plan, strands)
    wholes = {identity: whole_source(own) for identity, own in strands.items()}
    origins, progress = {}, {}
    for identity, own in strands.items():
        if (chains := joined_chains(identity, own, wholes[identity], config.seed)) is not None:
            origins[identity] = chains
        if (noted := joined_progress(identity, own, wholes[identity])) is not None:
            progress[identity] = noted
    Origins(origins, [one.note() for one in sources]).write(directory)
    CampaignProgress(progress).write(directory)
    copy_runs(directory, [one.directory for one in sources])
    joined = sum(bool(own) and wholes[identity] is None for identity, own in strands.items())
    chains_in_all = sum(map(len, strands.values()))
    return Summary(len(plan.points), len(plan.ensembles), chains_in_all, joined, bins)


def _write_chains(
    directory: Path, config: Config, plan: Plan, strands: Mapping[EnsembleKey, Mapping[int, Strand]]
) -> int:
    """Write bins and checkpoints of all chains, and read the bins back; returns the number of bins.

    Raises:
        OSError: if the disk refuses, or does not return what was written.
    """
    digests: dict[tuple[EnsembleKey, int], str] = {}
    checkpoints = Checkpoints(directory)
    total = 0
    with Store(directory, writable=True) as store:
        store.allocate(_allocations(config, plan, strands))
        for identity, own in strands.items():
            for number, strand in own.items():
                source, there = strand.taken_from
                chain = source.read(identity, there)
                if len(chain.rows):
                    store.write(identity, number, 0, chain.rows)
                    digests[identity, number] = _digest(chain.rows)
                    total += len(chain.rows)
                if chain.checkpoint is not None:
                    checkpoints.save(identity, number, replace(chain.checkpoint, number=number))
        store.sync()
    with Store(directory) as store:
        for (identity, number), digest in digests.items():
            if _digest(store.read(identity, number)) != digest:
                raise OSError(f"the bins of chain {number} of {identity[:12]} do not come back from the disk")
    return total


def _digest(rows: Rows) -> str:
    return hashlib.sha256(rows.astype("<f8").tobytes()).hexdigest()


def _allocations(
    config: Config, plan: Plan, strands: Mapping[EnsembleKey, Mapping[int, Strand]]
) -> Mapping[EnsembleKey, Allocation]:
    """Work out the space of the chains that there are; a run adds what it may need beyond."""
    size = config.sampling.bins_per_block
    needs = {}
    for identity, own in strands.items():
        places = [strand.taken_from for strand in own.values()]
        rows = [source.most_bins(identity, number) for source, number in places]
        if not any(rows):
            continue
        record = plan.ensembles[identity]
        ensemble = record.build()
        stored = places[rows.index(max(rows))][0].store.column_names_and_lags(identity)
        names, times = stored if stored[0] else (columns(ensemble), lags(ensemble))
        needs[identity] = Allocation(
            max(own) + 1,
            -(-max(rows) // size) * size,
            names,
            record.sector,
            canonical_json(record.parameters),
            times.tolist(),
            size,
        )
    return needs
