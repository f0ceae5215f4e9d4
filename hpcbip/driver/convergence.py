"""Whether an ensemble has met its targets: the errors at its milestones, worked out beside the master's other
work."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from hpcbip.campaign.plan import Plan, SampleSize
from hpcbip.campaign.schema import Config
from hpcbip.driver.stopping_rule import Rules
from hpcbip.errors import InputError
from hpcbip.reduction.target_errors import mean_energy, target_errors
from hpcbip.store.progress import EnsembleProgress
from hpcbip.store.selection import counts_at, select_bins
from hpcbip.store.store import Store
from hpcbip.vocabulary.observables import TARGETS

Errors = Mapping[str, float]


def rules_of(config: Config) -> Rules:
    """What the configuration says on the length of the chains."""
    s = config.sampling
    return Rules(s.least_chains, s.thermal_blocks, s.min_blocks, s.max_blocks, s.most_chains)


class Judge:
    """Errors of ensembles at milestones, from a thread of its own; what was found once is not worked out
    again.

    Args:
        config, plan: the campaign.
        store: its bins.
        known: progress of earlier runs.
    """

    def __init__(
        self, config: Config, plan: Plan, store: Store, known: Mapping[str, EnsembleProgress]
    ) -> None:
        self._config, self._plan, self._store = config, plan, store
        self._known: dict[str, dict[str, Errors]] = {
            key: {
                at: {n: math.inf if x is None else x for n, x in errors.items()}
                for at, errors in v.errors.items()
            }
            for key, v in known.items()
        }
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="judge")
        self._asked: list[tuple[str, SampleSize, Future[Errors]]] = []
        self.partners = self._find_partners()

    @property
    def targeted(self) -> list[str]:
        """Ensembles that have a target."""
        return [key for key, record in self._plan.ensembles.items() if self._targets(record.sector)]

    @property
    def waiting(self) -> bool:
        """Whether there is something that `answers` has not told yet."""
        return bool(self._asked)

    def known(self, identity: str) -> dict[str, dict[str, float | None]]:
        """What an `EnsembleProgress` holds of the errors that have been worked out."""
        found = self._known.get(identity, {})
        return {
            at: {n: x if math.isfinite(x) else None for n, x in errors.items()}
            for at, errors in found.items()
        }

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def ask(self, identity: str, milestone: SampleSize) -> None:
        """Have the errors of an ensemble at a milestone worked out."""
        self._asked.append((identity, milestone, self._thread.submit(self._errors, identity, milestone)))

    def answers(self) -> Iterator[tuple[str, float]]:
        """(identity, largest error over its target) of all that are ready.

        Raises:
            Exception: whatever went wrong in working them out.
        """
        ready = [entry for entry in self._asked if entry[2].done()]
        self._asked = [entry for entry in self._asked if not entry[2].done()]
        for identity, milestone, future in ready:
            errors = future.result()
            self._known.setdefault(identity, {})[_name(milestone)] = dict(errors)
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
        """The ensembles of the other sector that a target on the binding energy needs."""
        partners: dict[str, list[str]] = {}
        if "binding_energy" in self._config.sampling.target:
            for point in self._plan.points:
                one, two = point.ensembles.values()
                partners.setdefault(one, []).append(two)
                partners.setdefault(two, []).append(one)
        return partners

    def _errors(self, identity: str, milestone: SampleSize) -> Errors:
        """Relative errors by observable. The other sector enters the binding energy with its first milestone
        only, so that the outcome does not depend on how far it happens to be."""
        targets = self._targets(self._plan.ensembles[identity].sector)
        if not targets:
            return {}
        known = self._known.get(identity, {}).get(_name(milestone), {})
        if targets.keys() <= known.keys():
            return known
        size, first = self._config.sampling.bins_per_block, rules_of(self._config).first
        energies = {}
        for other in self.partners.get(identity, ()):
            theirs = select_bins(self._store, other, counts_at(first, size), size, verify=False)
            energies[other] = mean_energy(self._plan, other, theirs) if all(theirs.bins) else None
        bins = select_bins(self._store, identity, counts_at(milestone, size), size, verify=False)
        if bins.bins != counts_at(milestone, size):
            raise InputError(
                f"{self._store.directory}: the master does not see bins that other ranks have written; allowed: a file "
                "system on which it does, or HPCBIP_HDF5=serial"
            )
        found = target_errors(self._plan, identity, bins, energies)
        return {name: float(found[name]) for name in targets if name in found}


def _name(milestone: SampleSize) -> str:
    return f"{milestone.chains},{milestone.blocks}"
