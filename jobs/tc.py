"""Entry script for mpirun and srun: `python jobs/tc.py ...` computes its transition temperatures (`hpcbip
tc`)."""

import sys

from hpcbip.cli import main

sys.argv.insert(1, "tc")
main()
