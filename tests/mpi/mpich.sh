#!/bin/sh
# Makes .venv-mpich: the packages of .venv, but MPICH for Open MPI, as a wheel.
#     tests/mpi/mpich.sh .venv .venv-mpich
# Never fails: where the wheel cannot be had it says so, and the tests of MPICH are skipped.
set -u
venv=$1 made=$2
python=$venv/bin/python
stamp=$made/.mpich
[ -e "$stamp" ] && exit 0
give_up() { echo "MPICH: not set up: $1"; exit 0; }

rm -rf "$made"
python3=$("$python" -c 'import sys; print(sys._base_executable)')
"$python3" -m venv --without-pip "$made" || give_up "no virtual environment"
"$python3" -m pip --python "$made/bin/python" --quiet --disable-pip-version-check install --no-deps "mpich>=4.2" \
    || give_up "pip install mpich failed"
"$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$("$made/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/hpcbip-shared.pth"
touch "$stamp"
