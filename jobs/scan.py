"""Entry script for mpirun and srun: `python jobs/scan.py ...` runs or continues a campaign (`hpcbip run`)."""

import sys

from hpcbip.cli import main

sys.argv.insert(1, "run")
main()
