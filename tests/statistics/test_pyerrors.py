"""The Γ method against pyerrors (Joswig, Kuberski, Kuhlmann, Neuendorf, CPC 288, 108750) on the same data.

Conventions differ in two points. pyerrors takes the fluctuations of each chain about the mean of that chain,
ours are about the mean of all: with few long chains that makes no difference, with many short ones its errors
are low by a relative R tau/N (R chains, N samples in all). And it allows no autocorrelation time below 1/2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from hpcbip.statistics import gamma_method
from tests.statistics.ar1 import ar1


@dataclass(frozen=True)
class Comparison:
    """Our error by that of pyerrors; error, tau and window with chains centred as it does; its tau,
    samples."""

    error: float
    own_error: float
    own_tau: float
    window: tuple[int, int]
    tau: float
    samples: int

    @classmethod
    def of(cls, series: list[np.ndarray]) -> Comparison:
        import pyerrors

        theirs = pyerrors.Obs(series, [f"ens|r{k}" for k in range(len(series))])
        theirs.gamma_method(S=1.5)
        ours = gamma_method([one[:, None] for one in series])
        assert ours.mean[0] == pytest.approx(theirs.value)
        centred = gamma_method([one[:, None] - one.mean() for one in series])
        return cls(
            float(ours.error[0] / theirs.dvalue),
            float(centred.error[0] / theirs.dvalue),
            float(centred.tau[0] / theirs.e_tauint["ens"]),
            (int(centred.window[0]), theirs.e_windowsize["ens"]),
            theirs.e_tauint["ens"],
            sum(map(len, series)),
        )

    @property
    def at_floor(self) -> bool:
        """Is its tau the least that it allows?"""
        return self.tau < 0.5 + 2.0 / self.samples

    def check(self) -> None:
        """Errors within 10 %; with the same conventions the same windows, and all the same up to 1/N."""
        if self.at_floor:
            tau = self.own_tau * self.tau
            assert abs(self.own_error * np.sqrt(max(tau, 0.5) / tau) - 1.0) < 0.1
            return
        assert abs(self.error - 1.0) < 0.1
        assert self.window[0] == self.window[1]
        assert abs(self.own_error - 1.0) < 2.0 / self.samples and abs(self.own_tau - 1.0) < 2.0 / self.samples

    def __str__(self) -> str:
        floor = "  (its tau is 1/2)" if self.at_floor else ""
        return f"{self.error:6.4f}  {self.own_error:6.4f}  {self.own_tau:6.4f}{floor}"


@pytest.mark.parametrize(
    "chains,length,tau", [(1, 1000, 0.5), (4, 300, 1.0), (2, 1000, 4.0), (1, 4000, 10.0)]
)
def test_gamma_method_agrees_with_pyerrors(chains: int, length: int, tau: float) -> None:
    """25 series each."""
    data = ar1(np.random.default_rng(95), tau, chains, length, 25)
    found = [Comparison.of([chain[:, k] for chain in data]) for k in range(25)]
    for comparison in found:
        comparison.check()
    free = [comparison for comparison in found if not comparison.at_floor]
    print(
        f"\ntau = {tau}, {chains} x {length}, {len(free)} of {len(found)} series: error by that of pyerrors"
    )
    print(f"{min(one.error for one in free):6.4f} to {max(one.error for one in free):6.4f}")
    assert len(free) == 25 or tau == 0.5
