"""Entry script for mpirun and srun: `python jobs/reduce.py ...` reduces its bins to observables (`hpcbip
reduce`)."""

import sys

from hpcbip.cli import main

sys.argv.insert(1, "reduce")
main()
