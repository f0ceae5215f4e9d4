"""Entry script for mpirun and srun: `python jobs/report.py ...` writes its figures and report.html (`hpcbip
report`)."""

import sys

from hpcbip.cli import main

sys.argv.insert(1, "report")
main()
