"""`%%bash` for the tutorials: IPython's own cuts the output into pieces of 100 bytes, with lines in between.

Copied into the startup folder of the kernels that run the tutorials (conf.py).
"""

import subprocess
import sys

from IPython.core.magic import register_cell_magic


@register_cell_magic
def bash(line, cell):
    """Run a cell with bash; print its output in one piece; fail as its last command does."""
    done = subprocess.run(["bash", "-c", cell], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    sys.stdout.write(done.stdout)
    done.check_returncode()
