"""How Sphinx builds the pages: `make docs`, into docs/_build/html.

Tutorials are run in the build (myst-nb) with the interpreter that builds them; the API reference is made from
the docstrings of every module that there is (_ext/api_pages.py).
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
sys.path.insert(0, str(HERE.parent))

# What the tutorials run: the package of this tree, commands of this environment, one thread per process.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ["TTY_COMPATIBLE"] = "0"  # Jupyter asks for colours (FORCE_COLOR); the pages show plain text
os.environ["IPYTHONDIR"] = tempfile.mkdtemp(prefix="hpcbip-docs-")  # no settings of the user; ours instead
atexit.register(shutil.rmtree, os.environ["IPYTHONDIR"], ignore_errors=True)
STARTUP = Path(os.environ["IPYTHONDIR"]) / "profile_default" / "startup"
STARTUP.mkdir(parents=True)
shutil.copy(HERE / "_ext" / "bash_magic.py", STARTUP)

from hpcbip import __version__ as release  # noqa: E402

project = "hpcbip"
author = "The hpcbip developers"
copyright = author
version = release

extensions = [
    "api_pages",
    "atlas_page",
    "docstring_markup",
    "myst_nb",
    "sphinx.ext.autodoc",
]
exclude_patterns = ["_build", "_ext"]

# Pages: Markdown; `make docs` stops at a link or an anchor that leads nowhere.
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
highlight_language = "none"

# Tutorials: run at every build, in a scratch folder each, and the build fails where a cell fails.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 900
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_ipywidgets_js = {}  # nothing is loaded from elsewhere: the pages are complete without a network

# API reference
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
suppress_warnings = ["ref.python"]  # a class re-exported by its room has two names: both are right

html_theme = "furo"
html_title = f"hpcbip {release}"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_show_sphinx = False
html_copy_source = False
