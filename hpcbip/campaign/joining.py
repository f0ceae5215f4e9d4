"""The configuration of a campaign that is joined from several of the same model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpcbip.campaign.plan import Plan, make_plan
from hpcbip.campaign.points import BetaSection, PointSection
from hpcbip.campaign.schema import ChainsSection, Config
from hpcbip.errors import InputError
from hpcbip.vocabulary.sectors import SECTORS

MAY_DIFFER = ("seed", "sampling.beta")
"""Keys that never change within a campaign, but may differ in those that are joined: chains keep their seeds,
and points their projection lengths."""


def joined_config(configs: Sequence[Config], sources: Sequence[Path]) -> Config:
    """Make the configuration of joined campaigns: the first one's, with the points of the others.

    Targets, Tc and name are the first one's, `max_blocks` is the largest of all. A point whose projection
    length is not what the first one gives gets its own.

    Args:
        configs: of the campaigns.
        sources: their files, for messages.

    Raises:
        InputError: if the campaigns have other models, or bins that are not of the same kind.
    """
    first, *others = configs
    for other, source in zip(others, sources[1:], strict=True):
        _check_same(first, sources[0], other, source)
    points = list(first.points)
    known = {point.identity for point in make_plan(first).points}
    for other in others:
        for point in other.all_points():
            identity = _plan_of(other, point).points[0].identity
            if identity not in known:
                known.add(identity)
                points.append(_carried(first, other, point))
    most = max(config.sampling.max_blocks for config in configs)
    sampling = first.sampling.model_copy(update={"max_blocks": most})
    return first.model_copy(update={"points": tuple(points), "sampling": sampling})


def with_chains(config: Config, chains: Sequence[int]) -> Config:
    """Give a configuration as many chains as there are.

    Args:
        config: of the joined campaign.
        chains: of every ensemble that has any.
    """
    sampling = config.sampling
    least = max(sampling.least_chains, min(chains, default=1))
    most = max(sampling.most_chains, least, *chains)
    number = least if least == most else ChainsSection(min=least, max=most)
    return config.model_copy(update={"sampling": sampling.model_copy(update={"chains": number})})


def _check_same(first: Config, source: Path, other: Config, its_source: Path) -> None:
    ours, theirs = first.frozen(), other.frozen()
    for key in sorted((ours.keys() | theirs.keys()) - set(MAY_DIFFER)):
        if ours.get(key) != theirs.get(key):
            raise InputError(
                f"{its_source}: {key}: {theirs.get(key)!r}: {source} has {ours.get(key)!r}; "
                "allowed: campaigns of the same model with bins of the same kind"
            )


def _plan_of(config: Config, point: PointSection) -> Plan:
    """Make the plan of one point alone."""
    return make_plan(config.model_copy(update={"grid": None, "points": (point,)}))


def _carried(first: Config, other: Config, point: PointSection) -> PointSection:
    """Return a point of another campaign, with a projection length of its own if it needs one."""
    theirs = _plan_of(other, point)
    if _plan_of(first, point).points[0].identity == theirs.points[0].identity:
        return point
    keys = theirs.points[0].ensembles
    lengths = {sector: theirs.ensembles[keys[sector]].parameters["beta"] for sector in SECTORS}
    return point.model_copy(update={"beta": BetaSection.model_validate(lengths)})
