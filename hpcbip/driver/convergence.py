"""Whether an ensemble has met its targets: its errors at a goal, worked out in a thread beside the master."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from hpcbip import settings
from hpcbip.campaign.plan import Plan, SampleSize
from hpcbip.campaign.schema import Config
from hpcbip.driver.stopping_rule import StoppingRule
from hpcbip.errors import InputError
from hpcbip.reduction.target_errors import PartnerMeans, partner_means, target_errors
from hpcbip.store.progress import EnsembleProgress
from hpcbip.store.selection import select_bins
from hpcbip.store.store import Store
from hpcbip.store.transfer.origins import Origins
from hpcbip.vocabulary.observables import BINDING_MARGIN, JOINT_TARGETS, TARGETS

Errors = Mapping[str, float]
"""Relative errors by observable; infinite where they are not resolved."""


class Evaluation(NamedTuple):
    """The errors of an ensemble at a goal, as they are being worked out."""

    identity: str
    goal: SampleSize
    errors: Future[Errors]


class ConvergenceMonitor:
    """Works out the errors of ensembles at their goals, in a thread of its own, each only once.

    Args:
        config, plan: the campaign.
        store: its bins.
        known: progress of earlier runs, whose errors are not worked out again.

    Attributes:
        partners: identity -> ensembles of the other sector that its errors need.
    """

    def __init__(
        self, config: Config, plan: Plan, store: Store, known: Mapping[str, EnsembleProgress]
    ) -> None:
        self._config, self._plan, self._store = config, plan, store
        self._origins = Origins.read(store.directory)
        self._first_goal = StoppingRule.from_config(config).first_goal
        self._known: dict[str, dict[str, Errors]] = {
            identity: {size: _from_json(errors) for size, errors in progress.errors.items()}
            for identity, progress in known.items()
        }
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="convergence")
        self._pending: list[Evaluation] = []
        self.partners = self._find_partners()

    @property
    def targeted(self) -> list[str]:
        """Ensembles that have a target."""
        return [key for key, record in self._plan.ensembles.items() if self._targets(record.sector)]

    @property
    def has_pending(self) -> bool:
        """Whether there are evaluations that `take_ratios` has not returned yet."""
        return bool(self._pending)

    def known_errors(self, identity: str) -> dict[str, dict[str, float | None]]:
        """Return the errors known so far in the form that an `EnsembleProgress` keeps."""
        return {
            size: {name: error if math.isfinite(error) else None for name, error in errors.items()}
            for size, errors in self._known.get(identity, {}).items()
        }

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def submit(self, identity: str, goal: SampleSize) -> None:
        """Have the errors of an ensemble at a goal worked out."""
        self._pending.append(Evaluation(identity, goal, self._thread.submit(self._evaluate, identity, goal)))

    def take_ratios(self) -> Iterator[tuple[str, float]]:
        """Yield (identity, largest error over its target) of all evaluations that are ready.

        Raises:
            Exception: whatever went wrong in working them out.
        """
        ready = [evaluation for evaluation in self._pending if evaluation.errors.done()]
        # asked only once: what is done meanwhile is for the next call
        self._pending = [evaluation for evaluation in self._pending if evaluation not in ready]
        for identity, goal, future in ready:
            errors = future.result()
            self._known.setdefault(identity, {})[_size_key(goal)] = dict(errors)
            targets = self._targets(self._plan.ensembles[identity].sector)
            ratios = [errors.get(name, 0.0) / target for name, target in targets.items()]
            yield identity, max((math.inf if math.isnan(r) else r for r in ratios), default=0.0)

    def _targets(self, sector: str) -> dict[str, float]:
        return {
            name: error
            for name, error in self._config.sampling.target.items()
            if sector in TARGETS[name].sectors
        }

    def _find_partners(self) -> dict[str, list[str]]:
        """Find the ensembles of the other sector that a target on the binding energy, or on how far it is
        above Tc, needs."""
        partners: dict[str, list[str]] = {}
        if not JOINT_TARGETS.keys().isdisjoint(self._config.sampling.target):
            for point in self._plan.points:
                one, two = point.ensembles.values()
                partners.setdefault(one, []).append(two)
                partners.setdefault(two, []).append(one)
        return partners

    def _evaluate(self, identity: str, goal: SampleSize) -> Errors:
        """Work out the errors of an ensemble at a goal.

        The other sector enters the binding energy, and Tc, with the bins of its first goal only, so that the
        outcome does not depend on how far it happens to be.
        """
        targets = self._targets(self._plan.ensembles[identity].sector)
        if not targets:
            return {}
        known = self._known.get(identity, {}).get(_size_key(goal), {})
        if targets.keys() <= known.keys():
            return known
        size = self._config.sampling.bins_per_block
        means, with_tc = {}, BINDING_MARGIN.name in targets
        for other in self.partners.get(identity, ()):
            counts = self._origins.counts_at(other, self._first_goal, size)
            theirs = select_bins(self._store, other, counts, size, verify=False)
            means[other] = (
                partner_means(self._plan, other, theirs, with_tc) if all(theirs.bins) else PartnerMeans(None)
            )
        counts = self._origins.counts_at(identity, goal, size)
        bins = select_bins(self._store, identity, counts, size, verify=False)
        if any(have < goal.blocks * size for have in bins.bins[: goal.chains]):
            raise InputError(
                f"{self._store.directory}: the master does not see bins that other ranks have written; "
                f"allowed: a file system on which it does, or {settings.HDF5}=serial"
            )
        found = target_errors(self._plan, identity, bins, means)
        return {name: float(found[name]) for name in targets if name in found}


def _from_json(errors: Mapping[str, float | None]) -> Errors:
    return {name: math.inf if error is None else error for name, error in errors.items()}


def _size_key(size: SampleSize) -> str:
    """Name a sample size as the keys of `EnsembleProgress.errors` do."""
    return f"{size.chains},{size.blocks}"
