"""`hpcbip.sample`: chains of one model on all cores of this machine, and its observables with errors."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from hpcbip.campaign.plan import ensembles_by_kind
from hpcbip.driver.interactive.chains import Outcome, SampledChain, sample_chains
from hpcbip.driver.interactive.progress import ProgressBar, progress_bar
from hpcbip.driver.interactive.record import meets_targets, reduce_chains
from hpcbip.driver.interactive.request import Request, check_request
from hpcbip.driver.interactive.result import ChainBins, SampleResult
from hpcbip.driver.progress import COMPILING
from hpcbip.errors import InputError
from hpcbip.messages import counted
from hpcbip.models import Model
from hpcbip.qmc import columns, lags, warm_up
from hpcbip.reduction.ensembles import MIN_BINS


def sample(
    model: Model,
    electrons: int | Sequence[int] = 2,
    beta: float | str | Mapping[str, float] | None = None,
    seconds: float | None = None,
    bins: int | None = None,
    chains: int = 4,
    seed: int = 1,
    cores: int | None = None,
    updates_per_bin: int | None = None,
    thermal_bins: int | None = None,
    bins_per_block: int | None = None,
    target: Mapping[str, float] | None = None,
    progress: bool | None = None,
) -> SampleResult:
    """Sample a model with one or two electrons and reduce the bins to observables with errors.

    The bins are a function of the model, the seed and the block sizes alone: those of a campaign of the same
    seed, `updates_per_bin`, `bins_per_block` and thermal blocks, on any number of cores. Ctrl-C ends the
    sampling and returns what there is. The first call after the installation compiles the kernel, which takes
    a minute or two and does not count as sampling.

    Args:
        model: the Hamiltonian.
        electrons: 1 (polaron), 2 (bipolaron), or (1, 2) for both with the binding energy and Tc.
        beta: projection length in units of 1/energy; {"polaron": ..., "bipolaron": ...} for one of each;
            None: long against the hopping and the phonon time, as `beta: auto` of a campaign.
        seconds: limit of the sampling; without `seconds` and `bins` 60.
        bins: of each chain.
        chains: independent ones, of each sector.
        seed: an integer >= 0.
        cores: threads; None: as many as this process may use.
        updates_per_bin: None: 50,000.
        thermal_bins: length of the thermalisation, in bins that are not measured; None: 32.
        bins_per_block: bins between two looks at the clock; None: 8.
        target: relative errors by observable at which the sampling ends, such as {"mass_bipolaron": 0.02}.
        progress: whether to show a bar; None: where stderr is a terminal, and in notebooks.

    Returns:
        observables by name; `result["mass_bipolaron"].value`, `.error`, `.tau`, `.verdict`.

    Raises:
        hpcbip.InputError: if an argument cannot be used; if the time was too short for an error.
    """
    arguments = {
        "beta": beta,
        "seconds": seconds,
        "bins": bins,
        "chains": chains,
        "seed": seed,
        "cores": cores,
        "updates_per_bin": updates_per_bin,
        "thermal_bins": thermal_bins,
        "bins_per_block": bins_per_block,
        "target": target,
        "progress": progress,
    }
    return _sample(check_request(model, electrons, arguments))


Chains = Mapping[str, Sequence[SampledChain]]


def _sample(request: Request) -> SampleResult:
    """Run the chains of all ensembles and reduce them."""
    chains = {
        sector: [
            SampledChain(record, number, request.seed, request.schedule) for number in range(request.chains)
        ]
        for sector, record in request.ensembles.items()
    }
    with progress_bar(request.progress) as bar:
        warm_up(
            ensembles_by_kind(request.ensembles.values()), lambda done, of: bar.show(done / of, COMPILING)
        )
        outcome = _run_blocks(request, chains, bar)
    return _result(request, chains, outcome)


def _run_blocks(request: Request, chains: Chains, bar: ProgressBar) -> Outcome:
    """Run blocks of all chains until the sampling is over."""
    everyone = [chain for members in chains.values() for chain in members]
    begun = time.monotonic()
    deadline = None if request.seconds is None else begun + request.seconds

    def target_met(count: int) -> bool:
        return meets_targets(_reduce(request, chains, count), request.target)

    def show() -> None:
        bins, seconds = min(chain.bins for chain in everyone), time.monotonic() - begun
        share = max(bins / (request.schedule.bins or math.inf), seconds / (request.seconds or math.inf))
        doing = f"{counted(bins, 'bin')} per chain" if bins else "thermalisation"
        bar.show(min(1.0, share), f"{doing}, {seconds:.0f} s")

    return sample_chains(everyone, request.cores, deadline, target_met if request.target else None, show)


def _reduce(request: Request, chains: Chains, count: int | None) -> dict[str, Any]:
    rows = {sector: _rows(members, count) for sector, members in chains.items()}
    return reduce_chains(request.point.parameters, request.ensembles, rows, request.schedule.bins_per_block)


def _rows(members: Sequence[SampledChain], count: int | None) -> list[Any]:
    """Read as many bins of every chain: `count`, or those that all have."""
    common = min(chain.bins for chain in members) if count is None else count
    return [chain.rows[:common] for chain in members]


def _result(request: Request, chains: Chains, outcome: Outcome) -> SampleResult:
    bins = {}
    for sector, members in chains.items():
        ensemble = request.ensembles[sector].build()
        rows = _rows(members, outcome.bins)
        if sum(map(len, rows)) < MIN_BINS:
            if outcome.stopped_by == "interrupt":
                raise KeyboardInterrupt
            raise InputError(
                f"sample: seconds: {request.seconds:g}: over before there were enough bins for an error; "
                "allowed: more seconds, fewer thermal_bins, or fewer updates_per_bin"
            )
        seconds = sum(chain.seconds for chain in members)
        bins[sector] = ChainBins(tuple(columns(ensemble)), tuple(rows), lags(ensemble), seconds)
    record = _reduce(request, chains, outcome.bins)
    return SampleResult(record, bins, request.seed, outcome.stopped_by)
