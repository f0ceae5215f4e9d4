"""The kernel as plain Python, in which an index outside of an array is an error; machine code checks none.

NUMBA_DISABLE_JIT=1 python -m tests.qmc.test_bounds FILE    # what the test runs, and stores
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np

from hpcbip.models import Family, Model
from hpcbip.qmc import Chain, Ensemble

BLOCKS = {
    "bond, two electrons": Ensemble(Model("square", "bond", 1.0, 1.0, 0.7, 4.0), 2, 2.0),
    "both modes": Ensemble(
        Model("chain", "bond+holstein", 1.0, 0.8, 0.7, 2.0, g_holstein=0.7, omega_holstein=0.3), 2, 2.0
    ),
    "phonons that hop": Ensemble(Model("square", "bond", 1.0, 1.0, 0.7, 4.0, phonon_hopping=0.2), 2, 2.0),
    "phonons that hop between sites": Ensemble(
        Model("chain", "holstein", 1.0, 1.0, 0.9, 4.0, phonon_hopping=0.4), 2, 20.0
    ),
    "families of phonons": Ensemble(
        Model("square", "bond", 1.0, 1.0, 0.7, 4.0, phonons=(Family("sites", 2.0, 0.7, (), (1.0, 0.5)),)),
        2,
        2.0,
    ),
    "one electron": Ensemble(Model("triangular", "bond", 1.0, 0.8, 0.5), 1, 2.0),
}


def sample(ensemble: Ensemble) -> np.ndarray:
    chain = Chain.start(ensemble, np.arange(1, 5, dtype=np.uint64))
    # elements of these have attributes, as machine code has them
    chain._path, chain._hops = chain._path.view(np.recarray), chain._hops.view(np.recarray)
    return chain.run_block(1, 1000)


def test_plain_python_finds_no_index_out_of_bounds_and_the_same_bins(tmp_path: Path) -> None:
    stored = tmp_path / "bins.npz"
    done = subprocess.run(
        [sys.executable, "-m", "tests.qmc.test_bounds", str(stored)],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    with np.load(stored) as bins:
        for name, ensemble in BLOCKS.items():
            np.testing.assert_allclose(bins[name], sample(ensemble), rtol=1e-12, err_msg=name)


if __name__ == "__main__":
    warnings.simplefilter("ignore", RuntimeWarning)  # words of random numbers are meant to overflow
    np.savez(sys.argv[1], **{name: sample(ensemble) for name, ensemble in BLOCKS.items()})  # type: ignore[arg-type]
